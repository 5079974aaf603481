/* SPDX-License-Identifier: Apache-2.0 */
/* What the four formats make of any value, and that none of them lets a terminal obey it. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "render/render.h"
#include "render/safe.h"
#include "render/show.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_text(struct aa_text_buffer *text, const char *expected)
{
	assert_false(text->failed);
	assert_string_equal(text->data ? text->data : "", expected);
	aa_text_clear(text);
}

static void safe_text(void **state)
{
	static const struct {
		const char *bytes;
		const char *utf8;
		const char *ascii;
		const char *json;
	} cases[] = {
		{ "", "", "", "\"\"" },
		{ "plain \"text\" \\n", "plain \"text\" \\n", "plain \"text\" \\n",
		  "\"plain \\\"text\\\" \\\\n\"" },
		{ "\x1b[31m\r\n\t\x7f", "\\x1B[31m\\r\\n\\t\\x7F", "\\x1B[31m\\r\\n\\t\\x7F",
		  "\"\\u001b[31m\\r\\n\\t\\u007f\"" },
		{ "caf\xc3\xa9", "caf\xc3\xa9", "caf\\u{E9}", "\"caf\xc3\xa9\"" },
		/* C1 control, right-to-left override, a tag beyond the first plane. */
		{ "\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81", "\\u{9B}\\u{202E}\\u{E0041}",
		  "\\u{9B}\\u{202E}\\u{E0041}", "\"\\u009b\\u202e\\udb40\\udc41\"" },
		/* Lone, cut off, overlong, surrogate. */
		{ "\xff\xc3", "\\xFF\\xC3", "\\xFF\\xC3", "\"\\\\xFF\\\\xC3\"" },
		{ "\xc0\xaf", "\\xC0\\xAF", "\\xC0\\xAF", "\"\\\\xC0\\\\xAF\"" },
		{ "\xed\xa0\x80", "\\xED\\xA0\\x80", "\\xED\\xA0\\x80", "\"\\\\xED\\\\xA0\\\\x80\"" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\\u{1F600}", "\"\xf0\x9f\x98\x80\"" },
	};
	struct aa_text_buffer text = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		aa_safe_text(&text, cases[i].bytes, strlen(cases[i].bytes), false);
		assert_text(&text, cases[i].utf8);
		aa_safe_text(&text, cases[i].bytes, strlen(cases[i].bytes), true);
		assert_text(&text, cases[i].ascii);
		aa_text_json(&text, cases[i].bytes, strlen(cases[i].bytes));
		assert_text(&text, cases[i].json);
	}
	aa_safe_lines(&text, "a\nb\tc\rd\x1b", 8);
	assert_text(&text, "a\nb\tc\\rd\\x1B");
	aa_safe_text(&text, "a\0b", 3, false);
	assert_text(&text, "a\\x00b");
	aa_safe_hex(&text, "\x00\xff\x1b", 3);
	assert_text(&text, "00ff1b");
	aa_text_release(&text);
}

/* Every byte, and every byte behind the start of a character: nothing a terminal obeys comes out. */
static void safe_for_all_bytes(void **state)
{
	static const char *const starts[] = { "", "\xc2", "\xe2\x80", "\xf0\x9f\x98", "\x1b", "\\" };
	struct aa_text_buffer text = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(starts); i++) {
		for (int byte = 0; byte < 256; byte++) {
			char bytes[8];
			size_t size = strlen(starts[i]);

			memcpy(bytes, starts[i], size);
			bytes[size++] = (char)byte;
			aa_safe_text(&text, bytes, size, false);
			aa_safe_text(&text, bytes, size, true);
			aa_text_json(&text, bytes, size);
			assert_true(aa_safe_is_utf8(text.data, text.size));
			for (size_t j = 0; j < text.size; j++)
				assert_true((unsigned char)text.data[j] >= 0x20 && text.data[j] != 0x7f);
			assert_null(strstr(text.data, "\xc2\x9b"));
			aa_text_clear(&text);
		}
	}
	aa_text_release(&text);
}

