// SPDX-License-Identifier: Apache-2.0
/* See uprobe_multi.h. */
#include "uprobe_multi.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

#define MULTI_RETURN 1u /* BPF_F_UPROBE_MULTI_RETURN */

/* union bpf_attr as BPF_LINK_CREATE reads it, include/uapi/linux/bpf.h since 6.6 */
struct link_create {
	uint32_t prog_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t link_flags;
	uint64_t path;
	uint64_t offsets;
	uint64_t ref_ctr_offsets;
	uint64_t cookies;
	uint32_t cnt;
	uint32_t flags;
	uint32_t pid;
	uint32_t reserved;
};

int aa_uprobe_multi_attach(int program_fd, const char *path, const uint64_t *offsets, const uint64_t *cookies,
			   uint32_t count, bool at_return)
{
	struct link_create attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_fd = (uint32_t)program_fd;
	attr.attach_type = AA_TRACE_UPROBE_MULTI;
	attr.path = (uint64_t)(uintptr_t)path;
	attr.offsets = (uint64_t)(uintptr_t)offsets;
	attr.cookies = (uint64_t)(uintptr_t)cookies;
	attr.cnt = count;
	attr.flags = at_return ? MULTI_RETURN : 0;
	fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}

/* A program that does nothing. Returns its descriptor or a negative errno. */
static int load_empty(void)
{
	/* r0 = 0; exit */
	static const struct bpf_insn code[] = { { .code = 0xb7 }, { .code = 0x95 } };
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_KPROBE;
	attr.insns = (uint64_t)(uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(code[0]);
	attr.license = (uint64_t)(uintptr_t) "GPL";
	attr.expected_attach_type = AA_TRACE_UPROBE_MULTI;
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}

/* A directory cannot be probed, which a kernel says that knows the link (-EBADF); another does not know what is asked. */
bool aa_uprobe_multi_works(void)
{
	const uint64_t offset = 0, cookie = 0;
	aa_cleanup_close int program = load_empty();
	int link;

	if (program < 0)
		return false;
	link = aa_uprobe_multi_attach(program, "/", &offset, &cookie, 1, false);
	if (link >= 0)
		(void)close(link);
	return link == -EBADF;
}
