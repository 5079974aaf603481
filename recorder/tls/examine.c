// SPDX-License-Identifier: Apache-2.0
/* See thread.h: what is done with a file, by the thread that finds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lease.h"
#include "memory.h"
#include "thread_private.h"
#include "tls.h"
#include "tls_post.h"

/* Why a file is looked at. */
struct occasion {
	const struct aa_request
		*request; /* NULL: nobody has mapped it yet. Without inode: a process that ran before */
	uint64_t ticket;
};

static bool is_stopping(struct aa_finder *finder)
{
	return atomic_load_explicit(&finder->stop, memory_order_relaxed);
}

static void posted(struct aa_finder *finder)
{
	if (finder->options.posted)
		finder->options.posted(finder->options.context);
}

static bool same_key(const struct aa_file_key *one, const struct aa_file_key *other)
{
	return one->inode == other->inode && one->device == other->device &&
	       one->generation == other->generation;
}

static struct aa_file_key key_of(const struct aa_request *request)
{
	return (struct aa_file_key){ .inode = request->inode,
				     .device = request->device,
				     .generation = request->generation };
}

/*
 * Overlays show a file with the inode's number that it has below (on the same file system, as layers of containers are; else with
 * more in the upper bits) and its times, but with a device of their own. The kernel puts probes into the file below,
 * whatever it is reached by: a second set would make everything happen twice.
 */
static bool is_same_file(const struct aa_known *known, const struct aa_mapped *mapped)
{
	if (known->size_bytes != mapped->size_bytes || known->changed_ns != mapped->changed_ns)
		return false;
	if (known->device == mapped->device && known->inode == mapped->inode)
		return true;
	return (known->is_overlay || mapped->is_overlay) && known->status_ns == mapped->status_ns &&
	       (uint32_t)known->inode == (uint32_t)mapped->inode;
}

/* By what stat(2) says, or by what the kernel side calls it. */
static struct aa_known *find_known(struct aa_finder *finder, const struct aa_mapped *mapped,
				   const struct occasion *occasion)
{
	struct aa_file_key key = { 0 };

	if (occasion->request)
		key = key_of(occasion->request);
	for (struct aa_known *known = finder->known; known; known = known->next) {
		if (key.inode != 0 && same_key(&known->key, &key))
			return known;
		if (is_same_file(known, mapped))
			return known;
	}
	return NULL;
}

/* The kernel side asks about it no more. */
static void set_seen(struct aa_finder *finder, const struct aa_mapped *mapped,
		     const struct occasion *occasion)
{
	const struct aa_request *request = occasion->request;
	uint32_t generation;

	if (request && request->inode != 0) {
		(void)aa_kernel_tls_set_seen(finder->options.kernel, request->inode, request->device,
					     request->generation);
		return;
	}
	generation = aa_mapped_generation(mapped->fd);
	if (generation != 0) /* else it is not known what the kernel side calls it */
		(void)aa_kernel_tls_set_seen(finder->options.kernel, mapped->inode,
					     aa_mapped_device(mapped->device), generation);
}

static const char *text_or_null(const char *text)
{
	return text && text[0] != '\0' ? text : NULL;
}

static void post_library(struct aa_finder *finder, struct aa_known *known, const struct aa_mapped *mapped,
			 const struct occasion *occasion, const char *reason)
{
	const struct aa_request *request = occasion->request;
	uint64_t now = aa_boot_ns();
	bool held = aa_finder_is_held(finder, occasion->ticket);
	uint64_t waited = request && occasion->ticket != 0 ? now - request->time_ns : 0;
	const struct aa_library_post post = {
		.time_boot_ns = now,
		.number = known->number,
		.start_ns = request ? request->start_ns : 0,
		.tgid = request ? request->tgid : 0,
		.device = aa_mapped_device(mapped->device),
		.inode = mapped->inode,
		.size_bytes = mapped->size_bytes,
		.held_ns =
			held || waited < AA_HOLD_NS ? waited : AA_HOLD_NS, /* else it was let go meanwhile */
		.path = mapped->path,
		.build_id = text_or_null(known->found->build_id),
		.implementation = known->found->name,
		.version = text_or_null(known->found->version),
		.hooks = known->uprobes ? text_or_null(known->found->hooks) : NULL,
		.how = known->found->how,
		.reason = text_or_null(reason),
		.attached = known->uprobes != NULL,
		.late = known->uprobes && request && !held,
	};

	(void)aa_store_post_library(finder->options.store, finder->options.session_id, &post);
	known->is_reported = true;
	posted(finder);
}

