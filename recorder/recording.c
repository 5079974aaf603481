/* SPDX-License-Identifier: Apache-2.0 */
/* See recording.h. */
#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "probes.h"
#include "settings.h"
#include "summary.h"

#define DEFAULT_MAX_ARG_BYTES (128u << 10) /* kernel.h's */
/* 1.3 s at 500,000 records a second: single stalls of a disk of that length were seen. */
#define DEFAULT_FILE_RING_BYTES (64u << 20)
#define HURRY_NICE		(-10)
#define AGAIN_MS		100
#define SWEEP_MS		5000 /* AA_FILE_IO_PERIOD_NS */
#define SPARE_FILES		192

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void aa_say(const char *format, ...)
{
	char line[2048];
	va_list arguments;
	int length;

	/* One write, so that a line is not torn by what the command says. */
	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length >= 0)
		(void)fprintf(stderr, "aa-record: %s\n", line);
}

/*
 * libuv aborts where it cannot open what it needs, and libbpf reports a full table as a program that was refused. So
 * look before anything is begun: maps, programs and links of some rounds, the database, the loop, and files of /proc.
 */
static int check_open_files(struct aa_error *error)
{
	int fds[SPARE_FILES], count = 0, r = 0;

	while (count < SPARE_FILES && r == 0) {
		fds[count] = count == 0 ? open("/", O_PATH | O_CLOEXEC) /* always there, unlike /dev */
					: fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
		if (fds[count] < 0)
			r = -errno;
		else
			count++;
	}
	for (int i = 0; i < count; i++)
		(void)close(fds[i]);
	if (r < 0)
		return aa_error_set(
			error, r,
			"cannot open %d more files, as recording needs: %s (raise the limit, ulimit -n)",
			SPARE_FILES, strerror(-r));
	return 0;
}

int aa_recording_check(struct aa_error *error)
{
	int r = check_open_files(error);

	if (r < 0)
		return r;
	/* Every session names the boot that its times count from. */
	if (access("/proc/sys/kernel/random/boot_id", R_OK) != 0)
		return aa_error_set(error, -errno,
				    "cannot read /proc/sys/kernel/random/boot_id, which every session has: "
				    "%s (is /proc mounted? mount -t proc proc /proc)",
				    strerror(errno));
	return 0;
}

/* For a host that cannot record, not for one that is out of memory or files for the moment. */
static void point_to_doctor(struct aa_error *error)
{
	static const char hint[] = "; aa-record doctor says more";
	size_t used = strlen(error->text);

	if (error->code != -EPERM && error->code != -EOPNOTSUPP && error->code != -ENOENT)
		return;
	if (used + sizeof(hint) <= sizeof(error->text))
		memcpy(error->text + used, hint, sizeof(hint));
}

static enum aa_files_mode files_mode(const struct aa_options *options)
{
	if (options->files == NULL || strcmp(options->files, "all") == 0)
		return AA_FILES_ALL;
	return strcmp(options->files, "writes") == 0 ? AA_FILES_WRITES : AA_FILES_NONE;
}

/* Without files nothing is sent there: the kernel side's small default does. */
static uint64_t file_ring_bytes(const struct aa_options *options)
{
	if (files_mode(options) == AA_FILES_NONE)
		return 0;
	return options->file_ring_bytes != 0 ? options->file_ring_bytes : DEFAULT_FILE_RING_BYTES;
}

/* On the reader's thread. */
static void content_is_ready(void *context)
{
	struct aa_recording *recording = context;

	(void)uv_async_send(&recording->content_ready);
}

static void on_content_ready(uv_async_t *async)
{
	struct aa_recording *recording = async->data;

	aa_pump_look(&recording->pump);
}

static int open_contents(struct aa_recording *recording, struct aa_error *error)
{
	const struct aa_content_options options = {
		.max_bytes = recording->options->content_max_bytes,
		.keep = recording->options->content_store,
		.ready = content_is_ready,
		.context = recording,
	};
	int r;

	if (recording->options->contents == NULL || files_mode(recording->options) == AA_FILES_NONE)
		return 0;
	r = aa_content_new(&options, &recording->content, error);
	if (r == 0 && aa_store_set_contents(recording->store, recording->options->contents,
					    &aa_content_reader, recording->content) < 0)
		r = aa_error_set(error, -ENOMEM, "out of memory");
	return r;
}

