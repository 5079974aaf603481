/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is done to files by name or descriptor, at the end of the call: one body for all calls, and a table of where each has
 * its arguments (shapes.h). Of what is done by name the kernel's file is not at hand any more, so the record has the
 * program's string, and the kernel's path of the directory that it begins at; or, where a hook inside the call has met the
 * file (vfs_notes.bpf.c), its path. Of what is done by descriptor it has the file.
 */
#ifndef AA_BPF_CHANGE_H
#define AA_BPF_CHANGE_H

#include "arch.h"
#include "calls.h"
#include "file.h"
#include "path.h"
#include "shapes.h"

/* include/uapi/linux/fcntl.h, linux/mount.h */
#define AA_AT_SYMLINK_NOFOLLOW	   0x100u
#define AA_AT_REMOVEDIR		   0x200u
#define AA_AT_EMPTY_PATH	   0x1000u
#define AA_MS_MOVE		   8192u
#define AA_MOVE_MOUNT_F_EMPTY_PATH 0x4u
#define AA_MOVE_MOUNT_T_EMPTY_PATH 0x40u

#define AA_NO_ID (~0u) /* uid, gid: left as it is, or of another kind of record */

/* Options of names. */
#define AA_NAME_KERNEL 0x4u /* the string is in the kernel's memory */
#define AA_NAME_PLAIN  0x8u /* no name of a file: no directory goes with it; nothing is sent for NULL */
#define AA_NAME_FLAGS(text_flags) \
	((text_flags) << 4) /* of a path that the kernel side has walked: AA_TEXT_* */

/* See aa_syscall_argument_at(). */
#define AA_ARGUMENT_COMPAT 0x1u
#define AA_ARGUMENT_DIRFD  0x2u

/* Global functions, in change.bpf.c; see aa_pack_ids(). */
__u64 aa_argument_packed(__u64 regs, __u32 index, __u32 options);
int aa_name_packed(__u64 address, __u64 time_ns, __u64 start_ns, __u64 ids, __u64 where);

/*
 * Argument index - 1 of a call; 0 for index 0, or AT_FDCWD with AA_ARGUMENT_DIRFD. Not inline, and the same for every
 * index to the verifier: a row of the table could be any.
 */
static __always_inline __u64 aa_syscall_argument_at(__u64 regs, __u32 index, __u32 options)
{
	return aa_argument_packed(regs, index, options);
}

/* The path of where a name begins, if the name alone does not say it. */
static __always_inline void aa_name_directory(const struct aa_header *base, bool absolute, __s32 dirfd,
					      __u32 field)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	const struct path *path = NULL;
	__u32 options = AA_PATH_KEEP;

	if (absolute) {
		path = &fs->root;
		options |= AA_PATH_ONLY_CHROOT;
	} else if (dirfd == AT_FDCWD) {
		path = &fs->pwd;
	} else {
		struct file *file = aa_file_of(task, (__u32)dirfd);

		if (file)
			path = &file->f_path;
	}
	if (path)
		aa_file_path(base, path, field, options);
}

/*
 * Sends a file's name as the current task gave it, in field (AA_TEXT_NAME or _NAME2), after the path of where it begins, in
 * the field before that: of the directory of dirfd or the working directory for a relative name, of the root directory
 * for another, if it is not the namespace's. options: AA_NAME_*. Returns 0, -1 if there was no room, -2 if the name could
 * not be read (sent empty).
 */
AA_SUBPROGRAM int aa_name_send(const struct aa_header *base, __u64 address, __s32 dirfd, __u32 field,
			       __u32 options)
{
	char first = 0;

	if (options & AA_NAME_PLAIN) {
		if (!address)
			return 0;
	} else {
		if (options & AA_NAME_KERNEL)
			bpf_probe_read_kernel(&first, 1, (const void *)address);
		else
			bpf_probe_read_user(&first, 1, (const void *)address);
		aa_name_directory(base, first == '/', dirfd, field - 1);
	}
	return aa_name_packed(address, base->time_ns, base->start_ns, aa_pack_ids(base),
			      aa_pack_where(base, field, options));
}

/*
 * A record of any kind that has the form of aa_file_change: all members are 0 or say that they are not known. NULL if
 * there was no room. The caller fills in what it knows, nodes by aa_node_read(), and submits.
 */
static __always_inline struct aa_file_change *aa_change_reserve(const struct aa_header *base,
								enum aa_event_kind kind)
{
	struct aa_file_change *record = aa_reserve(base, kind, sizeof(*record));

