/* SPDX-License-Identifier: Apache-2.0 */
/* See doctor_host.h. One function a fact, in the order in which they are shown. */
#include "doctor_host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "library.h"
#include "security.h"
#include "text.h"

#define RELEASE(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor) << 8)

/* include/uapi/linux/capability.h; a libc of 2021 does not name the newest. */
#define CAPABILITY_SYS_PTRACE	19
#define CAPABILITY_SYS_ADMIN	21
#define CAPABILITY_SYS_RESOURCE 24
#define CAPABILITY_PERFMON	38
#define CAPABILITY_BPF		39

/* include/linux/proc_ns.h: the initial namespaces have fixed numbers. */
#define INITIAL_USER_NS 0xEFFFFFFDu
#define INITIAL_PID_NS	0xEFFFFFFCu

#define TRACEFS_MAGIC_NUMBER 0x74726163

struct host_look {
	struct aa_host *host;
	uint32_t release;
	uint64_t capabilities; /* effective */
	unsigned seccomp;
	bool capabilities_known;
};

struct aa_fact *aa_host_add(struct aa_host *host, const char *name, enum aa_fact_state state,
			    const char *format, ...)
{
	/* A caller always gets something to write into. */
	unsigned index = host->count < AA_FACTS_MAX ? host->count : AA_FACTS_MAX - 1;
	struct aa_fact *fact = &host->facts[index];
	va_list arguments;

	*fact = (struct aa_fact){ .name = name, .state = state };
	va_start(arguments, format);
	(void)vsnprintf(fact->value, sizeof(fact->value), format, arguments);
	va_end(arguments);
	host->count = index + 1;
	return fact;
}

void aa_fact_advise(struct aa_fact *fact, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(fact->advice, sizeof(fact->advice), format, arguments);
	va_end(arguments);
}

/* --- pure ------------------------------------------------------------------------------------------------- */

void aa_host_bracketed(const char *line, char *ret_word, size_t size)
{
	const char *start = strchr(line, '[');
	size_t length = start != NULL ? strcspn(start + 1, "]") : 0;

	if (start == NULL || start[1 + length] != ']' || length >= size)
		length = 0;
	if (length > 0)
		memcpy(ret_word, start + 1, length);
	ret_word[length] = '\0';
}

bool aa_host_listed(const char *list, const char *word)
{
	size_t wanted = strlen(word);

	while (*list != '\0') {
		size_t length = strcspn(list, ",\n");

		if (length == wanted && memcmp(list, word, length) == 0)
			return true;
		list += length + (list[length] != '\0');
	}
	return false;
}

uint32_t aa_host_release_code(const char *release)
{
	char *end;
	unsigned long major = strtoul(release, &end, 10), minor;

	if (end == release || *end != '.' || end[1] < '0' || end[1] > '9')
		return 0;
	minor = strtoul(end + 1, NULL, 10);
	return major <= 255 && minor <= 255 ? RELEASE(major, minor) : 0;
}

static bool has(uint64_t set, unsigned capability)
{
	return (set >> capability & 1) != 0;
}

void aa_host_missing_capabilities(uint64_t effective, uint32_t release, char *ret_names, size_t size,
				  bool *ret_required)
{
	static const struct {
		const char *name;
		unsigned number;
		bool required;
		bool implied;	 /* by CAP_SYS_ADMIN */
		uint32_t before; /* needed only by older kernels */
	} needed[] = {
		{ "CAP_BPF", CAPABILITY_BPF, true, true, UINT32_MAX },
		{ "CAP_PERFMON", CAPABILITY_PERFMON, true, true, UINT32_MAX },
		/* Maps count against RLIMIT_MEMLOCK before 5.11 (bpf: Eliminate rlimit-based memory accounting). */
		{ "CAP_SYS_RESOURCE", CAPABILITY_SYS_RESOURCE, true, false, RELEASE(5, 11) },
		{ "CAP_SYS_PTRACE", CAPABILITY_SYS_PTRACE, false, false, UINT32_MAX },
	};
	size_t used = 0;

	*ret_required = false;
	ret_names[0] = '\0';
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		int length;

		if (has(effective, needed[i].number) || release >= needed[i].before ||
		    (needed[i].implied && has(effective, CAPABILITY_SYS_ADMIN)))
			continue;
		*ret_required |= needed[i].required;
		length =
			snprintf(ret_names + used, size - used, "%s%s", used > 0 ? ", " : "", needed[i].name);
		if (length < 0 || (size_t)length >= size - used)
			return;
		used += (size_t)length;
	}
}