int aa_recording_open(struct aa_recording *recording, const struct aa_options *options, bool attach,
		      struct aa_error *error)
{
	struct aa_probes_options probes = {
		.kernel = {
			.ring_bytes[AA_LANE_LIFECYCLE] = options->ring_bytes,
			.ring_bytes[AA_LANE_ACTIVITY] = file_ring_bytes(options),
			.max_processes = (uint32_t)options->max_processes,
			.max_arg_bytes = options->max_arg_bytes,
			.capture_env = options->env_names != NULL,
			.files = files_mode(options),
			.excludes = options->excludes,
			.max_open_files = (uint32_t)options->max_open_files,
			.debug = options->debug,
		},
		.snapshot = attach,
		.btf = options->btf,
	};
	int r;

	*recording = (struct aa_recording){ .options = options };
	aa_peek_init(&recording->peek,
		     options->max_arg_bytes != 0 ? options->max_arg_bytes : DEFAULT_MAX_ARG_BYTES);
	r = aa_tls_side_init(&recording->tls, options, !attach, &probes.kernel, error);
	if (r < 0)
		return r;
	if (options->tier != NULL && aa_tier_parse(options->tier, &probes.tier) < 0)
		return aa_error_set(error, -EINVAL, "no such tier");
	r = aa_recording_check(error);
	if (r < 0)
		return r;
	/* Before the store, so that a host that cannot record is left without an empty database. */
	r = aa_probes_open(&probes, &recording->kernel, error);
	if (r < 0) {
		point_to_doctor(error);
		return r;
	}
	r = aa_kernel_begin_files(recording->kernel, error);
	if (r == 0)
		r = aa_tls_side_open(recording, error);
	if (r == 0)
		r = aa_store_open(options->db, &recording->store, error);
	if (r < 0)
		return r;
	aa_store_set_peek(recording->store, aa_peek, &recording->peek);
	return open_contents(recording, error);
}

/* In one transaction: each is a write that the disk has to confirm, and they are fifty. */
static int add_probes(struct aa_recording *recording, struct aa_error *error)
{
	struct aa_db *db = aa_store_db(recording->store);
	const struct aa_probe *probes;
	unsigned count = aa_kernel_probes(recording->kernel, &probes);
	int r = aa_db_exec(db, "BEGIN IMMEDIATE", error);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < count && r == 0; i++)
		r = aa_store_add_probe(recording->store, recording->session_id, probes[i].capability,
				       probes[i].tier, probes[i].program, probes[i].attached, probes[i].error,
				       probes[i].reason, error);
	if (r == 0)
		r = aa_db_exec(db, "COMMIT", error);
	if (r < 0)
		(void)aa_db_exec(db, "ROLLBACK", NULL);
	return r;
}

int aa_recording_begin(struct aa_recording *recording, const char *mode, const char *agent, char *const *argv,
		       struct aa_error *error)
{
	const struct aa_options *options = recording->options;
	aa_cleanup_free struct aa_session_setting *settings = aa_settings_of(options, recording->tls.hold);
	const struct aa_session_options session = {
		.agent = options->agent != NULL ? options->agent : agent,
		.name = options->session,
		.mode = mode,
		.argv = argv,
		.env_names = options->env_names,
		.excludes = options->excludes,
		.settings = settings,
		.redact_headers = options->redact_headers,
		.no_redact = options->no_redact,
		.max_open_files = options->max_open_files,
		.recorder = AA_VERSION,
		.generation = aa_kernel_generation(recording->kernel),
		.slot = AA_RECORDING_SLOT,
	};
	int r;

	if (settings == NULL)
		return aa_error_set(error, -ENOMEM, "out of memory");
	recording->begin_ns = monotonic_ns();
	r = aa_store_begin_session(recording->store, &session, &recording->session_id, error);
	return r < 0 ? r : add_probes(recording, error);
}

