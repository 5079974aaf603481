/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bytes into files and out of them: sums for each open file, kept in aa_files and sent when it is closed, and every few
 * seconds while they grow. A million writes are one row.
 */
#ifndef AA_BPF_TRANSFER_H
#define AA_BPF_TRANSFER_H

#include "mapping.h"
#include "open.h"
#include "socket.h"

/* include/uapi/asm-generic/errno-base.h */
#define AA_EINTR  4
#define AA_EBADF  9
#define AA_EAGAIN 11

/* include/uapi/linux/fs.h */
#define AA_FICLONE	0x40049409u
#define AA_FICLONERANGE 0x4020940du

struct aa_clone_range {
	__s64 source;
	__u64 source_offset;
	__u64 length; /* 0: to the end */
	__u64 offset;
};

#define AA_TRANSFER_WRITE 1u

/*
 * Adds what one call did to the sums of a file that has an entry: result as the call returned it, bytes or a negative errno. A
 * global function, see aa_pack_ids(); the field of where is AA_TRANSFER_WRITE or 0. Returns 0, or -1 if there is no entry.
 */
int aa_transfer_packed(__u64 file, __u64 result, __u64 start_ns, __u64 ids, __u64 where);

/*
 * The same of any file; one that is met for the first time is recorded as inherited, from here and not from the function
 * above, whose stack would be in the way. A socket has no entry among the files, so it is told from them only where there is
 * none. NULL: there is no file. call: with what is wanted. Returns the file if it is a socket that was wanted and has moved
 * bytes, else 0.
 */
static __always_inline __u64 aa_transfer_add(const struct aa_header *base, const struct file *file,
					     bool write, long result, __u64 call)
{
	__u64 ids = aa_pack_ids(base), where = aa_pack_where(base, write ? AA_TRANSFER_WRITE : 0, 0);
	bool files = call & AA_CALL_FILES;

	if (!file ||
	    (files && aa_transfer_packed((__u64)file, (__u64)result, base->start_ns, ids, where) == 0))
		return 0;
	if (call & AA_CALL_SOCKETS && aa_file_is_socket(file))
		return result > 0 ? (__u64)file : 0;
	if (!files)
		return 0;
	aa_open_meet_packed((__u64)file, base->start_ns, ids, aa_pack_where(base, 0, 0));
	aa_transfer_packed((__u64)file, (__u64)result, base->start_ns, ids, where);
	return 0;
}

/* Waiting is no error, nor is being interrupted; and without a file there is nothing to add to. */
static __always_inline bool aa_transfer_counts(long result)
{
	return result >= 0 || (aa_call_has_failed(result) && result != -AA_EAGAIN && result != -AA_EINTR &&
			       result != -AA_EBADF);
}

/*
 * From one file to another, without the bytes passing through the process: the first time of each pair of open files.
 * The bytes are in their sums.
 */
AA_SUBPROGRAM int aa_copy_send(const struct aa_header *base, struct file *in, struct file *out, __u64 length)
{
	struct aa_open_file *source = aa_open_find(in), *target = aa_open_find(out);
	struct aa_file_change *record;
	__u64 open, open2;

	if (!source || !target || (source->flags | target->flags) & AA_OPEN_FILE_EXCLUDED ||
	    target->peer == source->open)
		return 0;
	open = source->open;
	open2 = target->open;
	target->peer = open;
	aa_path_text(base, &in->f_path, AA_TEXT_PATH, 0);
	aa_path_text(base, &out->f_path, AA_TEXT_PATH2, 0);
	record = aa_reserve(base, AA_EVENT_COPY, sizeof(*record));
	if (!record)
		return -1;
	aa_zero((char *)record + sizeof(record->header), sizeof(*record) - sizeof(record->header));
	aa_node_read(&record->node, BPF_CORE_READ(in, f_inode));
	aa_node_read(&record->node2, BPF_CORE_READ(out, f_inode));
	record->open = open;
	record->open2 = open2;
	record->length = length;
	record->size_before = ~0ull;
	record->fd = -1;
	aa_submit(record);
	return 0;
}

/* Of one call: descriptors, -1 if there is none, and bytes or a negative errno. */
struct aa_transfer {
	__s32 in;
	__s32 out;
	long result;
	__u64 call; /* and what is wanted of it */
};

/* FICLONE and FICLONERANGE, which return 0. All other requests are none of ours: false. */
static __always_inline bool aa_clone_arguments(struct aa_transfer *transfer, struct pt_regs *regs,
					       bool compat)
{
	__u32 request = (__u32)aa_syscall_argument(regs, 1, compat);
	struct aa_clone_range range = { 0 };
	struct task_struct *task;

	if (request != AA_FICLONE && request != AA_FICLONERANGE)
		return false;
	transfer->out = (__s32)aa_syscall_argument(regs, 0, compat);
	transfer->in = (__s32)aa_syscall_argument(regs, 2, compat);
	if (request == AA_FICLONERANGE) {
		bpf_probe_read_user(&range, sizeof(range),
				    (const void *)aa_syscall_argument(regs, 2, compat));
		transfer->in = (__s32)range.source;
	}
	if (transfer->result < 0)
		return true;
	if (range.length == 0) {
		struct file *file;

		task = (struct task_struct *)bpf_get_current_task();
		file = aa_file_of(task, (__u32)transfer->in);
		range.length = (__u64)BPF_CORE_READ(file, f_inode, i_size) - range.source_offset;
	}
	transfer->result = (long)range.length;
	return true;
}

