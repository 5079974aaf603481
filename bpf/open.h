/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Opens, and files that are met without one. What is in no frame of the system call's program is in open.bpf.c. */
#ifndef AA_BPF_OPEN_H
#define AA_BPF_OPEN_H

#include "arch.h"
#include "calls.h"
#include "failed.h"
#include "file.h"
#include "path.h"
#include "text.h"

/* include/uapi/asm-generic/errno-base.h, fcntl.h: ABI, the same on both architectures */
#define AA_EPERM     1
#define AA_EACCES    13
#define AA_O_ACCMODE 3u
#define AA_O_CREAT   0100u
#define AA_O_EXCL    0200u
#define AA_O_TRUNC   01000u
#define AA_O_PATH    010000000u
#define AA_O_TMPFILE 020000000u /* __O_TMPFILE */

/* What do_dentry_open() takes away from f_flags; it says what the open did. */
#define AA_O_ASKED (AA_O_CREAT | AA_O_EXCL | AA_O_TRUNC)

/* An open that has ended, in whatever hook that is seen. */
struct aa_open_call {
	struct file *file; /* NULL: it failed */
	__u64 name; /* of a failed one: an address of the process, or with AA_FILE_NAME_KERNEL one of the kernel */
	__s32 error;	  /* positive errno, 0 */
	__s32 dirfd;	  /* of a failed one: where a relative name begins */
	__s32 fd;	  /* -1: none */
	__u32 open_flags; /* as asked for */
	__u32 mode;
	__u32 resolve;
	__u32 marks; /* AA_FILE_*, what the caller knows */
};

/*
 * Makes the entry of a file in aa_files. Returns 0, -EEXIST if it has one, or another negative errno when there is no
 * room. open: its name, aa_open_id_new(); flags: AA_OPEN_FILE_*. Global functions, see aa_pack_ids().
 */
int aa_open_enter_packed(__u64 file, __u64 open, __u64 start_ns, __u64 ids, __u64 where);

/*
 * Meets a file that was not seen to be opened: its OPEN record with AA_FILE_INHERITED, and its entry. Nothing happens for a
 * file that is not counted.
 */
int aa_open_meet_packed(__u64 file, __u64 start_ns, __u64 ids, __u64 where);

static __always_inline __u32 aa_files_mode(void)
{
	__u32 zero = 0;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);

	return config ? config->files : AA_FILES_ALL;
}

/* --files writes: opens that cannot write and have changed nothing, unless that was refused. */
static __always_inline bool aa_open_left_out(const struct aa_open_call *call)
{
	struct file *file = call->file;
	__u32 file_mode;

	if (aa_files_mode() != AA_FILES_WRITES)
		return false;
	if (!file)
		return call->error != AA_EACCES && call->error != AA_EPERM &&
		       (call->open_flags & (AA_O_ACCMODE | AA_O_CREAT | AA_O_TRUNC)) == 0;
	file_mode = BPF_CORE_READ(file, f_mode);
	return !(file_mode & (AA_FMODE_WRITE | AA_FMODE_CREATED)) && !(call->open_flags & AA_O_TRUNC);
}

static __always_inline void aa_open_fill(struct aa_file_open *record, const struct aa_open_call *call)
{
	record->error = call->error;
	record->fd = call->fd;
	record->open_flags = call->open_flags;
	record->mode = call->mode;
	record->resolve = call->resolve;
	record->marks = call->marks;
}

/* NAME, and DIR where that begins, as the process sees it. */
AA_SUBPROGRAM int aa_open_failed_send(const struct aa_header *base, struct task_struct *task,
				      const struct aa_open_call *call)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	const struct path *from = &fs->pwd;
	bool kernel = call->marks & AA_FILE_NAME_KERNEL;
	struct aa_file_open *record;
	__u32 options = 0;
	char first = 0;

	/* A name that the kernel could not read either (EFAULT) is the program's mistake: sent empty, as unreadable. */
	aa_text_string(base, AA_TEXT_NAME, call->name, kernel ? 0 : AA_TEXT_USER);
	if (kernel)
		bpf_probe_read_kernel(&first, 1, (const void *)call->name);
	else
		bpf_probe_read_user(&first, 1, (const void *)call->name);
	if (first == '/') {
		from = &fs->root;
		options = AA_PATH_ONLY_CHROOT;
	} else if (call->dirfd != AT_FDCWD) {
		struct file *directory = aa_file_of(task, (__u32)call->dirfd);

		from = directory ? &directory->f_path : NULL;
	}
	if (from)
		aa_path_text(base, from, AA_TEXT_DIR, options);
	record = aa_reserve(base, AA_EVENT_OPEN, sizeof(*record));
	if (!record)
		return -1;
	aa_zero(&record->node, sizeof(record->node));
	record->open = 0;
	aa_open_fill(record, call);
	aa_submit(record);
	return 0;
}

