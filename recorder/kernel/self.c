// SPDX-License-Identifier: Apache-2.0
/*
 * A BTF file of another kernel makes CO-RE read the wrong members, and nothing fails. So what the programs
 * read of the recorder is compared with what it knows of itself.
 */
#include "kernel_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "require.h"
#include "text.h"

#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu /* PROC_PID_INIT_INO, include/linux/proc_ns.h: ABI since 3.8 */
#define PID_NAMESPACE_LEVELS  32	  /* MAX_PID_NS_LEVEL */
#define START_TIME_FIELD      22	  /* of /proc/PID/stat, in ticks; proc(5) */
#define NS_PER_SECOND	      1000000000u

/* Boot time in ticks at which this process started; 0 if /proc does not say, or says it with an offset of its own. */
static uint64_t start_ticks(void)
{
	char text[1024], offsets[256];
	const char *at, *boottime;

	if (aa_text_read("/proc/self/timens_offsets", offsets, sizeof(offsets)) == 0) {
		boottime = strstr(offsets, "boottime");
		if (boottime && strpbrk(boottime, "123456789"))
			return 0;
	}
	if (aa_text_read("/proc/self/stat", text, sizeof(text)) < 0)
		return 0;
	at = strrchr(text, ')'); /* the name, field 2, may hold anything */
	for (unsigned field = 2; at && field < START_TIME_FIELD; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

static bool in_initial_pid_namespace(void)
{
	struct stat status;

	return stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == INITIAL_PID_NAMESPACE;
}

/* What is wrong, in words; false if nothing is. Only what is certain counts: /proc may be missing or another's. */
static bool differs(const struct aa_self *self, char *ret_what, size_t size)
{
	uint64_t ticks = start_ticks(), per_second = (uint64_t)sysconf(_SC_CLK_TCK);
	char comm[AA_COMM_SIZE + 1] = "";

	if (prctl(PR_GET_NAME, comm) == 0 && strncmp(comm, self->comm, AA_COMM_SIZE) != 0) {
		(void)snprintf(ret_what, size, "its name");
		return true;
	}
	if (self->level > PID_NAMESPACE_LEVELS || (in_initial_pid_namespace() && self->level != 0)) {
		(void)snprintf(ret_what, size, "the level %u of its pid namespace", self->level);
		return true;
	}
	if (self->tgid == 0 || (self->level == 0 && self->tgid != (uint32_t)getpid())) {
		(void)snprintf(ret_what, size, "its process id %u", self->tgid);
		return true;
	}
	/* The parent may just have been replaced by another, so only what cannot be a process id counts. */
	if (self->parent_tgid == 0 && in_initial_pid_namespace() && getppid() != 0) {
		(void)snprintf(ret_what, size, "its parent 0");
		return true;
	}
	if (!aa_kernel_in_user_namespace() && self->uid != getuid()) {
		(void)snprintf(ret_what, size, "its user id %u", self->uid);
		return true;
	}
	if (ticks != 0 && self->start_ns / (NS_PER_SECOND / per_second) != ticks) {
		(void)snprintf(ret_what, size, "its start time %llu ns", (unsigned long long)self->start_ns);
		return true;
	}
	return false;
}

int aa_kernel_check_self(struct aa_kernel *kernel, struct aa_error *error)
{
	struct aa_order order = { 0 };
	uint32_t zero = 0;
	char what[96];

	if (kernel->btf.source == AA_BTF_SYSFS || kernel->btf.source == AA_BTF_ID)
		return 0; /* the running kernel's own */
	if (bpf_map_lookup_elem(kernel->order_fd, &zero, &order) != 0)
		return aa_error_set(error, -errno, "cannot read BPF map aa_order: %s", strerror(errno));
	if (order.recorder == 0)
		return 0; /* no program has answered yet, for a reason of its own */
	if (!differs(&order.self, what, sizeof(what)))
		return 0;
	return aa_error_set(
		error, -EINVAL,
		"the BTF file %s is not of the running kernel: of the recorder itself eBPF programs read "
		"%s, which is wrong (use a file that was made of exactly this kernel build)",
		kernel->btf.name ? kernel->btf.name : "", what);
}
