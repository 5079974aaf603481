// SPDX-License-Identifier: Apache-2.0
/* See lease.h. */
#include "lease.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* SIGIO itself comes instead where too many signals wait. */
static void make_set(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGIO);
	(void)sigaddset(set, SIGRTMIN);
}

int aa_lease_open(int fd)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return own < 0 ? -errno : own;
}

int aa_lease_take(int fd, pid_t thread)
{
	const struct f_owner_ex owner = { .type = F_OWNER_TID, .pid = thread };

	/* The owner first: a signal to the process would end it. */
	if (fcntl(fd, F_SETOWN_EX, &owner) < 0 || fcntl(fd, F_SETSIG, SIGRTMIN) < 0 ||
	    fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return -errno;
	return 0;
}

bool aa_lease_is_wanted(int fd)
{
	return fcntl(fd, F_GETLEASE) == F_UNLCK;
}

int aa_lease_signals(void)
{
	sigset_t set;
	int fd;

	make_set(&set);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

void aa_lease_clear(int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) > 0)
		continue;
}
