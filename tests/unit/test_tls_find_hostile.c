/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are no programs, or damaged ones: refused, or found to be nothing, in bounded time; and the cache on disk. */
#include "find_test.h"

#include <sys/mman.h>
#include <time.h>

#include "cache.h"

/* Enough of everything that is looked at: symbols, code, data, notes. */
static const char source[] =
	"#include <stddef.h>\n"
	"const char *file(void) { return \"/boringssl/ssl/ssl_lib.cc\"; }\n"
	"static __attribute__((noinline, noclone)) int ssl_write_internal(int *s, const void *b, size_t n, "
	"size_t *w)\n"
	"{ *w = n; return *s; }\n"
	"static __attribute__((noinline, noclone)) int ssl_read_internal(int *s, void *b, size_t n, size_t "
	"*w)\n"
	"{ *w = n - 1; return *s + 1; }\n"
	"int SSL_write(int *s, const void *b, int n)\n"
	"{ size_t w; int r = ssl_write_internal(s, b, n, &w); return r > 0 ? (int)w : r; }\n"
	"int SSL_read(int *s, void *b, int n)\n"
	"{ size_t w; int r = ssl_read_internal(s, b, n, &w); return r > 0 ? (int)w : r; }\n"
	"int SSL_write_ex(int *s, const void *b, size_t n, size_t *w)\n"
	"{ int r = ssl_write_internal(s, b, n, w); return r < 0 ? 0 : r; }\n"
	"int SSL_read_ex(int *s, void *b, size_t n, size_t *w)\n"
	"{ int r = ssl_read_internal(s, b, n, w); return r < 0 ? 0 : r; }\n";

struct image {
	uint8_t *bytes;
	size_t size;
};

static void read_image(const char *name, struct image *ret_image)
{
	int fd = open(find_name(name), O_RDONLY | O_CLOEXEC);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	ret_image->size = (size_t)st.st_size;
	ret_image->bytes = malloc(ret_image->size);
	assert_non_null(ret_image->bytes);
	assert_int_equal(read(fd, ret_image->bytes, ret_image->size), (ssize_t)ret_image->size);
	(void)close(fd);
}

/* The first size bytes as a file of their own. Points are where the file has code, or there are none. */
static int look(const struct image *image, size_t size)
{
	static struct aa_found found;
	struct aa_error error = { 0 };
	int fd = memfd_create("aa-find", MFD_CLOEXEC);
	int r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, image->bytes, size), (ssize_t)size);
	r = aa_find_of_machine(fd, FIND_MACHINE, &found, &error);
	(void)close(fd);
	assert_true(r == 0 || r == AA_FIND_NOTHING || r == -ENOEXEC || r == -EINVAL || r == -EIO ||
		    r == -ENOMEM);
	assert_true(r >= 0 || error.text[0] != '\0');
	for (unsigned i = 0; r == 0 && i < found.point_count; i++)
		assert_true(found.points[i].offset < size);
	return r;
}

static void make_library(void)
{
	if (!find_can_compile()) {
		print_message("no cc and nm here\n");
		skip();
	}
	find_compile("lib", source, "-shared -fPIC -fno-semantic-interposition -g");
}

static void test_truncated(void **state)
{
	struct image image;

	(void)state;
	make_library();
	read_image("lib", &image);
	assert_int_equal(look(&image, image.size), 0);
	for (size_t size = 0; size < image.size; size += 64)
		(void)look(&image, size);
	free(image.bytes);
}

/* Every byte of the headers, every 16th of the rest, with several values each. */
static void test_flipped(void **state)
{
	static const uint8_t masks[] = { 0xff, 0x80, 0x01 };
	struct image image;
	size_t sections;

	(void)state;
	make_library();
	read_image("lib", &image);
	memcpy(&sections, image.bytes + offsetof(Elf64_Ehdr, e_shoff), sizeof(sections));
	for (size_t at = 0; at < image.size; at += at < 1024 || at >= sections ? 1 : 16)
		for (size_t i = 0; i < sizeof(masks); i++) {
			image.bytes[at] ^= masks[i];
			(void)look(&image, image.size);
			image.bytes[at] ^= masks[i];
		}
	free(image.bytes);
}