static void width(void **state)
{
	(void)state;
	assert_int_equal(aa_safe_width("abc", 3), 3);
	assert_int_equal(aa_safe_width("caf\xc3\xa9", 5), 4);
	assert_int_equal(aa_safe_fit("caf\xc3\xa9s", 6, 4), 5);
	assert_int_equal(aa_safe_fit("abc", 3, 0), 0);
	assert_int_equal(aa_safe_fit("abc", 3, 9), 3);
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	/* Wide characters take two columns, combining ones none. */
	assert_int_equal(aa_safe_width("\xe6\xbc\xa2\xe5\xad\x97", 6), 4);
	assert_int_equal(aa_safe_fit("\xe6\xbc\xa2\xe5\xad\x97", 6, 3), 3);
	assert_int_equal(aa_safe_width("e\xcc\x81", 3), 1);
}

static void durations(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0us" },
		{ 999999, "999us" },
		{ 1000000, "1.0ms" },
		{ 99999999, "99.9ms" },
		{ 999999999, "999ms" },
		{ 1000000000, "1.000s" },
		{ INT64_C(59999999999), "59.999s" },
		{ INT64_C(60000000000), "1m00s" },
		{ INT64_C(3599000000000), "59m59s" },
		{ INT64_C(3600000000000), "1h00m" },
		{ INT64_C(86400000000000), "1d00h" },
		{ -1500000, "-1.5ms" },
		{ INT64_MAX, "106751d23h" },
		{ INT64_MIN, "-106751d23h" },
	};
	struct aa_text_buffer text = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		aa_show_duration(&text, cases[i].ns);
		assert_text(&text, cases[i].text);
	}
	aa_text_release(&text);
}

static void times(void **state)
{
	struct aa_text_buffer text = { 0 };

	(void)state;
	aa_show_time(&text, INT64_C(1763622960123456789), true);
	assert_text(&text, "2025-11-20 07:16:00.123456+00:00");
	aa_show_iso(&text, INT64_C(1763622960123456789));
	assert_text(&text, "2025-11-20T07:16:00.123456789Z");
	aa_show_iso(&text, -1);
	assert_text(&text, "1969-12-31T23:59:59.999999999Z");
	aa_show_iso(&text, INT64_MIN);
	assert_text(&text, "1677-09-21T00:12:43.145224192Z");
	assert_int_equal(setenv("TZ", "IST-5:30", 1), 0);
	tzset();
	aa_show_time(&text, INT64_C(1763622960000000000), false);
	assert_text(&text, "2025-11-20 12:46:00.000000+05:30");
	assert_int_equal(setenv("TZ", "NST3:30", 1), 0);
	tzset();
	aa_show_time(&text, INT64_C(1763622960000000000), false);
	assert_text(&text, "2025-11-20 03:46:00.000000-03:30");
	aa_show_elapsed(&text, 5, 0);
	assert_text(&text, "+0.000000");
	aa_show_elapsed(&text, 1234567890, 0);
	assert_text(&text, "+1.234567");
	aa_show_elapsed(&text, INT64_MIN, INT64_MAX);
	assert_text(&text, "-18446744073.709551");
	aa_show_size(&text, 1023);
	assert_text(&text, "1023 B");
	aa_show_size(&text, 1536);
	assert_text(&text, "1.5 KiB");
	aa_show_size(&text, INT64_MAX);
	assert_text(&text, "8.0 EiB");
	aa_show_real(&text, 0.1);
	assert_text(&text, "0.1");
	aa_show_real(&text, 1.0 / 3);
	assert_text(&text, "0.33333333333333331");
	aa_text_release(&text);
}

static const struct aa_column columns[] = {
	{ .name = "n", .title = "N" },
	{ .name = "t\"x", .title = "T" },
	{ .title = "SHOWN" },
	{ .name = "blob" },
	{ .name = "args", .args = true },
	{ .name = "last", .title = "LAST" },
};

static const struct aa_listing listing = { .columns = columns, .count = COUNT(columns) };

