// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * io_uring: no system call stands for what it does, but it has a tracepoint where a request is submitted and one where it
 * is completed, in all kernels since 5.8.
 *
 *          submit                             complete
 * 5.10     submit_sqe(ctx, request, ...)      (ctx, user_data, result, ...)
 * 6.1      submit_sqe(request, bool)          (ctx, request, user_data, result, ...)
 * 6.12     submit_req(request)                the same
 * 6.18     the same                           (ctx, request, cqe)
 *
 * Both run in a thread of the process: the one that submits, a worker, or the one of IORING_SETUP_SQPOLL, all with its
 * descriptors. Names are noted at the submit, because the kernel's copies are gone with the result. What is left to
 * these programs, config.file_duties says: hooks on the kernel's functions see io_uring, too.
 *
 * Not seen: results of multishot reads but the last, and requests by name that succeed with IOSQE_CQE_SKIP_SUCCESS, which
 * have no completion. (What those opened is met at its first use.)
 */
#include "uring.h"

#include "open.h"
#include "transfer.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline bool aa_duty(__u32 duty)
{
	__u32 zero = 0;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);

	return config && config->file_duties & duty;
}

static __always_inline bool aa_uring_opens(__u32 opcode)
{
	return opcode == AA_URING_OPENAT || opcode == AA_URING_OPENAT2;
}

static __always_inline bool aa_uring_names(__u32 opcode)
{
	return opcode >= AA_URING_RENAMEAT && opcode <= AA_URING_LINKAT;
}

static __always_inline bool aa_uring_reads(__u32 opcode)
{
	return opcode == AA_URING_READ || opcode == AA_URING_READV || opcode == AA_URING_READ_FIXED ||
	       opcode == AA_URING_READV_FIXED;
}

static __always_inline bool aa_uring_writes(__u32 opcode)
{
	return opcode == AA_URING_WRITE || opcode == AA_URING_WRITEV || opcode == AA_URING_WRITE_FIXED ||
	       opcode == AA_URING_WRITEV_FIXED;
}

/* The completion names no request, but what the program gave it: two of the same name at a time are mixed up. */
static __always_inline bool aa_uring_by_user_data(void)
{
	return bpf_core_field_exists(((struct io_kiocb___before_5_19 *)0)->user_data);
}

static __always_inline __u64 aa_uring_key(__u64 ring, __u64 user_data)
{
	return ring + user_data * 0x9e3779b97f4a7c15ull;
}

/* Addresses of the names, in the kernel; 0: the operation has none. */
struct aa_uring_names {
	__u64 name;
	__u64 name2;
};

