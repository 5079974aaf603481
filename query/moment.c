/* SPDX-License-Identifier: Apache-2.0 */
/* Times as people type them; the grammar stands in filter.h. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "filter.h"

#define NS_PER_S INT64_C(1000000000)

/* An integer of exactly count digits. */
static bool read_digits(const char **text, int count, int *ret_value)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (!isdigit((unsigned char)**text))
			return false;
		value = value * 10 + (*(*text)++ - '0');
	}
	*ret_value = value;
	return true;
}

static bool read_character(const char **text, const char *allowed)
{
	if (**text == '\0' || !strchr(allowed, **text))
		return false;
	(*text)++;
	return true;
}

/* ".123": digits beyond nanoseconds are ignored. */
static bool read_fraction(const char **text, int64_t *ret_ns)
{
	int64_t unit = NS_PER_S;

	*ret_ns = 0;
	if (**text != '.')
		return true;
	(*text)++;
	if (!isdigit((unsigned char)**text))
		return false;
	for (; isdigit((unsigned char)**text); (*text)++) {
		unit /= 10;
		*ret_ns += unit * (**text - '0');
	}
	return true;
}

/* Digits with an optional fraction, in units of ns. false on overflow too. */
static bool read_amount(const char **text, int64_t unit_ns, int64_t *ret_ns)
{
	int64_t whole = 0;
	int64_t fraction;

	if (!isdigit((unsigned char)**text))
		return false;
	for (; isdigit((unsigned char)**text); (*text)++) {
		if (__builtin_mul_overflow(whole, INT64_C(10), &whole) ||
		    __builtin_add_overflow(whole, (int64_t)(**text - '0'), &whole))
			return false;
	}
	if (!read_fraction(text, &fraction) || __builtin_mul_overflow(whole, unit_ns, &whole))
		return false;
	/* A fraction of a week in ns does not fit 64 bits before it is divided; rounding makes seconds exact. */
	fraction = (int64_t)((double)fraction / (double)NS_PER_S * (double)unit_ns + 0.5);
	return !__builtin_add_overflow(whole, fraction, ret_ns);
}

static bool read_offset(const char **text, int *ret_seconds)
{
	int sign = **text == '-' ? -1 : 1;
	int hours, minutes;

	if (read_character(text, "Zz")) {
		*ret_seconds = 0;
		return true;
	}
	if (!read_character(text, "+-") || !read_digits(text, 2, &hours) || !read_character(text, ":") ||
	    !read_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* 2025-11-20[T08:16[:01[.5]][Z]] */
static int parse_date(const char *text, int64_t *ret_ns)
{
	struct tm tm = { .tm_isdst = -1 };
	int year, month, day, hour = 0, minute = 0, second = 0, offset = 0;
	int64_t fraction = 0;
	bool local = true;
	time_t seconds;

	if (!read_digits(&text, 4, &year) || !read_character(&text, "-") || !read_digits(&text, 2, &month) ||
	    !read_character(&text, "-") || !read_digits(&text, 2, &day))
		return -EINVAL;
	if (read_character(&text, "Tt ")) {
		if (!read_digits(&text, 2, &hour) || !read_character(&text, ":") ||
		    !read_digits(&text, 2, &minute))
			return -EINVAL;
		if (read_character(&text, ":") &&
		    (!read_digits(&text, 2, &second) || !read_fraction(&text, &fraction)))
			return -EINVAL;
		local = *text == '\0';
		if (!local && !read_offset(&text, &offset))
			return -EINVAL;
	}
	if (*text != '\0' || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
	    hour > 23 || minute > 59 || second > 60)
		return -EINVAL;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	tm.tm_hour = hour;
	tm.tm_min = minute;
	tm.tm_sec = second;
	seconds = local ? mktime(&tm) : timegm(&tm) - offset;
	/* Years that 64 bits of nanoseconds do not reach. */
	if (__builtin_mul_overflow((int64_t)seconds, NS_PER_S, ret_ns) ||
	    __builtin_add_overflow(*ret_ns, fraction, ret_ns))
		return -EINVAL;
	return 0;
}

/* 90s, 5m, 1.5h, 500ms; without a unit: seconds. */
static int parse_span(const char *text, int64_t *ret_ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {
		{ "", NS_PER_S },
		{ "s", NS_PER_S },
		{ "ms", 1000000 },
		{ "us", 1000 },
		{ "ns", 1 },
		{ "m", 60 * NS_PER_S },
		{ "min", 60 * NS_PER_S },
		{ "h", 3600 * NS_PER_S },
		{ "d", 86400 * NS_PER_S },
		{ "w", 7 * 86400 * NS_PER_S },
	};
	const char *unit = text + strspn(text, "0123456789.");

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].name, unit) == 0)
			return read_amount(&text, units[i].ns, ret_ns) && text == unit ? 0 : -EINVAL;
	}
	return -EINVAL;
}

/*
 * Seconds or nanoseconds since the epoch. What lies between could be milliseconds, and what is small (2025) a year or
 * another slip: refused.
 */
static int parse_epoch(const char *text, int64_t *ret_ns)
{
	const char *end = text;
	int64_t value;

	if (strchr(text, '.'))
		return read_amount(&end, NS_PER_S, ret_ns) && *end == '\0' ? 0 : -EINVAL;
	if (!read_amount(&end, 1, &value) || *end != '\0')
		return -EINVAL;
	if (value >= INT64_C(1000000000000000)) {
		*ret_ns = value;
		return 0;
	}
	if (value > INT64_C(9000000000) || (value > 0 && value < INT64_C(100000000)))
		return -EINVAL;
	*ret_ns = value * NS_PER_S;
	return 0;
}

int aa_moment_parse(const char *text, struct aa_moment *ret_moment)
{
	struct aa_moment moment = { .base = AA_MOMENT_ABSOLUTE };
	int r;

	if (strcmp(text, "now") == 0) {
		moment.base = AA_MOMENT_NOW;
		r = 0;
	} else if (*text == '-') {
		moment.base = AA_MOMENT_NOW;
		r = parse_span(text + 1, &moment.ns);
		moment.ns = -moment.ns;
	} else if (*text == '+') {
		moment.base = AA_MOMENT_START;
		r = parse_span(text + 1, &moment.ns);
	} else if (strspn(text, "0123456789.") == strlen(text)) {
		r = parse_epoch(text, &moment.ns);
	} else {
		r = parse_date(text, &moment.ns);
	}
	if (r == 0)
		*ret_moment = moment;
	return r;
}

int64_t aa_moment_resolve(const struct aa_moment *moment, int64_t now_ns, int64_t start_ns)
{
	int64_t base = moment->base == AA_MOMENT_NOW	 ? now_ns
		       : moment->base == AA_MOMENT_START ? start_ns
							 : 0;
	int64_t ns;

	if (__builtin_add_overflow(base, moment->ns, &ns))
		return moment->ns < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}