/* All that tells that the set of processes has changed: every change makes a record, or is counted as lost. */
static uint64_t changes(const struct aa_recording *recording)
{
	return aa_ring_producer(aa_kernel_ring(recording->kernel, AA_LANE_LIFECYCLE)) +
	       aa_losses_total(&recording->pump.losses);
}

/*
 * How many processes are left. 0 is certain: walking the map can miss a process that is born behind its back while
 * its parent dies before its nose, so a 0 counts only if nothing has changed.
 */
static uint32_t processes_left(const struct aa_recording *recording)
{
	uint64_t before = changes(recording);
	uint32_t tracked = aa_kernel_tracked(recording->kernel);

	if (tracked > 0)
		return tracked;
	aa_kernel_settle();
	return changes(recording) == before ? 0 : 1;
}

static uint64_t ends_stored(const struct aa_recording *recording, struct aa_session_totals *ret_totals)
{
	aa_store_totals(recording->store, recording->session_id, ret_totals);
	return ret_totals->records[AA_EVENT_EXIT] + aa_losses_total(&recording->pump.losses);
}

static void on_again(uv_timer_t *timer)
{
	aa_recording_look(timer->data);
}

void aa_recording_look(struct aa_recording *recording)
{
	if (recording->ending || recording->command_runs)
		return;
	if (processes_left(recording) == 0)
		aa_recording_end(recording);
}

/*
 * Counting walks a map, so it is done only when it can be 0: where n were left, n ends must come first. Should
 * that bookkeeping and the store's differ, one more look a moment later settles it.
 */
static void on_stored(void *context)
{
	struct aa_recording *recording = context;
	struct aa_session_totals totals;
	uint64_t ended;
	uint32_t left;

	if (recording->ending || recording->command_runs)
		return;
	ended = ends_stored(recording, &totals);
	if (ended < recording->ended_at && totals.live > 0)
		return;
	left = processes_left(recording);
	if (left == 0) {
		aa_recording_end(recording);
		return;
	}
	recording->ended_at = ended + left;
	if (totals.live == 0)
		(void)uv_timer_start(&recording->again, on_again, AGAIN_MS, 0);
}

static void on_failed(void *context, const struct aa_error *error)
{
	struct aa_recording *recording = context;

	recording->failure = *error;
	aa_say("recording fails: %s; what happens meanwhile waits in memory and is then counted as lost",
	       error->text);
}

static void on_recovered(void *context)
{
	struct aa_recording *recording = context;

	recording->failure = (struct aa_error){ 0 };
	aa_say("recording goes on");
}

static void on_idle(void *context)
{
	struct aa_recording *recording = context;

	if (recording->on_idle != NULL)
		recording->on_idle(recording->context);
}

static void on_finished(void *context, int r, const struct aa_error *error)
{
	struct aa_recording *recording = context;

	recording->failure = r < 0 ? *error : (struct aa_error){ 0 };
	uv_stop(&recording->loop);
}

/* What cannot be swept is counted on by its next use, or its close; a probe row says so. */
static void on_sweep(uv_timer_t *timer)
{
	const struct aa_recording *recording = timer->data;

	if (!recording->ending)
		(void)aa_kernel_sweep(recording->kernel, false);
}

