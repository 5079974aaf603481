/* SPDX-License-Identifier: Apache-2.0 */
/* What a process can learn of itself from the kernel, as JSON lines. */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int truth_fd = -1;
static int proc_fd = -1;

static void line_add(struct line *line, const char *bytes, size_t size)
{
	if (line->full)
		return;
	if (size >= line->capacity - line->size) {
		size_t capacity = (line->capacity + size) * 2;
		char *data = malloc(capacity);

		if (!data) {
			line->full = true;
			return;
		}
		memcpy(data, line->data, line->size);
		if (line->data != line->small)
			free(line->data);
		line->data = data;
		line->capacity = capacity;
	}
	memcpy(line->data + line->size, bytes, size);
	line->size += size;
}

static void line_string(struct line *line, const char *string)
{
	line_add(line, string, strlen(string));
}

static void line_hex(struct line *line, const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;

	line_string(line, "\"");
	for (size_t i = 0; i < size; i++) {
		char pair[2] = { digits[at[i] >> 4], digits[at[i] & 15] };

		line_add(line, pair, 2);
	}
	line_string(line, "\"");
}

static void line_name(struct line *line, const char *name)
{
	line_string(line, ",\"");
	line_string(line, name);
	line_string(line, "\":");
}

void line_begin(struct line *line, const char *type)
{
	line->data = line->small;
	line->size = 0;
	line->capacity = sizeof line->small;
	line->full = false;
	line_string(line, "{\"t\":\"");
	line_string(line, type);
	line_string(line, "\"");
}

void line_number(struct line *line, const char *name, long long value)
{
	char digits[24];

	(void)snprintf(digits, sizeof digits, "%lld", value);
	line_name(line, name);
	line_string(line, digits);
}

static void line_numbers(struct line *line, const char *name, const unsigned long long *values,
			 unsigned count)
{
	line_name(line, name);
	for (unsigned i = 0; i < count; i++) {
		char digits[24];

		(void)snprintf(digits, sizeof digits, "%s%llu", i == 0 ? "[" : ",", values[i]);
		line_string(line, digits);
	}
	line_string(line, "]");
}

void line_text(struct line *line, const char *name, const char *ascii)
{
	line_name(line, name);
	line_string(line, "\"");
	line_string(line, ascii);
	line_string(line, "\"");
}

void line_bytes(struct line *line, const char *name, const void *bytes, size_t size)
{
	line_name(line, name);
	line_hex(line, bytes, size);
}

void line_list(struct line *line, const char *name, char *const *strings)
{
	line_name(line, name);
	line_string(line, "[");
	for (size_t i = 0; strings[i]; i++) {
		if (i > 0)
			line_string(line, ",");
		line_hex(line, strings[i], strlen(strings[i]));
	}
	line_string(line, "]");
}

void line_end(struct line *line)
{
	line_string(line, "}\n");
	/* One write of an O_APPEND file: lines of concurrent processes never mix. */
	if (truth_fd >= 0 && (line->full || write(truth_fd, line->data, line->size) != (ssize_t)line->size))
		die("cannot write the truth");
	if (line->data != line->small)
		free(line->data);
}

bool truth_open(void)
{
	const char *truth = getenv("AA_TRUTH_FD");
	const char *proc = getenv("AA_PROC_FD");
	char number[12];

	if (truth)
		truth_fd = atoi(truth);
	if (proc) {
		proc_fd = atoi(proc);
		return false;
	}
	/* Kept over exec: a chroot has no /proc, and that of a new pid namespace would not show both pids. */
	proc_fd = open("/proc", O_RDONLY | O_DIRECTORY);
	if (proc_fd < 0)
		die("/proc");
	(void)snprintf(number, sizeof number, "%d", proc_fd);
	(void)setenv("AA_PROC_FD", number, 1);
	return true;
}

int truth_proc_fd(void)
{
	return proc_fd;
}

