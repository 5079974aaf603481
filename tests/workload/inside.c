/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program finds when it starts: everything that it inherits. The same must come out whether it is
 * recorded or not. Reads /proc itself, before anything is opened.
 */
#include "workload.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Prints a file of /proc/self, only lines that begin with one of the prefixes (all if there are none). */
static void print_file(const char *name, const char *const *prefixes)
{
	char line[65536];
	FILE *file = fopen(name, "re");

	while (file && fgets(line, sizeof line, file)) {
		bool wanted = prefixes == NULL;

		for (size_t i = 0; prefixes && prefixes[i]; i++)
			wanted = wanted || strncmp(line, prefixes[i], strlen(prefixes[i])) == 0;
		if (wanted)
			(void)printf("%s %s", name, line);
	}
	if (file)
		(void)fclose(file);
}

static void print_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		char target[4096];
		char path[300];
		int fd = atoi(entry->d_name);
		ssize_t size;

		if (entry->d_name[0] == '.' || fd == dirfd(directory))
			continue;
		(void)snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
		size = readlink(path, target, sizeof target - 1);
		target[size > 0 ? size : 0] = '\0';
		(void)printf("fd %d %s flags %o descriptor %d\n", fd, target, fcntl(fd, F_GETFL),
			     fcntl(fd, F_GETFD));
	}
	if (directory)
		(void)closedir(directory);
}

static void print_signals(void)
{
	for (int i = 1; i < NSIG; i++) {
		struct sigaction action;

		if (sigaction(i, NULL, &action) == 0 &&
		    (action.sa_handler != SIG_DFL || action.sa_flags != 0))
			(void)printf("signal %d %s flags %x\n", i,
				     action.sa_handler == SIG_IGN ? "ignored" : "?",
				     (unsigned)action.sa_flags);
	}
}

static int inside(int argc, char **argv)
{
	static const char *const status[] = {
		"SigPnd", "SigBlk",	 "SigIgn",	"SigCgt",     "ShdPnd",	 "Cap",		 "Uid",
		"Gid",	  "Groups",	 "Umask",	"NoNewPrivs", "Seccomp", "Cpus_allowed", "NSsid",
		"NSpgid", "CoreDumping", "THP_enabled", "Threads",    NULL,
	};
	struct itimerval timer;
	char directory[4096] = "";
	int death_signal = 0, subreaper = 0;

	print_descriptors();
	print_signals();
	print_file("/proc/self/status", status);
	print_file("/proc/self/limits", NULL);
	print_file("/proc/self/cgroup", NULL);
	print_file("/proc/self/oom_score_adj", NULL);
	print_file("/proc/self/coredump_filter", NULL);
	print_file("/proc/self/timerslack_ns", NULL);
	print_file("/proc/self/uid_map", NULL);
	for (char **variable = environ; *variable; variable++)
		(void)printf("environment %s\n", *variable);
	for (int i = 0; i < argc; i++)
		(void)printf("argument %s\n", argv[i]);
	(void)printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
	(void)printf("scheduler %d\n", sched_getscheduler(0));
	(void)printf("personality %x\n", (unsigned)personality(0xffffffff));
	(void)printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
	(void)prctl(PR_GET_PDEATHSIG, &death_signal);
	(void)prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
	(void)printf("parent death signal %d, subreaper %d\n", death_signal, subreaper);
	(void)getitimer(ITIMER_REAL, &timer);
	(void)printf("timer %ld\n", (long)timer.it_value.tv_sec);
	(void)printf("group %d session %d foreground %d\n", getpgrp(), getsid(0), tcgetpgrp(0));
	(void)printf("directory %s\n", getcwd(directory, sizeof directory) ? directory : "none");
	return fflush(stdout) == 0 ? 0 : 1;
}

const struct workload inside_workloads[] = {
	{ "inside", "[ARG...]", inside },
	{ NULL, NULL, NULL },
};
