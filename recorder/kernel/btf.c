// SPDX-License-Identifier: Apache-2.0
/* See btf.h. Which places are looked at, in what order, and the words when none serves. */
#include "btf.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "btf_check.h"
#include "btf_file.h"
#include "btf_package.h"
#include "kernel_private.h"
#include "memory.h"

#define SYSFS_PATH "/sys/kernel/btf/vmlinux"

/* Kernel images with types; %s is the release. libbpf's list, which is where packages have put them. */
static const char *const places[] = {
	"/boot/vmlinux-%s",
	"/lib/modules/%s/vmlinux-%s",
	"/lib/modules/%s/build/vmlinux",
	"/usr/lib/modules/%s/kernel/vmlinux",
	"/usr/lib/debug/boot/vmlinux-%s",
	"/usr/lib/debug/boot/vmlinux-%s.debug",
	"/usr/lib/debug/lib/modules/%s/vmlinux",
};

static const char *const source_names[] = {
	[AA_BTF_FILE] = "the file given with --btf",
	[AA_BTF_SYSFS] = "the running kernel's",
	[AA_BTF_ID] = "the running kernel's, read by id",
	[AA_BTF_DISTRIBUTION] = "a kernel image of the distribution",
	[AA_BTF_PACKAGE] = "a minimal file of the package",
};

const char *aa_btf_source_name(enum aa_btf_source source)
{
	return source_names[source];
}

