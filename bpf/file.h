/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Open files: what of them is recorded, their entries in aa_files, and their last records. An entry is keyed by the
 * address of struct file, which dup, fork, SCM_RIGHTS and io_uring share: so no table of descriptors has to be kept.
 */
#ifndef AA_BPF_FILE_H
#define AA_BPF_FILE_H

#include "emit.h"
#include "scope.h"

/* include/linux/stat.h */
#define AA_S_IFMT   0170000u
#define AA_S_IFIFO  0010000u
#define AA_S_IFSOCK 0140000u

/* include/linux/magic.h */
#define AA_ANON_INODE_MAGIC 0x09041934ull
#define AA_PIDFS_MAGIC	    0x50494446ull
#define AA_NSFS_MAGIC	    0x6e736673ull

/*
 * include/linux/fs.h. FMODE_CREATED came with 73a09dd94377 ("introduce FMODE_CREATED and switch to it", 4.19) and has
 * had the same bit since; the tests create files on every kernel of the matrix.
 */
#define AA_FMODE_READ	 0x1u
#define AA_FMODE_WRITE	 0x2u
#define AA_FMODE_CREATED 0x100000u

/*
 * What is counted: regular files, directories, symlinks, devices, FIFOs and pipes, memfds. Not sockets (another step),
 * and not the anonymous inodes of eventfd, epoll and so on, whose type was 0 before cfd86ef7e8e7 ("anon_inode: use a
 * proper mode internally", 6.16) and S_IFREG since.
 */
static __always_inline bool aa_node_counts(const struct aa_node *node)
{
	__u32 type = node->mode & AA_S_IFMT;

	return type != 0 && type != AA_S_IFSOCK && node->magic != AA_ANON_INODE_MAGIC &&
	       node->magic != AA_PIDFS_MAGIC && node->magic != AA_NSFS_MAGIC;
}

#define AA_INODE_HEAD 88 /* from i_mode to the end of i_size, 5.10 to 7.2 */

/* Where a member lies behind i_mode. */
#define AA_INODE_AT(field) (AA_OFFSET(inode, field) - AA_OFFSET(inode, i_mode))

/*
 * What stands at the head of an inode comes in one read: reads are a good part of what recording a file costs. Where a kernel has
 * its members in another order, each has its own.
 */
AA_SUBPROGRAM int aa_node_read(struct aa_node *node, struct inode *inode)
{
	struct super_block *sb;

	if (AA_INODE_AT(i_sb) <= AA_INODE_HEAD - 8 && AA_INODE_AT(i_ino) <= AA_INODE_HEAD - 8 &&
	    AA_INODE_AT(i_nlink) <= AA_INODE_HEAD - 4 && AA_INODE_AT(i_size) <= AA_INODE_HEAD - 8) {
		__u64 words[AA_INODE_HEAD / 8];
		const char *head = (const char *)words;

		bpf_core_read(words, sizeof(words), &inode->i_mode);
		sb = *(struct super_block *const *)(head + AA_INODE_AT(i_sb));
		node->inode = *(const __u64 *)(head + AA_INODE_AT(i_ino));
		node->size = *(const __u64 *)(head + AA_INODE_AT(i_size));
		node->mode = *(const __u16 *)head;
		node->nlink = *(const __u32 *)(head + AA_INODE_AT(i_nlink));
	} else {
		sb = BPF_CORE_READ(inode, i_sb);
		node->inode = BPF_CORE_READ(inode, i_ino);
		node->size = (__u64)BPF_CORE_READ(inode, i_size);
		node->mode = BPF_CORE_READ(inode, i_mode);
		node->nlink = BPF_CORE_READ(inode, i_nlink);
	}
	node->magic = BPF_CORE_READ(sb, s_magic);
	node->device = BPF_CORE_READ(sb, s_dev);
	node->generation = BPF_CORE_READ(inode, i_generation);
	return 0;
}

/* The file of a descriptor, NULL if there is none: close(2) in another thread may have been faster. */
static __always_inline struct file *aa_file_of(struct task_struct *task, __u64 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file = NULL;
	struct {
		__u64 max_fds;
		__u64 fd;
	} known;

	if (AA_OFFSET(fdtable, fd) == AA_OFFSET(fdtable, max_fds) + 8) {
		/* One read for both; the upper half of the first is padding. */
		bpf_core_read(&known, sizeof(known), &table->max_fds);
	} else {
		known.max_fds = BPF_CORE_READ(table, max_fds);
		known.fd = (__u64)BPF_CORE_READ(table, fd);
	}
	if (fd >= (__u32)known.max_fds)
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), (const void *)(known.fd + fd * sizeof(file)));
	return file;
}

