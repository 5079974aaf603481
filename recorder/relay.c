/* SPDX-License-Identifier: Apache-2.0 */
/* See relay.h. */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "launch.h"

/*
 * A signal to the group reaches us and the witness within microseconds; a supervisor that walks through a cgroup
 * takes a little longer. After that time the witness is asked, and its answer decides.
 */
#define WINDOW_MS 25
/* How long before us it may have got the same signal: each report stands for one of ours and is then used up. */
#define BEFORE_MS 250
/* Unless it is stopped, or starved. */
#define ANSWER_MS 1000

/*
 * The command has it already if the witness has it too. But a group's signal does not reach a command that has
 * left our process group (as bash -i does): what somebody sends to the group is then meant for it nonetheless,
 * while the terminal's keys are not.
 */
static bool is_for_command(const struct aa_relay *relay, int number)
{
	bool by_kernel = relay->by_kernel[number];

	if (relay->witness == NULL || relay->witness->fd < 0)
		return !by_kernel || (number == SIGHUP && getsid(0) == getpid());
	if (relay->witnessed_ms[number] + BEFORE_MS < relay->received_ms[number] ||
	    relay->witnessed_ms[number] == 0)
		return true;
	return !by_kernel && getpgid(relay->command) != getpgrp();
}

static void pass_on(struct aa_relay *relay, int number)
{
	if (number == SIGCONT ? aa_launch_is_stopped(relay->command) : is_for_command(relay, number))
		(void)kill(relay->command, number);
	relay->received_ms[number] = 0;
	relay->witnessed_ms[number] = 0;
}

static void on_timer(uv_timer_t *timer);

/* Decides on all that came before the witness was asked; waits for what is younger. */
static void decide(struct aa_relay *relay)
{
	uint64_t first = 0;

	for (int number = 1; number < AA_RELAY_SIGNALS; number++) {
		if (relay->command == 0)
			relay->received_ms[number] = 0;
		if (relay->received_ms[number] == 0)
			continue;
		if (relay->received_ms[number] + WINDOW_MS <= relay->asked_ms)
			pass_on(relay, number);
		else if (first == 0 || relay->received_ms[number] < first)
			first = relay->received_ms[number];
	}
	relay->asked_ms = 0;
	(void)uv_timer_stop(&relay->timer);
	if (first > 0)
		(void)uv_timer_start(&relay->timer, on_timer, WINDOW_MS, 0);
}

/* The time to wait for others to get the signal is over, or that to wait for the witness's answer. */
static void on_timer(uv_timer_t *timer)
{
	struct aa_relay *relay = timer->data;
	bool asked = relay->asked_ms != 0;

	if (!asked)
		relay->asked_ms = uv_now(timer->loop) + 1;
	if (asked || relay->witness == NULL) {
		decide(relay);
		return;
	}
	aa_witness_ask(relay->witness);
	(void)uv_timer_start(timer, on_timer, ANSWER_MS, 0);
}

static bool is_ours(const struct signalfd_siginfo *info)
{
	/* Raised by what we write, or by limits that are ours and not the command's. */
	return info->ssi_code > 0 &&
	       (info->ssi_signo == SIGPIPE || info->ssi_signo == SIGXFSZ || info->ssi_signo == SIGXCPU);
}

void aa_relay_forget_stops(struct aa_relay *relay)
{
	static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };

	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		relay->received_ms[stops[i]] = relay->witnessed_ms[stops[i]] = 0;
}

static void for_command(struct aa_relay *relay, const struct signalfd_siginfo *info)
{
	int number = (int)info->ssi_signo;

	if (is_ours(info) || number >= AA_RELAY_SIGNALS)
		return;
	/* Sent to its parent by the command: that is not us, as far as it knows, and never itself. */
	if (info->ssi_code <= 0 && (pid_t)info->ssi_pid == relay->command)
		return;
	if (number == SIGCONT)
		aa_relay_forget_stops(relay);
	if (number >= SIGRTMIN) { /* these queue up and carry a value, so each one counts */
		union sigval value = { 0 };

		memcpy(&value.sival_ptr, &info->ssi_ptr, sizeof(value.sival_ptr));
		(void)sigqueue(relay->command, number, value);
		return;
	}
	if (relay->received_ms[number] == 0 || info->ssi_code <= 0)
		relay->by_kernel[number] = info->ssi_code > 0;
	if (relay->received_ms[number] == 0)
		relay->received_ms[number] = uv_now(relay->timer.loop) + 1;
	if (!uv_is_active((uv_handle_t *)&relay->timer))
		(void)uv_timer_start(&relay->timer, on_timer, WINDOW_MS, 0);
}