/* --- reading ---------------------------------------------------------------------------------------------- */

/* The number of a line "KEY:\tVALUE" of /proc/self/status. */
static bool status_value(const char *status, const char *key, int base, uint64_t *ret_value)
{
	const char *line = strstr(status, key);

	if (line == NULL)
		return false;
	*ret_value = strtoull(line + strlen(key), NULL, base);
	return true;
}

/* --- the facts -------------------------------------------------------------------------------------------- */

static void look_at_kernel(struct host_look *look)
{
	struct utsname name = { 0 };
	struct aa_fact *fact;

	(void)uname(&name);
	look->release = aa_host_release_code(name.release);
	fact = aa_host_add(look->host, "kernel", AA_FACT_OK, "Linux %s %s", name.release, name.machine);
	if (look->release != 0 && look->release < RELEASE(5, 8)) {
		fact->state = AA_FACT_BAD;
		aa_fact_advise(fact, "5.8 is the first kernel with a BPF ring buffer: boot a newer one");
	}
}

static void look_at_capabilities(struct host_look *look)
{
	char status[8192], names[128];
	uint64_t seccomp = 0;
	struct aa_fact *fact;
	bool required;

	if (aa_text_read("/proc/self/status", status, sizeof(status)) < 0 ||
	    !status_value(status, "\nCapEff:", 16, &look->capabilities)) {
		fact = aa_host_add(look->host, "capabilities", AA_FACT_WARN, "not known");
		aa_fact_advise(fact, "cannot read /proc/self/status: mount /proc");
		return;
	}
	look->capabilities_known = true;
	(void)status_value(status, "\nSeccomp:", 10, &seccomp);
	look->seccomp = (unsigned)seccomp;
	aa_host_missing_capabilities(look->capabilities, look->release, names, sizeof(names), &required);
	if (names[0] == '\0') {
		aa_host_add(look->host, "capabilities", AA_FACT_OK, "all that are needed");
		return;
	}
	fact = aa_host_add(look->host, "capabilities", required ? AA_FACT_BAD : AA_FACT_WARN, "missing: %s",
			   names);
	if (required)
		aa_fact_advise(
			fact,
			"run as root, or give aa-record cap_bpf,cap_perfmon,cap_sys_ptrace%s: with setcap "
			"(and +ep), or with AmbientCapabilities= in its systemd unit",
			look->release < RELEASE(5, 11) ? ",cap_sys_resource" : "");
	else
		aa_fact_advise(fact,
			       "without it, attach cannot read the arguments of other users' processes that "
			       "run already; what starts later is recorded in full");
}

static void look_at_seccomp(struct host_look *look)
{
	struct aa_fact *fact;

	if (look->seccomp == 0)
		return;
	fact = aa_host_add(look->host, "seccomp", AA_FACT_OK, "%s",
			   look->seccomp == 1 ? "strict" : "a filter is active");
	aa_fact_advise(
		fact,
		"if bpf(2) or perf_event_open(2) are refused, this filter may be why: allow them in the "
		"container's seccomp profile");
}