/*
 * Names an open file. Two that are made on one processor are more than a tick of the clock apart, and 2^53 ns are 104
 * days, after which it begins again. 63 bits, because SQLite's integers are signed; never 0.
 */
static __always_inline __u64 aa_open_id_new(void)
{
	__u64 id = bpf_ktime_get_boot_ns() << 10 | (bpf_get_smp_processor_id() & 1023);

	return id & 0x7fffffffffffffffull;
}

static __always_inline struct aa_open_file *aa_open_find(const struct file *file)
{
	__u64 key = (__u64)file;

	return bpf_map_lookup_elem(&aa_files, &key);
}

/* The name of an open file whose OPEN record was sent, 0 if there is none. */
static __always_inline __u64 aa_open_id(const struct file *file)
{
	struct aa_open_file *entry = aa_open_find(file);

	return entry && !(entry->flags & AA_OPEN_FILE_EXCLUDED) ? entry->open : 0;
}

/* Who used it last. Stores only what has changed, as threads share the entry. */
static __always_inline void aa_open_used(struct aa_open_file *entry, const struct aa_header *base)
{
	if (entry->tid == base->tid && entry->start_ns == base->start_ns)
		return;
	entry->start_ns = base->start_ns;
	entry->tgid = base->tgid;
	entry->tid = base->tid;
}

/* The header of a record about an open file, in the name of who used it last. */
static __always_inline void aa_open_last_user(struct aa_header *base, const struct aa_open_file *entry)
{
	base->time_ns = bpf_ktime_get_boot_ns();
	base->start_ns = entry->start_ns;
	base->session = entry->session;
	base->slot = entry->slot;
	base->tgid = entry->tgid;
	base->tid = entry->tid;
	base->size = 0;
	base->kind = 0;
	base->flags = AA_FLAG_ACTIVITY;
}

static __always_inline void aa_io_sums(struct aa_file_io *record, const struct aa_open_file *entry)
{
	record->open = entry->open;
	record->read_bytes = entry->read_bytes;
	record->read_calls = entry->read_calls;
	record->write_bytes = entry->write_bytes;
	record->write_calls = entry->write_calls;
	record->error_calls = entry->error_calls;
	record->last_error = entry->last_error;
	record->reserved = 0;
}

static __always_inline __u64 aa_io_steps(const struct aa_open_file *entry)
{
	return entry->read_calls + entry->write_calls + entry->error_calls;
}

/*
 * The inode as it is now, or what was known at the open if the file has another one: its memory was given to somebody
 * else, or the inode's was. file may be NULL.
 */
static __always_inline void aa_io_node(struct aa_node *node, const struct aa_open_file *entry,
				       const struct file *file)
{
	if (file)
		aa_node_read(node, BPF_CORE_READ(file, f_inode));
	if (!file || node->inode != entry->node.inode || node->device != entry->node.device ||
	    node->generation != entry->node.generation)
		*node = entry->node;
}

/*
 * A file without names is gone with its last reference, and with it its size: file systems set it to 0 then
 * (shmem_evict_inode(), ext4_evict_inode()).
 */
AA_SUBPROGRAM int aa_close_send(const struct aa_header *base, const struct aa_open_file *entry,
				const struct file *file, __u32 marks)
{
	struct aa_file_io *record;

	if (entry->flags & AA_OPEN_FILE_EXCLUDED) {
		aa_count_loss(base->slot, AA_LOSS_EXCLUDED, AA_EVENT_CLOSE);
		return 0;
	}
	record = aa_reserve(base, AA_EVENT_CLOSE, sizeof(*record));
	if (!record)
		return -1;
	aa_io_node(&record->node, entry, file);
	aa_io_sums(record, entry);
	record->marks = marks | (entry->flags & AA_OPEN_FILE_MAPPED ? AA_FILE_MAPPED : 0);
	aa_submit(record);
	return 0;
}

/* The sums so far. Who sends first notes it, so that few records of the same sums are made. */
AA_SUBPROGRAM int aa_io_send(const struct aa_header *base, struct aa_open_file *entry,
			     const struct file *file, __u32 marks)
{
	struct aa_file_io *record = aa_reserve(base, AA_EVENT_IO, sizeof(*record));

	if (!record)
		return -1;
	entry->sent_ns = base->time_ns;
	entry->sent = aa_io_steps(entry);
	aa_io_node(&record->node, entry, file);
	aa_io_sums(record, entry);
	record->marks = marks | (entry->flags & AA_OPEN_FILE_MAPPED ? AA_FILE_MAPPED : 0);
	aa_submit(record);
	return 0;
}

#endif