static void render_two_rows(const struct aa_format *format, unsigned line_width, bool color,
			    const char *expected)
{
	struct aa_render render = { .format = format, .width = line_width, .color = color, .utf8 = true };
	struct aa_cell first[] = {
		aa_cell_integer(INT64_MIN),
		aa_cell_text("a,\"b\"\n\x1b[31m"),
		aa_cell_text("x"),
		aa_cell_bytes("\0\xff", 2),
		aa_cell_bytes("a\0\0\xff\0", 5),
		aa_cell_text("some longer words"),
	};
	struct aa_cell second[] = {
		aa_cell_integer(7), aa_cell_null(), aa_cell_text("yy"),
		aa_cell_null(),	    aa_cell_null(), aa_cell_text(""),
	};

	first[4].type = AA_CELL_ARGS;
	second[0].style = AA_STYLE_BAD;
	aa_render_begin(&render, &listing);
	aa_render_row(&render, first);
	aa_render_row(&render, second);
	aa_render_end(&render);
	assert_int_equal(aa_render_finish(&render), 0);
	assert_string_equal(render.text.data, expected);
	aa_render_release(&render);
}

static void formats(void **state)
{
	(void)state;
	render_two_rows(&aa_format_json, 0, true,
			"[\n{\"n\":-9223372036854775808,\"t\\\"x\":\"a,\\\"b\\\"\\n\\u001b[31m\",\"blob\":{"
			"\"hex\":\"00ff\"},"
			"\"args\":[\"a\",\"\",{\"text\":\"\\\\xFF\",\"hex\":\"ff\"}],\"last\":\"some longer "
			"words\"},\n"
			"{\"n\":7,\"t\\\"x\":null,\"blob\":null,\"args\":null,\"last\":\"\"}\n]\n");
	render_two_rows(&aa_format_jsonl, 0, true,
			"{\"n\":-9223372036854775808,\"t\\\"x\":\"a,\\\"b\\\"\\n\\u001b[31m\",\"blob\":{"
			"\"hex\":\"00ff\"},"
			"\"args\":[\"a\",\"\",{\"text\":\"\\\\xFF\",\"hex\":\"ff\"}],\"last\":\"some longer "
			"words\"}\n"
			"{\"n\":7,\"t\\\"x\":null,\"blob\":null,\"args\":null,\"last\":\"\"}\n");
	render_two_rows(
		&aa_format_csv, 0, true,
		"n,\"t\"\"x\",blob,args,last\r\n"
		"-9223372036854775808,\"a,\"\"b\"\"\n\\x1B[31m\",X'00ff',a '' $'\\xFF',some longer words\r\n"
		"7,,,,\"\"\r\n");
	render_two_rows(&aa_format_text, 0, false,
			"                   N  T                SHOWN  LAST\n"
			"-9223372036854775808  a,\"b\"\\n\\x1B[31m  x      some longer words\n"
			"                   7  -                yy     \n");
}

static void terminals(void **state)
{
	(void)state;
	/* Cut at the edge; at least eight columns are shown. */
	render_two_rows(&aa_format_text, 55, false,
			"                   N  T                SHOWN  LAST\n"
			"-9223372036854775808  a,\"b\"\\n\\x1B[31m  x      some lon\xe2\x80\xa6\n"
			"                   7  -                yy     \n");
	render_two_rows(&aa_format_text, 58, true,
			"                   \x1b[1mN\x1b[0m  \x1b[1mT\x1b[0m                "
			"\x1b[1mSHOWN\x1b[0m  \x1b[1mLAST\x1b[0m\n"
			"-9223372036854775808  a,\"b\"\\n\\x1B[31m  x      some longer\xe2\x80\xa6\n"
			"                   \x1b[31m7\x1b[0m  \x1b[2m-\x1b[0m                yy     \n");
}

/* Titles and lines come from outside too. */
static void hostile_titles(void **state)
{
	static const struct aa_column hostile[] = { { .name = "\x1b[2J", .title = "\x1b[2J" } };
	static const struct aa_listing table = { .columns = hostile, .count = 1 };
	static const struct aa_format *const all[] = { &aa_format_text, &aa_format_json, &aa_format_jsonl,
						       &aa_format_csv };

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct aa_render render = { .format = all[i] };
		struct aa_cell cell = aa_cell_text("\x1b[2J");

		cell.note = "\x1b[2J";
		aa_render_line(&render, AA_STYLE_NAME, "\x1b[2J\n");
		aa_render_begin(&render, &table);
		aa_render_row(&render, &cell);
		aa_render_end(&render);
		assert_int_equal(aa_render_finish(&render), 0);
		assert_null(strchr(render.text.data, '\x1b'));
		assert_non_null(strstr(render.text.data, "[2J"));
		aa_render_release(&render);
	}
}