	if (!record)
		return NULL;
	aa_zero(&record->node, sizeof(*record) - sizeof(record->header));
	record->size_before = ~0ull;
	record->fd = -1;
	record->uid = AA_NO_ID;
	record->gid = AA_NO_ID;
	return record;
}

/* A call, and what of it was found out. */
struct aa_change_call {
	__u64 regs;
	const struct path *path; /* of the kernel's file; NULL: by name */
	struct file *file;	 /* by descriptor */
	__u64 name;
	__s32 dirfd;
	__s32 fd;
	__s32 error;
	__u32 arguments; /* AA_ARGUMENT_COMPAT */
	__u32 marks;
	bool by_fd; /* also if that was of nothing */
};

static __always_inline __u64 aa_change_argument(const struct aa_change_call *call, __u32 index)
{
	return aa_syscall_argument_at(call->regs, index, call->arguments);
}

/* A number in two registers, the low half first. */
static __always_inline __u64 aa_change_argument_pair(const struct aa_change_call *call, __u32 low, __u32 high)
{
	return aa_change_argument(call, low) | aa_change_argument(call, high) << 32;
}

/* A pointer of the kernel's as a number: a global function takes no other. The verifier asks no helper what it read. */
static __always_inline __u64 aa_address_of(const void *pointer)
{
	const void *volatile kept = pointer;
	__u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), (const void *)&kept);
	return address;
}

static __always_inline bool aa_name_is_empty(__u64 name)
{
	char first = 0;

	return bpf_probe_read_user(&first, 1, (const void *)name) == 0 && first == '\0';
}

/* AT_EMPTY_PATH of the calls that have it; move_mount(2) has a flag of its own for where to. */
static __always_inline bool aa_change_by_empty_path(const struct aa_change_call *call,
						    const struct aa_change_shape *shape)
{
	__u32 flags = (__u32)aa_change_argument(call, shape->at_flags);
	__u32 wanted = shape->how & AA_HOW_MOVE_MOUNT ? AA_MOVE_MOUNT_T_EMPTY_PATH : AA_AT_EMPTY_PATH;

	return flags & wanted && (!call->name || aa_name_is_empty(call->name));
}

/* Which file: by descriptor, by a name, or where the process stands now. */
AA_SUBPROGRAM int aa_change_find(struct aa_change_call *call, const struct aa_change_shape *shape)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	__u32 dirfd_too = call->arguments | AA_ARGUMENT_DIRFD;

	call->name = aa_change_argument(call, shape->name);
	call->dirfd = (__s32)aa_syscall_argument_at(call->regs, shape->dirfd, dirfd_too);
	if (shape->fd) {
		call->by_fd = true;
		call->fd = (__s32)aa_change_argument(call, shape->fd);
	} else if (shape->how & AA_HOW_NULL_IS_FD && !call->name) {
		call->by_fd = true;
		call->fd = call->dirfd;
	} else if (aa_change_by_empty_path(call, shape)) {
		call->by_fd = true;
		call->fd = call->dirfd;
		call->marks |= AA_FILE_EMPTY_PATH;
	} else if (shape->how & AA_HOW_WORKING_DIRECTORY && !call->error) {
		call->path = &fs->pwd;
	} else if (shape->how & AA_HOW_ROOT_DIRECTORY && !call->error) {
		call->path = &fs->root;
	}
	if (!call->by_fd)
		return 0;
	if (call->fd == AT_FDCWD && !shape->fd) {
		call->fd = -1;
		call->path = &fs->pwd;
		return 0;
	}
	call->file = aa_file_of(task, (__u32)call->fd);
	if (call->file)
		call->path = &call->file->f_path;
	return 0;
}

/* Counts a string that could not be read, unless that was the program's mistake, which is no loss of ours. */
static __always_inline void aa_change_string(const struct aa_header *base, const struct aa_change_call *call,
					     __u64 address, __s32 dirfd, __u64 field_and_options)
{
	int r = aa_name_send(base, address, dirfd, (__u32)field_and_options & 0xff,
			     (__u32)(field_and_options >> 8));

	if (r == -2 && call->error != EFAULT)
		aa_count_loss(base->slot, AA_LOSS_UNREADABLE, AA_KIND_FILE_TEXT);
}

/*
 * Sends the path of a file, in field (AA_TEXT_PATH or _PATH2), as it was walked inside the call (vfs_notes.bpf.c). Returns 0
 * if it was not.
 */
