// SPDX-License-Identifier: Apache-2.0
/*
 * What a host must have. Asked before anything is loaded, because afterwards the kernel only says EPERM or
 * EINVAL.
 */
#include "kernel_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "require.h"
#include "security.h"
#include "text.h"

#define CAPABILITY_SYS_ADMIN	21
#define CAPABILITY_SYS_PTRACE	19
#define CAPABILITY_SYS_RESOURCE 24
#define CAPABILITY_PERFMON	38
#define CAPABILITY_BPF		39

/* Effective capabilities. False if they cannot be found out: then the load will tell. */
static bool read_capabilities(unsigned long long *ret_set)
{
	static const char key[] = "\nCapEff:";
	char status[8192];
	const char *line;

	if (aa_text_read("/proc/self/status", status, sizeof(status)) < 0)
		return false;
	line = strstr(status, key);
	if (!line)
		return false;
	*ret_set = strtoull(line + sizeof(key) - 1, NULL, 16);
	return true;
}

static bool has_capability(unsigned long long set, unsigned number)
{
	return (set >> number & 1) != 0;
}

static bool may_load(unsigned long long set)
{
	return has_capability(set, CAPABILITY_SYS_ADMIN) ||
	       (has_capability(set, CAPABILITY_BPF) && has_capability(set, CAPABILITY_PERFMON));
}

bool aa_kernel_capable(void)
{
	unsigned long long set;

	return !read_capabilities(&set) || may_load(set);
}

bool aa_kernel_in_user_namespace(void)
{
	static const unsigned long initial[] = { 0, 0, UINT32_MAX }; /* inside, outside, count */
	char text[128], *at = text;

	if (aa_text_read("/proc/self/uid_map", text, sizeof(text)) < 0)
		return false;
	for (unsigned i = 0; i < sizeof(initial) / sizeof(initial[0]); i++) {
		if (strtoul(at, &at, 10) != initial[i])
			return true;
	}
	return false;
}

/*
 * Since 5.11 memory of maps and programs is accounted to the cgroup, not to RLIMIT_MEMLOCK. libbpf asks the
 * same way: a helper that came in the same release. Returns 1, 0, or -EPERM or -ENOSYS where nobody answers.
 */
static int memory_is_limited(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = 160 /* bpf_ktime_get_coarse_ns, 5.11 */ },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(code[0]);
	attr.license = (uintptr_t) "GPL";
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return errno == EPERM || errno == ENOSYS ? -errno : 1;
	(void)close(fd);
	return 0;
}

/* Only for advice: the release says what could not be asked. */
static bool advise_resource(int limited)
{
	struct utsname name;
	unsigned long major, minor;
	char *at;

	if (limited >= 0)
		return limited > 0;
	if (uname(&name) != 0)
		return false;
	major = strtoul(name.release, &at, 10);
	minor = *at == '.' ? strtoul(at + 1, NULL, 10) : 0;
	return major < 5 || (major == 5 && minor < 11);
}

static int refuse_capabilities(unsigned long long set, bool limited, struct aa_error *error)
{
	const struct {
		unsigned number;
		const char *name;
		const char *short_name;
	} wanted[] = {
		{ CAPABILITY_BPF, "CAP_BPF", "cap_bpf" },
		{ CAPABILITY_PERFMON, "CAP_PERFMON", "cap_perfmon" },
		{ CAPABILITY_SYS_PTRACE, "CAP_SYS_PTRACE", "cap_sys_ptrace" },
		{ limited ? CAPABILITY_SYS_RESOURCE : CAPABILITY_BPF, "CAP_SYS_RESOURCE",
		  "cap_sys_resource" },
	};
	const unsigned count = sizeof(wanted) / sizeof(wanted[0]) - (limited ? 0 : 1);
	char missing[128] = "", all[128] = "", ambient[128] = "";

	for (unsigned i = 0; i < count; i++) {
		size_t used = strlen(missing);

		if (!has_capability(set, wanted[i].number))
			(void)snprintf(missing + used, sizeof(missing) - used, "%s%s", used ? ", " : "",
				       wanted[i].name);
		used = strlen(all);
		(void)snprintf(all + used, sizeof(all) - used, "%s%s", used ? "," : "", wanted[i].short_name);
		used = strlen(ambient);
		(void)snprintf(ambient + used, sizeof(ambient) - used, "%s%s", used ? " " : "",
			       wanted[i].name);
	}
	return aa_error_set(
		error, -EPERM,
		"cannot load eBPF programs: operation not permitted (missing %s): run it as root, or give "
		"the program these capabilities (setcap %s+ep /path/to/aa-record; in a systemd unit: "
		"AmbientCapabilities=%s)",
		missing, all, ambient);
}

static int require_capabilities(struct aa_error *error)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	unsigned long long set;
	struct rlimit limit;
	bool raised = setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0;

	if (!read_capabilities(&set))
		return 0;
	if (!may_load(set))
		return refuse_capabilities(set, !raised && advise_resource(memory_is_limited()), error);
	if (raised || (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY))
		return 0;
	return memory_is_limited() > 0 ? refuse_capabilities(set, true, error) : 0;
}

bool aa_kernel_locked_down(void)
{
	char text[256];

	return aa_security_read("lockdown", text, sizeof(text)) == 0 &&
	       strstr(text, "[confidentiality]") != NULL;
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
			error, -EPERM, "cannot create a BPF ring buffer: operation not permitted (%s)",
			aa_kernel_in_user_namespace()
				? "this is a user namespace, as in a rootless container, whose "
				  "capabilities do not count for bpf(2): run aa-record outside of it"
				: "the capabilities are there, so a container's seccomp filter or another "
				  "security policy forbids bpf(2): allow it, or run aa-record outside");
	if (errno == ENOSYS)
		return aa_error_set(
			error, -EOPNOTSUPP,
			"this kernel has no bpf(2), or a seccomp filter says so: need Linux 5.8 or newer, "
			"and a container whose seccomp profile allows bpf(2)");
	return aa_error_set(error, -EOPNOTSUPP,
			    "this kernel has no BPF ring buffer (%s); need Linux 5.8 or newer",
			    strerror(errno));
}

int aa_kernel_require(struct aa_error *error)
{
	int r = require_capabilities(error);

	if (r < 0)
		return r;
	if (aa_kernel_locked_down())
		return aa_error_set(
			error, -EPERM,
			"kernel lockdown is \"confidentiality\": eBPF programs may not read kernel memory "
			"(boot with lockdown=integrity or none)");
	return require_ring_buffer(error);
}
