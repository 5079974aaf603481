// SPDX-License-Identifier: Apache-2.0
/* See btf_file.h. Everything is read with pread(2): a mapping of a file that shrinks ends in SIGBUS. */
#include "btf_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "btf_check.h"
#include "memory.h"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#error "which e_machine has a kernel image here?"
#endif

#define NOTES_PATH     "/sys/kernel/notes"
#define NOTES_MAX      8192u /* the kernel has some 500 bytes of them */
#define SECTIONS_MAX   65536u
#define NAMES_MAX      (16u << 20)
#define BUILD_ID_MAX   64u
#define GNU_BUILD_ID   3u
#define READ_AT_A_TIME (1u << 20)

struct build_id {
	uint8_t bytes[BUILD_ID_MAX];
	size_t size; /* 0: none */
};

/* Up to size bytes at offset; less only at the end of the file. */
static ssize_t read_at(int fd, void *buffer, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (uint8_t *)buffer + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int read_exactly(int fd, uint64_t offset, uint8_t *part, size_t size, struct aa_error *error)
{
	ssize_t n;

	if (offset > INT64_MAX - size)
		return aa_error_set(error, -EINVAL, "damaged ELF image");
	n = read_at(fd, part, size, offset);
	if (n < 0)
		return aa_error_set(error, (int)n, "cannot read: %s", strerror((int)-n));
	if ((size_t)n < size)
		return aa_error_set(error, -EINVAL, "truncated");
	return 0;
}

/* Allocates size bytes, and one more that is 0, and reads them. */
static int read_part(int fd, uint64_t offset, size_t size, uint8_t **ret_part, struct aa_error *error)
{
	uint8_t *part = calloc(size + 1, 1);
	int r;

	if (!part)
		return aa_error_set(error, -ENOMEM, "out of memory");
	r = read_exactly(fd, offset, part, size, error);
	if (r < 0) {
		free(part);
		return r;
	}
	*ret_part = part;
	return 0;
}

/* The file, whole; sizes of files in sysfs and procfs can't be asked for. */
static int read_whole(int fd, struct aa_btf_bytes *ret_bytes, struct aa_error *error)
{
	aa_cleanup_free uint8_t *data = NULL;
	struct stat status;
	size_t size = 0;

	if (fstat(fd, &status) == 0 && status.st_size > (off_t)AA_BTF_BYTES_MAX)
		return aa_error_set(error, -EINVAL, "more than %u MiB, too large for BTF",
				    AA_BTF_BYTES_MAX >> 20);
	for (;;) {
		uint8_t *grown = realloc(data, size + READ_AT_A_TIME);
		ssize_t n;

		if (!grown)
			return aa_error_set(error, -ENOMEM, "out of memory");
		data = grown;
		n = read_at(fd, data + size, READ_AT_A_TIME, size);
		if (n < 0)
			return aa_error_set(error, (int)n, "cannot read: %s", strerror((int)-n));
		size += (size_t)n;
		if (size > AA_BTF_BYTES_MAX)
			return aa_error_set(error, -EINVAL, "more than %u MiB, too large for BTF",
					    AA_BTF_BYTES_MAX >> 20);
		if ((size_t)n < READ_AT_A_TIME)
			break;
	}
	*ret_bytes = (struct aa_btf_bytes){ .data = AA_STEAL(data), .size = size };
	return 0;
}

/* Output in steps, so that a small file that claims to be huge costs nothing. */
static int inflate_all(z_stream *stream, struct aa_btf_bytes *out, struct aa_error *error)
{
	for (;;) {
		uint8_t *grown = realloc(out->data, out->size + READ_AT_A_TIME);
		int r;

		if (!grown)
			return aa_error_set(error, -ENOMEM, "out of memory");
		out->data = grown;
		stream->next_out = out->data + out->size;
		stream->avail_out = READ_AT_A_TIME;
		r = inflate(stream, Z_NO_FLUSH);
		out->size += READ_AT_A_TIME - stream->avail_out;
		if (out->size > AA_BTF_BYTES_MAX)
			return aa_error_set(error, -EINVAL, "more than %u MiB unpacked, too large for BTF",
					    AA_BTF_BYTES_MAX >> 20);
		if (r == Z_STREAM_END)
			return 0;
		if (r == Z_BUF_ERROR || (r == Z_OK && stream->avail_in == 0 && stream->avail_out != 0))
			return aa_error_set(error, -EINVAL, "truncated gzip file");
		if (r != Z_OK)
			return aa_error_set(error, -EINVAL, "damaged gzip file");
	}
}

static int gunzip(const struct aa_btf_bytes *packed, struct aa_btf_bytes *ret_bytes, struct aa_error *error)
{
	struct aa_btf_bytes out = { 0 };
	z_stream stream = {
		.next_in = packed->data,
		.avail_in = (uInt)packed->size,
	};
	int r;

	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) /* 16: gzip, and nothing else */
		return aa_error_set(error, -ENOMEM, "out of memory");
	r = inflate_all(&stream, &out, error);
	(void)inflateEnd(&stream);
	if (r < 0) {
		free(out.data);
		return r;
	}
	*ret_bytes = out;
	return 0;
}