size_t read_proc(const char *name, char *buffer, size_t size)
{
	char path[64];
	size_t have = 0;
	ssize_t n = 0;

	(void)snprintf(path, sizeof path, "self/%s", name);
	int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		while (have < size - 1 && (n = read(fd, buffer + have, size - 1 - have)) > 0)
			have += (size_t)n;
		(void)close(fd);
	}
	buffer[have] = '\0';
	return have;
}

/* The numbers behind "NAME:" in a status file, of a base. Returns how many there are. */
static unsigned status_numbers(const char *status, const char *name, int base, unsigned long long *values,
			       unsigned count)
{
	const char *at = strstr(status, name);
	unsigned n = 0;

	if (!at)
		return 0;
	at += strlen(name);
	while (n < count) {
		char *end;

		at += strspn(at, " \t");
		if (*at == '\n' || *at == '\0')
			break;
		values[n] = strtoull(at, &end, base);
		if (end == at)
			break;
		n++;
		at = end;
	}
	return n;
}

static long long status_number(const char *status, const char *name, int base)
{
	unsigned long long value = 0;

	(void)status_numbers(status, name, base, &value, 1);
	return (long long)value;
}

pid_t outer_pid(void)
{
	char status[8192];

	(void)read_proc("status", status, sizeof status);
	return (pid_t)status_number(status, "\nNSpid:", 10);
}

static long long namespace_inode(const char *name)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof path, "self/ns/%s", name);
	return fstatat(proc_fd, path, &st, 0) == 0 ? (long long)st.st_ino : 0;
}

/* Field 3 is index 0: what follows the name in parentheses. */
static long long stat_field(int field)
{
	char text[2048];
	char *at;

	(void)read_proc("stat", text, sizeof text);
	at = strrchr(text, ')');
	for (int i = 2; at && i < field; i++)
		at = strchr(at + 1, ' ');
	return at ? strtoll(at + 1, NULL, 10) : -1;
}

static void line_pids(struct line *line, const char *status)
{
	unsigned long long pids[32] = { 0 };
	unsigned levels = status_numbers(status, "\nNSpid:", 10, pids, 32);

	line_number(line, "pid", (long long)pids[0]);
	line_number(line, "ns_pid", (long long)pids[levels ? levels - 1 : 0]);
	line_numbers(line, "ns_pids", pids, levels);
	line_number(line, "pid_ns", namespace_inode("pid"));
}

void truth_process(const char *call, pid_t creator, pid_t creator_tid)
{
	struct line line;
	char status[8192];

	if (truth_fd < 0)
		return;
	(void)read_proc("status", status, sizeof status);
	line_begin(&line, "process");
	line_pids(&line, status);
	line_number(&line, "parent", status_number(status, "\nPPid:", 10));
	line_text(&line, "call", call);
	line_number(&line, "start_ticks", stat_field(22));
	if (creator > 0)
		line_number(&line, "creator", creator);
	if (creator_tid > 0)
		line_number(&line, "creator_tid", creator_tid);
	line_end(&line);
}

static void line_ids(struct line *line, const char *status)
{
	static const char *const names[][4] = {
		{ "uid", "euid", "suid", "fsuid" },
		{ "gid", "egid", "sgid", "fsgid" },
	};
	static const char *const caps[][2] = {
		{ "cap_inheritable", "\nCapInh:" }, { "cap_permitted", "\nCapPrm:" },
		{ "cap_effective", "\nCapEff:" },   { "cap_bounding", "\nCapBnd:" },
		{ "cap_ambient", "\nCapAmb:" },
	};

	for (int group = 0; group < 2; group++) {
		unsigned long long ids[4] = { 0 };

		(void)status_numbers(status, group ? "\nGid:" : "\nUid:", 10, ids, 4);
		for (int i = 0; i < 4; i++)
			line_number(line, names[group][i], (long long)ids[i]);
	}
	for (size_t i = 0; i < sizeof caps / sizeof *caps; i++)
		line_number(line, caps[i][0], status_number(status, caps[i][1], 16));
}

