/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output and the pager; see out.h. */
#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a reader may take for its next page before it counts as slow. */
#define PATIENCE_MS 1000

static volatile sig_atomic_t interrupted;
static sqlite3 *volatile interrupted_handle;

static bool in_path(const char *program)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];

	while (path && *path) {
		size_t length = strcspn(path, ":");

		if (snprintf(file, sizeof(file), "%.*s/%s", (int)length, path, program) < (int)sizeof(file) &&
		    access(file, X_OK) == 0)
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

void aa_out_open(struct aa_out *out, bool allow_pager)
{
	const char *pager = getenv("PAGER");

	*out = (struct aa_out){ .fd = STDOUT_FILENO };
	if (!allow_pager || !isatty(STDOUT_FILENO))
		return;
	if (!pager)
		pager = in_path("less") ? "less" : "";
	if (*pager && strcmp(pager, "cat") != 0)
		out->pager = pager;
}

static void handle_interrupt(int number)
{
	(void)number;
	interrupted = 1;
	if (interrupted_handle)
		sqlite3_interrupt(interrupted_handle);
}

void aa_out_interrupt(sqlite3 *handle)
{
	interrupted_handle = handle;
}

/* The pager's end: standard input from us, and less set up for colours and short answers. */
static _Noreturn void run_pager(const char *pager, int input)
{
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (dup2(input, STDIN_FILENO) < 0)
		_exit(127);
	(void)setenv("LESS", "FRX", 0);
	(void)setenv("LV", "-c", 0);
	(void)execl("/bin/sh", "sh", "-c", pager, (char *)NULL);
	_exit(127);
}

static int start_pager(struct aa_out *out)
{
	struct sigaction action = { .sa_handler = handle_interrupt };
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		run_pager(out->pager, ends[0]);
	(void)close(ends[0]);
	if (pid < 0) {
		(void)close(ends[1]);
		return -errno;
	}
	/* A reader who quits the pager is an error of write here, as the terminal is still the pager's. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigaction(SIGINT, &action, NULL);
	out->fd = ends[1];
	out->pager_pid = pid;
	return 0;
}

/* True if a page can be written without waiting for the reader. */
static bool is_ready(int fd, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };

	return poll(&pollfd, 1, timeout_ms) != 0;
}

/* Writes one page, after having let go of what must not wait. Returns 0 or a negative errno. */
static int write_page(struct aa_out *out, const char *bytes, size_t size)
{
	ssize_t written;

	/* A pipe that has room takes so much at once, but not always more. */
	if (size > PIPE_BUF)
		size = PIPE_BUF;
	if (out->before_wait && !is_ready(out->fd, PATIENCE_MS))
		out->before_wait(out->context);
	if (interrupted)
		return -EINTR;
	written = write(out->fd, bytes, size);
	if (written >= 0)
		out->sent += (size_t)written;
	else if (errno == EAGAIN)
		(void)is_ready(out->fd, -1);
	else if (errno != EINTR)
		return -errno;
	return 0;
}

int aa_out_flush(void *context, struct aa_text_buffer *text)
{
	struct aa_out *out = context;
	int r = 0;

	if (out->pager && out->pager_pid == 0 && text->size > 0)
		r = start_pager(out);
	while (r == 0 && out->sent < text->size) {
		if (text->size - out->sent < out->hold_bytes && !is_ready(out->fd, 0))
			break;
		r = write_page(out, text->data + out->sent, text->size - out->sent);
	}
	if (out->sent == text->size) {
		aa_text_clear(text);
		out->sent = 0;
	} else if (out->sent > text->size / 2) {
		text->size -= out->sent;
		memmove(text->data, text->data + out->sent, text->size + 1);
		out->sent = 0;
	}
	return r;
}

void aa_out_close(struct aa_out *out)
{
	int status;

	if (out->pager_pid == 0)
		return;
	(void)close(out->fd);
	while (waitpid(out->pager_pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		(void)fprintf(stderr, "aa-query: cannot run the pager (see $PAGER, or use --no-pager)\n");
	out->pager_pid = 0;
	out->fd = STDOUT_FILENO;
}