static void look_at_lockdown(struct host_look *look)
{
	char line[256], word[32];
	struct aa_fact *fact;
	int r = aa_security_read("lockdown", line, sizeof(line));

	if (r == -ENOENT || r == -ENODEV) {
		aa_host_add(look->host, "lockdown", AA_FACT_OK, "none (not built into this kernel)");
		return;
	}
	if (r < 0) {
		/* Programs that read memory would be refused: the survey tells. */
		aa_host_add(look->host, "lockdown", AA_FACT_OK, "not known: cannot read securityfs");
		return;
	}
	aa_host_bracketed(line, word, sizeof(word));
	fact = aa_host_add(look->host, "lockdown", AA_FACT_OK, "%s", word[0] != '\0' ? word : "not known");
	if (strcmp(word, "confidentiality") == 0) {
		fact->state = AA_FACT_BAD;
		aa_fact_advise(
			fact,
			"eBPF programs may not read kernel memory: boot with lockdown=integrity or none");
	}
}

/* "a,b" as "a, b", which can be broken into lines. */
static void spread(const char *list, char *ret_words, size_t size)
{
	size_t used = 0;

	for (; *list != '\0' && used + 2 < size; list++) {
		ret_words[used++] = *list;
		if (*list == ',')
			ret_words[used++] = ' ';
	}
	ret_words[used] = '\0';
}

static void look_at_lsm(struct host_look *look)
{
	char list[256], words[sizeof(list) * 2];
	int r = aa_security_read("lsm", list, sizeof(list));
	struct aa_fact *fact;

	if (r < 0) {
		aa_host_add(look->host, "lsm", AA_FACT_OK, "%s",
			    r == -ENOENT || r == -ENODEV ? "none" : "not known: cannot read securityfs");
		return;
	}
	spread(list, words, sizeof(words));
	fact = aa_host_add(look->host, "lsm", AA_FACT_OK, "%s", words);
	if (!aa_host_listed(list, "bpf"))
		aa_fact_advise(fact,
			       "bpf is not among them, so LSM programs never run: others take their place");
}

static void look_at_tracefs(struct host_look *look)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct statfs status;

		if (statfs(places[i], &status) == 0 && status.f_type == TRACEFS_MAGIC_NUMBER) {
			aa_host_add(look->host, "tracefs", AA_FACT_OK, "%s", places[i]);
			return;
		}
	}
	aa_host_add(look->host, "tracefs", AA_FACT_OK, "not mounted, or hidden from this user; not needed");
}

/* Both of these are 1 on nearly every host; where they are not, it is why something is refused. */
static void look_at_switches(struct host_look *look)
{
	char text[32];
	struct aa_fact *fact;

	if (aa_text_read("/proc/sys/net/core/bpf_jit_enable", text, sizeof(text)) == 0 &&
	    strcmp(text, "0") == 0) {
		fact = aa_host_add(look->host, "bpf_jit", AA_FACT_WARN, "off");
		aa_fact_advise(fact, "the precise tier needs it, and programs run slowly without: "
				     "sysctl net.core.bpf_jit_enable=1");
	}
	if (aa_text_read("/proc/sys/kernel/ftrace_enabled", text, sizeof(text)) == 0 &&
	    strcmp(text, "0") == 0) {
		fact = aa_host_add(look->host, "ftrace", AA_FACT_WARN, "off");
		aa_fact_advise(fact, "functions cannot be hooked: sysctl kernel.ftrace_enabled=1");
	}
}

static bool is_root_of(const char *name, ino_t initial)
{
	char path[64];
	struct stat status;

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return stat(path, &status) < 0 || status.st_ino == initial;
}

/* The manager of the container that we are in, as it says itself; "" if none does. */
static void container_name(char *ret_name, size_t size)
{
	const char *variable = getenv("container");

	ret_name[0] = '\0';
	if (access("/run/.containerenv", F_OK) == 0)
		(void)snprintf(ret_name, size, "podman");
	else if (access("/.dockerenv", F_OK) == 0)
		(void)snprintf(ret_name, size, "docker");
	else if (aa_text_read("/run/systemd/container", ret_name, size) < 0 && variable != NULL)
		(void)snprintf(ret_name, size, "%s", variable);
}

