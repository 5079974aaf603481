/* SPDX-License-Identifier: Apache-2.0 */
/* BTF files of somebody else: which serve, which are refused and how, and that none does harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "btf.h"
#include "btf_check.h"
#include "btf_file.h"
#include "btf_package.h"
#include "log.h"

static char directory[] = "/tmp/aa-btf.XXXXXX";
static char path[sizeof(directory) + 32];

/* BTF as a table: header, types, strings. */
enum {
	HEADER_WORDS = 6,
	INT = 1u << 24,
	ARRAY = 3u << 24,
	STRUCT = 4u << 24,
	TYPEDEF = 8u << 24,
	CONST = 10u << 24,
};

#define NAMES	     "\0int\0task_struct\0pid\0pt_regs\0di"
#define NAME_INT     1
#define NAME_TASK    5
#define NAME_PID     17
#define NAME_PT_REGS 21
#define NAME_DI	     29

static const uint32_t good_types[] = {
	NAME_INT,   INT,	4,	    /* 1: int */
	0x01000020,			    /*    signed, 32 bits */
	NAME_TASK,  STRUCT | 1, 4,	    /* 2: struct task_struct */
	NAME_PID,   1,		0,	    /*    int pid */
	0,	    CONST,	2,	    /* 3: const struct task_struct */
	0,	    ARRAY,	0, 3, 1, 4, /* 4: of four */
	NAME_TASK,  TYPEDEF,	4,	    /* 5 */
};

struct bytes {
	uint8_t data[1024];
	size_t size;
};

static void build(struct bytes *bytes, const uint32_t *types, size_t types_size, const char *names,
		  size_t names_size)
{
	const uint32_t header[HEADER_WORDS] = {
		0x0001eb9f, 24, 0, (uint32_t)types_size, (uint32_t)types_size, (uint32_t)names_size,
	};

	memcpy(bytes->data, header, sizeof(header));
	memcpy(bytes->data + sizeof(header), types, types_size);
	memcpy(bytes->data + sizeof(header) + types_size, names, names_size);
	bytes->size = sizeof(header) + types_size + names_size;
}

static void build_good(struct bytes *bytes)
{
	build(bytes, good_types, sizeof(good_types), NAMES, sizeof(NAMES));
}

static void put(struct bytes *bytes, unsigned word, uint32_t value)
{
	memcpy(bytes->data + word * sizeof(value), &value, sizeof(value));
}

/* In a block of its own, so that ASan sees every read behind the end. */
static int check(const struct bytes *bytes, size_t size, const char **ret_why)
{
	uint8_t *copy = malloc(size + 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, bytes->data, size);
	copy = realloc(copy, size > 0 ? size : 1);
	r = aa_btf_check(copy, size, ret_why);
	free(copy);
	return r;
}

static void assert_refused(const struct bytes *bytes, const char *words)
{
	const char *why = NULL;

	assert_int_equal(check(bytes, bytes->size, &why), -EINVAL);
	if (!strstr(why, words))
		fail_msg("\"%s\" without \"%s\"", why, words);
}

static void test_good(void **state)
{
	struct bytes bytes;
	const char *why = NULL;

	(void)state;
	build_good(&bytes);
	assert_int_equal(check(&bytes, bytes.size, &why), 0);
}

static void test_truncated(void **state)
{
	struct bytes bytes;

	(void)state;
	build_good(&bytes);
	for (size_t size = 0; size < bytes.size; size++) {
		const char *why = NULL;

		assert_int_equal(check(&bytes, size, &why), -EINVAL);
		assert_non_null(why);
	}
}

#define TYPE_WORD(n) (HEADER_WORDS + (n))