static uint64_t padded(uint64_t size)
{
	return (size + 3) / 4 * 4;
}

/* The GNU build id among ELF notes. */
static void find_build_id(const uint8_t *notes, size_t size, struct build_id *ret_id)
{
	uint64_t at = 0;

	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t name, value, next;

		memcpy(&note, notes + at, sizeof(note));
		name = at + sizeof(note);
		value = name + padded(note.n_namesz);
		next = value + padded(note.n_descsz);
		if (value + note.n_descsz > size)
			return;
		if (note.n_type == GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(notes + name, "GNU", 4) == 0 && note.n_descsz > 0 &&
		    note.n_descsz <= BUILD_ID_MAX) {
			memcpy(ret_id->bytes, notes + value, note.n_descsz);
			ret_id->size = note.n_descsz;
			return;
		}
		if (next > size)
			return;
		at = next;
	}
}

static void running_build_id(struct build_id *ret_id)
{
	aa_cleanup_close int fd = open(NOTES_PATH, O_RDONLY | O_CLOEXEC);
	uint8_t notes[NOTES_MAX];
	ssize_t n;

	if (fd < 0)
		return;
	n = read_at(fd, notes, sizeof(notes), 0);
	if (n > 0)
		find_build_id(notes, (size_t)n, ret_id);
}

/* An ELF image as far as it is needed: its section headers and their names. */
struct image {
	int fd;
	Elf64_Shdr *sections;
	char *names; /* a NUL is behind them */
	uint64_t names_size;
	uint32_t count;
};

static void image_release(struct image *image)
{
	free(image->sections);
	free(image->names);
}

static int image_open(struct image *image, struct aa_error *error)
{
	Elf64_Ehdr header;
	ssize_t n = read_at(image->fd, &header, sizeof(header), 0);
	const Elf64_Shdr *names;
	uint8_t *part = NULL;
	int r;

	if (n < (ssize_t)sizeof(header))
		return aa_error_set(error, -EINVAL, "truncated ELF image");
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    header.e_machine != MACHINE)
		return aa_error_set(error, -EINVAL, "ELF image for another machine");
	if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum == 0 ||
	    header.e_shstrndx >= header.e_shnum)
		return aa_error_set(error, -EINVAL, "ELF image without sections");
	image->count = header.e_shnum;
	r = read_part(image->fd, header.e_shoff, image->count * sizeof(Elf64_Shdr), &part, error);
	if (r < 0 || !part)
		return r < 0 ? r : -ENOMEM;
	image->sections = (Elf64_Shdr *)(void *)part;
	names = &image->sections[header.e_shstrndx];
	if (names->sh_type == SHT_NOBITS || names->sh_size == 0 || names->sh_size > NAMES_MAX)
		return aa_error_set(error, -EINVAL, "ELF image without names of sections");
	part = NULL;
	r = read_part(image->fd, names->sh_offset, names->sh_size, &part, error);
	if (r < 0 || !part)
		return r < 0 ? r : -ENOMEM;
	image->names = (char *)part;
	image->names_size = names->sh_size;
	return 0;
}

