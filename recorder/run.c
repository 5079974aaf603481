/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aa-record run: records one command from before its first instruction, and behaves towards the caller as the
 * command itself would: signals, stops, exit status.
 */
#include "commands.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch.h"
#include "recording.h"
#include "relay.h"
#include "text.h"
#include "thread.h"
#include "witness.h"

#define EXIT_REFUSED 125
/* The rest of a pipeline and the like ends within moments of the command: not worth a line. */
#define LEFTOVER_MS 500

struct run {
	const struct aa_options *options;
	char **argv;
	struct aa_recording recording;
	struct aa_inherited inherited;
	struct aa_user *user;
	struct aa_witness witness;
	struct aa_launch launch;
	struct aa_relay relay;
	uv_timer_t leftover;
	int stop_signal; /* the command is stopped by it, and we are not yet; 0: it runs */
	int status;	 /* wait(2)'s, once ended */
	bool ended;
};

static void say_exec_error(const struct run *run, int exec_error)
{
	struct aa_text_buffer name = { 0 };

	(void)aa_text_quote(&name, run->argv[0], strlen(run->argv[0]));
	aa_say("cannot run %s: %s", name.failed ? "the command" : name.data, strerror(exec_error));
	aa_text_release(&name);
}

static void on_leftover(uv_timer_t *timer)
{
	struct run *run = timer->data;
	uint32_t left;

	if (run->recording.ending || run->options->quiet)
		return;
	left = aa_kernel_tracked(run->recording.kernel);
	if (left > 0)
		aa_say("the command has ended; %u %s on and %s followed: ^C or kill %d ends the recording",
		       left, left == 1 ? "process goes" : "processes go", left == 1 ? "is" : "are",
		       (int)getpid());
}

static void command_ended(struct run *run, int status)
{
	int exec_error = aa_launch_exec_error(&run->launch);

	run->ended = true;
	run->status = status;
	run->stop_signal = 0;
	run->launch.pid = 0;
	run->recording.command_runs = false;
	aa_relay_set_command(&run->relay, 0);
	aa_relay_hang_up(&run->relay);
	if (exec_error != 0)
		say_exec_error(run, exec_error);
	if (run->options->detach_on_exit)
		aa_recording_end(&run->recording);
	else
		aa_recording_look(&run->recording);
	if (!run->recording.ending)
		(void)uv_timer_start(&run->leftover, on_leftover, LEFTOVER_MS, 0);
}

/* While the recorder looks at a file that the command has mapped: nobody else's business. */
static bool is_held(struct run *run, int signal_number)
{
	return signal_number == SIGSTOP && run->recording.tls.finder != NULL &&
	       aa_finder_has_stopped(run->recording.tls.finder, (uint32_t)run->launch.pid);
}

static void look_at_command(struct run *run)
{
	int status;
	pid_t pid;

	while (!run->ended) {
		pid = waitpid(run->launch.pid, &status, WNOHANG | WUNTRACED | WCONTINUED);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			break;
		if (WIFSTOPPED(status) && is_held(run, WSTOPSIG(status)))
			continue;
		if (WIFSTOPPED(status))
			run->stop_signal = WSTOPSIG(status);
		else if (WIFCONTINUED(status))
			run->stop_signal = 0;
		else
			command_ended(run, status);
	}
}

/* Whoever waits for us must see that the command is stopped: stop the same way. No job holds a lock meanwhile. */
static void stop_with_command(void *context)
{
	struct run *run = context;
	int number;

	look_at_command(run); /* it may have been continued already */
	number = run->stop_signal;
	run->stop_signal = 0;
	if (number != 0) {
		aa_relay_forget_stops(&run->relay);
		aa_witness_watch(&run->witness, run->launch.pid);
		if (run->recording.tls.finder != NULL)
			aa_finder_pause(run->recording.tls.finder); /* who would resume them meanwhile? */
		aa_launch_stop_self(number);
		if (run->recording.tls.finder != NULL)
			aa_finder_resume(run->recording.tls.finder);
		aa_witness_watch(&run->witness, 0);
	}
	aa_pump_unhold(&run->recording.pump);
}

static void on_child(void *context)
{
	struct run *run = context;

	look_at_command(run);
	if (run->stop_signal != 0 && !aa_pump_hold(&run->recording.pump))
		stop_with_command(run);
}

static void on_end(void *context)
{
	struct run *run = context;

	aa_recording_end(&run->recording);
}