/* No more of this file, neither its uses nor its close. */
static __always_inline void aa_open_exclude(const struct aa_header *base, const struct file *file)
{
	struct aa_open_file *entry = aa_open_find(file);

	if (entry)
		entry->flags |= AA_OPEN_FILE_EXCLUDED;
	aa_count_loss(base->slot, AA_LOSS_EXCLUDED, AA_EVENT_OPEN);
}

/*
 * PATH and OPEN of a file whose entry was made just now, or could not be made (r != 0). Where there is no room for the
 * record the entry stays: its close is counted as lost, too, or tells at least the inode and the sums.
 */
AA_SUBPROGRAM int aa_open_file_send(const struct aa_header *base, const struct aa_open_call *call, __u64 open,
				    long r)
{
	struct aa_file_open *record;
	struct aa_open_file *entry;
	struct file *file = call->file;

	if (aa_file_path(base, &file->f_path, AA_TEXT_PATH, 0) == AA_PATH_EXCLUDED) {
		aa_open_exclude(base, file);
		return 0;
	}
	record = aa_reserve(base, AA_EVENT_OPEN, sizeof(*record));
	if (!record)
		return -1;
	/* It was read for the entry a moment ago. */
	entry = r == 0 ? aa_open_find(file) : NULL;
	if (entry)
		record->node = entry->node;
	else
		aa_node_read(&record->node, BPF_CORE_READ(file, f_inode));
	record->open = open;
	aa_open_fill(record, call);
	record->open_flags = BPF_CORE_READ(file, f_flags) | (call->open_flags & AA_O_ASKED);
	if (BPF_CORE_READ(file, f_mode) & AA_FMODE_CREATED || call->open_flags & AA_O_TMPFILE)
		record->marks |= AA_FILE_CREATED;
	if (r != 0)
		record->marks |= AA_FILE_NO_SUMS;
	aa_submit(record);
	return 0;
}

/*
 * The entry that is there already belongs to a file that has gone, and whose memory this one got: its end was not seen.
 * (Or another thread has used the new one before its open returned: then its bytes are closed here, and none is lost.)
 */
AA_SUBPROGRAM int aa_open_replace(const struct file *file)
{
	struct aa_open_file *entry = aa_open_find(file);
	__u64 key = (__u64)file;
	struct aa_header base;

	if (!entry)
		return 0;
	aa_open_last_user(&base, entry);
	aa_close_send(&base, entry, NULL, AA_FILE_CLOSE_MISSED | AA_FILE_BY_LAST_USER);
	bpf_map_delete_elem(&aa_files, &key);
	return 0;
}

static __always_inline long aa_open_enter(const struct aa_header *base, struct file *file, __u64 open)
{
	return aa_open_enter_packed((__u64)file, open, base->start_ns, aa_pack_ids(base),
				    aa_pack_where(base, 0, 0));
}

/*
 * Records an open: texts and OPEN, and the entry in aa_files. base: of aa_begin(), with AA_FLAG_ACTIVITY. Files that are not
 * counted (sockets have no open) are no matter here.
 */
AA_SUBPROGRAM int aa_open_send(const struct aa_header *base, struct task_struct *task,
			       const struct aa_open_call *call)
{
	struct file *file = call->file;
	__u64 open;
	long r;

	if (!file) {
		if (aa_open_left_out(call))
			aa_count_loss(base->slot, AA_LOSS_EXCLUDED, AA_EVENT_OPEN);
		else
			aa_open_failed_send(base, task, call);
		return 0;
	}
	open = aa_open_id_new();
	r = aa_open_enter(base, file, open);
	if (r == -EEXIST) {
		aa_open_replace(file);
		r = aa_open_enter(base, file, open);
	}
	if (r != 0)
		aa_count_loss(base->slot, AA_LOSS_FILES_FULL, AA_EVENT_OPEN);
	if (aa_open_left_out(call)) {
		aa_open_exclude(base, file);
		return 0;
	}
	return aa_open_file_send(base, call, open, r);
}

