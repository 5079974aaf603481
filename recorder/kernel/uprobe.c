// SPDX-License-Identifier: Apache-2.0
/*
 * See uprobe.h. Three ways, the best first: many probes in one link (6.6), a link for each probe with a cookie that says
 * what it is (5.15), and a program for each kind of probe, which cannot say which library it is.
 */
#include "uprobe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel_private.h"
#include "uprobe_multi.h"
#include "uprobe_table.h"

struct aa_uprobe_way {
	const char *text;
	const char *programs[2]; /* beginnings, returns; NULL: those of aa_uprobe_table */
};

static const struct aa_uprobe_way ways[] = {
	{ "aa_tls_enter_multi+aa_tls_leave_multi", { "aa_tls_enter_multi", "aa_tls_leave_multi" } },
	{ "aa_tls_enter+aa_tls_leave", { "aa_tls_enter", "aa_tls_leave" } },
	{ "aa_tls_enter_*+aa_tls_leave_*", { NULL, NULL } },
};

static const struct aa_uprobe_way *const way_multi = &ways[0];

enum side {
	SIDE_ENTER = 0,
	SIDE_LEAVE = 1,
	SIDE_COUNT = 2,
};

/*
 * Returns are attached first and detached last: a beginning whose return is not seen would leave its thread in a call. Their
 * links stand first.
 */
struct aa_uprobes {
	struct aa_kernel *kernel;
	struct aa_uprobes *next;
	int kept; /* descriptor, or -1 */
	unsigned count;
	struct probe_link {
		struct bpf_link *link;
		int fd; /* of uprobe_multi, else -1 */
	} links[];
};

static const char *program_name(const struct aa_uprobe_way *way, enum aa_tls_function function,
				enum side side)
{
	const struct aa_uprobe_programs *programs = &aa_uprobe_table[function];
	const char *own = side == SIDE_ENTER ? programs->enter : programs->leave;

	return own && way->programs[side] ? way->programs[side] : own;
}

static unsigned names_of(const struct aa_uprobe_way *way, const char *ret_names[2 * AA_TLS_FN_COUNT])
{
	unsigned count = 0;

	if (way->programs[SIDE_ENTER]) {
		ret_names[count++] = way->programs[SIDE_ENTER];
		ret_names[count++] = way->programs[SIDE_LEAVE];
		return count;
	}
	for (unsigned function = 0; function < AA_TLS_FN_COUNT; function++) {
		for (enum side side = SIDE_ENTER; side < SIDE_COUNT; side++) {
			const char *name = program_name(way, (enum aa_tls_function)function, side);

			if (name)
				ret_names[count++] = name;
		}
	}
	return count;
}

/* Returns 0, 1 if a program was refused, or a negative errno with a text. */
static int load_way(struct aa_kernel *kernel, const struct aa_uprobe_way *way, struct aa_error *error)
{
	const char *names[2 * AA_TLS_FN_COUNT];
	unsigned count = names_of(way, names);
	int r = aa_kernel_load(kernel, names, count, error);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < count; i++) {
		const char *reason = "";
		int code;

		if (aa_kernel_is_loaded(kernel, names[i]))
			continue;
		code = aa_kernel_program_error(kernel, names[i], &reason);
		(void)aa_error_set(error, code != 0 ? -code : -EOPNOTSUPP, "%s: %s", names[i], reason);
		return 1;
	}
	return 0;
}

int aa_kernel_load_uprobes(struct aa_kernel *kernel, struct aa_error *error)
{
	int r = -EOPNOTSUPP;

	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (&ways[i] == way_multi && !aa_uprobe_multi_works())
			continue;
		r = load_way(kernel, &ways[i], error);
		if (r < 0)
			return r;
		if (r == 0) {
			kernel->uprobe_way = &ways[i];
			return 0;
		}
		r = error->code;
	}
	return r;
}

const char *aa_kernel_uprobe_programs(const struct aa_kernel *kernel)
{
	return kernel->uprobe_way ? kernel->uprobe_way->text : NULL;
}

static int attach_many(struct aa_uprobes *uprobes, const char *path, uint64_t library,
		       const struct aa_uprobe_point *points, unsigned count, enum side side,
		       struct aa_error *error)
{
	unsigned most = 0, used = 0;
	uint64_t *offsets, *cookies;
	int fd;

	for (unsigned i = 0; i < count; i++)
		most += program_name(way_multi, points[i].function, side) ? 1 : 0;
	if (most == 0)
		return 0;
	offsets = calloc(most, 2 * sizeof(*offsets));
	if (!offsets)
		return aa_error_set(error, -ENOMEM, "out of memory");
	cookies = offsets + most;
	for (unsigned i = 0; i < count; i++) {
		if (!program_name(way_multi, points[i].function, side))
			continue;
		offsets[used] = points[i].offset;
		cookies[used++] = AA_TLS_COOKIE(library, points[i].function);
	}
	fd = aa_uprobe_multi_attach(aa_kernel_program_fd(uprobes->kernel, way_multi->programs[side]), path,
				    offsets, cookies, used, side == SIDE_LEAVE);
	free(offsets);
	if (fd < 0)
		return aa_error_set(error, fd, "cannot attach %u probes: %s", used, aa_kernel_strerror(-fd));
	uprobes->links[uprobes->count++] = (struct probe_link){ .fd = fd };
	return 0;
}

