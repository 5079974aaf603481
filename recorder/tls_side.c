// SPDX-License-Identifier: Apache-2.0
/* See tls_side.h. */
#include "tls_side.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "recording.h"
#include "tls.h"
#include "tls_post.h"

#define DEFAULT_RING_BYTES    (64u << 20)
#define SWEEP_MS	      1000
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu /* PROC_PID_INIT_INO, include/linux/proc_ns.h: ABI since 3.8 */
#define DEFAULT_PATH	      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static enum aa_tls_mode mode_of(const struct aa_options *options)
{
	if (options->tls == NULL || strcmp(options->tls, "all") == 0)
		return AA_TLS_MODE_ALL;
	return strcmp(options->tls, "metadata") == 0 ? AA_TLS_MODE_METADATA : AA_TLS_MODE_NONE;
}

/*
 * The kernel side names processes as the initial pid namespace does, and stops those of any user: whoever cannot
 * resume them must not let it. Returns NULL, or why not.
 */
static const char *why_no_hold(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
	struct stat status;

	if (stat("/proc/self/ns/pid", &status) < 0 || status.st_ino != INITIAL_PID_NAMESPACE)
		return "aa-record runs in a pid namespace of its own";
	if (syscall(SYS_capget, &header, data) < 0 || (data[0].effective & 1u << CAP_KILL) == 0)
		return "processes of any user have to be resumed, which takes CAP_KILL or root";
	return NULL;
}

int aa_tls_side_init(struct aa_tls_side *side, const struct aa_options *options, bool hold,
		     struct aa_kernel_options *kernel, struct aa_error *error)
{
	const char *why = why_no_hold();

	*side = (struct aa_tls_side){ .mode = mode_of(options), .guard = { .fd = -1 } };
	if (options->tls_hold != NULL) {
		hold = strcmp(options->tls_hold, "on") == 0;
		if (hold && why != NULL)
			return aa_error_set(error, -EOPNOTSUPP, "--tls-hold on: cannot be: %s", why);
	}
	side->hold = hold && why == NULL && side->mode == AA_TLS_MODE_ALL;
	kernel->tls = side->mode;
	kernel->tls_hold = side->hold;
	kernel->tls_max_call = options->tls_max_call;
	kernel->tls_max_connection = options->tls_max_connection;
	/* Without plaintext nothing is sent there: the kernel side's small default does. */
	if (side->mode == AA_TLS_MODE_ALL)
		kernel->ring_bytes[AA_LANE_PAYLOAD] =
			options->tls_ring_bytes != 0 ? options->tls_ring_bytes : DEFAULT_RING_BYTES;
	return 0;
}

int aa_tls_side_open(struct aa_recording *recording, struct aa_error *error)
{
	struct aa_tls_side *side = &recording->tls;
	int r;

	if (aa_kernel_requests(recording->kernel) == NULL)
		side->hold = false;
	if (side->hold) {
		r = aa_holds_new(&side->holds);
		if (r < 0)
			return aa_error_set(error, r, "cannot map memory: %s", strerror(-r));
		r = aa_guard_start(&side->guard, recording->kernel, side->holds, aa_peek_is_process,
				   &recording->peek, error);
		if (r < 0)
			return r;
	}
	/* From here on processes are held: not before somebody guards them. */
	return side->mode != AA_TLS_MODE_NONE ? aa_kernel_begin_tls(recording->kernel, error) : 0;
}

/* On any thread. */
static void on_post(void *context)
{
	struct aa_recording *recording = context;

	(void)uv_async_send(&recording->tls.posted);
}

static void on_posted(uv_async_t *async)
{
	struct aa_recording *recording = async->data;

	aa_pump_look(&recording->pump);
}

static void on_swept(void *context, const struct aa_tls_swept *swept)
{
	struct aa_recording *recording = context;

	(void)aa_store_post_tls_end(recording->store, recording->session_id, swept->time_boot_ns,
				    swept->connection.connection, &swept->connection.sums, swept->reason);
}

/* What cannot be swept ends with the session; a probe row says so. */
static void on_sweep(uv_timer_t *timer)
{
	struct aa_recording *recording = timer->data;

	if (!recording->ending && aa_kernel_tls_sweep(recording->kernel, false, on_swept, recording) > 0)
		aa_pump_look(&recording->pump);
}

int aa_tls_side_start(struct aa_recording *recording, struct aa_error *error)
{
	struct aa_tls_side *side = &recording->tls;
	const struct aa_finder_options options = {
		.kernel = recording->kernel,
		.store = recording->store,
		.session_id = recording->session_id,
		.holds = side->holds,
		.guard_fd = side->guard.fd,
		.is_process = aa_peek_is_process,
		.process_context = &recording->peek,
		.posted = on_post,
		.context = recording,
	};
	int r;

	if (side->mode == AA_TLS_MODE_NONE)
		return 0;
	r = uv_async_init(&recording->loop, &side->posted, on_posted);
	if (r < 0)
		return aa_error_set(error, r, "cannot wait for what is found of TLS: %s", uv_strerror(r));
	side->posted.data = recording;
	(void)uv_timer_init(&recording->loop, &side->sweep);
	side->sweep.data = recording;
	(void)uv_timer_start(&side->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	return side->mode == AA_TLS_MODE_ALL ? aa_finder_new(&options, &side->finder, error) : 0;
}

/* As a shell would find it; the command may have been started by another name when that is wrong. */
static void look_at_command(struct aa_finder *finder, const char *command)
{
	const char *directories = getenv("PATH");
	char path[PATH_MAX];

	if (strchr(command, '/') != NULL) {
		aa_finder_look_at_file(finder, command);
		return;
	}
	for (const char *at = directories != NULL ? directories : DEFAULT_PATH;;) {
		size_t size = strcspn(at, ":");

		(void)snprintf(path, sizeof(path), "%.*s/%s", (int)(size < PATH_MAX ? size : PATH_MAX), at,
			       command);
		if (size > 0 && access(path, X_OK) == 0) {
			aa_finder_look_at_file(finder, path);
			return;
		}
		if (at[size] == '\0')
			return;
		at += size + 1;
	}
}

int aa_tls_side_prepare(struct aa_recording *recording, const char *command, struct aa_error *error)
{
	struct aa_tls_side *side = &recording->tls;

	if (side->finder == NULL)
		return 0;
	/*
	 * Who is not held may speak before a file has been examined: so the usual ones are now. Where processes are held
	 * nothing is missed, and what nobody here uses costs nobody on the host: probes slow down every program that has the
	 * library. Looking through all that a linker knows took 3 s of 700 files, in which those asked for had to wait.
	 */
	if (!side->hold) {
		aa_finder_look_at_likely(side->finder);
		if (command != NULL)
			look_at_command(side->finder, command);
	}
	return aa_finder_start(side->finder, error);
}

void aa_tls_side_end(struct aa_recording *recording)
{
	struct aa_tls_side *side = &recording->tls;

	if (side->mode == AA_TLS_MODE_NONE)
		return;
	(void)uv_timer_stop(&side->sweep);
	if (side->finder != NULL)
		aa_finder_drain(side->finder);
	(void)aa_kernel_tls_sweep(recording->kernel, true, on_swept, recording);
}

void aa_tls_side_close(struct aa_tls_side *side)
{
	aa_finder_free(side->finder);
	side->finder = NULL;
	aa_guard_end(&side->guard);
	aa_holds_free(side->holds);
	side->holds = NULL;
}
