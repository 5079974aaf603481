// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Arguments and names of calls on files, for change.h: functions that are verified once for each program. */
#include "change.h"
#include "text.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u64 aa_argument_packed(__u64 regs, __u32 index, __u32 options)
{
	if (index == 0)
		return options & AA_ARGUMENT_DIRFD ? (__u64)AT_FDCWD : 0;
	return aa_syscall_argument((struct pt_regs *)regs, index - 1, options & AA_ARGUMENT_COMPAT);
}

/* Of the current task: as aa_pack_ids() has them. */
static __always_inline __u64 aa_current_ids(void)
{
	__u64 ids = bpf_get_current_pid_tgid();

	return ids >> 32 | ids << 32;
}

/* The path of where the name begins, if the name alone does not say it. */
static __always_inline void aa_name_directory(const struct aa_header *base, char first, __s32 dirfd,
					      __u32 field)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	const struct path *path = NULL;
	__u32 options = AA_PATH_KEEP;

	if (first == '/') {
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

int aa_name_packed(__u64 address, __u64 dirfd, __u64 time_ns, __u64 start_ns, __u64 where)
{
	struct aa_header base = aa_unpack(time_ns, start_ns, aa_current_ids(), where);
	__u32 options = aa_packed_options(where), field = aa_packed_field(where);
	char first = 0;

	if (options & AA_NAME_PLAIN) {
		if (!address)
			return 0;
	} else {
		if (options & AA_NAME_KERNEL)
			bpf_probe_read_kernel(&first, 1, (const void *)address);
		else
			bpf_probe_read_user(&first, 1, (const void *)address);
		aa_name_directory(&base, first, (__s32)dirfd, field - 1);
	}
	return aa_text_name(&base, field, address, options & AA_NAME_KERNEL ? 0 : AA_TEXT_USER);
}