/*
 * The entry of a file that is used. One that has none was inherited or received (fork, SCM_RIGHTS, pidfd_getfd(2)), or was
 * made without an open (pipe(2), memfd_create(2)). NULL if it is not counted, or if there is no room.
 */
static __always_inline struct aa_open_file *aa_open_entry(const struct aa_header *base, struct file *file)
{
	struct aa_open_file *entry = aa_open_find(file);

	if (entry)
		return entry;
	aa_open_meet_packed((__u64)file, base->start_ns, aa_pack_ids(base), aa_pack_where(base, 0, 0));
	return aa_open_find(file);
}

/* include/uapi/linux/openat2.h */
struct aa_open_how {
	__u64 flags;
	__u64 mode;
	__u64 resolve;
};

/* Where the arguments of a call stand, 1 for the first; 0: it has none such. */
struct aa_open_shape {
	__u32 dirfd;
	__u32 name;
	__u32 flags;
	__u32 mode;
};

/* Only what is asked for is read: of a call that succeeded the kernel's file tells the name. */
static __always_inline void aa_open_take(struct aa_open_call *opened, struct pt_regs *regs, bool compat,
					 const struct aa_open_shape shape)
{
	if (opened->error && shape.dirfd)
		opened->dirfd = (__s32)aa_syscall_argument(regs, shape.dirfd - 1, compat);
	if (opened->error && shape.name)
		opened->name = aa_syscall_argument(regs, shape.name - 1, compat);
	if (shape.flags)
		opened->open_flags = (__u32)aa_syscall_argument(regs, shape.flags - 1, compat);
	/* Without these flags the argument is what happened to be in the register. */
	if (shape.mode && opened->open_flags & (AA_O_CREAT | AA_O_TMPFILE))
		opened->mode = (__u32)aa_syscall_argument(regs, shape.mode - 1, compat);
}

static __always_inline void aa_open_arguments(struct aa_open_call *opened, struct pt_regs *regs, __u32 call,
					      bool compat)
{
	struct aa_open_how how = { 0 };

	switch (call) {
	case AA_CALL_OPEN:
		aa_open_take(opened, regs, compat, (struct aa_open_shape){ 0, 1, 2, 3 });
		break;
	case AA_CALL_CREAT:
		opened->open_flags = AA_O_CREAT | AA_O_TRUNC | 1;
		aa_open_take(opened, regs, compat, (struct aa_open_shape){ 0, 1, 0, 2 });
		break;
	case AA_CALL_OPEN_BY_HANDLE_AT:
		opened->marks = AA_FILE_BY_HANDLE;
		aa_open_take(opened, regs, compat, (struct aa_open_shape){ 0, 0, 3, 0 });
		break;
	case AA_CALL_OPENAT2:
		bpf_probe_read_user(&how, sizeof(how), (const void *)aa_syscall_argument(regs, 2, compat));
		opened->open_flags = (__u32)how.flags;
		opened->resolve = (__u32)how.resolve;
		if (opened->open_flags & (AA_O_CREAT | AA_O_TMPFILE))
			opened->mode = (__u32)how.mode;
		aa_open_take(opened, regs, compat, (struct aa_open_shape){ 1, 2, 0, 0 });
		break;
	default:
		aa_open_take(opened, regs, compat, (struct aa_open_shape){ 1, 2, 3, 4 });
		break;
	}
}

AA_SUBPROGRAM int aa_open_ended(struct pt_regs *regs, long result, __u32 call, bool compat)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_open_call opened = { .dirfd = AT_FDCWD, .fd = -1 };
	struct aa_header base;

	if ((result < 0 && !aa_call_has_failed(result)) || !aa_begin_current(&base, task))
		return 0;
	base.flags = AA_FLAG_ACTIVITY | (compat ? AA_FLAG_COMPAT : 0);
	if (result < 0)
		opened.error = (__s32)-result;
	aa_open_arguments(&opened, regs, call, compat);
	if (result >= 0) {
		opened.fd = (__s32)result;
		opened.file = aa_file_of(task, (__u32)result);
		if (!opened.file) /* closed by another thread before the call returned */
			return 0;
	}
	aa_forget(&opened, sizeof(opened));
	return aa_open_send(&base, task, &opened);
}

#endif