/* What was looked at and why it does not serve, for the error text. */
struct refusals {
	char text[560]; /* what to do must fit behind it */
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void refused(struct refusals *refusals, const char *format, ...)
{
	size_t room = sizeof(refusals->text) - refusals->used;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(refusals->text + refusals->used, room, format, arguments);
	va_end(arguments);
	if (n > 0)
		refusals->used += (size_t)n < room ? (size_t)n : room - 1;
}

/* Members of struct pt_regs that this machine's has not. */
#if defined(__x86_64__)
static const char *const foreign_registers[] = { "user_regs", "regs", "orig_x0", "syscallno" };
#else
static const char *const foreign_registers[] = { "ax", "orig_ax", "di", "ip" };
#endif

/*
 * Looks into anonymous members too: arm64's registers are in a union. BTF that passed the check may still
 * nest badly.
 */
static bool has_member(const struct btf *types, uint32_t id, const char *name, unsigned depth)
{
	const struct btf_type *type = btf__type_by_id(types, id);
	const struct btf_member *member;

	if (!type || !btf_is_composite(type) || depth == 0)
		return false;
	member = btf_members(type);
	for (unsigned i = 0; i < btf_vlen(type); i++) {
		const char *own = btf__name_by_offset(types, member[i].name_off);

		if (own && strcmp(own, name) == 0)
			return true;
		if (own && *own == '\0' && has_member(types, member[i].type, name, depth - 1))
			return true;
	}
	return false;
}

/* BTF does not name its machine; the registers do, and the length of a pointer. NULL if it may serve. */
static const char *unfit(const struct btf *types)
{
	int task = btf__find_by_name_kind(types, "task_struct", BTF_KIND_STRUCT);
	int registers = btf__find_by_name_kind(types, "pt_regs", BTF_KIND_STRUCT);

	if (task <= 0)
		return "not a kernel's BTF (no struct task_struct)";
	if (btf__pointer_size(types) != 0 && btf__pointer_size(types) != sizeof(void *))
		return "BTF of another machine (pointers of another size)";
	for (unsigned i = 0; i < sizeof(foreign_registers) / sizeof(foreign_registers[0]); i++) {
		if (registers > 0 && has_member(types, (uint32_t)registers, foreign_registers[i], 3))
			return "BTF of another machine (its registers are not this one's)";
	}
	return NULL;
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A file in memory has the limit of files; what goes beyond it shall be an answer, and not the end of the process. */
static int write_limited(int fd, const uint8_t *data, size_t size)
{
	const struct timespec now = { 0 };
	sigset_t signal, before, waiting;
	int r;

	(void)sigemptyset(&signal);
	(void)sigaddset(&signal, SIGXFSZ);
	(void)sigpending(&waiting);
	(void)sigprocmask(SIG_BLOCK, &signal, &before);
	r = write_all(fd, data, size);
	if (r == -EFBIG && sigismember(&waiting, SIGXFSZ) == 0)
		(void)sigtimedwait(&signal, NULL, &now);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* Puts bytes where libbpf can read them as a file, which nobody can change under it. */
static int place(struct aa_btf *btf, const uint8_t *data, size_t size, struct aa_error *error)
{
	char path[32];
	int r;

	btf->fd = memfd_create("aa-record.btf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (btf->fd < 0)
		return aa_error_set(error, -errno, "cannot make a file in memory: %s", strerror(errno));
	r = write_limited(btf->fd, data, size);
	if (r < 0)
		return aa_error_set(error, r, "cannot write %zu bytes to memory: %s%s", size, strerror(-r),
				    r == -EFBIG ? " (raise the limit of file sizes, ulimit -f)" : "");
	(void)fcntl(btf->fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", btf->fd);
	if (access(path, R_OK) != 0)
		return aa_error_set(error, -errno, "cannot use %s: %s (is /proc mounted?)", path,
				    strerror(errno));
	btf->path = strdup(path);
	return btf->path ? 0 : aa_error_set(error, -ENOMEM, "out of memory");
}

/* Checked bytes become the answer. */
static int take(struct aa_btf *btf, enum aa_btf_source source, const char *name, const uint8_t *data,
		size_t size, struct aa_error *error)
{
	const char *why;
	long failure;

	btf->source = source;
	btf->name = strdup(name);
	if (!btf->name)
		return aa_error_set(error, -ENOMEM, "out of memory");
	btf->types = btf__new(data, (uint32_t)size);
	failure = libbpf_get_error(btf->types);
	if (failure != 0) {
		btf->types = NULL;
		return aa_error_set(error, -EINVAL, "libbpf cannot read it: %s", strerror((int)-failure));
	}
	why = unfit(btf->types);
	if (why)
		return aa_error_set(error, -EINVAL, "%s", why);
	return place(btf, data, size, error);
}

static int take_file(struct aa_btf *btf, enum aa_btf_source source, const char *path, struct aa_error *error)
{
	struct aa_btf_bytes bytes;
	int r = aa_btf_file_read(path, &bytes, error);

	if (r < 0)
		return r;
	r = take(btf, source, path, bytes.data, bytes.size, error);
	free(bytes.data);
	return r;
}

/*
 * The kernel's own needs no checks of the file, but libbpf may be too old for it (0.5 and BTF_KIND_ENUM64).
 */
static struct btf *read_sysfs(struct refusals *refusals)
{
	struct btf *types;
	long failure;

	if (access(SYSFS_PATH, R_OK) != 0) {
		refused(refusals, SYSFS_PATH ": %s", strerror(errno));
		return NULL;
	}
	types = btf__parse_raw(SYSFS_PATH);
	failure = libbpf_get_error(types);
	if (failure == 0)
		return types;
	refused(refusals, SYSFS_PATH ": libbpf cannot read it (%s; before 1.0 it can't from 6.0 on)",
		strerror((int)-failure));
	return NULL;
}

/* The kernel reads its types when the first program is loaded, and only then they have an id. */
static void wake_kernel_types(void)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uint64_t)(uintptr_t)nothing;
	attr.insn_cnt = sizeof(nothing) / sizeof(nothing[0]);
	attr.license = (uint64_t)(uintptr_t) "";
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		(void)close(fd);
}

/* Its ids begin at 1, and since 5.11 the kernel's own types have one (commit 53297220893b). */
static int open_by_id(struct bpf_btf_info *ret_info)
{
	uint32_t id = 0;

	wake_kernel_types();
	while (bpf_btf_get_next_id(id, &id) == 0) {
		struct bpf_btf_info info = { 0 };
		char name[64] = "";
		uint32_t size = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(id);

		if (fd < 0) {
			if (errno == ENOENT)
				continue; /* unloaded meanwhile */
			return -errno;
		}
		info.name = (uint64_t)(uintptr_t)name;
		info.name_len = sizeof(name);
		if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.kernel_btf != 0 &&
		    strcmp(name, "vmlinux") == 0) {
			*ret_info = info;
			return fd;
		}
		(void)close(fd);
	}
	return errno != 0 ? -errno : -ENOENT;
}

static int take_by_id(struct aa_btf *btf, struct aa_error *error)
{
	struct bpf_btf_info info = { 0 };
	aa_cleanup_close int fd = open_by_id(&info);
	aa_cleanup_free uint8_t *data = NULL;
	uint32_t size = sizeof(info);
	const char *why;

	if (fd == -EPERM)
		return aa_error_set(error, fd, "needs CAP_SYS_ADMIN");
	if (fd == -EINVAL || fd == -ENOENT)
		return aa_error_set(error, -ENOENT,
				    "the kernel gives none (it has none, or is older than 5.11)");
	if (fd < 0)
		return aa_error_set(error, fd, "%s", strerror(-fd));
	if (info.btf_size == 0 || info.btf_size > AA_BTF_BYTES_MAX)
		return aa_error_set(error, -EINVAL, "%u bytes cannot be", info.btf_size);
	data = malloc(info.btf_size);
	if (!data)
		return aa_error_set(error, -ENOMEM, "out of memory");
	info = (struct bpf_btf_info){
		.btf = (uint64_t)(uintptr_t)data,
		.btf_size = info.btf_size,
	};
	if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0)
		return aa_error_set(error, -errno, "%s", strerror(errno));
	if (aa_btf_check(data, info.btf_size, &why) < 0)
		return aa_error_set(error, -EINVAL, "%s", why);
	return take(btf, AA_BTF_ID, "vmlinux (by id)", data, info.btf_size, error);
}

/* Missing images are the rule and not worth words each; one that is there and does not serve is. */
static int take_distribution(struct aa_btf *btf, const char *release, struct refusals *refusals)
{
	bool found = false;

	if (!aa_btf_release_good(release))
		return -ENOENT;
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct aa_error error = { 0 };
		char path[512];
		int r;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(path, sizeof(path), places[i], release, release);
#pragma GCC diagnostic pop
		r = take_file(btf, AA_BTF_DISTRIBUTION, path, &error);
		if (r == 0)
			return 0;
		aa_btf_release(btf);
		if (r == -ENOENT || r == -ENOTDIR)
			continue;
		found = true;
		refused(refusals, "; %s: %s", path, error.text);
	}
	if (!found)
		refused(refusals, "; no vmlinux-%s with types in /boot, /lib/modules or /usr/lib/debug",
			release);
	return -ENOENT;
}

