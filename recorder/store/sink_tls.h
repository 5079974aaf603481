/* SPDX-License-Identifier: Apache-2.0 */
/* What the sinks of TLS share: connections, their rows, and their bytes. */
#ifndef AA_STORE_SINK_TLS_H
#define AA_STORE_SINK_TLS_H

#include "store_private.h"

/* The connection of that number, changed; made with what the header says if it is not known. sink_tls.c */
int aa_tls_touch(struct aa_session *session, const struct aa_header *header, uint64_t number,
		 struct aa_tls_entry **ret_entry, struct aa_error *error);

/* A new connection with its row; number 0: known from its socket only. */
int aa_tls_new(struct aa_session *session, const struct aa_header *header, uint64_t number,
	       struct aa_tls_entry **ret_entry, struct aa_error *error);

int aa_tls_changed(struct aa_session *session, struct aa_tls_entry *entry, struct aa_error *error);

/* Nothing more goes through it. sums may be NULL. Its last bytes may come with the next batch. */
void aa_tls_end(struct aa_session *session, struct aa_tls_entry *entry, uint64_t time_ns,
		const struct aa_tls_sums *sums, unsigned reason);

void aa_tls_set_text(struct aa_tls_text *text, const void *bytes, size_t size); /* cut if it is too long */

/* The rows of s_tls. sink_tls_data.c */
int aa_tls_flush(struct aa_session *session, struct aa_tls_entry *entry, struct aa_error *error);
int aa_tls_finish(struct aa_session *session, struct aa_tls_entry *entry, struct aa_error *error);
int aa_tls_report_holes(struct aa_session *session, struct aa_tls_entry *entry, struct aa_error *error);

/* The row of s_tls_connection. tls_row.c */
int aa_tls_row_insert(struct aa_session *session, struct aa_tls_entry *entry, struct aa_error *error);
int aa_tls_row_update(struct aa_session *session, const struct aa_tls_entry *entry, struct aa_error *error);
int aa_tls_row_delete(struct aa_session *session, int64_t row_id, struct aa_error *error);

#endif