AA_SUBPROGRAM int aa_uring_note(struct aa_uring_request *note, const struct io_kiocb *request,
				struct aa_uring_names *names)
{
	switch (note->opcode) {
	case AA_URING_OPENAT:
	case AA_URING_OPENAT2: {
		const struct io_open *open = (const struct io_open *)request;

		names->name = AA_URING_NAME_AT(request, io_open, filename);
		note->dirfd = BPF_CORE_READ(open, dfd);
		note->flags = (__u32)BPF_CORE_READ(open, how.flags);
		note->mode = (__u32)BPF_CORE_READ(open, how.mode);
		note->resolve = (__u32)BPF_CORE_READ(open, how.resolve);
		if (bpf_core_field_exists(open->file_slot))
			note->fixed = BPF_CORE_READ(open, file_slot);
		return 0;
	}
	case AA_URING_UNLINKAT: {
		const struct io_unlink *unlink = (const struct io_unlink *)request;

		/* 5.11, like the operation; what is here cannot be loaded without the type. */
		if (!bpf_core_type_exists(struct io_unlink))
			return 0;
		names->name = AA_URING_NAME_AT(request, io_unlink, filename);
		note->dirfd = BPF_CORE_READ(unlink, dfd);
		note->flags = (__u32)BPF_CORE_READ(unlink, flags);
		return 0;
	}
	case AA_URING_RENAMEAT: {
		const struct io_rename *rename = (const struct io_rename *)request;

		if (!bpf_core_type_exists(struct io_rename))
			return 0;
		names->name = AA_URING_NAME_AT(request, io_rename, oldpath);
		names->name2 = AA_URING_NAME_AT(request, io_rename, newpath);
		note->dirfd = BPF_CORE_READ(rename, old_dfd);
		note->dirfd2 = BPF_CORE_READ(rename, new_dfd);
		note->flags = (__u32)BPF_CORE_READ(rename, flags);
		return 0;
	}
	case AA_URING_MKDIRAT: {
		const struct io_mkdir *mkdir = (const struct io_mkdir *)request;

		if (!bpf_core_type_exists(struct io_mkdir))
			return 0;
		names->name = AA_URING_NAME_AT(request, io_mkdir, filename);
		note->dirfd = BPF_CORE_READ(mkdir, dfd);
		note->mode = BPF_CORE_READ(mkdir, mode);
		return 0;
	}
	default: {
		const struct io_link *link = (const struct io_link *)request;

		if (!bpf_core_type_exists(struct io_link))
			return 0;
		names->name = AA_URING_NAME_AT(request, io_link, oldpath);
		names->name2 = AA_URING_NAME_AT(request, io_link, newpath);
		note->dirfd = BPF_CORE_READ(link, old_dfd);
		note->dirfd2 = BPF_CORE_READ(link, new_dfd);
		note->flags = (__u32)BPF_CORE_READ(link, flags);
		return 0;
	}
	}
}

/* A request by name: noted until its result is known. One of the same key has ended without us. */
AA_SUBPROGRAM int aa_uring_remember(const struct io_kiocb *request, __u64 key, __u32 opcode)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_uring_names names = { 0 };
	struct aa_uring_request *note;
	struct aa_header base;
	__u32 zero = 0;

	if (!aa_begin_current(&base, task))
		return 0;
	note = bpf_map_lookup_elem(&aa_uring_empty, &zero);
	if (!note)
		return 0;
	if (bpf_map_update_elem(&aa_uring_requests, &key, note, BPF_ANY) != 0) {
		aa_count_loss(base.slot, AA_LOSS_URING_FULL, AA_KIND_FILE_TEXT);
		return 0;
	}
	note = bpf_map_lookup_elem(&aa_uring_requests, &key);
	if (!note)
		return 0;
	note->base = base;
	note->opcode = opcode;
	aa_uring_note(note, request, &names);
	if (names.name)
		bpf_probe_read_kernel_str(note->name, sizeof(note->name), (const void *)names.name);
	if (names.name2)
		bpf_probe_read_kernel_str(note->name2, sizeof(note->name2), (const void *)names.name2);
	return 0;
}

/* Its bytes will be in no sum. */
AA_SUBPROGRAM int aa_uring_transfer_lost(void)
{
	struct aa_header base;

	if (aa_begin_untimed(&base, (struct task_struct *)bpf_get_current_task()))
		aa_count_loss(base.slot, AA_LOSS_URING_FULL, AA_EVENT_IO);
	return 0;
}

AA_SUBPROGRAM int aa_uring_submitted(const struct io_kiocb *request)
{
	__u32 opcode = BPF_CORE_READ(request, opcode);
	const struct io_kiocb___before_5_19 *old = (const void *)request;
	__u64 key = (__u64)request;

	if (!aa_scope_maybe((__u32)(bpf_get_current_pid_tgid() >> 32)))
		return 0;
	if (aa_uring_by_user_data()) {
		key = BPF_CORE_READ(old, user_data);
		/* The ring is not at hand in both places, but who is: one process has seldom more than one ring. */
		key = aa_uring_key(bpf_get_current_pid_tgid() >> 32, key);
	}
	if ((aa_uring_opens(opcode) && aa_duty(AA_FILE_DUTY_URING_OPEN)) ||
	    (aa_uring_names(opcode) && aa_duty(AA_FILE_DUTY_URING_NAMES)))
		return aa_uring_remember(request, key, opcode);
	if (aa_uring_by_user_data() && (aa_uring_reads(opcode) || aa_uring_writes(opcode)) &&
	    aa_duty(AA_FILE_DUTY_URING_IO)) {
		/* The low bits of an address are free. */
		__u64 file = (__u64)BPF_CORE_READ(request, file) | (aa_uring_writes(opcode) ? 1 : 0);

		if (bpf_map_update_elem(&aa_uring_transfers, &key, &file, BPF_ANY) != 0)
			aa_uring_transfer_lost();
	}
	return 0;
}

