/* SPDX-License-Identifier: Apache-2.0 */
/* See tls_post.h: what other threads hand over, and what is known of libraries from it. */
#include "tls_post.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "sink_tls.h"
#include "tls_post_private.h"

/* Mappings that are remembered of a session; the first ones are forgotten. */
#define MAX_MAPPED 65536u

enum { POST_LIBRARY, POST_MAPPED, POST_END };

/* Strings of a library, in this order, each with its NUL, behind the post. */
enum { PATH, BUILD_ID, IMPLEMENTATION, VERSION, HOOKS, HOW, REASON, STRINGS };

struct post {
	struct post *next;
	int64_t session_id;
	int kind;
	struct aa_library_post library; /* of a mapping: number, tgid and start_ns */
	const char *strings[STRINGS];
	uint64_t time_ns, connection;
	struct aa_tls_sums sums;
	enum aa_tls_close_reason reason;
	bool was_unknown; /* in a transaction before: see store_end() */
	char bytes[];
};

struct list {
	struct post *first, **end;
};

struct aa_tls_posts {
	pthread_mutex_t mutex;
	struct list waiting; /* guarded by mutex */
	struct list taken;   /* the store's: by the transaction under way */
	struct list later;   /* of them, what the next transaction is to try again */
	atomic_bool ending;  /* connections wait for the next transaction */
	struct aa_tls_library *libraries;
	size_t library_count, library_capacity;
};

static void free_list(struct list *list)
{
	while (list->first) {
		struct post *next = list->first->next;

		free(list->first);
		list->first = next;
	}
	list->end = &list->first;
}

struct aa_tls_posts *aa_tls_posts_new(void)
{
	struct aa_tls_posts *posts = calloc(1, sizeof(*posts));

	if (!posts)
		return NULL;
	if (pthread_mutex_init(&posts->mutex, NULL) != 0) {
		free(posts);
		return NULL;
	}
	posts->waiting.end = &posts->waiting.first;
	posts->taken.end = &posts->taken.first;
	posts->later.end = &posts->later.first;
	return posts;
}

void aa_tls_posts_free(struct aa_tls_posts *posts)
{
	if (!posts)
		return;
	free_list(&posts->waiting);
	free_list(&posts->taken);
	free_list(&posts->later);
	free(posts->libraries);
	(void)pthread_mutex_destroy(&posts->mutex);
	free(posts);
}

static void append(struct list *list, struct list *from)
{
	if (!from->first)
		return;
	*list->end = from->first;
	list->end = from->end;
	from->first = NULL;
	from->end = &from->first;
}

static void send(struct aa_store *store, struct post *post)
{
	struct aa_tls_posts *posts = store->posts;

	(void)pthread_mutex_lock(&posts->mutex);
	*posts->waiting.end = post;
	posts->waiting.end = &post->next;
	(void)pthread_mutex_unlock(&posts->mutex);
}

int aa_store_post_library(struct aa_store *store, int64_t session_id, const struct aa_library_post *library)
{
	const char *const strings[STRINGS] = {
		[PATH] = library->path ? library->path : "",
		[BUILD_ID] = library->build_id,
		[IMPLEMENTATION] = library->implementation,
		[VERSION] = library->version,
		[HOOKS] = library->hooks,
		[HOW] = library->how,
		[REASON] = library->reason,
	};
	size_t size = 0;
	struct post *post;
	char *at;

	for (int i = 0; i < STRINGS; i++)
		size += strings[i] ? strlen(strings[i]) + 1 : 0;
	post = calloc(1, sizeof(*post) + size);
	if (!post)
		return -ENOMEM;
	post->kind = POST_LIBRARY;
	post->session_id = session_id;
	post->library = *library;
	at = post->bytes;
	for (int i = 0; i < STRINGS; i++) {
		if (!strings[i])
			continue;
		size = strlen(strings[i]) + 1;
		memcpy(at, strings[i], size);
		post->strings[i] = at;
		at += size;
	}
	send(store, post);
	return 0;
}

int aa_store_post_mapped(struct aa_store *store, int64_t session_id, uint32_t tgid, uint64_t start_ns,
			 uint64_t number)
{
	struct post *post = calloc(1, sizeof(*post));

	if (!post)
		return -ENOMEM;
	post->kind = POST_MAPPED;
	post->session_id = session_id;
	post->library.tgid = tgid;
	post->library.start_ns = start_ns;
	post->library.number = number;
	send(store, post);
	return 0;
}