static void line_link(struct line *line, const char *name, const char *link)
{
	char path[64];
	char target[8192];

	(void)snprintf(path, sizeof path, "self/%s", link);
	ssize_t size = readlinkat(proc_fd, path, target, sizeof target);

	if (size >= 0)
		line_bytes(line, name, target, (size_t)size);
}

static void line_executable(struct line *line)
{
	struct stat st;

	line_link(line, "exe", "exe");
	line_link(line, "cwd", "cwd");
	if (fstatat(proc_fd, "self/exe", &st, 0) == 0) {
		line_number(line, "exe_major", major(st.st_dev));
		line_number(line, "exe_minor", minor(st.st_dev));
		line_number(line, "exe_inode", (long long)st.st_ino);
		line_number(line, "exe_mode", st.st_mode);
		line_number(line, "exe_bytes", st.st_size);
		line_number(line, "exe_nlink", (long long)st.st_nlink);
	}
}

void truth_exec(char **argv)
{
	static const char *const namespaces[] = { "mnt", "net", "user", "uts" };
	const char *filename = (const char *)(uintptr_t)getauxval(AT_EXECFN);
	struct line line;
	char text[8192];
	size_t size;

	if (truth_fd < 0)
		return;
	(void)read_proc("status", text, sizeof text);
	line_begin(&line, "exec");
	line_pids(&line, text);
	line_list(&line, "argv", argv);
	line_bytes(&line, "filename", filename, strlen(filename));
	line_number(&line, "secure", (long long)getauxval(AT_SECURE));
	line_executable(&line);
	line_ids(&line, text);
	line_number(&line, "sid", status_number(text, "\nNSsid:", 10));
	line_number(&line, "pgid", status_number(text, "\nNSpgid:", 10));
	for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "%s_ns", namespaces[i]);
		line_number(&line, name, namespace_inode(namespaces[i]));
	}
	line_number(&line, "tty_nr", stat_field(7));
	line_number(&line, "start_ticks", stat_field(22));
	size = read_proc("comm", text, sizeof text);
	line_bytes(&line, "comm", text, size ? size - 1 : 0);
	size = read_proc("cgroup", text, sizeof text);
	line_bytes(&line, "cgroup", text, size);
	if (getenv("AA_CHROOT"))
		line_bytes(&line, "chroot", getenv("AA_CHROOT"), strlen(getenv("AA_CHROOT")));
	line_end(&line);
}

void truth_exec_failed(const char *filename, int error)
{
	struct line line;

	line_begin(&line, "exec_failed");
	line_number(&line, "pid", getpid());
	line_number(&line, "tid", syscall(SYS_gettid));
	line_number(&line, "pid_ns", namespace_inode("pid"));
	line_number(&line, "error", error);
	if (filename)
		line_bytes(&line, "filename", filename, strlen(filename));
	line_end(&line);
}

static long long microseconds(struct timeval time)
{
	return (long long)time.tv_sec * 1000000 + time.tv_usec;
}

void truth_exit(pid_t pid, int status, const struct rusage *usage)
{
	struct line line;

	line_begin(&line, "exit");
	line_number(&line, "pid", pid);
	line_number(&line, "pid_ns", namespace_inode("pid"));
	line_number(&line, "status", status);
	if (usage) {
		line_number(&line, "max_rss_bytes", (long long)usage->ru_maxrss * 1024);
		line_number(&line, "user_us", microseconds(usage->ru_utime));
		line_number(&line, "system_us", microseconds(usage->ru_stime));
	}
	line_end(&line);
}

void truth_exit_self(int code)
{
	truth_exit(getpid(), (code & 255) << 8, NULL);
}

void truth_pid(const char *type, pid_t pid)
{
	struct line line;

	line_begin(&line, type);
	line_number(&line, "pid", pid);
	line_end(&line);
}
