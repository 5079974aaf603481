// SPDX-License-Identifier: Apache-2.0
/* What the self-test's second process does to files. Only what is safe between fork and exec. */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "selftest_child.h"

#define NOWHERE	   "/dev/null/aa-record-self-test" /* cannot be there: ENOTDIR */
#define FILE_BYTES 4096

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#define SYS_io_uring_enter 426
#endif

/*
 * Each way that bytes take, as the precise tier has a function for each. The calls that work are counted: they must be in the
 * sums of the file. What a kernel or a filter refuses does not count.
 */
static void move_bytes(int fd, struct aa_selftest_report *report)
{
	char bytes[2] = { 0 };
	const struct iovec vector = { bytes, 1 };
	loff_t from = 0, to = 2048;
	off_t begin = 0;
	int pipes[2];

	report->writes += write(fd, bytes, 2) > 0;
	report->writes += pwrite(fd, bytes, 1, 0) > 0;
	report->writes += writev(fd, &vector, 1) > 0;
	report->writes += pwritev(fd, &vector, 1, 0) > 0;
	report->reads += pread(fd, bytes, 1, 0) > 0;
	report->reads += preadv(fd, &vector, 1, 0) > 0;
	if (lseek(fd, 0, SEEK_SET) == 0) {
		report->reads += read(fd, bytes, 1) > 0;
		report->reads += readv(fd, &vector, 1) > 0;
	}
	if (syscall(SYS_copy_file_range, fd, &from, fd, &to, (size_t)1, 0) > 0) {
		report->reads++;
		report->writes++;
	}
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return;
	report->reads += sendfile(pipes[1], fd, &begin, 1) > 0;
	from = 0;
	report->reads += splice(fd, &from, pipes[1], NULL, 1, 0) > 0;
	(void)close(pipes[0]);
	(void)close(pipes[1]);
}

/* One open and one read that find something, and an open that does not. */
static void open_and_read(struct aa_selftest_report *report)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC), missing = open(NOWHERE, O_RDONLY | O_CLOEXEC);
	int error = fd < 0 ? errno : 0;

	if (missing >= 0)
		(void)close(missing);
	report->error[AA_PROOF_FILE_OPEN] = error;
	report->error[AA_PROOF_FILE_TRANSFER] = error;
	report->error[AA_PROOF_FILE_CLOSE] = error;
	if (error != 0)
		return;
	if (write(fd, "", 1) != 1)
		report->error[AA_PROOF_FILE_TRANSFER] = errno;
	(void)close(fd);
}

/* A call of each kind, as the precise tier has a function for each; all fail, so nothing is left behind. */
static void change_names(void)
{
	(void)!unlink(NOWHERE);
	(void)!rmdir(NOWHERE);
	(void)!rename(NOWHERE, NOWHERE "2");
	(void)!link(NOWHERE, NOWHERE "2");
	(void)!symlink("nothing", NOWHERE);
	(void)!mkdir(NOWHERE, 0);
	(void)!mknod(NOWHERE, S_IFIFO, 0);
}

/* Of names that are not there, then of a file without a name, so that nobody sees it. */
static void change_attributes(struct aa_selftest_report *report)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } };
	int fd = (int)syscall(SYS_memfd_create, "aa-self-test", MFD_CLOEXEC);
	void *memory;

	(void)!truncate(NOWHERE, 0);
	(void)!chmod(NOWHERE, 0600);
	(void)!chown(NOWHERE, (uid_t)-1, (gid_t)-1);
	(void)!utimensat(AT_FDCWD, NOWHERE, times, 0);
	(void)!setxattr(NOWHERE, "user.aa-record", "", 0, 0);
	(void)!removexattr(NOWHERE, "user.aa-record");
	if (fd < 0) {
		report->error[AA_PROOF_FILE_ATTRIBUTES] = errno;
		report->error[AA_PROOF_FILE_MMAP] = errno;
		return;
	}
	if (ftruncate(fd, FILE_BYTES) != 0 || fchmod(fd, 0600) != 0 ||
	    fchown(fd, (uid_t)-1, (gid_t)-1) != 0 || futimens(fd, NULL) != 0 || fallocate(fd, 0, 0, 1) != 0)
		report->error[AA_PROOF_FILE_ATTRIBUTES] = errno;
	move_bytes(fd, report);
	memory = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		report->error[AA_PROOF_FILE_MMAP] = errno;
	else
		(void)munmap(memory, FILE_BYTES);
	(void)close(fd);
}

/* A ring of one request. Freed with the process, which executes another program. */
static int open_by_uring(void)
{
	struct io_uring_params params;
	struct io_uring_sqe *entries;
	struct io_uring_cqe *done;
	char *ring;
	size_t size;
	int fd, opened;

	memset(&params, 0, sizeof(params));
	fd = (int)syscall(SYS_io_uring_setup, 1, &params);
	if (fd < 0)
		return errno;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* has it already since 5.1 */
	if ((params.features & IORING_FEAT_SINGLE_MMAP) == 0)
		return ENOSYS;
	size = params.cq_off.cqes + params.cq_entries * sizeof(*done);
	if (size < params.sq_off.array + params.sq_entries * sizeof(uint32_t))
		size = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
	ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	entries = mmap(NULL, params.sq_entries * sizeof(*entries), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       IORING_OFF_SQES);
	if (ring == MAP_FAILED || entries == MAP_FAILED)
		return errno;
	memset(entries, 0, sizeof(*entries));
	entries->opcode = IORING_OP_OPENAT;
	entries->fd = AT_FDCWD;
	entries->addr = (uintptr_t) "/dev/null";
	entries->open_flags = O_RDONLY | O_CLOEXEC;
	*(uint32_t *)(void *)(ring + params.sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(void *)(ring + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return errno;
	done = (struct io_uring_cqe *)(void *)(ring + params.cq_off.cqes);
	opened = done->res;
	(void)close(fd);
	if (opened < 0)
		return -opened;
	(void)close(opened);
	return 0;
}

void aa_selftest_files(struct aa_selftest_report *report)
{
	open_and_read(report);
	change_names();
	change_attributes(report);
	report->error[AA_PROOF_FILE_PLACE] = chdir(".") == 0 ? 0 : errno;
	report->error[AA_PROOF_FILE_URING] = open_by_uring();
}