static void test_damages(void **state)
{
	static const struct {
		unsigned word;
		uint32_t value;
		const char *words;
	} damages[] = {
		{ 0, 0x00019feb, "another byte order" },
		{ 0, 0x0001eb9e, "not BTF" },
		{ 0, 0x0002eb9f, "unknown version" },
		{ 1, 8, "header length" },
		{ 1, 0xffffffff, "header length" },
		{ 2, 0xfffffff0, "truncated" },
		{ 3, 0xfffffff0, "truncated" },
		{ 3, 0, "layout" },
		{ 5, 0, "strings" },
		{ TYPE_WORD(0), 99999, "refers to what is not in it" },
		{ TYPE_WORD(4), 0xffffffff, "refers to what is not in it" },
		{ TYPE_WORD(7), 40000, "refers to what is not in it" },	   /* a member's name */
		{ TYPE_WORD(8), 6, "refers to what is not in it" },	   /* and type */
		{ TYPE_WORD(12), 6, "refers to what is not in it" },	   /* const of type 6 */
		{ TYPE_WORD(16), 1000000, "refers to what is not in it" }, /* the array's element */
		{ TYPE_WORD(12), 3, "refers to itself" },		   /* const of itself */
		{ TYPE_WORD(12), 5, "refers to itself" }, /* through a typedef of an array of it */
		{ TYPE_WORD(5), STRUCT | 0xffff, "cut off" },
		{ TYPE_WORD(5), 31u << 24, "unknown here" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct bytes bytes;

		build_good(&bytes);
		put(&bytes, damages[i].word, damages[i].value);
		assert_refused(&bytes, damages[i].words);
	}
}

static void give_to_libbpf(const struct bytes *bytes)
{
	struct btf *types = btf__new(bytes->data, (uint32_t)bytes->size);

	if (libbpf_get_error(types) != 0)
		return;
	(void)btf__find_by_name_kind(types, "task_struct", BTF_KIND_STRUCT);
	for (uint32_t id = 0; id < 8; id++) {
		(void)btf__resolve_size(types, id);
		(void)btf__resolve_type(types, id);
	}
	btf__free(types);
}

/* Whatever passes the check must not hurt libbpf either: with --btf it gets it. */
static void test_random_damage(void **state)
{
	unsigned seed = 3, passed = 0;

	(void)state;
	aa_kernel_log_quiet();
	for (unsigned i = 0; i < 20000; i++) {
		struct bytes bytes;
		const char *why = NULL;
		unsigned count = 1 + (unsigned)rand_r(&seed) % 3;

		build_good(&bytes);
		while (count-- > 0)
			bytes.data[(size_t)rand_r(&seed) % bytes.size] = (uint8_t)rand_r(&seed);
		if (check(&bytes, bytes.size, &why) < 0) {
			assert_non_null(why);
			continue;
		}
		passed++;
		give_to_libbpf(&bytes);
	}
	assert_in_range(passed, 1, 19999);
}

static const char *in_directory(const char *name)
{
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void write_file(const char *name, const void *data, size_t size)
{
	FILE *file = fopen(in_directory(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void write_gzip(const char *name, const void *data, size_t size, unsigned times)
{
	gzFile file = gzopen(in_directory(name), "wb1");

	assert_non_null(file);
	while (times-- > 0)
		assert_int_equal(gzwrite(file, data, (unsigned)size), size);
	assert_int_equal(gzclose(file), Z_OK);
}

static void assert_file_refused(const char *name, int code, const char *words)
{
	struct aa_btf_bytes bytes = { 0 };
	struct aa_error error = { 0 };

	assert_int_equal(aa_btf_file_read(in_directory(name), &bytes, &error), code);
	assert_null(bytes.data);
	if (!strstr(error.text, words))
		fail_msg("%s: \"%s\" without \"%s\"", name, error.text, words);
}

static void assert_file_good(const char *name, const struct bytes *good)
{
	struct aa_btf_bytes bytes = { 0 };
	struct aa_error error = { 0 };

	if (aa_btf_file_read(in_directory(name), &bytes, &error) != 0)
		fail_msg("%s: %s", name, error.text);
	assert_int_equal(bytes.size, good->size);
	assert_memory_equal(bytes.data, good->data, good->size);
	free(bytes.data);
}

static void test_files(void **state)
{
	static uint8_t megabyte[1u << 20];
	struct bytes good;

	(void)state;
	build_good(&good);
	write_file("plain", good.data, good.size);
	assert_file_good("plain", &good);
	write_gzip("packed", good.data, good.size, 1);
	assert_file_good("packed", &good);

	assert_int_equal(truncate(in_directory("packed"), 40), 0);
	assert_file_refused("packed", -EINVAL, "truncated gzip");
	write_file("magic", "\x1f\x8b junk that is no gzip", 24);
	assert_file_refused("magic", -EINVAL, "damaged gzip");
	write_gzip("bomb", megabyte, sizeof(megabyte), 65);
	assert_file_refused("bomb", -EINVAL, "MiB unpacked");
	write_file("empty", "", 0);
	assert_file_refused("empty", -EINVAL, "empty");
	write_file("text", "this is not BTF, it is a text", 29);
	assert_file_refused("text", -EINVAL, "not BTF");
	write_file("huge", "", 0);
	assert_int_equal(truncate(in_directory("huge"), (off_t)5 << 30), 0);
	assert_file_refused("huge", -EINVAL, "too large");
	assert_file_refused("missing", -ENOENT, "No such file");
	assert_file_refused(".", -EISDIR, "directory");
	assert_int_equal(mkfifo(in_directory("fifo"), 0600), 0);
	assert_file_refused("fifo", -EINVAL, "not a regular file"); /* and at once */
}

/* An ELF image with a .BTF section, as vmlinux has it. */
struct image {
	Elf64_Ehdr header;
	Elf64_Shdr sections[3];
	char names[16];
	uint8_t btf[512];
};

static void build_image(struct image *image, const struct bytes *btf)
{
	static const char names[16] = "\0.BTF\0.names";

	*image = (struct image){
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB },
#if defined(__x86_64__)
			.e_machine = EM_X86_64,
#else
			.e_machine = EM_AARCH64,
#endif
			.e_shoff = offsetof(struct image, sections),
			.e_shentsize = sizeof(Elf64_Shdr),
			.e_shnum = 3,
			.e_shstrndx = 2,
		},
		.sections = {
			[1] = { .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_size = btf->size,
				.sh_offset = offsetof(struct image, btf) },
			[2] = { .sh_name = 6, .sh_type = SHT_STRTAB, .sh_size = sizeof(names),
				.sh_offset = offsetof(struct image, names) },
		},
	};
	memcpy(image->names, names, sizeof(names));
	memcpy(image->btf, btf->data, btf->size);
}

static void test_images(void **state)
{
	struct image image;
	struct bytes good;
	unsigned seed = 11;

	(void)state;
	build_good(&good);
	build_image(&image, &good);
	write_file("image", &image, sizeof(image));
	assert_file_good("image", &good);

	image.header.e_machine = EM_BPF;
	write_file("image", &image, sizeof(image));
	assert_file_refused("image", -EINVAL, "another machine");
	build_image(&image, &good);
	image.names[2] = 'X';
	write_file("image", &image, sizeof(image));
	assert_file_refused("image", -EINVAL, "without a .BTF section");
	build_image(&image, &good);
	image.sections[1].sh_size = 1u << 30;
	write_file("image", &image, sizeof(image));
	assert_file_refused("image", -EINVAL, "impossibly large");
	build_image(&image, &good);
	image.sections[1].sh_offset = 1u << 20;
	write_file("image", &image, sizeof(image));
	assert_file_refused("image", -EINVAL, "truncated");
	build_image(&image, &good);
	write_file("image", &image, 200);
	assert_file_refused("image", -EINVAL, "truncated");

	for (unsigned i = 0; i < 500; i++) {
		struct aa_btf_bytes bytes = { 0 };
		struct aa_error error = { 0 };
		uint8_t *bytes_of_image = (uint8_t *)&image;

		build_image(&image, &good);
		for (unsigned k = 0; k < 3; k++)
			bytes_of_image[4 + (size_t)rand_r(&seed) % offsetof(struct image, btf)] =
				(uint8_t)rand_r(&seed);
		write_file("image", &image, sizeof(image));
		if (aa_btf_file_read(in_directory("image"), &bytes, &error) < 0)
			assert_true(error.text[0] != '\0');
		free(bytes.data);
	}
}

/* --btf FILE is that or nothing, and names the file, safely. */
static void test_forced(void **state)
{
	struct aa_error error = { 0 };
	struct aa_btf btf = { 0 };
	struct bytes good;

	(void)state;
	build_good(&good);
	write_file("plain", good.data, good.size);
	assert_int_equal(aa_btf_find(in_directory("plain"), &btf, &error), 0);
	assert_int_equal(btf.source, AA_BTF_FILE);
	assert_string_equal(btf.name, in_directory("plain"));
	assert_true(strncmp(btf.path, "/proc/self/fd/", 14) == 0);
	assert_non_null(btf.types);
	assert_true(btf.types != btf.kernel_types);
	/* The file may change or go: what libbpf reads stays. */
	assert_int_equal(unlink(in_directory("plain")), 0);
	assert_int_equal(access(btf.path, R_OK), 0);
	aa_btf_release(&btf);
	aa_btf_release(&btf);
	aa_btf_release(NULL);

	assert_int_equal(aa_btf_find(in_directory("not\x1b[31m there"), &btf, &error), -ENOENT);
	assert_non_null(strstr(error.text, "--btf"));
	assert_non_null(strstr(error.text, directory));
	assert_null(strchr(error.text, '\x1b'));
}

/* BTF of something else than this machine's kernel. */
static void test_unfit(void **state)
{
#if defined(__x86_64__)
	static const char names[] = "\0int\0task_struct\0pid\0pt_regs\0orig_x0";
#else
	static const char names[] = "\0int\0task_struct\0pid\0pt_regs\0orig_ax";
#endif
	static const uint32_t types[] = {
		NAME_INT, INT,		4,	    0x01000020, NAME_TASK, STRUCT | 1, 4, NAME_PID, 1,
		0,	  NAME_PT_REGS, STRUCT | 1, 4,		NAME_DI,   1,	       0,
	};
	struct aa_error error = { 0 };
	struct aa_btf btf;
	struct bytes bytes;

	(void)state;
	build(&bytes, types, sizeof(types), names, sizeof(names));
	write_file("foreign", bytes.data, bytes.size);
	assert_int_equal(aa_btf_find(in_directory("foreign"), &btf, &error), -EINVAL);
	assert_non_null(strstr(error.text, "another machine"));

	error = (struct aa_error){ 0 };
	build(&bytes, types, 4 * sizeof(types[0]), names, sizeof(names));
	write_file("foreign", bytes.data, bytes.size);
	assert_int_equal(aa_btf_find(in_directory("foreign"), &btf, &error), -EINVAL);
	assert_non_null(strstr(error.text, "task_struct"));
}

static const struct {
	const char *release;
	const char *version;
	const char *name;
} package_names[] = {
	{ "5.10.0-32-cloud-amd64", "#1 SMP Debian 5.10.223-1 (2024-08-10)",
	  "5.10.0-32-cloud-amd64/%231_SMP_Debian_5.10.223-1_%282024-08-10%29.btf.gz" },
	{ "6.12.1+deb13~rc,1", "#1 SMP PREEMPT_DYNAMIC",
	  "6.12.1+deb13~rc,1/%231_SMP_PREEMPT%5FDYNAMIC.btf.gz" },
	{ "..", "..", "%2E./%2E..btf.gz" },
	{ "../../etc", "/etc/passwd", "%2E.%2F..%2Fetc/%2Fetc%2Fpasswd.btf.gz" },
	{ ".", ".hidden", "%2E/%2Ehidden.btf.gz" },
	{ "a%2Fb", "tab\tline\nend", "a%252Fb/tab%09line%0Aend.btf.gz" },
	{ "\xc3\xa9 1", "*?[x]$(id)`'\"\\", "%C3%A9_1/%2A%3F%5Bx%5D%24%28id%29%60%27%22%5C.btf.gz" },
};

static void test_package_names(void **state)
{
	char name[512], longest[65];

	(void)state;
	for (size_t i = 0; i < sizeof(package_names) / sizeof(package_names[0]); i++) {
		assert_int_equal(aa_btf_package_name(package_names[i].release, package_names[i].version, name,
						     sizeof(name)),
				 0);
		assert_string_equal(name, package_names[i].name);
	}
	assert_int_equal(aa_btf_package_name("", "#1", name, sizeof(name)), -EINVAL);
	assert_int_equal(aa_btf_package_name("6.1", "", name, sizeof(name)), -EINVAL);
	memset(longest, '%', 64);
	longest[64] = '\0';
	assert_int_equal(aa_btf_package_name(longest, longest, name, sizeof(name)), 0);
	assert_int_equal(strlen(name), 2 * 64 * 3 + 1 + 7);
	for (size_t size = 1; size <= strlen(name); size++) {
		char *room = malloc(size);

		assert_int_equal(aa_btf_package_name(longest, longest, room, size), -ENAMETOOLONG);
		free(room);
	}
	assert_false(aa_btf_release_good("../x"));
	assert_false(aa_btf_release_good(".."));
	assert_true(aa_btf_release_good("6.1.0-50-amd64"));
}

/* What the script that makes the files calls one, in `made`. */
static void encode_by_script(const char *name, char *made, size_t size)
{
	static const char command[] = "eval \"$(sed -n '/^encode()/,/^}/p' \"$0\")\"; encode \"$1\"";
	static const char script[] = AA_SOURCE_DIR "/recorder/btf/minimize";
	size_t used = 0;
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)setenv("LC_ALL", "C", 1);
		(void)execlp("bash", "bash", "-c", command, script, name, NULL);
		_exit(127);
	}
	(void)close(ends[1]);
	while ((n = read(ends[0], made + used, size - 1 - used)) > 0)
		used += (size_t)n;
	made[used] = '\0';
	(void)close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_script_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(package_names) / sizeof(package_names[0]); i++) {
		char release[256], version[256], made[520];

		encode_by_script(package_names[i].release, release, sizeof(release));
		encode_by_script(package_names[i].version, version, sizeof(version));
		(void)snprintf(made, sizeof(made), "%s/%s.btf.gz", release, version);
		assert_string_equal(made, package_names[i].name);
	}
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	static const char *const names[] = { "plain", "packed", "magic", "bomb",  "empty",
					     "text",  "huge",	"fifo",	 "image", "foreign" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(in_directory(names[i]));
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	      cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_damages),	      cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_files),	      cmocka_unit_test(test_images),
		cmocka_unit_test(test_forced),	      cmocka_unit_test(test_unfit),
		cmocka_unit_test(test_package_names), cmocka_unit_test(test_script_names),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
