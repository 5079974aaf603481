/* SPDX-License-Identifier: Apache-2.0 */
/* aa-record attach: records running processes and all below them, as they are now and from now on. */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launch.h"
#include "peek.h"
#include "recording.h"
#include "relay.h"
#include "text.h"
#include "thread.h"
#include "walk.h"

#define EXIT_FAILED 1
#define EXIT_USAGE  2

static int parse_pid(const char *text, pid_t *ret_pid, struct aa_error *error)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || value <= 0 || value > INT32_MAX) {
		struct aa_text_buffer word = { 0 };
		int r;

		(void)aa_text_quote(&word, text, strlen(text));
		r = aa_error_set(error, -EINVAL, "attach: not a process id: %s",
				 word.failed ? "" : word.data);
		aa_text_release(&word);
		return r;
	}
	*ret_pid = (pid_t)value;
	return 0;
}

/* A number from /proc/PID/status, 0 if it is not known. */
static int read_status(pid_t pid, const char *key)
{
	char path[32], line[128];
	int value = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (value == 0 && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			value = (int)strtol(line + strlen(key), NULL, 10);
	(void)fclose(file);
	return value;
}

/* Says now what cannot be recorded, before a database is made for it. */
static int check(pid_t pid, struct aa_error *error)
{
	struct aa_peek_stat stat;
	pid_t leader;

	if (pid == getpid())
		return aa_error_set(error, -EINVAL, "cannot attach to process %d: that is aa-record itself",
				    (int)pid);
	if (aa_peek_stat((uint32_t)pid, &stat) < 0) {
		struct aa_error proc = { 0 };
		int r = aa_walk_check(&proc); /* not shown is not the same as not there */

		return aa_error_set(error, r < 0 ? r : -ESRCH, "cannot attach to process %d: %s", (int)pid,
				    r < 0 ? proc.text : "no such process");
	}
	if ((stat.flags & AA_PEEK_PF_KTHREAD) != 0)
		return aa_error_set(error, -EINVAL, "cannot attach to process %d: it is a kernel thread",
				    (int)pid);
	/* Where only the leader has ended, others of its threads go on. */
	if ((stat.state == 'Z' || stat.state == 'X') && read_status(pid, "Threads:") < 2)
		return aa_error_set(error, -ESRCH,
				    "cannot attach to process %d: it has ended already (zombie)", (int)pid);
	/* Threads have a number too, though /proc does not list them. */
	leader = (pid_t)read_status(pid, "Tgid:");
	if (leader != 0 && leader != pid)
		return aa_error_set(error, -EINVAL, "cannot attach to %d: it is a thread of process %d",
				    (int)pid, (int)leader);
	return 0;
}

/* The name of the first one: what the agent is called unless told otherwise. */
static void read_comm(pid_t pid, char *ret_name, size_t size)
{
	char path[32];
	ssize_t n = -1;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, ret_name, size - 1);
		(void)close(fd);
	}
	if (n > 0 && ret_name[n - 1] == '\n')
		n--;
	if (n <= 0)
		n = snprintf(ret_name, size, "process");
	ret_name[n] = '\0';
}

/* An attach under way. */
struct attach {
	struct aa_recording *recording;
	uv_thread_t thread; /* takes the tree, while the loop stores what is there already */
	uv_async_t taken;
	struct aa_error error; /* of that */
	int result;
	bool taking;
	bool asked_to_end; /* meanwhile */
};

static void on_end(void *context)
{
	struct attach *attach = context;

	if (attach->taking) /* milliseconds in most cases; ending takes out of scope what it puts in */
		attach->asked_to_end = true;
	else
		aa_recording_end(attach->recording);
}

/* A process that is below another one of the list comes with it, and one that is named twice is one. */
static int adopt(struct aa_recording *recording, const pid_t *pids, size_t count, struct aa_error *error)
{
	for (size_t i = 0; i < count; i++) {
		struct aa_identity identity;
		struct aa_error this = { 0 };
		int r = aa_kernel_adopt(recording->kernel, pids[i], (uint32_t)recording->session_id,
					AA_RECORDING_SLOT, &identity, &this);

		if (r < 0 && r != -EEXIST)
			return aa_error_set(error, r, "cannot attach: %s",
					    this.text[0] != '\0' ? this.text : strerror(-r));
	}
	return 0;
}

