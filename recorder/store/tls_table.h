/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS connections of a session, by the number that the kernel side gave them and by their socket: what their rows
 * say. Every change within a transaction can be undone, but for what stands outside of the facts. Those that have ended
 * are kept for a while, as their sockets may close later.
 */
#ifndef AA_STORE_TLS_TABLE_H
#define AA_STORE_TLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "text.h"

/* Reasons of holes beyond enum aa_tls_lost. */
enum aa_tls_hole {
	AA_TLS_HOLE_WITHHELD = AA_TLS_LOST_COUNT,
	AA_TLS_HOLE_UNKNOWN,
	AA_TLS_HOLE_COUNT,
};

/* end reasons beyond enum aa_tls_close_reason */
#define AA_TLS_END_SOCKET 100

enum aa_tls_role {
	AA_TLS_ROLE_UNKNOWN,
	AA_TLS_ROLE_CLIENT,
	AA_TLS_ROLE_SERVER,
};

/* A name as bytes. length 0: not known. */
struct aa_tls_text {
	uint16_t length;
	char bytes[AA_TLS_NAME_SIZE];
};

struct aa_tls_flow {
	uint64_t next;			  /* bytes that are in rows, as data or as gaps */
	uint64_t gap_bytes;		  /* of them */
	uint64_t calls;			  /* that moved bytes */
	uint64_t lost[AA_TLS_LOST_COUNT]; /* as last told */
};

/* Bytes of holes that are in no s_gap row yet. */
struct aa_tls_holes {
	uint64_t bytes, first_ns, last_ns;
};

struct aa_tls_facts {
	int64_t row_id, process_id, parent_id;
	uint64_t time_ns; /* CLOCK_BOOTTIME, as is the next */
	uint64_t end_ns;
	uint64_t library; /* number, 0: not known */
	struct aa_tls_flow flows[AA_TLS_DIRECTIONS];
	struct aa_tls_holes holes[AA_TLS_HOLE_COUNT];
	bool had_hole[AA_TLS_HOLE_COUNT];
	struct aa_tls_sums told; /* by its end */
	struct aa_socket socket; /* family 0: not known */
	uint64_t owned_socket;	 /* found by this socket; 0: another connection is, or none */
	uint64_t wire[AA_TLS_DIRECTIONS];
	uint64_t handshake_ns;
	uint64_t redactions;
	uint64_t ending; /* pass in which its end was met; 0: not yet */
	uint32_t tgid;	 /* whose it is */
	uint64_t start_ns;
	uint8_t end_reason; /* enum aa_tls_close_reason, AA_TLS_END_SOCKET */
	uint8_t method;	    /* enum aa_tls_method; 0: none */
	uint8_t implementation;
	uint8_t role;
	bool late, quic, ktls;
	bool told_sums; /* told is known */
	bool finished;	/* all is in rows */
	bool has_data;	/* rows of s_tls or s_redaction name row_id */
	bool has_wire;
	bool handshake_seen, handshake_done;
	bool has_hello;				   /* the client's */
	uint16_t version, version_offered, cipher; /* as on the wire, 0: not known */
	struct aa_tls_text sni, alpn, alpn_offered;
};

/* Bytes that wait to become a row, as they may be more. */
struct aa_tls_piece {
	bool active, redacted, rewritten;
	uint32_t direction, tid;
	uint64_t call, begin, bytes, time_ns;
	int64_t process_id;
	struct aa_text_buffer data;
};

struct aa_tls_entry {
	struct aa_tls_facts now, before;
	uint64_t number;	/* 0: known from its socket only */
	bool touched;		/* before is as of the beginning of the transaction */
	bool added;		/* in the transaction under way */
	bool gone, gone_before; /* found no more, freed with the commit; changed as facts are */
	struct aa_tls_entry *number_next, *socket_next;
	struct aa_tls_piece piece; /* empty between transactions */
	struct aa_tls_secrets *secrets;
};

struct aa_tls_table {
	struct aa_tls_entry **entries; /* in the order in which they were added */
	size_t count, capacity;
	struct aa_tls_entry **touched;
	size_t touched_count, touched_capacity;
	struct aa_tls_entry **numbers, **sockets; /* buckets */
	size_t bucket_count;			  /* a power of two */
	size_t finished;
	size_t ending; /* that wait for the pass after the one in which their end was met */
	uint64_t pass;
	void (*release_secrets)(struct aa_tls_secrets *secrets);
};

void aa_tls_table_release(struct aa_tls_table *table);

/* NULL if it is not there. */
struct aa_tls_entry *aa_tls_find(const struct aa_tls_table *table, uint64_t number);
struct aa_tls_entry *aa_tls_find_socket(const struct aa_tls_table *table, uint64_t socket);

/* Adds a connection that is not there; all but its number is 0. NULL if memory ran out. */
struct aa_tls_entry *aa_tls_add(struct aa_tls_table *table, uint64_t number);

/* To be called before facts are changed: it is then among those touched. Returns 0 or -ENOMEM. */
int aa_tls_change(struct aa_tls_table *table, struct aa_tls_entry *entry);

/* From now on that socket finds this entry, which was changed before. */
void aa_tls_own_socket(struct aa_tls_table *table, struct aa_tls_entry *entry, uint64_t socket);

void aa_tls_table_begin(struct aa_tls_table *table);
void aa_tls_table_commit(struct aa_tls_table *table);
void aa_tls_table_rollback(struct aa_tls_table *table);

#endif