/* True if we were asked to go before the command was there to be asked. */
static bool must_go(int *ret_signal)
{
	static const int numbers[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
	sigset_t pending;

	(void)sigpending(&pending);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct sigaction action;

		if (sigismember(&pending, numbers[i]) == 1 && sigaction(numbers[i], NULL, &action) == 0 &&
		    action.sa_handler != SIG_IGN) {
			*ret_signal = numbers[i];
			return true;
		}
	}
	return false;
}

/* Starts everything around the command, then the command. */
static int start(struct run *run, const sigset_t *blocked, struct aa_error *error)
{
	static const struct aa_relay_events events = { .child = on_child, .end = on_end };
	struct aa_recording *recording = &run->recording;
	struct aa_identity identity;
	int r;

	recording->on_idle = stop_with_command;
	recording->context = run;
	recording->command_runs = true;
	r = aa_recording_start(recording, error);
	if (r < 0)
		return r;
	(void)uv_timer_init(&recording->loop, &run->leftover);
	run->leftover.data = run;
	r = aa_launch_start(&run->launch, &run->inherited, run->user, run->argv, error);
	if (r < 0)
		return r;
	r = aa_kernel_adopt_command(recording->kernel, run->launch.pid, (uint32_t)recording->session_id,
				    AA_RECORDING_SLOT, &identity, error);
	if (r == 0)
		r = aa_relay_start(&run->relay, &recording->loop, blocked, &run->witness, &events, run,
				   error);
	if (r < 0)
		return r;
	aa_relay_set_command(&run->relay, run->launch.pid);
	aa_recording_hurry(0);
	if (run->witness.pid > 0) /* as its answers are waited for */
		aa_recording_hurry(run->witness.pid);
	r = aa_recording_prepare(recording, run->argv[0], error);
	if (r < 0)
		return r;
	r = aa_launch_go(&run->launch);
	if (r < 0) /* it has been killed while it waited */
		return aa_error_set(error, r, "cannot start the command: %s", strerror(-r));
	return 0;
}

/* The session, from its row in the catalogue to the end. Returns the exit status of a refusal, or 0. */
static int record(struct run *run, struct aa_error *error)
{
	struct aa_recording *recording = &run->recording;
	const char *base = strrchr(run->argv[0], '/');
	sigset_t blocked;
	int number = 0, r;

	aa_launch_block_signals(&blocked);
	r = aa_recording_begin(recording, "run", base != NULL && base[1] != '\0' ? base + 1 : run->argv[0],
			       run->argv, error);
	if (r == 0 && must_go(&number))
		r = aa_error_set(error, -EINTR, "interrupted before the command was started");
	if (r == 0)
		r = start(run, &blocked, error);
	if (r < 0) {
		aa_launch_cancel(&run->launch);
		aa_recording_abandon(recording);
		aa_relay_release(&run->relay);
		if (number != 0)
			aa_launch_mirror(number); /* as a wait status: killed by it */
		return r;
	}
	aa_recording_run(recording);
	(void)aa_recording_finish(recording, run->ended ? &run->status : NULL);
	aa_relay_release(&run->relay);
	return 0;
}

static void run_release(struct run *run)
{
	aa_recording_close(&run->recording);
	aa_witness_end(&run->witness);
	aa_user_free(run->user);
	aa_inherited_release(&run->inherited);
}

int aa_run_main(const struct aa_options *options, char **operands)
{
	struct aa_error error = { 0 };
	struct run run = {
		.options = options,
		.argv = operands,
		.witness.fd = -1,
		.launch = { .go_fd = -1, .error_fd = -1 },
		.relay.fd = -1,
	};
	int r;

	if (operands[0] == NULL) {
		aa_say("run: no command given; see aa-record help run");
		return EXIT_REFUSED;
	}
	r = aa_inherited_save(&run.inherited);
	if (r < 0)
		(void)aa_error_set(&error, r, "out of memory");
	if (r == 0 && options->user != NULL)
		r = aa_user_lookup(options->user, &run.user, &error);
	if (r == 0) {
		(void)aa_witness_start(
			&run.witness); /* without it, signals are told apart by their sender only */
		r = aa_recording_open(&run.recording, options, false, &error);
	}
	if (r == 0)
		r = record(&run, &error);
	run_release(&run);
	if (r < 0) {
		aa_say("%s", error.text);
		return EXIT_REFUSED;
	}
	aa_launch_mirror(run.status);
}