/* A process has it: its connections without plaintext say why. */
static void post_mapped(struct aa_finder *finder, const struct aa_known *known,
			const struct aa_request *request)
{
	(void)aa_store_post_mapped(finder->options.store, finder->options.session_id, request->tgid,
				   request->start_ns, known->number);
	posted(finder);
}

/* Its calls are not recorded: the next process that has it is to say so, too. */
static void watch(struct aa_finder *finder, const struct aa_known *known, const struct aa_request *request)
{
	post_mapped(finder, known, request);
	if (request->inode != 0)
		(void)aa_kernel_tls_watch(finder->options.kernel, request->inode, request->device,
					  request->generation);
}

static struct aa_known *remember(struct aa_finder *finder, const struct aa_mapped *mapped,
				 const struct occasion *occasion, const struct aa_found *found)
{
	struct aa_known *known = calloc(1, sizeof(*known));

	if (known)
		known->found = malloc(sizeof(*found));
	if (!known || !known->found) {
		free(known);
		return NULL;
	}
	*known->found = *found;
	known->number = ++finder->numbers;
	known->device = mapped->device;
	known->inode = mapped->inode;
	known->size_bytes = mapped->size_bytes;
	known->changed_ns = mapped->changed_ns;
	known->status_ns = mapped->status_ns;
	known->is_overlay = mapped->is_overlay;
	known->lease = known->bio_lease = -1;
	if (occasion->request)
		known->key = key_of(occasion->request);
	known->next = finder->known;
	finder->known = known;
	finder->known_count++;
	return known;
}