static void nothing(void **state)
{
	static const struct {
		const struct aa_format *format;
		const char *text;
	} cases[] = {
		{ &aa_format_text, "" },
		{ &aa_format_json, "[]\n" },
		{ &aa_format_jsonl, "" },
		{ &aa_format_csv, "n,\"t\"\"x\",blob,args,last\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct aa_render render = { .format = cases[i].format };

		aa_render_begin(&render, &listing);
		aa_render_end(&render);
		assert_int_equal(aa_render_finish(&render), 0);
		assert_string_equal(render.text.data ? render.text.data : "", cases[i].text);
		aa_render_release(&render);
	}
}

static void nested(void **state)
{
	static const struct aa_column inner[] = { { .name = "a", .title = "A" },
						  { .name = "b", .title = "B" } };
	static const struct aa_listing inner_listing = { .columns = inner, .count = 2 };
	static const struct aa_column outer[] = {
		{ .name = "id", .title = "id" },
		{ .name = "gone", .title = "gone" },
		{ .name = "rows", .title = "rows", .nested = true },
		{ .name = "none", .title = "none", .nested = true },
	};
	static const struct aa_listing outer_listing = { .columns = outer,
							 .count = 4,
							 .layout = AA_LAYOUT_RECORD };
	struct aa_cell cells[] = { aa_cell_integer(1), aa_cell_text("x"), aa_cell_integer(20),
				   aa_cell_text("y") };
	struct aa_rows rows = { &inner_listing, cells, 2 };
	struct aa_rows none = { &inner_listing, NULL, 0 };
	struct aa_cell row[] = {
		aa_cell_integer(5),
		aa_cell_null(),
		{ .type = AA_CELL_TABLE, .rows = &rows },
		{ .type = AA_CELL_TABLE, .rows = &none },
	};
	static const struct {
		const struct aa_format *format;
		const char *text;
	} cases[] = {
		{ &aa_format_text, "id  5\nrows\n   A  B\n   1  x\n  20  y\n" },
		{ &aa_format_jsonl, "{\"id\":5,\"gone\":null,\"rows\":[{\"a\":1,\"b\":\"x\"},{\"a\":20,\"b\":"
				    "\"y\"}],\"none\":[]}\n" },
		{ &aa_format_csv, "id,gone\r\n5,\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct aa_render render = { .format = cases[i].format };

		aa_render_begin(&render, &outer_listing);
		aa_render_row(&render, row);
		aa_render_end(&render);
		assert_int_equal(aa_render_finish(&render), 0);
		assert_string_equal(render.text.data, cases[i].text);
		aa_render_release(&render);
	}
}

/* A sink that takes so much and then fails. */
struct sink {
	size_t taken;
	int result;
};

static int take(void *context, struct aa_text_buffer *text)
{
	struct sink *sink = context;

	sink->taken += text->size;
	aa_text_clear(text);
	return sink->result;
}

static void flushing(void **state)
{
	struct sink sink = { 0 };
	struct aa_render render = { .format = &aa_format_jsonl, .flush = take, .context = &sink };
	struct aa_cell cells[COUNT(columns)] = { 0 };

	(void)state;
	aa_render_begin(&render, &listing);
	for (int i = 0; i < 10000; i++) {
		aa_render_row(&render, cells);
		assert_true(render.text.size < 64 * 1024);
	}
	assert_true(sink.taken > 0);
	sink.result = -32;
	aa_render_end(&render);
	assert_int_equal(aa_render_finish(&render), -32);
	assert_int_equal(
		sink.taken,
		10000 * strlen("{\"n\":null,\"t\\\"x\":null,\"blob\":null,\"args\":null,\"last\":null}\n"));
	aa_render_release(&render);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(safe_text), cmocka_unit_test(safe_for_all_bytes),
		cmocka_unit_test(width),     cmocka_unit_test(durations),
		cmocka_unit_test(times),     cmocka_unit_test(formats),
		cmocka_unit_test(terminals), cmocka_unit_test(hostile_titles),
		cmocka_unit_test(nothing),   cmocka_unit_test(nested),
		cmocka_unit_test(flushing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