SEC("raw_tp/io_uring_submit_req")
int aa_uring_submit_req_raw(struct bpf_raw_tracepoint_args *context)
{
	return aa_uring_submitted((const struct io_kiocb *)context->args[0]);
}

/* The request is the second argument, or the first where the second is a bool. */
SEC("raw_tp/io_uring_submit_sqe")
int aa_uring_submit_sqe_raw(struct bpf_raw_tracepoint_args *context)
{
	__u64 request = (context->args[1] & ~0xffull) != 0 ? context->args[1] : context->args[0];

	return aa_uring_submitted((const struct io_kiocb *)request);
}

AA_SUBPROGRAM int aa_uring_open_ended(struct aa_uring_request *note, __s32 result)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_header base = note->base;
	struct aa_open_call opened = {
		.name = (__u64)note->name,
		.dirfd = note->dirfd,
		.fd = -1,
		.open_flags = note->flags,
		.mode = note->mode,
		.resolve = note->resolve,
		.marks = AA_FILE_URING,
	};

	base.time_ns = bpf_ktime_get_boot_ns();
	base.flags = AA_FLAG_ACTIVITY;
	if (result >= 0 && !note->fixed) {
		opened.fd = result;
		opened.file = aa_file_of(task, (__u32)result);
		if (!opened.file) { /* closed by another thread meanwhile */
			aa_count_loss(base.slot, AA_LOSS_UNREADABLE, AA_EVENT_OPEN);
			return 0;
		}
	} else {
		opened.error = result < 0 ? -result : 0;
		opened.marks |= AA_FILE_NAME_KERNEL | (result < 0 ? 0 : AA_FILE_FIXED);
	}
	aa_forget(&opened, sizeof(opened));
	return aa_open_send(&base, task, &opened);
}

/* Much of this is inline: eight functions may be on the stack, and a path takes four. */

/* Where a name begins. */
static __always_inline void aa_uring_directory(const struct aa_header *base, struct task_struct *task,
					       const char *name, __s32 dirfd, __u32 field)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	const struct path *from = &fs->pwd;
	__u32 options = 0;

	if (*name == '/') {
		from = &fs->root;
		options = AA_PATH_ONLY_CHROOT;
	} else if (dirfd != AT_FDCWD) {
		struct file *directory = aa_file_of(task, (__u32)dirfd);

		from = directory ? &directory->f_path : NULL;
	}
	if (from)
		aa_path_text(base, from, field, options);
}

static __always_inline __u32 aa_uring_kind(const struct aa_uring_request *note)
{
	switch (note->opcode) {
	case AA_URING_UNLINKAT:
		return note->flags & AA_AT_REMOVEDIR ? AA_EVENT_RMDIR : AA_EVENT_UNLINK;
	case AA_URING_RENAMEAT:
		return AA_EVENT_RENAME;
	case AA_URING_MKDIRAT:
		return AA_EVENT_MKDIR;
	case AA_URING_SYMLINKAT:
		return AA_EVENT_SYMLINK;
	default:
		return AA_EVENT_LINK;
	}
}

