/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records carry CLOCK_BOOTTIME, which no one can set. A session adds one offset for all its rows, so their order and
 * distances are the kernel's; that the wall clock was stepped meanwhile is a row of its own.
 */
#include <stdlib.h>
#include <time.h>

#include "store_private.h"

/* A clock that ntpd slews moves by 500 ppm at most (adjtimex(2)); what is beyond that and a millisecond is a step. */
#define STEP_NS	      1000000
#define DRIFT_DIVISOR 2000

static uint64_t to_ns(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_nsec;
}

/* The closest of three readings: in between, the process may have been off the processor. */
void aa_store_read_clock(uint64_t *ret_boot_ns, int64_t *ret_offset_ns)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 3; i++) {
		struct timespec before, real, after;
		uint64_t width;

		(void)clock_gettime(CLOCK_BOOTTIME, &before);
		(void)clock_gettime(CLOCK_REALTIME, &real);
		(void)clock_gettime(CLOCK_BOOTTIME, &after);
		width = to_ns(&after) - to_ns(&before);
		if (width >= best)
			continue;
		best = width;
		*ret_boot_ns = to_ns(&before) + width / 2;
		*ret_offset_ns = (int64_t)(to_ns(&real) - *ret_boot_ns);
	}
}

int64_t aa_session_time(const struct aa_session *session, uint64_t boot_ns)
{
	return (int64_t)(boot_ns + (uint64_t)session->boot_offset_ns);
}

static int add_row(struct aa_session *session, uint64_t boot_ns, int64_t offset_ns, int64_t step_ns,
		   struct aa_error *error)
{
	struct aa_row row;

	aa_row_begin(&row, session, AA_STATEMENT_CLOCK, AA_TABLE_PROCESS,
		     "INSERT INTO clock (session_id, boot_ns, offset_ns, step_ns) VALUES (?, ?, ?, ?)",
		     error);
	aa_row_int(&row, session->id);
	aa_row_uint(&row, boot_ns);
	aa_row_int(&row, offset_ns);
	aa_row_int(&row, step_ns);
	return aa_row_step(&row, NULL);
}

int aa_session_check_clock(struct aa_session *session, struct aa_error *error)
{
	struct aa_session_state *now = &session->now;
	bool first = now->clock_boot_ns == 0;
	uint64_t boot_ns;
	int64_t offset_ns, step_ns, allowed_ns;
	int r;

	session->store->clock(&boot_ns, &offset_ns);
	if (first) {
		offset_ns = session->boot_offset_ns;
		now->clock_offset_ns = offset_ns;
	}
	step_ns = offset_ns - now->clock_offset_ns;
	allowed_ns = STEP_NS + (int64_t)((boot_ns - now->clock_boot_ns) / DRIFT_DIVISOR);
	if (!first && llabs(step_ns) <= allowed_ns)
		return 0;
	r = add_row(session, boot_ns, offset_ns, first ? 0 : step_ns, error);
	if (r < 0)
		return r;
	now->clock_boot_ns = boot_ns;
	now->clock_offset_ns = offset_ns;
	return 0;
}