static bool means_end(const struct aa_relay *relay, const struct signalfd_siginfo *info)
{
	int number = (int)info->ssi_signo;
	struct sigaction action;

	if (number != SIGINT && number != SIGTERM && number != SIGQUIT && number != SIGHUP)
		return false;
	/* The kernel's, for our TIOCNOTTY, comes in our own name (disassociate_ctty(), drivers/tty/tty_jobctrl.c). */
	if (number == SIGHUP && relay->hung_up && (info->ssi_code > 0 || (pid_t)info->ssi_pid == getpid()))
		return false;
	/* Ignored by whoever started us (nohup, a shell's background job): so do we. */
	return sigaction(number, NULL, &action) < 0 || action.sa_handler != SIG_IGN;
}

static void on_signal(uv_poll_t *poll, int status, int events)
{
	struct aa_relay *relay = poll->data;
	struct signalfd_siginfo info;

	(void)status;
	(void)events;
	uv_update_time(poll->loop);
	while (read(relay->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			if (relay->events->child != NULL)
				relay->events->child(relay->context);
		} else if (relay->command > 0) {
			for_command(relay, &info);
		} else if (means_end(relay, &info)) {
			relay->events->end(relay->context);
		}
	}
}

static void on_witness(uv_poll_t *poll, int status, int events)
{
	struct aa_relay *relay = poll->data;
	int number, r;

	(void)status;
	(void)events;
	uv_update_time(poll->loop);
	while ((r = aa_witness_read(relay->witness, &number)) > 0) {
		if (number > 0 && number < AA_RELAY_SIGNALS)
			relay->witnessed_ms[number] = uv_now(poll->loop) + 1;
		else if (number == 0 && relay->asked_ms != 0)
			decide(relay);
	}
	if (r < 0) {
		(void)uv_poll_stop(poll);
		relay->witness = NULL;
		if (relay->asked_ms != 0)
			decide(relay);
	}
}

int aa_relay_start(struct aa_relay *relay, uv_loop_t *loop, const sigset_t *blocked,
		   struct aa_witness *witness, const struct aa_relay_events *events, void *context,
		   struct aa_error *error)
{
	int r;

	*relay = (struct aa_relay){ .events = events, .context = context };
	relay->fd = signalfd(-1, blocked, SFD_CLOEXEC | SFD_NONBLOCK);
	if (relay->fd < 0)
		return aa_error_set(error, -errno, "cannot read signals: %s", strerror(errno));
	r = uv_poll_init(loop, &relay->poll, relay->fd);
	if (r < 0) {
		(void)close(relay->fd);
		return aa_error_set(error, r, "cannot read signals: %s", uv_strerror(r));
	}
	(void)uv_timer_init(loop, &relay->timer);
	relay->poll.data = relay;
	relay->timer.data = relay;
	relay->witness_poll.data = relay;
	if (witness != NULL && witness->fd >= 0 &&
	    uv_poll_init(loop, &relay->witness_poll, witness->fd) == 0 &&
	    uv_poll_start(&relay->witness_poll, UV_READABLE, on_witness) == 0)
		relay->witness = witness;
	r = uv_poll_start(&relay->poll, UV_READABLE, on_signal);
	if (r < 0)
		return aa_error_set(error, r, "cannot read signals: %s", uv_strerror(r));
	return 0;
}

void aa_relay_set_command(struct aa_relay *relay, pid_t pid)
{
	relay->command = pid;
}

void aa_relay_release(struct aa_relay *relay)
{
	if (relay->fd > 0)
		(void)close(relay->fd);
	relay->fd = -1;
}

void aa_relay_hang_up(struct aa_relay *relay)
{
	int fd;

	if (getsid(0) != getpid())
		return;
	fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	relay->hung_up = true;
	(void)ioctl(fd, TIOCNOTTY);
	(void)close(fd);
}
