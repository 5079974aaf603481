/* SPDX-License-Identifier: Apache-2.0 */
/* See tls_post.h: what other threads hand over. */
#include "tls_post.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "sink_tls.h"
#include "tls_post_private.h"

enum { POST_LIBRARY, POST_MAPPED, POST_END };

struct post {
	struct post *next;
	int64_t session_id;
	int kind;
	struct aa_library_post library; /* of a mapping: number, tgid and start_ns */
	uint64_t time_ns, connection;
	struct aa_tls_sums sums;
	enum aa_tls_close_reason reason;
	bool was_unknown; /* in a transaction before: see store_end() */
	char bytes[];	  /* the library's strings */
};

struct list {
	struct post *first, **end;
};

struct aa_tls_posts {
	pthread_mutex_t mutex;
	struct list waiting;  /* guarded by mutex, as are the next two */
	uint64_t lost;	      /* for which there was no memory */
	int64_t lost_session; /* whose the last of them was */
	struct list taken;    /* the store's: by the transaction under way */
	struct list later;    /* of them, what the next transaction is to try again */
	uint64_t lost_taken;  /* of lost, by the transaction under way */
	atomic_bool ending;   /* connections wait for the next transaction */
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

/* It becomes a gap row. */
static int lose(struct aa_store *store, int64_t session_id)
{
	struct aa_tls_posts *posts = store->posts;

	(void)pthread_mutex_lock(&posts->mutex);
	posts->lost++;
	posts->lost_session = session_id;
	(void)pthread_mutex_unlock(&posts->mutex);
	return -ENOMEM;
}

int aa_store_post_library(struct aa_store *store, int64_t session_id, const struct aa_library_post *library)
{
	struct post *post;
	size_t size = 0;
	char *at;
	struct aa_library_post copy = *library;
	const char **const strings[] = { &copy.path,  &copy.build_id, &copy.implementation, &copy.version,
					 &copy.hooks, &copy.how,      &copy.reason };

	if (!copy.path)
		copy.path = "";
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		size += *strings[i] ? strlen(*strings[i]) + 1 : 0;
	post = calloc(1, sizeof(*post) + size);
	if (!post)
		return lose(store, session_id);
	post->kind = POST_LIBRARY;
	post->session_id = session_id;
	at = post->bytes;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		if (!*strings[i])
			continue;
		size = strlen(*strings[i]) + 1;
		memcpy(at, *strings[i], size);
		*strings[i] = at;
		at += size;
	}
	post->library = copy;
	send(store, post);
	return 0;
}

int aa_store_post_mapped(struct aa_store *store, int64_t session_id, uint32_t tgid, uint64_t start_ns,
			 uint64_t number)
{
	struct post *post = calloc(1, sizeof(*post));

	if (!post)
		return lose(store, session_id);
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
		return lose(store, session_id);
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
	pending = posts->waiting.first != NULL || posts->lost > 0;
	(void)pthread_mutex_unlock(&posts->mutex);
	return pending || atomic_load(&posts->ending);
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
		return aa_tls_library_store(session, &post->library, error);
	if (post->kind == POST_MAPPED &&
	    aa_tls_add_mapped(session, post->library.tgid, post->library.start_ns, post->library.number) < 0)
		return aa_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

static int store_lost(struct aa_store *store, uint64_t count, int64_t session_id, struct aa_error *error)
{
	struct aa_session *session = aa_store_session(store, session_id);
	struct aa_gap_row gap = {
		.count = count,
		.lane = AA_LANE_PAYLOAD,
		.kind = "any",
		.reason = "recorder",
		.detail = "of TLS: no memory for a library that was found, or for the end of a connection",
	};
	int64_t offset_ns;

	if (!session || count == 0)
		return 0;
	store->clock(&gap.begin_ns, &offset_ns);
	gap.end_ns = gap.begin_ns;
	return aa_session_gap(session, &gap, error);
}

int aa_tls_posts_store(struct aa_store *store, struct aa_error *error)
{
	struct aa_tls_posts *posts = store->posts;
	int64_t lost_session;
	int r;

	(void)pthread_mutex_lock(&posts->mutex);
	append(&posts->taken, &posts->waiting);
	posts->lost_taken = posts->lost;
	lost_session = posts->lost_session;
	(void)pthread_mutex_unlock(&posts->mutex);
	r = store_lost(store, posts->lost_taken, lost_session, error);
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
	store->posts->lost -= store->posts->lost_taken;
	store->posts->lost_taken = 0;
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
	posts->lost_taken = 0;
	append(&posts->taken, &posts->later);
	append(&posts->taken, &posts->waiting);
	append(&posts->waiting, &posts->taken);
	(void)pthread_mutex_unlock(&posts->mutex);
}
