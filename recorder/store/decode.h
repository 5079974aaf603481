/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record bytes to a checked view. Pure: no I/O, no memory, no globals. After AA_EVENT_OK every member of the
 * record, and every byte that the lengths of texts, hellos and payload claim, lies inside it; what the members say may still be anything.
 */
#ifndef AA_STORE_DECODE_H
#define AA_STORE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"

enum aa_event_result {
	AA_EVENT_OK = 0,
	AA_EVENT_UNKNOWN = 1,	/* a kind that this build does not know; the header is good */
	AA_EVENT_MALFORMED = 2, /* sizes that cannot be; the header is good */
	AA_EVENT_BROKEN = 3,	/* not even a header */
};

struct aa_event {
	const struct aa_header *header; /* NULL if broken */
	union {
		const void *record;
		const struct aa_fork *fork;
		const struct aa_exec *exec;
		const struct aa_exec_failed *exec_failed;
		const struct aa_exit *exit;
		const struct aa_cred_change *cred;
		const struct aa_comm_change *comm;
		const struct aa_setsid *setsid;
		const struct aa_cgroup *cgroup;
		const struct aa_text *text;
		const struct aa_file_open *open;
		const struct aa_file_io *io;	     /* CLOSE, IO */
		const struct aa_file_change *change; /* every other kind of file record */
		const struct aa_tls_open *tls_open;
		const struct aa_tls_handshake *tls_handshake;
		const struct aa_tls_name *tls_name;
		const struct aa_tls_socket_bound *tls_socket;
		const struct aa_tls_hello *tls_hello;
		const struct aa_tls_socket_end *tls_socket_end;
		const struct aa_tls_close *tls_close;
		const struct aa_tls_data *tls_data;
	};
};

/* bytes must be 8-byte aligned, as a ring's records are. */
enum aa_event_result aa_event_decode(const void *bytes, uint32_t size, struct aa_event *ret_event);

/* "exec", or NULL for a kind that this build does not know. */
const char *aa_event_kind_name(unsigned kind);

/* "lifecycle" */
const char *aa_lane_name(enum aa_lane lane);

/* Length of a task name, which need not have a NUL. */
size_t aa_comm_length(const char comm[AA_COMM_SIZE]);

#endif
