// SPDX-License-Identifier: Apache-2.0
/*
 * aa-verified: how many instructions the running kernel's verifier looks at for each program of the embedded object,
 * loaded but never attached. Prints `measured MACHINE RELEASE clang MAJOR`, then for each program, in the object's order,
 * `PROGRAM COUNT` or `PROGRAM refused ERRNO`; tests/budget/budget compares that with its table. Why one was refused is
 * on standard error. Needs root, to load.
 *
 * The count is the verifier's own statistics line (BPF_LOG_STATS, since 5.2) and not bpf_prog_info.verified_insns,
 * which only 5.16 brought.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

extern const unsigned char aa_bpf_object[];
extern const unsigned char aa_bpf_object_end[];

#define PROGRAMS_MAX 256
#define FULL_LOG     (16u << 20)
#define LOG_LINES    12 /* of the end of what the verifier said */
/* Up to 32 KiB were written meanwhile and taken back, of loops for example; what found no room then is ENOSPC in the end. */
#define LOG_BYTES (256u << 10)
#define LOG_STATS 4 /* include/linux/bpf_verifier.h: BPF_LOG_STATS */

/* By the position in the object, which is the same each time it is opened. */
static struct result {
	char name[64];
	char log[LOG_BYTES];
	int error; /* positive errno */
	bool loaded;
	unsigned long count;
} results[PROGRAMS_MAX];

static bool loud;

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return loud && level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

/* "processed 1234 insns (limit 1000000) max_states_per_insn ..." */
static unsigned long processed(const char *log)
{
	const char *found = strstr(log, "processed ");

	return found ? strtoul(found + strlen("processed "), NULL, 10) : 0;
}

/* Loads programs first to last - 1 in one object. Returns 0, or a negative errno, or -ENOEXEC: not even opened. */
static int load(unsigned first, unsigned last)
{
	struct bpf_object *object =
		bpf_object__open_mem(aa_bpf_object, (size_t)(aa_bpf_object_end - aa_bpf_object), NULL);
	struct bpf_program *program;
	unsigned i = 0;
	int r;

	if (libbpf_get_error(object) != 0)
		return -ENOEXEC;
	bpf_object__for_each_program(program, object)
	{
		(void)bpf_program__set_autoload(program, i >= first && i < last && results[i].error == 0);
		results[i].log[0] = 0;
		(void)bpf_program__set_log_buf(program, results[i].log, sizeof(results[i].log));
		(void)bpf_program__set_log_level(program, LOG_STATS);
		i++;
	}
	r = bpf_object__load(object);
	bpf_object__close(object);
	for (i = first; r == 0 && i < last; i++) {
		results[i].loaded = results[i].error == 0;
		results[i].count = processed(results[i].log);
	}
	return r;
}

/* Once more, to say why. */
static void explain(unsigned refused)
{
	struct bpf_object *object =
		bpf_object__open_mem(aa_bpf_object, (size_t)(aa_bpf_object_end - aa_bpf_object), NULL);
	char *log = calloc(1, FULL_LOG), *end;
	struct bpf_program *program;
	unsigned i = 0, lines = 0;

	if (libbpf_get_error(object) != 0 || !log)
		goto out;
	bpf_object__for_each_program(program, object)
	{
		(void)bpf_program__set_autoload(program, i == refused);
		if (i++ == refused) {
			(void)bpf_program__set_log_buf(program, log, FULL_LOG);
			(void)bpf_program__set_log_level(program, 1);
		}
	}
	loud = true;
	(void)bpf_object__load(object);
	loud = false;
	for (end = log + strlen(log); end > log && lines < LOG_LINES; end--)
		lines += end[-1] == '\n';
	(void)fprintf(stderr, "%s\n", end);
out:
	free(log);
	if (libbpf_get_error(object) == 0)
		bpf_object__close(object);
}

/* One program that is refused refuses its object: halve until those are alone. */
static void load_all(unsigned first, unsigned last)
{
	unsigned middle = first + (last - first) / 2;
	int r;

	if (first >= last)
		return;
	r = load(first, last);
	if (r == 0)
		return;
	if (last - first == 1) {
		results[first].error = -r;
		if (r != -EPERM)
			explain(first);
		return;
	}
	load_all(first, middle);
	load_all(middle, last);
}

/* There is no such function in this kernel; looked up once here, as each refusal costs several loads. */
static bool lacks_function(const struct btf *types, const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);
	const char *function = strchr(section, '/');

	if (!function || (strncmp(section, "fentry/", 7) != 0 && strncmp(section, "fexit/", 6) != 0))
		return false;
	if (btf__find_by_name_kind(types, function + 1, BTF_KIND_FUNC) > 0)
		return false;
	(void)fprintf(stderr, "%s: this kernel has no %s()\n", bpf_program__name(program), function + 1);
	return true;
}

static unsigned names(void)
{
	struct btf *types = btf__load_vmlinux_btf();
	struct bpf_object *object =
		bpf_object__open_mem(aa_bpf_object, (size_t)(aa_bpf_object_end - aa_bpf_object), NULL);
	struct bpf_program *program;
	unsigned count = 0;

	if (libbpf_get_error(object) != 0)
		return 0;
	bpf_object__for_each_program(program, object)
	{
		if (count < PROGRAMS_MAX) {
			(void)snprintf(results[count].name, sizeof(results[count].name), "%s",
				       bpf_program__name(program));
			if (libbpf_get_error(types) == 0 && lacks_function(types, program))
				results[count].error = ESRCH;
		}
		count++;
	}
	bpf_object__close(object);
	if (libbpf_get_error(types) == 0)
		btf__free(types);
	return count;
}

int main(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct utsname host;
	unsigned count;

	/* Maps are accounted as locked memory before 5.11. */
	(void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
	(void)libbpf_set_print(print);
	count = names();
	if (count == 0 || count > PROGRAMS_MAX) {
		(void)fprintf(stderr, "aa-verified: the object has %u programs, expected 1 to %d\n", count,
			      PROGRAMS_MAX);
		return 1;
	}
	load_all(0, count);
	(void)uname(&host);
	printf("measured %s %s clang %d\n", host.machine, host.release, AA_CLANG_MAJOR);
	for (unsigned i = 0; i < count; i++) {
		if (results[i].loaded)
			printf("%s %lu\n", results[i].name, results[i].count);
		else
			printf("%s refused %d\n", results[i].name, results[i].error);
	}
	return 0;
}