AA_SUBPROGRAM int aa_change_noted(const struct aa_header *base, __u32 field)
{
	__u64 key = bpf_get_current_pid_tgid() | (field == AA_TEXT_PATH2 ? AA_NOTE_SECOND : 0);
	const struct aa_text *noted = bpf_map_lookup_elem(&aa_note_paths, &key);
	__u32 options;

	if (!noted)
		return 0;
	options = AA_NAME_KERNEL | AA_NAME_FLAGS(noted->flags);
	aa_name_packed(aa_address_of(noted->data) + noted->start, base->time_ns, base->start_ns,
		       aa_pack_ids(base), aa_pack_where(base, field, options));
	return 1;
}

static __always_inline bool aa_change_is_of_names(__u32 kind)
{
	return kind >= AA_EVENT_UNLINK && kind <= AA_EVENT_MKNOD;
}

#define AA_PLAIN(field) ((field) | (__u64)AA_NAME_PLAIN << 8)

/* Returns AA_PATH_EXCLUDED if the file is left out on request, else 0. Its path comes first: then nothing was sent. */
AA_SUBPROGRAM int aa_change_texts(const struct aa_header *base, const struct aa_change_call *call,
				  const struct aa_change_shape *shape)
{
	__u32 dirfd_too = call->arguments | AA_ARGUMENT_DIRFD;
	bool names = aa_change_is_of_names(shape->kind);

	if (call->path) {
		if (aa_file_path(base, call->path, AA_TEXT_PATH, 0) == AA_PATH_EXCLUDED)
			return AA_PATH_EXCLUDED;
	} else if (shape->name && !call->by_fd && !(names && aa_change_noted(base, AA_TEXT_PATH))) {
		aa_change_string(base, call, call->name, call->dirfd, AA_TEXT_NAME);
	}
	if (shape->name2 && !(names && aa_change_noted(base, AA_TEXT_PATH2)))
		aa_change_string(base, call, aa_change_argument(call, shape->name2),
				 (__s32)aa_syscall_argument_at(call->regs, shape->dirfd2, dirfd_too),
				 AA_TEXT_NAME2);
	if (shape->target)
		aa_change_string(base, call, aa_change_argument(call, shape->target), 0,
				 AA_PLAIN(AA_TEXT_TARGET));
	if (shape->fstype)
		aa_change_string(base, call, aa_change_argument(call, shape->fstype), 0,
				 AA_PLAIN(AA_TEXT_FSTYPE));
	return 0;
}

static __always_inline __u32 aa_id16(__u32 id)
{
	return (__u16)id == 0xffff ? AA_NO_ID : (__u16)id;
}

/* As mknod(2) takes it (new_decode_dev()) to the kernel's dev_t. */
static __always_inline __u32 aa_device_of(__u32 device)
{
	return (device & 0xfff00) >> 8 << MINORBITS | (device & 0xff) | (device >> 12 & 0xfff00);
}

/* struct xattr_args of setxattrat(2) */
struct aa_xattr_args {
	__u64 value;
	__u32 size;
	__u32 flags;
};

static __always_inline void aa_change_ids(struct aa_file_change *record, const struct aa_change_call *call,
					  const struct aa_change_shape *shape)
{
	record->uid = (__u32)aa_change_argument(call, shape->uid);
	record->gid = (__u32)aa_change_argument(call, shape->uid + 1);
	if (shape->how & AA_HOW_IDS_16) {
		record->uid = aa_id16(record->uid);
		record->gid = aa_id16(record->gid);
	}
}

/* What does not come as one argument in one member. */
static __always_inline void aa_change_peculiar(struct aa_file_change *record,
					       const struct aa_change_call *call,
					       const struct aa_change_shape *shape)
{
	if (shape->how & AA_HOW_XATTR_ARGS) {
		struct aa_xattr_args args = {};

		bpf_probe_read_user(&args, sizeof(args),
				    (const void *)aa_change_argument(call, shape->length));
		record->length = args.size;
		record->flags = args.flags;
	}
	if (shape->how & AA_HOW_MOVE_MOUNT)
		record->flags = record->flags & AA_MOVE_MOUNT_F_EMPTY_PATH ? 0 : AA_MS_MOVE;
	if (shape->how & AA_HOW_NOFOLLOW)
		record->flags |= AA_AT_SYMLINK_NOFOLLOW;
}