int aa_recording_start(struct aa_recording *recording, struct aa_error *error)
{
	static const struct aa_pump_events events = {
		.stored = on_stored,
		.failed = on_failed,
		.recovered = on_recovered,
		.idle = on_idle,
		.finished = on_finished,
	};
	int r = uv_loop_init(&recording->loop);

	if (r < 0)
		return aa_error_set(error, r, "cannot make an event loop: %s", uv_strerror(r));
	recording->loop_open = true;
	(void)uv_timer_init(&recording->loop, &recording->again);
	recording->again.data = recording;
	(void)uv_timer_init(&recording->loop, &recording->sweep);
	recording->sweep.data = recording;
	if (files_mode(recording->options) != AA_FILES_NONE)
		(void)uv_timer_start(&recording->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	if (recording->content != NULL) {
		r = uv_async_init(&recording->loop, &recording->content_ready, on_content_ready);
		if (r < 0)
			return aa_error_set(error, r, "cannot wait for files that are read: %s",
					    uv_strerror(r));
		recording->content_ready.data = recording;
	}
	r = aa_tls_side_start(recording, error);
	if (r < 0)
		return r;
	return aa_pump_start(&recording->pump, &recording->loop, recording->kernel, recording->store,
			     recording->session_id, AA_RECORDING_SLOT, &events, recording, error);
}

int aa_recording_prepare(struct aa_recording *recording, const char *command, struct aa_error *error)
{
	int r = aa_pump_prepare(&recording->pump, error);

	if (r == 0 && recording->content != NULL)
		r = aa_content_start(recording->content, error);
	return r == 0 ? aa_tls_side_prepare(recording, command, error) : r;
}

void aa_recording_end(struct aa_recording *recording)
{
	if (recording->ending)
		return;
	recording->ending = true;
	(void)uv_timer_stop(&recording->sweep);
	aa_kernel_forget_all(recording->kernel);
	aa_kernel_settle();
	if (files_mode(recording->options) != AA_FILES_NONE)
		(void)aa_kernel_sweep(recording->kernel, true);
	aa_tls_side_end(recording);
	aa_pump_finish(&recording->pump);
}

void aa_recording_hurry(pid_t pid)
{
	int now;

	errno = 0;
	now = getpriority(PRIO_PROCESS, (id_t)pid);
	if (errno == 0 && now > HURRY_NICE)
		(void)setpriority(PRIO_PROCESS, (id_t)pid, HURRY_NICE);
}

void aa_recording_run(struct aa_recording *recording)
{
	while (!recording->pump.finished && uv_run(&recording->loop, UV_RUN_DEFAULT) != 0)
		continue;
}

static void close_handle(uv_handle_t *handle, void *context)
{
	(void)context;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void close_loop(struct aa_recording *recording)
{
	aa_content_free(recording->content); /* it would wake the loop, as the next would */
	recording->content = NULL;
	aa_tls_side_close(&recording->tls);
	if (!recording->loop_open)
		return;
	aa_pump_close(&recording->pump);
	uv_walk(&recording->loop, close_handle, NULL);
	(void)uv_run(&recording->loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&recording->loop);
	recording->loop_open = false;
}

int aa_recording_finish(struct aa_recording *recording, const int *status)
{
	struct aa_session_result result = { .has_status = status != NULL,
					    .status = status != NULL ? *status : 0 };
	struct aa_summary summary = {
		.db = recording->options->db,
		.session_id = recording->session_id,
		.duration_ns = monotonic_ns() - recording->begin_ns,
	};
	struct aa_error error = recording->failure;
	int r = error.code;

	if (r < 0) {
		aa_say("the recording is not complete: %s", error.text);
		summary.unstored = aa_pump_unstored(&recording->pump);
	}
	close_loop(recording);
	aa_store_totals(recording->store, recording->session_id, &summary.totals);
	aa_summary_take_probes(&summary, recording->kernel);
	aa_kernel_close(recording->kernel); /* while the session is indexed, the host has its hooks back */
	recording->kernel = NULL;
	if (r == 0) {
		r = aa_db_check_place(aa_store_db(recording->store), &error);
		if (r == 0)
			r = aa_store_end_session(recording->store, recording->session_id, &result, &error);
		if (r < 0 && r != -ESTALE)
			aa_say("all events are stored, but the session could not be closed and indexed: %s",
			       error.text);
		else if (r < 0)
			aa_say("the recording is lost: %s", error.text);
	}
	summary.gone = r == -ESTALE;
	aa_store_close(recording->store);
	recording->store = NULL;
	if (!recording->options->quiet)
		aa_summary_print(&summary, stderr);
	return r;
}

void aa_recording_abandon(struct aa_recording *recording)
{
	close_loop(recording);
	if (recording->session_id != 0) /* should this fail too, the next recorder marks it as interrupted */
		(void)aa_store_drop_session(recording->store, recording->session_id, NULL);
	aa_recording_close(recording);
}

void aa_recording_close(struct aa_recording *recording)
{
	close_loop(recording);
	aa_kernel_close(recording->kernel);
	recording->kernel = NULL;
	aa_store_close(recording->store);
	recording->store = NULL;
}