/* Sizes that no program has, in a file that seems to have room for them. */
static void test_huge(void **state)
{
	struct image image;
	Elf64_Ehdr header;
	uint8_t *byte;

	(void)state;
	make_library();
	read_image("lib", &image);
	memcpy(&header, image.bytes, sizeof(header));
	for (unsigned i = 0; i < header.e_shnum; i++) {
		size_t at = (size_t)header.e_shoff + i * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size);
		static struct aa_found found;
		uint64_t huge = 1ULL << 40, size;
		int fd = memfd_create("aa-find", MFD_CLOEXEC);

		assert_true(fd >= 0);
		byte = image.bytes + at;
		memcpy(&size, byte, sizeof(size));
		memcpy(byte, &huge, sizeof(huge));
		assert_int_equal(write(fd, image.bytes, image.size), (ssize_t)image.size);
		memcpy(byte, &size, sizeof(size));
		assert_int_equal(ftruncate(fd, 1LL << 42), 0);
		(void)aa_find_of_machine(fd, FIND_MACHINE, &found, NULL);
		(void)close(fd);
	}
	free(image.bytes);
}

static void test_no_program(void **state)
{
	struct image text = {
		.bytes = (uint8_t *)(uintptr_t) "#!/bin/sh\necho this is long enough for an ELF header, "
						"but it is none\n"
	};
	int r;

	(void)state;
	text.size = strlen((const char *)text.bytes);
	assert_int_equal(look(&text, text.size), -ENOEXEC);
	assert_int_equal(look(&text, 0), -ENOEXEC);
	(void)find_in_path("/", &r);
	assert_int_equal(r, -EINVAL);
	assert_int_equal(mkfifo(find_name("fifo"), 0600), 0);
	(void)find_in_path(find_name("fifo"), &r);
	assert_int_equal(r, -EINVAL);
	(void)find_in_path("/dev/zero", &r);
	assert_int_equal(r, -EINVAL);
}

static int look_through_cache(const char *name, struct aa_found *found)
{
	int fd = open(find_name(name), O_RDONLY | O_CLOEXEC);
	int r;

	assert_true(fd >= 0);
	r = aa_find_tls(fd, found, NULL);
	(void)close(fd);
	return r;
}

/* What the cache alone says of a file. */
static int ask_cache(const char *name, struct aa_found *found)
{
	int fd = open(find_name(name), O_RDONLY | O_CLOEXEC);
	struct aa_elf elf;
	int r;

	*found = (struct aa_found){ 0 };
	assert_true(fd >= 0);
	assert_int_equal(aa_elf_open(&elf, fd, FIND_MACHINE, NULL), 0);
	aa_elf_build_id(&elf, found->build_id, sizeof(found->build_id));
	r = aa_find_cache_read(&elf, found);
	aa_elf_close(&elf);
	(void)close(fd);
	return r;
}

/* Puts what is found in a file into the cache, however fast it was found. */
static int put_into_cache(const char *name, struct aa_found *found)
{
	int fd = open(find_name(name), O_RDONLY | O_CLOEXEC);
	struct aa_elf elf;
	int r;

	assert_true(fd >= 0);
	r = aa_find_of_machine(fd, FIND_MACHINE, found, NULL);
	assert_int_equal(aa_elf_open(&elf, fd, FIND_MACHINE, NULL), 0);
	aa_find_cache_write(&elf, r, found);
	aa_elf_close(&elf);
	(void)close(fd);
	return r;
}