/* What was made has its inode by now. */
static __always_inline void aa_change_made(struct aa_file_change *record, __u64 made)
{
	struct inode *inode = BPF_CORE_READ((struct dentry *)made, d_inode);

	if (inode && !record->error)
		aa_node_read(&record->node, inode);
}

/*
 * The inodes, where a hook inside the call has met them (vfs_notes.bpf.c). They were read before the act, but for what
 * was made: how many names are left is known without another look.
 */
AA_SUBPROGRAM int aa_change_nodes(struct aa_file_change *record, __u32 kind)
{
	__u64 thread = bpf_get_current_pid_tgid();
	const struct aa_note *note = bpf_map_lookup_elem(&aa_notes, &thread);

	if (!note || !note->met)
		return 0;
	record->node = note->node;
	record->node2 = note->node2;
	if (note->made)
		aa_change_made(record, note->made);
	if (record->error)
		return 0;
	if (kind == AA_EVENT_UNLINK && record->node.nlink > 0)
		record->node.nlink--;
	else if (kind == AA_EVENT_RMDIR)
		record->node.nlink = 0;
	else if (kind == AA_EVENT_LINK)
		record->node.nlink++;
	else if (kind == AA_EVENT_RENAME && !(record->marks & AA_FILE_EXCHANGE) && record->node2.nlink > 0)
		record->node2.nlink--;
	return 0;
}

AA_SUBPROGRAM int aa_change_send(const struct aa_header *base, const struct aa_change_call *call,
				 const struct aa_change_shape *shape, __u32 kind)
{
	struct aa_file_change *record = aa_change_reserve(base, kind);
	const struct path *path = call->path;

	if (!record)
		return -1;
	if (path)
		aa_node_read(&record->node, BPF_CORE_READ(path, dentry, d_inode));
	if (call->file)
		record->open = aa_open_id(call->file);
	record->fd = call->fd;
	record->error = call->error;
	record->marks = call->marks;
	record->flags = (__u32)aa_change_argument(call, shape->flags);
	record->mode = (__u16)aa_change_argument(call, shape->mode);
	record->offset = aa_change_argument_pair(call, shape->offset, shape->offset_high);
	record->length = aa_change_argument_pair(call, shape->length, shape->length_high);
	if (shape->device)
		record->device = aa_device_of((__u32)aa_change_argument(call, shape->device));
	if (shape->uid)
		aa_change_ids(record, call, shape);
	aa_change_peculiar(record, call, shape);
	if (kind == AA_EVENT_RENAME && record->flags & AA_RENAME_EXCHANGE)
		record->marks |= AA_FILE_EXCHANGE;
	if (aa_change_is_of_names(kind))
		aa_change_nodes(record, kind);
	aa_submit(record);
	return 0;
}

/*
 * A call of the actions NAMES, ATTRIBUTES and PLACE has ended, in the current task. Its registers may be looked at also
 * where it is about to end: in a hook at the end of the function that did the work (vfs_*.bpf.c).
 */
AA_SUBPROGRAM int aa_change_ended(struct pt_regs *regs, long result, __u32 number, bool compat)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_change_call call = { .fd = -1, .arguments = compat ? AA_ARGUMENT_COMPAT : 0 };
	const struct aa_change_shape *shape;
	__u64 index = number - AA_CALL_NAMES_FIRST;
	struct aa_header base;
	__u32 kind;

	AA_OPAQUE(index);
	if (index >= AA_CHANGE_SHAPES || aa_call_restarts(result))
		return 0;
	shape = &aa_change_shapes[index];
	if (!aa_begin_current(&base, task))
		return 0;
	base.flags = AA_FLAG_ACTIVITY | (compat ? AA_FLAG_COMPAT : 0);
	call.regs = aa_address_of(regs);
	call.error = result < 0 ? (__s32)-result : 0;
	aa_change_find(&call, shape);
	aa_forget(&call, sizeof(call));
	kind = shape->kind;
	if (shape->how & AA_HOW_REMOVEDIR && aa_change_argument(&call, shape->flags) & AA_AT_REMOVEDIR)
		kind = AA_EVENT_RMDIR;
	if (aa_change_texts(&base, &call, shape) == AA_PATH_EXCLUDED) {
		aa_count_loss(base.slot, AA_LOSS_EXCLUDED, kind);
		return 0;
	}
	return aa_change_send(&base, &call, shape, kind);
}

#endif