/* Which descriptors a call reads and writes; false if that is not known. */
static __always_inline bool aa_transfer_arguments(struct aa_transfer *transfer, struct pt_regs *regs,
						  __u32 call, bool compat)
{
	transfer->in = transfer->out = -1;
	switch (call) {
	case AA_CALL_WRITE:
	case AA_CALL_PWRITE:
	case AA_CALL_WRITEV:
	case AA_CALL_PWRITEV:
	case AA_CALL_PWRITEV2:
		transfer->out = (__s32)aa_syscall_argument(regs, 0, compat);
		return true;
	case AA_CALL_SENDFILE:
		transfer->out = (__s32)aa_syscall_argument(regs, 0, compat);
		transfer->in = (__s32)aa_syscall_argument(regs, 1, compat);
		return true;
	case AA_CALL_SPLICE:
	case AA_CALL_COPY_FILE_RANGE:
		transfer->in = (__s32)aa_syscall_argument(regs, 0, compat);
		transfer->out = (__s32)aa_syscall_argument(regs, 2, compat);
		return true;
	case AA_CALL_TEE:
		transfer->in = (__s32)aa_syscall_argument(regs, 0, compat);
		transfer->out = (__s32)aa_syscall_argument(regs, 1, compat);
		return true;
	case AA_CALL_IOCTL:
		return aa_clone_arguments(transfer, regs, compat);
	case AA_CALL_GETDENTS: /* a read, but names are not content */
		transfer->in = (__s32)aa_syscall_argument(regs, 0, compat);
		if (transfer->result > 0)
			transfer->result = 0;
		return true;
	default:
		transfer->in = (__s32)aa_syscall_argument(regs, 0, compat);
		return true;
	}
}

/* Returns the destination if it is a socket, as above. */
static __always_inline __u64 aa_transfer_two(const struct aa_header *base, struct file *in, struct file *out,
					     long result, __u64 call)
{
	__u64 socket = aa_transfer_add(base, out, true, result, call);

	/* An error is the destination's. */
	if (result < 0 || !in)
		return socket;
	aa_transfer_add(base, in, false, result, call);
	if (out && result > 0 && call & AA_CALL_FILES)
		aa_copy_send(base, in, out, (__u64)result);
	return socket;
}

/* The file of a descriptor of the current process; 0 if there is none. For the stack it takes, a function of its own. */
AA_SUBPROGRAM __u64 aa_transfer_file(__s32 fd)
{
	return fd < 0 ? 0 : (__u64)aa_file_of((struct task_struct *)bpf_get_current_task(), (__u32)fd);
}

/*
 * wanted: the call, with AA_CALL_COMPAT, and with AA_CALL_FILES, AA_CALL_SOCKETS or both. Returns the address of a file that
 * is for aa_socket_seen(), 0.
 */
AA_SUBPROGRAM __u64 aa_transfer_ended(struct pt_regs *regs, long result, __u32 wanted)
{
	struct aa_transfer transfer = { .result = result, .call = wanted };
	__u32 call = wanted & AA_CALL_NUMBER;
	bool compat = wanted & AA_CALL_COMPAT;
	struct {
		struct file *in, *out;
	} files;
	struct file *in, *out;
	struct aa_header base;

	/* The arguments come last: each kind of call goes on from there for the verifier, up to where it forgets. */
	if (!aa_transfer_counts(result) ||
	    !aa_begin_untimed(&base, (struct task_struct *)bpf_get_current_task()) ||
	    !aa_transfer_arguments(&transfer, regs, call, compat))
		return 0;
	base.flags = AA_FLAG_ACTIVITY;
	aa_forget(&transfer, sizeof(transfer));
	files.in = (struct file *)aa_transfer_file(transfer.in);
	files.out = (struct file *)aa_transfer_file(transfer.out);
	aa_forget(&files, sizeof(files));
	in = files.in;
	out = files.out;
	/* Another thread has closed the descriptor meanwhile. */
	if (transfer.result > 0 && ((transfer.in >= 0 && !in) || (transfer.out >= 0 && !out)))
		aa_count_loss(base.slot, AA_LOSS_UNREADABLE, AA_EVENT_IO);
	/* Into a pipe, or out of it: as its end says. */
	if ((transfer.call & AA_CALL_NUMBER) == AA_CALL_VMSPLICE &&
	    BPF_CORE_READ(in, f_mode) & AA_FMODE_WRITE) {
		out = in;
		in = NULL;
	}
	if (in && out)
		base.time_ns = bpf_ktime_get_boot_ns(); /* of COPY */
	if (out)
		return aa_transfer_two(&base, in, out, transfer.result, transfer.call);
	return aa_transfer_add(&base, in, false, transfer.result, transfer.call);
}

#endif
