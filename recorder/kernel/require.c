// SPDX-License-Identifier: Apache-2.0
/*
 * What a host must have. Asked before anything is loaded, because afterwards the kernel only says EPERM or
 * EINVAL.
 */
#include "kernel_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "memory.h"

#define CAPABILITY_SYS_ADMIN 21
#define CAPABILITY_PERFMON   38
#define CAPABILITY_BPF	     39

#define BTF_PATH      "/sys/kernel/btf/vmlinux"
#define LOCKDOWN_PATH "/sys/kernel/security/lockdown"

static int read_file(const char *path, char *buffer, size_t size)
{
	aa_cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buffer, size - 1);
	if (n < 0)
		return -errno;
	buffer[n] = '\0';
	return 0;
}

static bool has_capability(unsigned long long set, unsigned number)
{
	return (set >> number & 1) != 0;
}

static int require_capabilities(struct aa_error *error)
{
	char status[8192];
	static const char key[] = "\nCapEff:";
	unsigned long long set;
	const char *line;

	if (read_file("/proc/self/status", status, sizeof(status)) < 0)
		return 0; /* no /proc: the load will tell */
	line = strstr(status, key);
	if (!line)
		return 0;
	set = strtoull(line + sizeof(key) - 1, NULL, 16);
	if (has_capability(set, CAPABILITY_SYS_ADMIN) ||
	    (has_capability(set, CAPABILITY_BPF) && has_capability(set, CAPABILITY_PERFMON)))
		return 0;
	return aa_error_set(
		error, -EPERM,
		"cannot load eBPF programs: operation not permitted (need CAP_BPF and CAP_PERFMON, or root)");
}

bool aa_kernel_locked_down(void)
{
	char text[256];

	return read_file(LOCKDOWN_PATH, text, sizeof(text)) == 0 && strstr(text, "[confidentiality]") != NULL;
}

/* A map is the only way to ask; 5.8 is the first kernel with this type. */
static int require_ring_buffer(struct aa_error *error)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_RINGBUF;
	attr.max_entries = (uint32_t)sysconf(_SC_PAGESIZE);
	fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd >= 0) {
		(void)close(fd);
		return 0;
	}
	if (errno == EPERM)
		return aa_error_set(
			error, -EPERM,
			"cannot create a BPF ring buffer: operation not permitted (a container or a "
			"security policy may forbid bpf(2))");
	if (errno == ENOSYS)
		return aa_error_set(error, -EOPNOTSUPP, "this kernel has no bpf(2); need Linux 5.8 or newer");
	return aa_error_set(error, -EOPNOTSUPP,
			    "this kernel has no BPF ring buffer (%s); need Linux 5.8 or newer",
			    strerror(errno));
}

int aa_kernel_require(struct aa_error *error)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	int r;

	/*
	 * Before 5.11 maps count against this limit; newer kernels don't ask, so a refusal does not matter.
	 */
	(void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
	r = require_capabilities(error);
	if (r < 0)
		return r;
	if (access(BTF_PATH, R_OK) != 0)
		return aa_error_set(error, -ENOENT,
				    "cannot read " BTF_PATH
				    ": %s (need a kernel with CONFIG_DEBUG_INFO_BTF, as "
				    "distributions build it, and sysfs mounted)",
				    strerror(errno));
	if (aa_kernel_locked_down())
		return aa_error_set(
			error, -EPERM,
			"kernel lockdown is \"confidentiality\": eBPF programs may not read kernel memory "
			"(boot with lockdown=integrity or none)");
	return require_ring_buffer(error);
}