static void look_at_namespaces(struct host_look *look)
{
	bool user = is_root_of("user", INITIAL_USER_NS), pid = is_root_of("pid", INITIAL_PID_NS);
	char container[48];
	struct aa_fact *fact;

	container_name(container, sizeof(container));
	fact = aa_host_add(look->host, "namespaces", user ? AA_FACT_OK : AA_FACT_BAD,
			   "%s user namespace, %s pid namespace%s%s%s", user ? "initial" : "own",
			   pid ? "initial" : "own", container[0] != '\0' ? " (container: " : "", container,
			   container[0] != '\0' ? ")" : "");
	if (!user)
		aa_fact_advise(
			fact,
			"capabilities of a user namespace do not count for eBPF: run it outside, or in a "
			"container without one");
	else if (!pid)
		aa_fact_advise(fact,
			       "processes are recorded with their pids on the host, and with those in here");
}

static void look_at_memory_lock(struct host_look *look)
{
	struct rlimit limit;
	struct aa_fact *fact;
	char value[64];

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return;
	if (limit.rlim_cur == RLIM_INFINITY)
		(void)snprintf(value, sizeof(value), "unlimited");
	else
		(void)snprintf(value, sizeof(value), "%llu KiB", (unsigned long long)limit.rlim_cur >> 10);
	if (look->release >= RELEASE(5, 11) || look->release == 0) {
		aa_host_add(look->host, "memory_lock", AA_FACT_OK, "%s; does not count since Linux 5.11",
			    value);
		return;
	}
	fact = aa_host_add(look->host, "memory_lock", AA_FACT_OK, "%s", value);
	if (limit.rlim_max == RLIM_INFINITY || has(look->capabilities, CAPABILITY_SYS_RESOURCE)) {
		aa_fact_advise(fact, "raised by aa-record itself");
	} else {
		fact->state = AA_FACT_BAD;
		aa_fact_advise(fact,
			       "eBPF maps count against it on this kernel: ulimit -l unlimited, or give "
			       "CAP_SYS_RESOURCE");
	}
}

static void look_at_restrictions(struct host_look *look)
{
	bool admin = has(look->capabilities, CAPABILITY_SYS_ADMIN);
	struct aa_fact *fact;
	char text[32];

	if (look->capabilities_known && !admin && !has(look->capabilities, CAPABILITY_BPF) &&
	    aa_text_read("/proc/sys/kernel/unprivileged_bpf_disabled", text, sizeof(text)) == 0) {
		fact = aa_host_add(look->host, "unprivileged_bpf_disabled", AA_FACT_OK, "%.16s", text);
		aa_fact_advise(fact, "no help: tracing programs need CAP_BPF and CAP_PERFMON whatever it is");
	}
	/* Debian's and Ubuntu's values 3 and 4 forbid perf_event_open(2), which kprobes are attached with. */
	if (!admin && aa_text_read("/proc/sys/kernel/perf_event_paranoid", text, sizeof(text)) == 0 &&
	    strtol(text, NULL, 10) >= 3) {
		fact = aa_host_add(look->host, "perf_event_paranoid", AA_FACT_OK, "%.16s", text);
		aa_fact_advise(
			fact,
			"kprobes may be refused without CAP_SYS_ADMIN: sysctl kernel.perf_event_paranoid=2");
	}
}

void aa_host_look(struct aa_host *host)
{
	struct host_look look = { .host = host };
	char version[32];

	*host = (struct aa_host){ 0 };
	look_at_kernel(&look);
	look_at_capabilities(&look);
	look_at_seccomp(&look);
	look_at_lockdown(&look);
	look_at_lsm(&look);
	look_at_tracefs(&look);
	look_at_switches(&look);
	look_at_namespaces(&look);
	look_at_memory_lock(&look);
	look_at_restrictions(&look);
	aa_kernel_library_version(version, sizeof(version));
	aa_host_add(host, "libbpf", AA_FACT_OK, "%s", version);
}
