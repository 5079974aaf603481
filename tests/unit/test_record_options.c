/* SPDX-License-Identifier: Apache-2.0 */
/* The command line's parser: values, ranges, where operands begin, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "options.h"
#include "settings.h"

static const struct aa_command run = {
	.name = "run", .usage = "", .summary = "", .text = "", .bit = AA_COMMAND_RUN
};
static const struct aa_command doctor = {
	.name = "doctor", .usage = "", .summary = "", .text = "", .bit = AA_COMMAND_DOCTOR
};
static const struct aa_command attach = {
	.name = "attach", .usage = "", .summary = "", .text = "", .bit = AA_COMMAND_ATTACH
};

struct parsed {
	struct aa_options options;
	struct aa_error error;
	int first;
	int r;
};

static struct parsed parse(const struct aa_command *command, char **argv)
{
	struct parsed parsed = { 0 };
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	parsed.r = aa_options_parse(command, argc, argv, &parsed.options, &parsed.first, &parsed.error);
	return parsed;
}

#define PARSE(command, ...) parse(command, (char *[]){ (char *)"x", __VA_ARGS__, NULL })

static void test_defaults(void **state)
{
	struct parsed parsed = PARSE(&run, (char *)"true");

	(void)state;
	assert_int_equal(parsed.r, 0);
	assert_int_equal(parsed.first, 1);
	assert_string_equal(parsed.options.db, aa_db_default_path());
	assert_null(parsed.options.session);
	assert_null(parsed.options.env_names);
	assert_int_equal(parsed.options.ring_bytes, 0);
	assert_false(parsed.options.quiet);
	aa_options_release(&parsed.options);
}

static void test_values(void **state)
{
	struct parsed parsed = PARSE(
		&run, (char *)"--db", (char *)"a", (char *)"--session=s=1", (char *)"--quiet",
		(char *)"--ring-size", (char *)"1m", (char *)"--max-args=4096", (char *)"--max-processes",
		(char *)"100", (char *)"--env", (char *)"A,B", (char *)"--env=C", (char *)"--detach-on-exit",
		(char *)"--user", (char *)"u", (char *)"--", (char *)"--quiet");

	(void)state;
	assert_int_equal(parsed.r, 0);
	assert_int_equal(parsed.first, 17);
	assert_string_equal(parsed.options.db, "a");
	assert_string_equal(parsed.options.session, "s=1");
	assert_string_equal(parsed.options.user, "u");
	assert_true(parsed.options.quiet);
	assert_true(parsed.options.detach_on_exit);
	assert_int_equal(parsed.options.ring_bytes, 1 << 20);
	assert_int_equal(parsed.options.max_arg_bytes, 4096);
	assert_int_equal(parsed.options.max_processes, 100);
	assert_string_equal(parsed.options.env_names[0], "A");
	assert_string_equal(parsed.options.env_names[1], "B");
	assert_string_equal(parsed.options.env_names[2], "C");
	assert_null(parsed.options.env_names[3]);
	aa_options_release(&parsed.options);
}

static void test_choices(void **state)
{
	static const char *const tiers[] = { "precise", "kprobe", "portable", "basic" };
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++) {
		parsed = PARSE(&attach, (char *)"--tier", (char *)(uintptr_t)tiers[i]);
		assert_int_equal(parsed.r, 0);
		assert_string_equal(parsed.options.tier, tiers[i]);
		assert_null(parsed.options.btf);
	}
	parsed = PARSE(&doctor, (char *)"--format=json", (char *)"--verbose", (char *)"--btf=x",
		       (char *)"--debug");
	assert_int_equal(parsed.r, 0);
	assert_string_equal(parsed.options.format, "json");
	assert_string_equal(parsed.options.btf, "x");
	assert_null(parsed.options.tier);
	assert_true(parsed.options.verbose);
	assert_true(parsed.options.debug);
}

static void test_files(void **state)
{
	struct parsed parsed = PARSE(&run, (char *)"--files=writes", (char *)"--exclude", (char *)"/a,b/*",
				     (char *)"--exclude=*.o", (char *)"--content", (char *)"*.py",
				     (char *)"--content-max=2M", (char *)"--content-store",
				     (char *)"--file-ring-size=128M", (char *)"--max-open-files=64");

	(void)state;
	assert_int_equal(parsed.r, 0);
	assert_string_equal(parsed.options.files, "writes");
	assert_string_equal(parsed.options.excludes[0], "/a,b/*"); /* a comma is part of it */
	assert_string_equal(parsed.options.excludes[1], "*.o");
	assert_null(parsed.options.excludes[2]);
	assert_string_equal(parsed.options.contents[0], "*.py");
	assert_null(parsed.options.contents[1]);
	assert_int_equal(parsed.options.content_max_bytes, 2 << 20);
	assert_true(parsed.options.content_store);
	assert_int_equal(parsed.options.file_ring_bytes, 128 << 20);
	assert_int_equal(parsed.options.max_open_files, 64);
	aa_options_release(&parsed.options);
	assert_null(parsed.options.excludes);
}

