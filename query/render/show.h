/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people read them: times, durations, sizes. */
#ifndef AA_QUERY_SHOW_H
#define AA_QUERY_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

/* 2025-11-20 08:16:01.123456+00:00, local time or UTC. */
void aa_show_time(struct aa_text_buffer *out, int64_t time_ns, bool utc);

/* +1.234567 */
void aa_show_elapsed(struct aa_text_buffer *out, int64_t time_ns, int64_t origin_ns);

/* 870us, 12.3ms, 1.234s, 2m03s, 3h04m, 5d02h */
void aa_show_duration(struct aa_text_buffer *out, int64_t duration_ns);

/* 0.1, 1e+300, inf: the shortest form that reads back as the same number. */
void aa_show_real(struct aa_text_buffer *out, double real);

/* 512 B, 1.5 KiB, 12.0 MiB */
void aa_show_size(struct aa_text_buffer *out, int64_t size_bytes);

/* 2025-11-20T08:16:01.123456789Z, as the database's views have it; for JSON and CSV. */
void aa_show_iso(struct aa_text_buffer *out, int64_t time_ns);

#endif