static int check_build_id(const struct image *image, struct aa_error *error)
{
	struct build_id own = { .size = 0 }, running = { .size = 0 };

	for (uint32_t i = 0; i < image->count && own.size == 0; i++) {
		const Elf64_Shdr *section = &image->sections[i];
		uint8_t notes[NOTES_MAX];

		if (section->sh_type != SHT_NOTE || section->sh_size > sizeof(notes))
			continue;
		/* A note that can't be read only means that it is not compared. */
		if (read_exactly(image->fd, section->sh_offset, notes, section->sh_size, NULL) == 0)
			find_build_id(notes, section->sh_size, &own);
	}
	running_build_id(&running);
	if (own.size == 0 || running.size == 0)
		return 0;
	if (own.size != running.size || memcmp(own.bytes, running.bytes, own.size) != 0)
		return aa_error_set(error, -EINVAL,
				    "image of another kernel build than the running one (build ids differ)");
	return 0;
}

static int extract(const struct image *image, struct aa_btf_bytes *ret_bytes, struct aa_error *error)
{
	for (uint32_t i = 0; i < image->count; i++) {
		const Elf64_Shdr *section = &image->sections[i];
		uint8_t *data = NULL;
		int r;

		if (section->sh_name >= image->names_size ||
		    strcmp(image->names + section->sh_name, ".BTF") != 0)
			continue;
		if (section->sh_type == SHT_NOBITS || section->sh_size == 0)
			return aa_error_set(error, -EINVAL, "ELF image whose .BTF section is empty");
		if ((section->sh_flags & SHF_COMPRESSED) != 0)
			return aa_error_set(error, -EINVAL, "ELF image with a compressed .BTF section");
		if (section->sh_size > AA_BTF_BYTES_MAX)
			return aa_error_set(error, -EINVAL,
					    "ELF image with an impossibly large .BTF section");
		r = read_part(image->fd, section->sh_offset, section->sh_size, &data, error);
		if (r < 0)
			return r;
		*ret_bytes = (struct aa_btf_bytes){ .data = data, .size = section->sh_size };
		return 0;
	}
	return aa_error_set(error, -EINVAL, "ELF image without a .BTF section");
}

static int read_image(int fd, struct aa_btf_bytes *ret_bytes, struct aa_error *error)
{
	struct image image = { .fd = fd };
	struct aa_btf_bytes bytes = { 0 };
	int r = image_open(&image, error);

	if (r == 0)
		r = extract(&image, &bytes, error);
	if (r == 0)
		r = check_build_id(&image, error);
	image_release(&image);
	if (r < 0) {
		free(bytes.data);
		return r;
	}
	*ret_bytes = bytes;
	return 0;
}

static int require_regular(int fd, struct aa_error *error)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return aa_error_set(error, -errno, "%s", strerror(errno));
	if (S_ISDIR(status.st_mode))
		return aa_error_set(error, -EISDIR, "is a directory");
	if (!S_ISREG(status.st_mode))
		return aa_error_set(error, -EINVAL, "not a regular file");
	return 0;
}

int aa_btf_file_read(const char *path, struct aa_btf_bytes *ret_bytes, struct aa_error *error)
{
	/* O_NONBLOCK: a FIFO without a writer must not hold us up. */
	aa_cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct aa_btf_bytes bytes = { 0 }, unpacked = { 0 };
	uint8_t magic[4] = { 0 };
	const char *why;
	ssize_t n;
	int r;

	if (fd < 0)
		return aa_error_set(error, -errno, "%s", strerror(errno));
	r = require_regular(fd, error);
	if (r < 0)
		return r;
	n = read_at(fd, magic, sizeof(magic), 0);
	if (n < 0)
		return aa_error_set(error, (int)n, "cannot read: %s", strerror((int)-n));
	if (n == 0)
		return aa_error_set(error, -EINVAL, "empty file");
	if (memcmp(magic, ELFMAG, SELFMAG) == 0)
		r = read_image(fd, &bytes, error);
	else
		r = read_whole(fd, &bytes, error);
	if (r == 0 && magic[0] == 0x1f && magic[1] == 0x8b) {
		r = gunzip(&bytes, &unpacked, error);
		free(bytes.data);
		bytes = unpacked;
	}
	if (r == 0 && aa_btf_check(bytes.data, bytes.size, &why) < 0)
		r = aa_error_set(error, -EINVAL, "%s", why);
	if (r < 0) {
		free(bytes.data);
		return r;
	}
	*ret_bytes = bytes;
	return 0;
}