int aa_store_post_tls_end(struct aa_store *store, int64_t session_id, uint64_t time_boot_ns,
			  uint64_t connection, const struct aa_tls_sums *sums,
			  enum aa_tls_close_reason reason)
{
	struct post *post = calloc(1, sizeof(*post));

	if (!post)
		return -ENOMEM;
	post->kind = POST_END;
	post->session_id = session_id;
	post->time_ns = time_boot_ns;
	post->connection = connection;
	post->sums = *sums;
	post->reason = reason;
	send(store, post);
	return 0;
}

bool aa_store_posts_pending(struct aa_store *store)
{
	struct aa_tls_posts *posts = store->posts;
	bool pending;

	(void)pthread_mutex_lock(&posts->mutex);
	pending = posts->waiting.first != NULL;
	(void)pthread_mutex_unlock(&posts->mutex);
	return pending || atomic_load(&posts->ending);
}

const struct aa_tls_library *aa_tls_library(const struct aa_session *session, uint64_t number)
{
	const struct aa_tls_posts *posts = session->store->posts;

	for (size_t i = posts->library_count; number && i > 0; i--)
		if (posts->libraries[i - 1].number == number)
			return &posts->libraries[i - 1];
	return NULL;
}

int64_t aa_tls_library_row(const struct aa_session *session, uint64_t number)
{
	for (size_t i = session->tls_library_row_count; number && i > 0; i--)
		if (session->tls_library_rows[i - 1].number == number)
			return session->tls_library_rows[i - 1].row_id;
	return 0;
}

uint64_t aa_tls_mapped(const struct aa_session *session, uint32_t tgid, uint64_t start_ns, size_t *at)
{
	size_t count =
		session->tls_mapped_count < MAX_MAPPED ? (size_t)session->tls_mapped_count : MAX_MAPPED;

	while (*at < count) {
		const struct aa_tls_mapped *mapped = &session->tls_mapped[(*at)++];

		if (mapped->tgid == tgid && mapped->start_ns == start_ns)
			return mapped->number;
	}
	return 0;
}

/* Not undone if the transaction fails: it comes again, and says the same. */
static int learn_library(struct aa_tls_posts *posts, const struct post *post)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer text = { 0 };
	struct aa_tls_library *library = NULL;

	for (size_t i = 0; i < posts->library_count; i++)
		if (posts->libraries[i].number == post->library.number)
			library = &posts->libraries[i];
	if (!library && posts->library_count == posts->library_capacity) {
		size_t bigger = posts->library_capacity ? posts->library_capacity * 2 : 16;
		struct aa_tls_library *moved = reallocarray(posts->libraries, bigger, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		posts->libraries = moved;
		posts->library_capacity = bigger;
	}
	if (!library)
		library = &posts->libraries[posts->library_count++];
	*library = (struct aa_tls_library){
		.number = post->library.number,
		.time_ns = post->library.time_boot_ns,
		.attached = post->library.attached,
		.late = post->library.late,
	};
	(void)snprintf(library->implementation, sizeof(library->implementation), "%s",
		       post->strings[IMPLEMENTATION] ? post->strings[IMPLEMENTATION] : "unknown");
	if (post->strings[REASON])
		(void)aa_text_escape(&text, post->strings[REASON], strlen(post->strings[REASON]));
	(void)snprintf(library->reason, sizeof(library->reason), "%s", text.data ? text.data : "");
	return text.failed ? -ENOMEM : 0;
}

static int remember_row(struct aa_session *session, uint64_t number, int64_t row_id)
{
	size_t count = session->tls_library_row_count;
	struct aa_tls_library_row *moved;

	/* A power of two: full. */
	if ((count & (count - 1)) == 0) {
		moved = reallocarray(session->tls_library_rows, count ? count * 2 : 1, sizeof(*moved));
		if (!moved)
			return -ENOMEM;
		session->tls_library_rows = moved;
	}
	session->tls_library_rows[session->tls_library_row_count++] =
		(struct aa_tls_library_row){ .number = number, .row_id = row_id };
	return 0;
}