AA_SUBPROGRAM int aa_uring_names_ended(struct aa_uring_request *note, __s32 result)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	bool symlink = note->opcode == AA_URING_SYMLINKAT;
	struct aa_header base = note->base;
	struct aa_file_change *record;

	base.time_ns = bpf_ktime_get_boot_ns();
	base.flags = AA_FLAG_ACTIVITY;
	/* symlinkat(2) has what the link says first, and then the link. */
	aa_text_string(&base, symlink ? AA_TEXT_TARGET : AA_TEXT_NAME, (__u64)note->name, 0);
	if (!symlink)
		aa_uring_directory(&base, task, note->name, note->dirfd, AA_TEXT_DIR);
	if (note->name2[0]) {
		aa_text_string(&base, symlink ? AA_TEXT_NAME : AA_TEXT_NAME2, (__u64)note->name2, 0);
		aa_uring_directory(&base, task, note->name2, note->dirfd2,
				   symlink ? AA_TEXT_DIR : AA_TEXT_DIR2);
	}
	record = aa_reserve(&base, aa_uring_kind(note), sizeof(*record));
	if (!record)
		return -1;
	aa_zero((char *)record + sizeof(record->header), sizeof(*record) - sizeof(record->header));
	record->size_before = ~0ull;
	record->error = result < 0 ? -result : 0;
	record->fd = -1;
	record->flags = note->opcode == AA_URING_MKDIRAT || symlink ? 0 : note->flags;
	record->mode = note->mode;
	record->marks = AA_FILE_URING | AA_FILE_NAME_KERNEL;
	if (note->opcode == AA_URING_RENAMEAT && note->flags & AA_RENAME_EXCHANGE)
		record->marks |= AA_FILE_EXCHANGE;
	aa_submit(record);
	return 0;
}

/* A request by descriptor that changes the file: the arguments still stand in the request. */
AA_SUBPROGRAM int aa_uring_change_ended(const struct aa_header *base, const struct io_kiocb *request,
					__u32 opcode, __s32 result)
{
	const struct io_ftrunc *truncate = (const struct io_ftrunc *)request;
	const struct io_sync *allocate = (const struct io_sync *)request;
	struct file *file = BPF_CORE_READ(request, file);
	bool allocates = opcode == AA_URING_FALLOCATE;
	enum aa_event_kind kind = allocates ? AA_EVENT_FALLOCATE : AA_EVENT_TRUNCATE;
	struct aa_file_change *record;

	if (!file) {
		if (result != -AA_EBADF) /* there was none */
			aa_count_loss(base->slot, AA_LOSS_UNREADABLE, kind);
		return 0;
	}
	if (aa_file_path(base, &file->f_path, AA_TEXT_PATH, AA_PATH_KEEP) == AA_PATH_EXCLUDED) {
		aa_count_loss(base->slot, AA_LOSS_EXCLUDED, kind);
		return 0;
	}
	record = aa_reserve(base, kind, sizeof(*record));
	if (!record)
		return -1;
	aa_zero((char *)record + sizeof(record->header), sizeof(*record) - sizeof(record->header));
	aa_node_read(&record->node, BPF_CORE_READ(file, f_inode));
	record->open = aa_open_id(file);
	record->size_before = ~0ull;
	record->error = result < 0 ? -result : 0;
	record->fd = -1;
	record->marks = AA_FILE_URING;
	if (allocates) {
		record->offset = (__u64)BPF_CORE_READ(allocate, off);
		record->length = (__u64)BPF_CORE_READ(allocate, len);
		record->flags = (__u32)BPF_CORE_READ(allocate, mode);
	} else if (bpf_core_type_exists(struct io_ftrunc)) {
		record->length = (__u64)BPF_CORE_READ(truncate, len);
	}
	aa_submit(record);
	return 0;
}

static __always_inline int aa_uring_splice_ended(const struct aa_header *base, const struct io_kiocb *request,
						 __s32 result)
{
	const struct io_splice *splice = (const struct io_splice *)request;
	const struct io_splice___before_6_0 *old = (const void *)request;
	struct file *out = BPF_CORE_READ(request, file), *in = NULL;

	if (!bpf_core_field_exists(splice->splice_fd_in))
		in = BPF_CORE_READ(old, file_in);
	else if (!(BPF_CORE_READ(splice, flags) & AA_SPLICE_F_FD_IN_FIXED))
		in = aa_file_of((struct task_struct *)bpf_get_current_task(),
				(__u32)BPF_CORE_READ(splice, splice_fd_in));
	return out ? aa_transfer_two(base, in, out, result, AA_CALL_FILES) : 0;
}

