/* SPDX-License-Identifier: Apache-2.0 */
/* See witness.h. */
#include "witness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch.h"

#define WATCH_MS 50
/* Messages to the witness are what to watch, or this; from it signals, or 0 as the answer. */
#define ASK ((pid_t)-1)

/* The witness must not keep a pipe open that the caller waits to see closed. */
static void close_others(int keep)
{
	bool closed = close_range((unsigned)keep + 1, ~0u, 0) == 0;

	if (keep > 0)
		closed = close_range(0, (unsigned)keep - 1, 0) == 0 && closed;
	for (int fd = 0; !closed && fd < 1024; fd++) /* before 5.9 */
		if (fd != keep)
			(void)close(fd);
}

static void say(int fd, int number)
{
	if (write(fd, &number, sizeof(number)) != (ssize_t)sizeof(number))
		_exit(0); /* nobody listens any more */
}

static void report_signals(int fd, int signal_fd)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		say(fd, (int)info.ssi_signo);
}

static _Noreturn void witness_main(int fd, pid_t recorder)
{
	struct pollfd polled[2] = { { .fd = fd, .events = POLLIN }, { .events = POLLIN } };
	pid_t watched = 0, message;
	sigset_t blocked;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "aa-witness");
	close_others(fd);
	aa_launch_block_signals(&blocked);
	polled[1].fd = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	if (polled[1].fd < 0 || getppid() != recorder)
		_exit(1);
	say(fd, 0); /* listening */
	for (;;) {
		if (poll(polled, 2, watched > 0 ? WATCH_MS : -1) < 0 && errno != EINTR)
			_exit(1);
		if (polled[0].revents != 0) {
			if (read(fd, &message, sizeof(message)) != (ssize_t)sizeof(message))
				_exit(0);
			report_signals(fd, polled[1].fd);
			if (message == ASK)
				say(fd, 0);
			else
				watched = message;
		}
		report_signals(fd, polled[1].fd);
		if (watched > 0 && !aa_launch_is_stopped(watched)) {
			(void)kill(recorder, SIGCONT);
			watched = 0;
		}
	}
}

int aa_witness_start(struct aa_witness *witness)
{
	int pair[2], ready, r;
	pid_t recorder = getpid();
	struct pollfd polled;

	*witness = (struct aa_witness){ .fd = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	witness->pid = fork();
	if (witness->pid == 0)
		witness_main(pair[1], recorder);
	r = -errno;
	(void)close(pair[1]);
	if (witness->pid < 0) {
		(void)close(pair[0]);
		witness->pid = 0;
		return r;
	}
	/* Its first message says that it listens: a signal from then on is seen by both. */
	witness->fd = pair[0];
	polled = (struct pollfd){ .fd = pair[0], .events = POLLIN };
	if (poll(&polled, 1, 5000) != 1 || read(pair[0], &ready, sizeof(ready)) != sizeof(ready)) {
		aa_witness_end(witness);
		return -EIO;
	}
	return 0;
}

void aa_witness_end(struct aa_witness *witness)
{
	if (witness->fd >= 0)
		(void)close(witness->fd);
	witness->fd = -1;
	if (witness->pid > 0) {
		(void)kill(witness->pid, SIGKILL);
		while (waitpid(witness->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	witness->pid = 0;
}

int aa_witness_read(struct aa_witness *witness, int *ret_signal)
{
	ssize_t n;

	if (witness->fd < 0)
		return -EPIPE;
	do {
		n = recv(witness->fd, ret_signal, sizeof(*ret_signal), MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(*ret_signal))
		return 1;
	return n < 0 && errno == EAGAIN ? 0 : -EPIPE;
}

static void tell(struct aa_witness *witness, pid_t message)
{
	if (witness->fd >= 0)
		(void)send(witness->fd, &message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void aa_witness_ask(struct aa_witness *witness)
{
	tell(witness, ASK);
}

void aa_witness_watch(struct aa_witness *witness, pid_t pid)
{
	tell(witness, pid);
}