static void take_tree(void *context)
{
	struct attach *attach = context;

	attach->result = aa_kernel_snapshot(attach->recording->kernel, &attach->error);
	(void)uv_async_send(&attach->taken);
}

static void on_taken(uv_async_t *async)
{
	struct attach *attach = async->data;

	(void)uv_thread_join(&attach->thread);
	uv_close((uv_handle_t *)async, NULL);
	attach->taking = false;
	attach->recording->command_runs = false;
	if (attach->result == 0 && attach->recording->tls.finder != NULL)
		aa_finder_look_at_processes(attach->recording->tls.finder);
	if (attach->result < 0 || attach->asked_to_end)
		aa_recording_end(attach->recording);
	else
		aa_recording_look(attach->recording); /* all may have ended meanwhile */
}

/*
 * The snapshot of a large tree under load is megabytes of records and may take a while, so it does not wait for the
 * loop nor the loop for it: nothing but the ring's free space is between the two.
 */
static int start_taking(struct attach *attach, struct aa_error *error)
{
	int r = aa_recording_prepare(attach->recording, NULL, error);

	if (r < 0)
		return r;
	r = uv_async_init(&attach->recording->loop, &attach->taken, on_taken);
	if (r < 0)
		return aa_error_set(error, r, "cannot make a handle of the event loop: %s", uv_strerror(r));
	attach->taken.data = attach;
	attach->taking = true;
	attach->recording->command_runs = true;
	r = uv_thread_create(&attach->thread, take_tree, attach);
	if (r < 0)
		return aa_error_set(error, r, "cannot make a thread: %s", uv_strerror(r));
	return 0;
}

/* Has been said already. */
#define RECORD_INCOMPLETE 1

static int record(struct aa_recording *recording, const pid_t *pids, size_t count, struct aa_error *error)
{
	static const struct aa_relay_events events = { .end = on_end };
	struct attach attach = { .recording = recording };
	struct aa_relay relay = { .fd = -1 };
	char agent[32];
	sigset_t blocked;
	int r;

	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGINT);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigaddset(&blocked, SIGQUIT);
	(void)sigaddset(&blocked, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
	read_comm(pids[0], agent, sizeof(agent));
	aa_recording_hurry(0);
	r = aa_recording_begin(recording, "attach", agent, NULL, error);
	if (r == 0)
		r = aa_recording_start(recording, error);
	if (r == 0)
		r = aa_relay_start(&relay, &recording->loop, &blocked, NULL, &events, &attach, error);
	if (r == 0)
		r = adopt(recording, pids, count, error);
	if (r == 0)
		r = start_taking(&attach, error);
	if (r == 0) {
		aa_recording_run(recording);
		r = attach.result;
		if (r < 0)
			*error = attach.error;
	}
	if (r < 0)
		aa_recording_abandon(recording);
	else
		r = aa_recording_finish(recording, NULL) < 0 ? RECORD_INCOMPLETE : 0;
	aa_relay_release(&relay);
	return r;
}

/* Returns the exit status. */
static int attach(const struct aa_options *options, const pid_t *pids, size_t count)
{
	struct aa_error error = { 0 };
	struct aa_recording recording = { 0 };
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = check(pids[i], &error);
	aa_launch_lift_limits(NULL);
	if (r == 0)
		r = aa_recording_open(&recording, options, true, &error);
	if (r == 0)
		r = record(&recording, pids, count, &error);
	aa_recording_close(&recording);
	if (r < 0)
		aa_say("%s", error.text);
	return r != 0 ? EXIT_FAILED : 0;
}

int aa_attach_main(const struct aa_options *options, char **operands)
{
	struct aa_error error = { 0 };
	pid_t *pids;
	size_t count = 0;
	int status = 0;

	while (operands[count] != NULL)
		count++;
	if (count == 0) {
		aa_say("attach: no process id given; see aa-record help attach");
		return EXIT_USAGE;
	}
	pids = calloc(count, sizeof(*pids));
	if (pids == NULL) {
		aa_say("out of memory");
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < count && status == 0; i++) {
		if (parse_pid(operands[i], &pids[i], &error) < 0) {
			aa_say("%s", error.text);
			status = EXIT_USAGE;
		}
	}
	if (status == 0)
		status = attach(options, pids, count);
	free(pids);
	return status;
}
