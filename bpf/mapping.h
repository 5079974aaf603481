/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files mapped shared and writable: what is written through memory is in no sum, so it is said that they were. */
#ifndef AA_BPF_MAPPING_H
#define AA_BPF_MAPPING_H

#include "open.h"
#include "request.h"

/* include/uapi/asm-generic/mman-common.h, the same on both architectures */
#define AA_PROT_WRITE	 0x2u
#define AA_PROT_EXEC	 0x4u
#define AA_MAP_SHARED	 0x01u
#define AA_MAP_TYPE	 0x0fu /* MAP_SHARED_VALIDATE is 3 */
#define AA_MAP_ANONYMOUS 0x20u

struct aa_mapping {
	__u64 length;
	__u64 offset;
	__u32 protection;
	__u32 flags;
	__s32 fd;
	__s32 error; /* positive errno, 0 */
};

/* A mapping that may be written through, now or after mprotect(2). */
static __always_inline bool aa_mapping_counts(const struct aa_mapping *mapping)
{
	return mapping->flags & AA_MAP_SHARED && !(mapping->flags & AA_MAP_ANONYMOUS);
}

/* One that code may run from: perhaps a library that the recorder has to know. */
static __always_inline bool aa_mapping_executes(const struct aa_mapping *mapping)
{
	return mapping->protection & AA_PROT_EXEC && !(mapping->flags & AA_MAP_ANONYMOUS);
}

/* Records a mapping, and marks the open file. base: of aa_begin(), with AA_FLAG_ACTIVITY. */
AA_SUBPROGRAM int aa_mapping_send(const struct aa_header *base, struct file *file,
				  const struct aa_mapping *mapping)
{
	struct aa_open_file *entry = aa_open_entry(base, file);
	struct aa_file_change *record;
	__u64 open = 0;

	if (entry) {
		if (entry->flags & AA_OPEN_FILE_EXCLUDED)
			return 0;
		if (mapping->error == 0 && BPF_CORE_READ(file, f_mode) & AA_FMODE_WRITE)
			entry->flags |= AA_OPEN_FILE_MAPPED;
		open = entry->open;
		aa_open_used(entry, base);
	}
	if (!(mapping->protection & AA_PROT_WRITE))
		return 0;
	if (aa_file_path(base, &file->f_path, AA_TEXT_PATH, 0) == AA_PATH_EXCLUDED) {
		aa_count_loss(base->slot, AA_LOSS_EXCLUDED, AA_EVENT_MMAP);
		return 0;
	}
	record = aa_reserve(base, AA_EVENT_MMAP, sizeof(*record));
	if (!record)
		return -1;
	aa_zero((char *)record + sizeof(record->header), sizeof(*record) - sizeof(record->header));
	aa_node_read(&record->node, BPF_CORE_READ(file, f_inode));
	record->open = open;
	record->offset = mapping->offset;
	record->length = mapping->length;
	record->size_before = ~0ull;
	record->error = mapping->error;
	record->fd = mapping->fd;
	record->flags = mapping->protection;
	aa_submit(record);
	return 0;
}

/* i386: one argument, the address of six. */
struct aa_mapping_old {
	__u32 address, length, protection, flags;
	__s32 fd;
	__u32 offset;
};

static __always_inline void aa_mapping_arguments(struct aa_mapping *mapping, struct pt_regs *regs, __u32 call,
						 bool compat)
{
	if (call == AA_CALL_MMAP_OLD) {
		struct aa_mapping_old old = { 0 };

		bpf_probe_read_user(&old, sizeof(old), (const void *)aa_syscall_argument(regs, 0, compat));
		mapping->length = old.length;
		mapping->protection = old.protection;
		mapping->flags = old.flags;
		mapping->fd = old.fd;
		mapping->offset = old.offset;
		return;
	}
	mapping->flags = (__u32)aa_syscall_argument(regs, 3, compat);
	mapping->protection = (__u32)aa_syscall_argument(regs, 2, compat);
	if (!aa_mapping_counts(mapping) && !aa_mapping_executes(mapping))
		return;
	mapping->length = aa_syscall_argument(regs, 1, compat);
	mapping->fd = (__s32)aa_syscall_argument(regs, 4, compat);
	mapping->offset = aa_syscall_argument(regs, 5, compat);
	if (call == AA_CALL_MMAP2)
		mapping->offset <<= 12;
}

/* wanted: AA_CALL_FILES, AA_CALL_MAPPING */
AA_SUBPROGRAM int aa_mmap_ended(struct pt_regs *regs, long result, __u32 call, bool compat, __u32 wanted)
{
	struct aa_mapping mapping = { .fd = -1 };
	struct aa_header base;
	struct file *file;
	bool counts, executes;

	aa_mapping_arguments(&mapping, regs, call, compat);
	counts = wanted & AA_CALL_FILES && aa_mapping_counts(&mapping);
	executes = wanted & AA_CALL_MAPPING && aa_mapping_executes(&mapping) && !aa_call_has_failed(result);
	if ((!counts && !executes) || !aa_begin_current(&base, (struct task_struct *)bpf_get_current_task()))
		return 0;
	base.flags = AA_FLAG_ACTIVITY | (compat ? AA_FLAG_COMPAT : 0);
	if (aa_call_has_failed(result))
		mapping.error = (__s32)-result;
	if (mapping.fd < 0)
		return 0;
	file = aa_file_of((struct task_struct *)bpf_get_current_task(), (__u32)mapping.fd);
	if (file && executes)
		aa_request_mapped((__u64)file, (__u64)result, mapping.length, base.start_ns,
				  aa_pack_where(&base, 0, 0));
	return file && counts ? aa_mapping_send(&base, file, &mapping) : 0;
}

#endif