static int take_package(struct aa_btf *btf, const struct utsname *host, struct refusals *refusals)
{
	struct aa_error error = { 0 };
	char path[AA_BTF_PACKAGE_PATH_MAX];
	int r = aa_btf_package_path(host->release, host->version, path, sizeof(path));

	if (r < 0) {
		refused(refusals, "; no minimal file can be looked for: %s", strerror(-r));
		return r;
	}
	r = take_file(btf, AA_BTF_PACKAGE, path, &error);
	if (r == 0)
		return 0;
	aa_btf_release(btf);
	if (r == -ENOENT || r == -ENOTDIR)
		refused(refusals, "; aa-record has no minimal file for this kernel build");
	else
		refused(refusals, "; %s: %s", path, error.text);
	return r;
}

static int find_any(struct aa_btf *btf, struct refusals *refusals, const struct utsname *host)
{
	struct aa_error error = { 0 };

	if (take_by_id(btf, &error) == 0)
		return 0;
	aa_btf_release(btf);
	refused(refusals, "; from the kernel by id: %s", error.text);
	if (take_distribution(btf, host->release, refusals) == 0)
		return 0;
	return take_package(btf, host, refusals);
}

int aa_btf_find(const char *forced, struct aa_btf *ret_btf, struct aa_error *error)
{
	struct aa_btf btf = { .fd = -1 };
	struct refusals refusals = { .text = "" };
	struct aa_error why = { 0 };
	struct utsname host;
	struct btf *own;
	int r;

	aa_kernel_log_quiet();
	if (uname(&host) != 0)
		return aa_error_set(error, -errno, "cannot tell which kernel this is: %s", strerror(errno));
	own = read_sysfs(&refusals);
	if (forced) {
		r = take_file(&btf, AA_BTF_FILE, forced, &why);
		if (r < 0)
			(void)aa_error_set(error, r, "cannot use --btf %.400s%s: %s", forced,
					   strlen(forced) > 400 ? "..." : "", why.text);
	} else if (own) {
		btf.source = AA_BTF_SYSFS;
		btf.types = own;
		btf.name = strdup(SYSFS_PATH);
		r = btf.name ? 0 : aa_error_set(error, -ENOMEM, "out of memory");
	} else {
		r = find_any(&btf, &refusals, &host);
		if (r < 0)
			r = aa_error_set(error, -ENOENT,
					 "no type information (BTF) for the running kernel %.64s: %s. Use a "
					 "kernel with "
					 "CONFIG_DEBUG_INFO_BTF=y and mount sysfs, or install the kernel's "
					 "debug package, "
					 "or give its vmlinux or BTF with --btf",
					 host.release, refusals.text);
	}
	btf.kernel_types = own;
	btf.kernel = own != NULL;
	if (r < 0) {
		aa_btf_release(&btf);
		return r;
	}
	*ret_btf = btf;
	return 0;
}

/*
 * Also the running kernel's types are named: for a type that they lack (what io_uring has learned since) libbpf would
 * look through the modules, which takes CAP_SYS_ADMIN (BPF_BTF_GET_NEXT_ID), and fail without; or find there another
 * type of that name.
 */
const char *aa_btf_relocate_by(const struct aa_btf *btf)
{
	if (btf->path)
		return btf->path;
	return btf->source == AA_BTF_SYSFS ? SYSFS_PATH : NULL;
}

void aa_btf_release(struct aa_btf *btf)
{
	if (!btf)
		return;
	if (btf->kernel_types != btf->types)
		btf__free(btf->kernel_types);
	btf__free(btf->types);
	if (btf->fd > 0 || btf->path) /* a zeroed one has no descriptor */
		(void)close(btf->fd);
	free(btf->path);
	free(btf->name);
	*btf = (struct aa_btf){ .fd = -1 };
}