static void bind_escaped(struct aa_row *row, struct aa_text_buffer *buffer, const char *bytes)
{
	aa_text_clear(buffer);
	if (!bytes) {
		aa_row_null(row);
		return;
	}
	(void)aa_text_escape(buffer, bytes, strlen(bytes));
	aa_row_buffer(row, buffer);
}

static int insert_library(struct aa_session *session, const struct post *post, int64_t process_id,
			  int64_t *ret_id, struct aa_error *error)
{
	const struct aa_library_post *library = &post->library;
	struct aa_text_buffer *texts = session->store->tls_texts;
	const char *path = post->strings[PATH];
	struct aa_row row;
	bool inexact;

	aa_row_begin(
		&row, session, AA_STATEMENT_TLS_LIBRARY, AA_TABLE_TLS_LIBRARY,
		"INSERT INTO s0_tls_library (time_ns, number, process_id, path, path_raw, device, inode,"
		" size_bytes, build_id, implementation, version, attached, hooks, how, reason, late, held_ns)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		error);
	aa_row_int(&row, aa_session_time(session, library->time_boot_ns));
	aa_row_uint(&row, library->number);
	aa_row_id(&row, process_id);
	aa_text_clear(&texts[0]);
	inexact = aa_text_escape(&texts[0], path, strlen(path));
	aa_row_buffer(&row, &texts[0]);
	if (inexact)
		aa_row_blob(&row, path, strlen(path));
	else
		aa_row_null(&row);
	aa_row_int(&row, library->device);
	aa_row_uint(&row, library->inode);
	aa_row_uint(&row, library->size_bytes);
	bind_escaped(&row, &texts[1], post->strings[BUILD_ID]);
	bind_escaped(&row, &texts[2], post->strings[IMPLEMENTATION]);
	bind_escaped(&row, &texts[3], post->strings[VERSION]);
	aa_row_int(&row, library->attached);
	bind_escaped(&row, &texts[4], post->strings[HOOKS]);
	bind_escaped(&row, &texts[5], post->strings[HOW]);
	bind_escaped(&row, &texts[6], post->strings[REASON]);
	aa_row_int(&row, library->late);
	if (library->held_ns)
		aa_row_uint(&row, library->held_ns);
	else
		aa_row_null(&row);
	return aa_row_step(&row, ret_id);
}

static int add_mapped(struct aa_session *session, const struct post *post)
{
	const struct aa_tls_mapped mapped = { .start_ns = post->library.start_ns,
					      .number = post->library.number,
					      .tgid = post->library.tgid };
	uint64_t count = session->tls_mapped_count;
	uint64_t number;
	size_t at = 0;

	while ((number = aa_tls_mapped(session, mapped.tgid, mapped.start_ns, &at)) != 0)
		if (number == mapped.number)
			return 0;
	if (count < MAX_MAPPED && (count & (count - 1)) == 0) {
		struct aa_tls_mapped *moved =
			reallocarray(session->tls_mapped, count ? (size_t)count * 2 : 1, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		session->tls_mapped = moved;
	}
	session->tls_mapped[session->tls_mapped_count++ % MAX_MAPPED] = mapped;
	return 0;
}

static int store_library(struct aa_session *session, const struct post *post, struct aa_error *error)
{
	const struct aa_library_post *library = &post->library;
	int64_t process_id = 0, row_id;
	uint32_t process;
	int r = learn_library(session->store->posts, post);

	if (r == 0 && library->start_ns)
		r = add_mapped(session, post);
	if (r < 0)
		return aa_error_set(error, r, "out of memory");
	if (library->start_ns) {
		r = aa_session_process(session, library->tgid, library->start_ns, &process, error);
		if (r < 0)
			return r;
		process_id = session->processes.entries[process].row_id;
	}
	/* Without one it is not known to have TLS code: it was gone before it could be examined. */
	session->now.totals.tls_libraries += !library->attached && post->strings[IMPLEMENTATION] != NULL;
	session->now.totals.tls_libraries_late += library->attached && library->late;
	r = insert_library(session, post, process_id, &row_id, error);
	if (r == 0 && remember_row(session, library->number, row_id) < 0)
		r = aa_error_set(error, -ENOMEM, "out of memory");
	return r;
}

/* The end of a connection that no record told of: all its records were lost. */
static int store_unknown_end(struct aa_session *session, const struct post *post, struct aa_error *error)
{
	const struct aa_gap_row gap = {
		.begin_ns = post->time_ns,
		.end_ns = post->time_ns,
		.count = post->sums.bytes[AA_TLS_SENT] + post->sums.bytes[AA_TLS_RECEIVED],
		.lane = AA_LANE_PAYLOAD,
		.kind = aa_event_kind_name(AA_EVENT_TLS_DATA),
		.reason = "lost",
		.detail = "of a connection whose records are all lost",
	};

	return gap.count ? aa_session_gap(session, &gap, error) : 0;
}

#define END_UNKNOWN 1

/*
 * Positive: not yet. What tells of a connection is in the ring before it is swept; but the transaction under way may have
 * looked at the ring even before that, so the one after it is to know.
 */
static int store_end(struct aa_session *session, const struct post *post, struct aa_error *error)
{
	struct aa_tls_entry *entry = aa_tls_find(&session->tls, post->connection);
	int r;

	if (!entry && !post->was_unknown)
		return END_UNKNOWN;
	if (!entry)
		return store_unknown_end(session, post, error);
	r = aa_tls_changed(session, entry, error);
	if (r == 0)
		aa_tls_end(session, entry, post->time_ns, &post->sums, post->reason);
	return r;
}

static int store_post(struct aa_session *session, const struct post *post, struct aa_error *error)
{
	if (post->kind == POST_LIBRARY)
		return store_library(session, post, error);
	if (post->kind == POST_MAPPED && add_mapped(session, post) < 0)
		return aa_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

int aa_tls_posts_store(struct aa_store *store, struct aa_error *error)
{
	struct aa_tls_posts *posts = store->posts;
	int r = 0;

	(void)pthread_mutex_lock(&posts->mutex);
	append(&posts->taken, &posts->waiting);
	(void)pthread_mutex_unlock(&posts->mutex);
	for (const struct post *post = posts->taken.first; post && r == 0; post = post->next) {
		struct aa_session *session = aa_store_session(store, post->session_id);

		if (session)
			r = store_post(session, post, error);
	}
	return r;
}

int aa_tls_posts_store_ends(struct aa_store *store, struct aa_error *error)
{
	struct aa_tls_posts *posts = store->posts;
	struct list others = { .end = &others.first };
	struct post *post = posts->taken.first, *next;
	int r = 0;

	for (; post && r >= 0; post = next) {
		struct aa_session *session = aa_store_session(store, post->session_id);
		struct list *list;

		next = post->next;
		r = session && post->kind == POST_END ? store_end(session, post, error) : 0;
		list = r == END_UNKNOWN ? &posts->later : &others;
		post->next = NULL;
		*list->end = post;
		list->end = &post->next;
	}
	/* After a failure, the rest of them; others is on the stack. */
	posts->taken.first = others.first ? others.first : post;
	if (others.first)
		*others.end = post;
	posts->taken.end = &posts->taken.first;
	while (*posts->taken.end)
		posts->taken.end = &(*posts->taken.end)->next;
	return r < 0 ? r : 0;
}

void aa_tls_posts_commit(struct aa_store *store)
{
	bool ending = false;

	free_list(&store->posts->taken);
	for (struct post *post = store->posts->later.first; post; post = post->next)
		post->was_unknown = true;
	(void)pthread_mutex_lock(&store->posts->mutex);
	append(&store->posts->waiting, &store->posts->later);
	(void)pthread_mutex_unlock(&store->posts->mutex);
	for (size_t i = 0; i < store->session_count; i++)
		ending = ending || (!store->sessions[i]->ended && store->sessions[i]->tls.ending > 0);
	atomic_store(&store->posts->ending, ending);
}

/* What was taken comes first again. */
void aa_tls_posts_rollback(struct aa_store *store)
{
	struct aa_tls_posts *posts = store->posts;

	(void)pthread_mutex_lock(&posts->mutex);
	append(&posts->taken, &posts->later);
	append(&posts->taken, &posts->waiting);
	append(&posts->waiting, &posts->taken);
	(void)pthread_mutex_unlock(&posts->mutex);
}