/* The file is as it was when it was opened; and who has waited for the lease meanwhile will be noticed. */
static bool is_unchanged(const struct aa_mapped *mapped)
{
	struct stat st;

	return fstat(mapped->fd, &st) == 0 &&
	       mapped->changed_ns == (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

/* Without a lease where the file cannot have one: better than to record nothing. */
static int take_lease(const struct aa_finder *finder, int fd)
{
	if (fd >= 0 && finder->reader_id != 0 && aa_lease_take(fd, finder->reader_id) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd < 0 ? -1 : fd;
}

static int attach(struct aa_finder *finder, const struct aa_mapped *mapped, uint64_t number,
		  const struct aa_uprobe_point *points, unsigned count, struct aa_uprobes **ret_uprobes,
		  int *ret_lease, struct aa_error *error)
{
	int lease = take_lease(finder, aa_lease_open(mapped->fd));
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", mapped->fd);
	r = is_unchanged(mapped) ? aa_uprobes_attach(finder->options.kernel, path, number, points, count,
						     ret_uprobes, error)
				 : aa_error_set(error, -EAGAIN, "it was changed while it was examined");
	if (r < 0) {
		if (lease >= 0)
			(void)close(lease);
		return r;
	}
	aa_uprobes_keep(*ret_uprobes, lease);
	*ret_lease = lease;
	return 0;
}

static void attach_and_post(struct aa_finder *finder, struct aa_known *known, const struct aa_mapped *mapped,
			    const struct occasion *occasion)
{
	const struct aa_found *found = known->found;
	struct aa_error error = { 0 };
	const char *reason = found->reason;

	if (found->point_count > 0 && finder->known_count > AA_KNOWN_MAX)
		reason = "too many files with TLS code in one session";
	else if (found->point_count > 0 &&
		 attach(finder, mapped, known->number, found->points, found->point_count, &known->uprobes,
			&known->lease, &error) < 0)
		reason = error.text;
	post_library(finder, known, mapped, occasion, reason);
}

/*
 * Half of a library, libcrypto, has no connections of its own: it is wanted when those of the other half have no socket.
 * A file that nobody has mapped is attached to if who maps it will not wait for that; if that cannot be done, nobody has to
 * know yet.
 */
static void handle(struct aa_finder *finder, struct aa_known *known, const struct aa_mapped *mapped,
		   const struct occasion *occasion)
{
	bool is_half = known->found->point_count == 0 && known->found->bio_write.offset != 0;
	bool is_due = occasion->request || (!finder->options.holds && known->found->point_count > 0);

	if (!is_half && is_due && !known->is_reported)
		attach_and_post(finder, known, mapped, occasion);
	if (known->uprobes && occasion->request)
		post_mapped(finder, known, occasion->request);
	if (is_half || known->uprobes)
		set_seen(finder, mapped, occasion);
	else if (occasion->request)
		watch(finder, known, occasion->request);
}

/* A file that was not seen before. */
static void examine_new(struct aa_finder *finder, const struct aa_mapped *mapped,
			const struct occasion *occasion)
{
	aa_cleanup_free struct aa_found *found = calloc(1, sizeof(*found));
	struct aa_error error = { 0 };
	struct aa_known *known;
	int r;

	if (!found)
		return;
	r = aa_find_tls(mapped->fd, found, &error);
	if (r == -ENOMEM || is_stopping(finder))
		return;
	if (r == -EIO) { /* it may have TLS code, and nobody knows */
		found->name = NULL;
		(void)snprintf(found->reason, sizeof(found->reason), "%.*s", (int)sizeof(found->reason) - 1,
			       error.text);
	} else if (r != 0) {
		set_seen(finder, mapped, occasion);
		return;
	}
	known = remember(finder, mapped, occasion, found);
	if (!known)
		return;
	handle(finder, known, mapped, occasion);
}

static void examine(struct aa_finder *finder, const struct aa_mapped *mapped, const struct occasion *occasion)
{
	struct aa_known *known = find_known(finder, mapped, occasion);

	if (is_stopping(finder))
		return;
	if (!known) {
		examine_new(finder, mapped, occasion);
		return;
	}
	if (occasion->request && occasion->request->inode != 0 && known->key.inode == 0)
		known->key = key_of(occasion->request);
	handle(finder, known, mapped, occasion);
}

/* Nobody can look at it any more, so whether TLS was spoken with it is not known. Said once a file. */
static void report_gone(struct aa_finder *finder, const struct aa_request *request, int error)
{
	const struct aa_file_key key = key_of(request);
	struct aa_library_post post = {
		.time_boot_ns = aa_boot_ns(),
		.number = finder->numbers + 1,
		.start_ns = request->start_ns,
		.tgid = request->tgid,
		.device = request->device,
		.inode = request->inode,
		.path = "(unknown)",
		.late = true,
	};
	char reason[128];

	for (unsigned i = 0; i < finder->gone_count; i++)
		if (same_key(&finder->gone[i], &key))
			return;
	if (finder->gone_count == AA_GONE_MAX)
		return;
	finder->gone[finder->gone_count++] = key;
	finder->numbers++;
	(void)snprintf(reason, sizeof(reason), "not examined: %s",
		       error == -ESRCH || error == -ENOENT ? "the process had ended, or unmapped it"
							   : strerror(-error));
	post.reason = reason;
	(void)aa_store_post_library(finder->options.store, finder->options.session_id, &post);
	posted(finder);
}

/* Every library that serves BIO_write() to the process: one of them makes the ciphertext of the connection. */
struct bind {
	struct aa_finder *finder;
	const struct aa_request *request;
};

static int bind_mapping(void *context, const struct aa_mapping *mapping)
{
	const struct bind *bind = context;
	struct aa_finder *finder = bind->finder;
	const struct occasion occasion = { .request = &(struct aa_request){ .inode = mapping->inode,
									    .device = mapping->device } };
	struct aa_mapped mapped = { .fd = -1 };
	struct aa_known *known;

	if (is_stopping(finder))
		return 1;
	if (aa_mapped_open_mapping(bind->request->tgid, mapping, &mapped) < 0)
		return 0;
	known = find_known(finder, &mapped, &occasion);
	/* Without it, the connection stays without a socket: its row says so. */
	if (known && known->found->bio_write.offset != 0 && !known->bio_write)
		(void)attach(finder, &mapped, bind->request->library, &known->found->bio_write, 1,
			     &known->bio_write, &known->bio_lease, NULL);
	aa_mapped_close(&mapped);
	return 0;
}

static bool is_process(struct aa_finder *finder, const struct aa_request *request)
{
	return finder->options.is_process(finder->options.process_context, request->tgid, request->start_ns);
}

static void do_request(struct aa_finder *finder, const struct aa_finder_job *job)
{
	const struct occasion occasion = { .request = &job->request, .ticket = job->ticket };
	struct aa_mapped mapped = { .fd = -1 };
	int r = is_process(finder, &job->request) ? 0 : -ESRCH;

	if ((job->request.flags & AA_REQUEST_BIND) != 0) {
		struct bind bind = { .finder = finder, .request = &job->request };

		if (r == 0)
			(void)aa_mappings_walk(job->request.tgid, bind_mapping, &bind);
		return;
	}
	if (r == 0)
		r = aa_mapped_open(&job->request, &mapped);
	if (r == 0 && is_process(finder, &job->request))
		examine(finder, &mapped, &occasion);
	else if (r != -EINVAL && !is_stopping(finder)) /* not a regular file */
		report_gone(finder, &job->request, r < 0 ? r : -ESRCH);
	aa_mapped_close(&mapped);
}

static void do_path(struct aa_finder *finder, const struct aa_finder_job *job)
{
	const struct occasion occasion = { .request = NULL };
	struct aa_mapped mapped = { .fd = -1 };

	if (aa_mapped_open_path(job->path, &mapped) == 0)
		examine(finder, &mapped, &occasion);
	aa_mapped_close(&mapped);
}

struct process_walk {
	struct aa_finder *finder;
	struct aa_request request; /* whose mappings */
	uint64_t inode;		   /* of the last one: the mappings of a file are neighbours */
};

static int look_at_mapping(void *context, const struct aa_mapping *mapping)
{
	struct process_walk *walk = context;
	struct aa_mapped mapped = { .fd = -1 };
	const struct occasion occasion = { .request = &walk->request };

	if (is_stopping(walk->finder))
		return 1;
	if (mapping->inode == walk->inode)
		return 0;
	walk->inode = mapping->inode;
	if (aa_mapped_open_mapping(walk->request.tgid, mapping, &mapped) == 0)
		examine(walk->finder, &mapped, &occasion);
	aa_mapped_close(&mapped);
	return 0;
}

static void do_process(struct aa_finder *finder, const struct aa_finder_job *job)
{
	struct process_walk walk = { .finder = finder, .request = job->request };

	if (is_process(finder, &job->request))
		(void)aa_mappings_walk(job->request.tgid, look_at_mapping, &walk);
}

void aa_finder_take_leases(struct aa_finder *finder)
{
	for (struct aa_known *known = finder->known; known; known = known->next) {
		if (known->lease >= 0 && aa_lease_take(known->lease, finder->reader_id) < 0)
			known->lease = -1; /* the descriptor is that of the probes */
		if (known->bio_lease >= 0 && aa_lease_take(known->bio_lease, finder->reader_id) < 0)
			known->bio_lease = -1;
	}
}

static bool is_wanted(const struct aa_known *known)
{
	return (known->lease >= 0 && aa_lease_is_wanted(known->lease)) ||
	       (known->bio_lease >= 0 && aa_lease_is_wanted(known->bio_lease));
}

/* Who wants to write goes on when the last probe is off, and with it the lease. It is another file then. */
static void do_leases(struct aa_finder *finder)
{
	struct aa_known **at = &finder->known;

	while (*at) {
		struct aa_known *known = *at;

		if (!is_wanted(known)) {
			at = &known->next;
			continue;
		}
		*at = known->next;
		finder->known_count--;
		if (known->key.inode != 0)
			(void)aa_kernel_tls_ask_again(finder->options.kernel, known->key.inode,
						      known->key.device, known->key.generation);
		aa_uprobes_free(known->bio_write);
		aa_uprobes_free(known->uprobes);
		free(known->found);
		free(known);
	}
}

void aa_finder_do(struct aa_finder *finder, const struct aa_finder_job *job)
{
	switch (job->kind) {
	case AA_JOB_REQUEST:
		do_request(finder, job);
		break;
	case AA_JOB_PATH:
		do_path(finder, job);
		break;
	case AA_JOB_PROCESS:
		do_process(finder, job);
		break;
	case AA_JOB_LEASES:
		do_leases(finder);
		break;
	}
}

void aa_finder_forget(struct aa_finder *finder)
{
	while (finder->known) {
		struct aa_known *known = finder->known;

		finder->known = known->next;
		free(known->found);
		free(known);
	}
}
