/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people read them; see show.h. Any 64-bit value is fine: a database can be forged. */
#include "show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

/* Splits into whole seconds and 0 <= ns < 1 s, also before the epoch. */
static time_t split(int64_t time_ns, int64_t *ret_ns)
{
	int64_t seconds = time_ns / NS_PER_S;
	int64_t ns = time_ns % NS_PER_S;

	if (ns < 0) {
		ns += NS_PER_S;
		seconds--;
	}
	*ret_ns = ns;
	return (time_t)seconds;
}

void aa_show_time(struct aa_text_buffer *out, int64_t time_ns, bool utc)
{
	struct tm tm;
	int64_t ns;
	time_t seconds = split(time_ns, &ns);
	char text[48];
	long offset;

	if (!(utc ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm)) ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		return;
	offset = utc ? 0 : tm.tm_gmtoff / 60;
	aa_text_printf(out, "%s.%06d", text, (int)(ns / 1000));
	aa_text_printf(out, "%c%02ld:%02ld", offset < 0 ? '-' : '+', labs(offset) / 60, labs(offset) % 60);
}

void aa_show_iso(struct aa_text_buffer *out, int64_t time_ns)
{
	struct tm tm;
	int64_t ns;
	time_t seconds = split(time_ns, &ns);
	char text[48];

	if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return;
	aa_text_printf(out, "%s.%09dZ", text, (int)ns);
}

void aa_show_elapsed(struct aa_text_buffer *out, int64_t time_ns, int64_t origin_ns)
{
	bool negative = time_ns < origin_ns;
	uint64_t ns =
		negative ? (uint64_t)origin_ns - (uint64_t)time_ns : (uint64_t)time_ns - (uint64_t)origin_ns;

	aa_text_printf(out, "%c%llu.%06llu", negative ? '-' : '+', (unsigned long long)(ns / NS_PER_S),
		       (unsigned long long)(ns % NS_PER_S / 1000));
}

void aa_show_duration(struct aa_text_buffer *out, int64_t duration_ns)
{
	uint64_t ns = (uint64_t)duration_ns;
	unsigned long long seconds;

	if (duration_ns < 0) {
		aa_text_add_string(out, "-");
		ns = 0 - ns;
	}
	seconds = ns / NS_PER_S;
	if (ns < 1000000)
		aa_text_printf(out, "%lluus", (unsigned long long)(ns / 1000));
	else if (ns < 100000000)
		aa_text_printf(out, "%llu.%llums", (unsigned long long)(ns / 1000000),
			       (unsigned long long)(ns / 100000 % 10));
	else if (ns < NS_PER_S)
		aa_text_printf(out, "%llums", (unsigned long long)(ns / 1000000));
	else if (seconds < 60)
		aa_text_printf(out, "%llu.%03llus", seconds, (unsigned long long)(ns / 1000000 % 1000));
	else if (seconds < 3600)
		aa_text_printf(out, "%llum%02llus", seconds / 60, seconds % 60);
	else if (seconds < 86400)
		aa_text_printf(out, "%lluh%02llum", seconds / 3600, seconds / 60 % 60);
	else
		aa_text_printf(out, "%llud%02lluh", seconds / 86400, seconds / 3600 % 24);
}

void aa_show_size(struct aa_text_buffer *out, int64_t size_bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t unit_bytes = 1024;
	size_t unit = 0;

	if (size_bytes < 1024) {
		aa_text_printf(out, "%lld B", (long long)size_bytes);
		return;
	}
	while (unit + 1 < sizeof(units) / sizeof(units[0]) && (uint64_t)size_bytes / unit_bytes >= 1024) {
		unit_bytes *= 1024;
		unit++;
	}
	aa_text_printf(out, "%.1f %s", (double)size_bytes / (double)unit_bytes, units[unit]);
}

void aa_show_real(struct aa_text_buffer *out, double real)
{
	char text[32];

	/* Fifteen digits if they are enough: 0.1 is wanted, not 0.10000000000000001. */
	(void)snprintf(text, sizeof(text), "%.15g", real);
	if (strtod(text, NULL) < real || strtod(text, NULL) > real)
		(void)snprintf(text, sizeof(text), "%.17g", real);
	aa_text_add_string(out, text);
}