/* A request by descriptor. */
AA_SUBPROGRAM int aa_uring_file_ended(const struct io_kiocb *request, __u32 opcode, __s32 result)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_header base;
	bool moves = aa_uring_reads(opcode) || aa_uring_writes(opcode);
	bool splices = opcode == AA_URING_SPLICE || opcode == AA_URING_TEE;
	bool changes = opcode == AA_URING_FALLOCATE || opcode == AA_URING_FTRUNCATE;

	if (!(((moves || splices) && aa_transfer_counts(result) && aa_duty(AA_FILE_DUTY_URING_IO)) ||
	      (changes && aa_duty(AA_FILE_DUTY_URING_NAMES))) ||
	    !aa_begin_current(&base, task))
		return 0;
	base.flags = AA_FLAG_ACTIVITY;
	if (moves)
		aa_transfer_add(&base, BPF_CORE_READ(request, file), aa_uring_writes(opcode), result,
				AA_CALL_FILES);
	else if (splices)
		aa_uring_splice_ended(&base, request, result);
	else
		aa_uring_change_ended(&base, request, opcode, result);
	return 0;
}

/* What was noted under the key. False if nothing was. */
static __always_inline int aa_uring_note_ended(__u64 key, __s32 result)
{
	struct aa_uring_request *note = bpf_map_lookup_elem(&aa_uring_requests, &key);

	if (!note)
		return 0;
	if (aa_uring_opens(note->opcode))
		aa_uring_open_ended(note, result);
	else
		aa_uring_names_ended(note, result);
	bpf_map_delete_elem(&aa_uring_requests, &key);
	return 1;
}

/* 5.10: neither request nor file are known. */
AA_SUBPROGRAM int aa_uring_sums_ended(__u64 key, __s32 result)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 *noted = bpf_map_lookup_elem(&aa_uring_transfers, &key), file;
	struct aa_header base;

	if (!noted)
		return 0;
	file = *noted;
	bpf_map_delete_elem(&aa_uring_transfers, &key);
	if (!aa_transfer_counts(result) || !aa_begin_current(&base, task))
		return 0;
	base.flags = AA_FLAG_ACTIVITY;
	aa_transfer_add(&base, (const struct file *)(file & ~1ull), file & 1, result, AA_CALL_FILES);
	return 0;
}

AA_SUBPROGRAM int aa_uring_user_data_ended(__u64 user_data, __s32 result)
{
	__u64 key = aa_uring_key(bpf_get_current_pid_tgid() >> 32, user_data);

	return aa_uring_note_ended(key, result) ? 0 : aa_uring_sums_ended(key, result);
}

static __always_inline int aa_uring_completed(const struct io_kiocb *request, __s32 result)
{
	__u32 opcode;

	if (!request || !aa_scope_maybe((__u32)(bpf_get_current_pid_tgid() >> 32)))
		return 0;
	opcode = BPF_CORE_READ(request, opcode);
	if (aa_uring_opens(opcode) || aa_uring_names(opcode))
		return aa_uring_note_ended((__u64)request, result);
	return aa_uring_file_ended(request, opcode, result);
}

/* Refused where there are three arguments, as the next one is for (see close.bpf.c). */
SEC("raw_tp/io_uring_complete")
int aa_uring_complete_args_raw(struct bpf_raw_tracepoint_args *context)
{
	if (aa_uring_by_user_data())
		return aa_uring_user_data_ended(context->args[1], (__s32)context->args[2]);
	return aa_uring_completed((const struct io_kiocb *)context->args[1], (__s32)context->args[3]);
}

SEC("raw_tp/io_uring_complete")
int aa_uring_complete_raw(struct bpf_raw_tracepoint_args *context)
{
	const struct io_uring_cqe *cqe = (const struct io_uring_cqe *)context->args[2];

	return aa_uring_completed((const struct io_kiocb *)context->args[1], BPF_CORE_READ(cqe, res));
}