static void expect_settings(const struct aa_options *options, const char *expected)
{
	struct aa_session_setting *settings = aa_settings_of(options, true);
	char text[512] = "";

	assert_non_null(settings);
	for (const struct aa_session_setting *s = settings; s->name != NULL; s++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s=%s;", s->name, s->value);
	assert_string_equal(text, expected);
	free(settings);
}

#define DEFAULT_TLS "tls=all;tls-hold=on;tls-max-call=8388608;tls-max-connection=1073741824;redact=on;"

/* What a session is said to have been recorded with. */
static void test_settings(void **state)
{
	struct parsed parsed = PARSE(&run, (char *)"true");

	(void)state;
	expect_settings(&parsed.options, "files=all;" DEFAULT_TLS);
	parsed = PARSE(&attach, (char *)"--exclude=*b", (char *)"--content=/x", (char *)"--files=writes",
		       (char *)"--exclude=pipe:*", (char *)"--content=/");
	expect_settings(&parsed.options, "files=writes;exclude=*b;exclude=pipe:*;content=/x;content=/"
					 ";content-max=1048576;" DEFAULT_TLS);
	parsed.options.content_max_bytes = 7;
	parsed.options.content_store = true;
	expect_settings(&parsed.options, "files=writes;exclude=*b;exclude=pipe:*;content=/x;content=/"
					 ";content-max=7;content-store=1;" DEFAULT_TLS);
	aa_options_release(&parsed.options);
	parsed = PARSE(&run, (char *)"--tls=metadata", (char *)"--redact-header=X-A",
		       (char *)"--redact-header", (char *)"x-b", (char *)"--tls-ring-size=1M");
	expect_settings(&parsed.options,
			"files=all;tls=metadata;redact=on;redact-header=X-A;redact-header=x-b;");
	assert_int_equal(parsed.options.tls_ring_bytes, 1 << 20);
	aa_options_release(&parsed.options);
	parsed = PARSE(&run, (char *)"--tls-max-call=1", (char *)"--tls-max-connection=1024G",
		       (char *)"--no-redact", (char *)"--tls-hold=off");
	expect_settings(&parsed.options, "files=all;tls=all;tls-hold=on;tls-max-call=1;"
					 "tls-max-connection=1099511627776;redact=off;");
	assert_string_equal(parsed.options.tls_hold, "off");
	aa_options_release(&parsed.options);
}

static void test_operands_begin(void **state)
{
	struct parsed parsed;

	(void)state;
	parsed = PARSE(&run, (char *)"--quiet", (char *)"ls", (char *)"--debug");
	assert_int_equal(parsed.first, 2);
	assert_false(parsed.options.debug);
	parsed = PARSE(&run, (char *)"-"); /* a program may be called that */
	assert_int_equal(parsed.first, 1);
	parsed = PARSE(&run, (char *)"--");
	assert_int_equal(parsed.first, 2);
	parsed = PARSE(&run, (char *)"--", (char *)"--", (char *)"x");
	assert_int_equal(parsed.first, 2);
}

static void refuse(struct parsed parsed, const char *text)
{
	assert_int_equal(parsed.r, -EINVAL);
	assert_non_null(strstr(parsed.error.text, text));
	aa_options_release(&parsed.options);
}

static void test_refusals(void **state)
{
	(void)state;
	refuse(PARSE(&run, (char *)"--bogus"), "--bogus");
	refuse(PARSE(&run, (char *)"--bo\033[31mgus"), "'--bo\\x1B[31mgus'");
	refuse(PARSE(&run, (char *)"-q"), "-q");
	refuse(PARSE(&run, (char *)"--quie"), "--quie");
	refuse(PARSE(&run, (char *)"--quiet=1"), "no argument");
	refuse(PARSE(&run, (char *)"--db"), "needs an argument");
	refuse(PARSE(&run, (char *)"--db="), "empty");
	refuse(PARSE(&run, (char *)"--env", (char *)"A,,B"), "--env");
	refuse(PARSE(&run, (char *)"--env", (char *)"A=1"), "--env");
	refuse(PARSE(&run, (char *)"--env", (char *)""), "--env");
	refuse(PARSE(&run, (char *)"--ring-size", (char *)"100K"), "power of 2");
	refuse(PARSE(&run, (char *)"--ring-size", (char *)"32K"), "64K to 1G");
	refuse(PARSE(&run, (char *)"--ring-size", (char *)"2G"), "64K to 1G");
	refuse(PARSE(&run, (char *)"--ring-size", (char *)"0"), "64K to 1G");
	refuse(PARSE(&run, (char *)"--max-processes", (char *)"64K"), "number");
	refuse(PARSE(&run, (char *)"--max-processes", (char *)"-1"), "number");
	refuse(PARSE(&attach, (char *)"--detach-on-exit"), "--detach-on-exit");
	refuse(PARSE(&run, (char *)"--tier", (char *)"best"), "precise|kprobe|portable|basic");
	refuse(PARSE(&run, (char *)"--tier="), "precise|kprobe|portable|basic");
	refuse(PARSE(&run, (char *)"--tier=precise|kprobe"), "precise|kprobe|portable|basic");
	refuse(PARSE(&run, (char *)"--tier=basi"), "precise|kprobe|portable|basic");
	refuse(PARSE(&run, (char *)"--format=json"), "--format");
	refuse(PARSE(&doctor, (char *)"--format=jsonl"), "text|json");
	refuse(PARSE(&doctor, (char *)"--db", (char *)"x"), "--db");
	refuse(PARSE(&run, (char *)"--files=some"), "all|writes|none");
	refuse(PARSE(&run, (char *)"--exclude="), "empty");
	refuse(PARSE(&run, (char *)"--content", (char *)""), "empty");
	refuse(PARSE(&run, (char *)"--exclude=tmp/*"), "'tmp/*' matches nothing");
	refuse(PARSE(&run, (char *)"--exclude=/tmp/"), "no path ends with /");
	refuse(PARSE(&run, (char *)"--content=x\033[31m"), "'x\\x1B[31m' matches nothing");
	refuse(PARSE(&run, (char *)"--content=/x", (char *)"--files=none"), "not with --files none");
	refuse(PARSE(&run, (char *)"--content-store"), "--content-store: only with --content");
	refuse(PARSE(&run, (char *)"--content-max=2M"), "--content-max: only with --content");
	refuse(PARSE(&run, (char *)"--ring-size=64Q"), "bytes, or with K, M or G");
	refuse(PARSE(&run, (char *)"--content-max=2G"), "at most 1G");
	refuse(PARSE(&run, (char *)"--content-max=0"), "at most 1G");
	refuse(PARSE(&run, (char *)"--file-ring-size=100M"), "power of 2");
	refuse(PARSE(&run, (char *)"--max-open-files=63"), "64 to 4194304");
	refuse(PARSE(&doctor, (char *)"--files=all"), "--files");
	refuse(PARSE(&attach, (char *)"--user", (char *)"root"), "--user");
	refuse(PARSE(&run, (char *)"--tls=some"), "all|metadata|none");
	refuse(PARSE(&run, (char *)"--tls=metadata", (char *)"--tls-hold=on"), "not with --tls metadata");
	refuse(PARSE(&run, (char *)"--tls=none", (char *)"--tls-max-call=1K"), "not with --tls none");
	refuse(PARSE(&run, (char *)"--tls-max-call=9M"), "at most 8M");
	refuse(PARSE(&run, (char *)"--tls-hold"), "on|off");
	refuse(PARSE(&run, (char *)"--redact-header=a b"), "not the name of a header");
	refuse(PARSE(&run, (char *)"--redact-header="), "not the name of a header");
	refuse(PARSE(&run, (char *)"--no-redact", (char *)"--redact-header=x"), "not with --no-redact");
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0, 0 },
		{ "1", 0, 1 },
		{ "64K", 0, 64 << 10 },
		{ "64k", 0, 64 << 10 },
		{ "3M", 0, 3 << 20 },
		{ "1G", 0, 1 << 30 },
		{ "", -EINVAL, 0 },
		{ "K", -EINVAL, 0 },
		{ "1KB", -EINVAL, 0 },
		{ "1T", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "18446744073709551617", -EINVAL, 0 },
		{ "99999999999999999999999999999", -EINVAL, 0 },
		{ "17179869184G", -EINVAL, 0 }, /* 2^64 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = 0;

		assert_int_equal(aa_options_parse_size(cases[i].text, &bytes), cases[i].r);
		assert_int_equal(bytes, cases[i].bytes);
	}
}

/* Whatever the table says about itself, the help must show, in 80 columns. */
static void test_help(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	aa_options_print_help(&attach, out);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "--ring-size SIZE"));
	assert_null(strstr(text, "--detach-on-exit"));
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 80);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
		cmocka_unit_test(test_choices),	 cmocka_unit_test(test_operands_begin),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_help),	 cmocka_unit_test(test_files),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