/* A result is the same from disk, for a copy, too; and not if the code is another. */
static void test_cache_points(void **state)
{
	static struct aa_found found, cached;
	uint64_t offset;

	(void)state;
	make_library();
	find_compile("lib", source, "-shared -fPIC -fno-semantic-interposition -Wl,--build-id");
	assert_int_equal(ask_cache("lib", &cached), AA_CACHE_MISS);
	assert_int_equal(put_into_cache("lib", &found), 0);
	assert_true(found.point_count > 0);
	assert_int_equal(find_run("cp lib copy"), 0);
	assert_int_equal(ask_cache("copy", &cached), 0);
	assert_string_equal(cached.name, found.name);
	assert_string_equal(cached.how, found.how);
	assert_int_equal(cached.point_count, found.point_count);
	assert_memory_equal(cached.points, found.points, sizeof(found.points));
	assert_string_equal(cached.hooks, found.hooks);
	/* The same build id and size, but a function begins otherwise. */
	offset = found.points[found.point_count - 1].offset;
	assert_int_equal(
		find_run("printf x | dd of=copy bs=1 seek=%" PRIu64 " conv=notrunc status=none", offset), 0);
	assert_int_equal(ask_cache("copy", &cached), AA_CACHE_MISS);
	/* Damaged, cut, of another user, writable by others: not believed. */
	assert_int_equal(find_run("chmod 0666 aa-record/*"), 0);
	assert_int_equal(ask_cache("lib", &cached), AA_CACHE_MISS);
	assert_int_equal(find_run("chmod 0600 aa-record/*"), 0);
	assert_int_equal(ask_cache("lib", &cached), 0);
	assert_int_equal(find_run("chmod 0777 aa-record"), 0);
	assert_int_equal(ask_cache("lib", &cached), AA_CACHE_MISS);
	assert_int_equal(find_run("chmod 0700 aa-record && for f in aa-record/*; do "
				  "printf xxxxxxxxx | dd of=$f bs=1 seek=99 conv=notrunc status=none; done"),
			 0);
	assert_int_equal(ask_cache("lib", &cached), AA_CACHE_MISS);
	assert_int_equal(find_run("for f in aa-record/*; do : >$f; done"), 0);
	assert_int_equal(ask_cache("lib", &cached), AA_CACHE_MISS);
	assert_int_equal(put_into_cache("lib", &found), 0);
	assert_int_equal(ask_cache("lib", &cached), 0);
}

/* That there is nothing goes for the very file only. */
static void test_cache_nothing(void **state)
{
	static struct aa_found found, cached;

	(void)state;
	make_library();
	find_compile("program", "int main(void) { return 0; }", "-Wl,--build-id");
	assert_int_equal(put_into_cache("program", &found), AA_FIND_NOTHING);
	assert_int_equal(ask_cache("program", &cached), AA_FIND_NOTHING);
	assert_string_equal(cached.build_id, found.build_id);
	assert_int_equal(find_run("cp program copy"), 0);
	assert_int_equal(ask_cache("copy", &cached), AA_CACHE_MISS);
	assert_int_equal(find_run("touch -d '2001-02-03' program"), 0);
	assert_int_equal(ask_cache("program", &cached), AA_CACHE_MISS);
}

/* A search that takes long: 192 MiB of data without what is looked for. */
static void test_cache_slow(void **state)
{
	static struct aa_found found;

	(void)state;
	make_library();
	find_compile("slow",
		     "__attribute__((section(\".rodata\"))) const char data[192 << 20] = { 1 };"
		     "int main(void) { return data[1]; }",
		     "-Wl,--build-id");
	assert_int_equal(look_through_cache("slow", &found), AA_FIND_NOTHING);
	assert_int_equal(look_through_cache("slow", &found), AA_FIND_NOTHING);
	assert_string_not_equal(found.build_id, "");
	assert_int_equal(find_run("rm slow"), 0);
}

/* Most files have no TLS code; this says what they cost. Nothing depends on it. */
static void test_speed(void **state)
{
	static const char *const paths[] = {
		"/lib/x86_64-linux-gnu/libc.so.6",
		"/lib/aarch64-linux-gnu/libc.so.6",
		"/lib64/libc.so.6",
		"/usr/bin/python3",
		"/bin/bash",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct timespec begin, end;
		int r = 0;

		if (access(paths[i], R_OK) != 0)
			continue;
		(void)clock_gettime(CLOCK_MONOTONIC, &begin);
		for (unsigned k = 0; k < 20; k++)
			(void)find_in_path(paths[i], &r);
		(void)clock_gettime(CLOCK_MONOTONIC, &end);
		print_message("%s: %d us\n", paths[i],
			      (int)(((end.tv_sec - begin.tv_sec) * 1000000000 + end.tv_nsec - begin.tv_nsec) /
				    20000));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truncated),    cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_huge),	     cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_cache_points), cmocka_unit_test(test_cache_nothing),
		cmocka_unit_test(test_cache_slow),   cmocka_unit_test(test_speed),
	};

	return cmocka_run_group_tests(tests, find_setup, find_teardown);
}