static int attach_one(struct aa_uprobes *uprobes, const char *path, uint64_t library,
		      const struct aa_uprobe_point *point, enum side side, struct aa_error *error)
{
	const struct aa_uprobe_way *way = uprobes->kernel->uprobe_way;
	const char *name = program_name(way, point->function, side);
	const struct aa_program *program = name ? aa_kernel_find_program(uprobes->kernel, name) : NULL;
	const struct bpf_uprobe_opts options = {
		.sz = sizeof(options),
		.retprobe = side == SIDE_LEAVE,
		.bpf_cookie = way->programs[side] ? AA_TLS_COOKIE(library, point->function) : 0,
	};
	struct bpf_link *link;
	long failure;

	if (!program || !program->program)
		return 0;
	link = bpf_program__attach_uprobe_opts(program->program, -1, path, (size_t)point->offset, &options);
	failure = libbpf_get_error(link);
	if (failure != 0)
		return aa_error_set(error, (int)failure, "cannot attach %s at 0x%llx: %s", name,
				    (unsigned long long)point->offset, aa_kernel_strerror((int)-failure));
	uprobes->links[uprobes->count++] = (struct probe_link){ .link = link, .fd = -1 };
	return 0;
}

static int attach_side(struct aa_uprobes *uprobes, const char *path, uint64_t library,
		       const struct aa_uprobe_point *points, unsigned count, enum side side,
		       struct aa_error *error)
{
	int r = 0;

	if (uprobes->kernel->uprobe_way == way_multi)
		return attach_many(uprobes, path, library, points, count, side, error);
	for (unsigned i = 0; i < count && r == 0; i++)
		r = attach_one(uprobes, path, library, &points[i], side, error);
	return r;
}

static void detach(struct aa_uprobes *uprobes)
{
	while (uprobes->count > 0) {
		struct probe_link *link = &uprobes->links[--uprobes->count];

		if (link->link)
			(void)bpf_link__destroy(link->link);
		if (link->fd >= 0)
			(void)close(link->fd);
	}
	if (uprobes->kept >= 0)
		(void)close(uprobes->kept);
	uprobes->kept = -1;
}

int aa_uprobes_attach(struct aa_kernel *kernel, const char *path, uint64_t library,
		      const struct aa_uprobe_point *points, unsigned count, struct aa_uprobes **ret_uprobes,
		      struct aa_error *error)
{
	struct aa_uprobes *uprobes;
	int r;

	if (!kernel->uprobe_way)
		return aa_error_set(error, -EOPNOTSUPP, "no programs for probes were loaded");
	for (unsigned i = 0; i < count; i++) {
		if ((unsigned)points[i].function >= AA_TLS_FN_COUNT)
			return aa_error_set(error, -EINVAL, "no such function: %u",
					    (unsigned)points[i].function);
	}
	uprobes = calloc(1, sizeof(*uprobes) + (size_t)count * SIDE_COUNT * sizeof(uprobes->links[0]));
	if (!uprobes)
		return aa_error_set(error, -ENOMEM, "out of memory");
	uprobes->kernel = kernel;
	uprobes->kept = -1;
	r = attach_side(uprobes, path, library, points, count, SIDE_LEAVE, error);
	if (r == 0)
		r = attach_side(uprobes, path, library, points, count, SIDE_ENTER, error);
	if (r < 0) {
		detach(uprobes);
		free(uprobes);
		return r;
	}
	(void)pthread_mutex_lock(&kernel->uprobes_lock);
	uprobes->next = kernel->uprobes;
	kernel->uprobes = uprobes;
	(void)pthread_mutex_unlock(&kernel->uprobes_lock);
	*ret_uprobes = uprobes;
	return 0;
}

void aa_uprobes_keep(struct aa_uprobes *uprobes, int fd)
{
	uprobes->kept = fd;
}

void aa_uprobes_free(struct aa_uprobes *uprobes)
{
	struct aa_uprobes **at;

	if (!uprobes)
		return;
	(void)pthread_mutex_lock(&uprobes->kernel->uprobes_lock);
	at = &uprobes->kernel->uprobes;
	while (*at && *at != uprobes)
		at = &(*at)->next;
	if (*at)
		*at = uprobes->next;
	(void)pthread_mutex_unlock(&uprobes->kernel->uprobes_lock);
	detach(uprobes);
	free(uprobes);
}

unsigned aa_kernel_uprobe_fds(const struct aa_kernel *kernel, int *ret_fds)
{
	unsigned count = 0;

	for (const struct aa_uprobes *uprobes = kernel->uprobes; uprobes; uprobes = uprobes->next) {
		for (unsigned i = 0; i < uprobes->count; i++, count++) {
			const struct probe_link *link = &uprobes->links[i];

			if (ret_fds)
				ret_fds[count] = link->link ? bpf_link__fd(link->link) : link->fd;
		}
		if (uprobes->kept < 0)
			continue;
		if (ret_fds)
			ret_fds[count] = uprobes->kept;
		count++;
	}
	return count;
}

void aa_kernel_close_uprobes(struct aa_kernel *kernel)
{
	for (struct aa_uprobes *at = kernel->uprobes, *next; at; at = next) {
		next = at->next;
		detach(at);
		free(at);
	}
	kernel->uprobes = NULL;
	(void)pthread_mutex_destroy(&kernel->uprobes_lock);
}
