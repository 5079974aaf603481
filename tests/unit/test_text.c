/* SPDX-License-Identifier: Apache-2.0 */
/* Escaping and quoting: what comes out prints safely, and gives the exact bytes back (bash itself is asked). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "memory.h"
#include "text.h"
#include "utf8.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

static const struct {
	const char *bytes;
	size_t size;
	const char *escaped;
} cases[] = {
	{ BYTES(""), "" },
	{ BYTES("plain text"), "plain text" },
	{ BYTES("back\\slash"), "back\\\\slash" },
	{ BYTES("a\nb\tc\rd"), "a\\nb\\tc\\rd" },
	{ BYTES("\x1b[31mred\x7f\0"), "\\x1B[31mred\\x7F\\x00" },
	{ BYTES("gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0 \xf0\x9f\x98\x80"),
	  "gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0 \xf0\x9f\x98\x80" },
	{ BYTES("\xff\xfe"), "\\xFF\\xFE" },
	{ BYTES("\xc3"), "\\xC3" },			       /* cut off */
	{ BYTES("\xc0\xaf"), "\\xC0\\xAF" },		       /* overlong */
	{ BYTES("\xed\xa0\x80"), "\\xED\\xA0\\x80" },	       /* surrogate */
	{ BYTES("\xf4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80" }, /* beyond U+10FFFF */
	{ BYTES("\xc2\x9b"), "\\u{9B}" },		       /* C1: CSI */
	{ BYTES("\xe2\x80\xae"
		"exe.txt"),
	  "\\u{202E}exe.txt" }, /* right-to-left override */
	{ BYTES("\xe2\x81\xa6"
		"x\xe2\x81\xa9"),
	  "\\u{2066}x\\u{2069}" },
	{ BYTES("\xd8\x9c"), "\\u{61C}" },
	{ BYTES("\xe2\x80\x8b\xe2\x80\xa8\xef\xbb\xbf"), "\\u{200B}\\u{2028}\\u{FEFF}" },
	{ BYTES("\xf3\xa0\x81\x81"), "\\u{E0041}" }, /* tag */
	{ BYTES("\xef\xbf\xbf"), "\\u{FFFF}" },
};

static void test_escape(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		aa_cleanup(aa_text_release) struct aa_text_buffer escaped = { 0 };
		aa_cleanup(aa_text_release) struct aa_text_buffer back = { 0 };
		bool differs = aa_text_escape(&escaped, cases[i].bytes, cases[i].size);

		assert_string_equal(escaped.data, cases[i].escaped);
		assert_int_equal(differs,
				 strlen(cases[i].escaped) != cases[i].size ||
					 memcmp(cases[i].escaped, cases[i].bytes, cases[i].size) != 0);
		assert_int_equal(aa_text_unescape(&back, escaped.data, escaped.size), 0);
		assert_int_equal(back.size, cases[i].size);
		if (back.size)
			assert_memory_equal(back.data, cases[i].bytes, back.size);
	}
}

static bool is_safe(const struct aa_text_buffer *text)
{
	const unsigned char *at = (const unsigned char *)text->data;
	const unsigned char *end = at + text->size;

	while (at < end) {
		uint32_t character;

		at += aa_utf8_decode(at, (size_t)(end - at), &character);
		if (!aa_utf8_is_printable(character))
			return false;
	}
	return true;
}

static uint64_t random_state = 88172645463325252u;

static uint32_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 16);
}

/* Bytes that are likely to be trouble. */
static size_t random_bytes(char *bytes, size_t size)
{
	static const char spice[] = "\\'\"$`!#~ \n\t\r\x1b\x9b\xc2\xe2\x80\xae{}ux0";
	size_t length = next_random() % size;

	for (size_t i = 0; i < length; i++)
		bytes[i] = (char)(next_random() % 2 ? spice[next_random() % (sizeof(spice) - 1)]
						    : (char)next_random());
	return length;
}

static void test_escape_of_anything_comes_back(void **state)
{
	char bytes[64];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		aa_cleanup(aa_text_release) struct aa_text_buffer escaped = { 0 };
		aa_cleanup(aa_text_release) struct aa_text_buffer back = { 0 };
		size_t size = random_bytes(bytes, sizeof(bytes));

		(void)aa_text_escape(&escaped, bytes, size);
		assert_true(is_safe(&escaped));
		assert_int_equal(aa_text_unescape(&back, escaped.data, escaped.size), 0);
		assert_int_equal(back.size, size);
		if (size)
			assert_memory_equal(back.data, bytes, size);
		aa_text_clear(&back);
		(void)aa_text_quote(&back, bytes, size);
		assert_true(is_safe(&back));
		aa_text_clear(&back);
		(void)aa_text_sanitize(&back, bytes, size);
		assert_true(is_safe(&back));
		(void)aa_text_unescape(&back, bytes, size); /* anything may come in, too */
	}
}

static void test_malformed_escapes(void **state)
{
	static const char *const texts[] = { "\\",	    "\\q",	 "\\x",		"\\x1",	 "\\xg0",
					     "\\u",	    "\\u{",	 "\\u{}",	"\\u{4", "\\u{g}",
					     "\\u{110000}", "\\u{d800}", "\\u{0000041}" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		aa_cleanup(aa_text_release) struct aa_text_buffer buffer = { 0 };

		assert_true(aa_text_unescape(&buffer, texts[i], strlen(texts[i])) < 0);
	}
}

static void test_quote(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *quoted;
	} words[] = {
		{ BYTES(""), "''" },
		{ BYTES("plain-word_1.c:2,3+4@5%6=7/8"), "plain-word_1.c:2,3+4@5%6=7/8" },
		{ BYTES("two words"), "'two words'" },
		{ BYTES("it's"), "$'it\\'s'" },
		{ BYTES("$HOME `id` \"x\" \\"), "'$HOME `id` \"x\" \\'" },
		{ BYTES("~root"), "'~root'" },
		{ BYTES("a{1,2}"), "'a{1,2}'" },
		{ BYTES("gr\xc3\xbc\xc3\x9f"), "'gr\xc3\xbc\xc3\x9f'" },
		{ BYTES("a\nb"), "$'a\\nb'" },
		{ BYTES("\x1b]0;x\x07"), "$'\\x1B]0;x\\x07'" },
		{ BYTES("\xff"
			"f"),
		  "$'\\xFFf'" },
		{ BYTES("\xe2\x80\xae"), "$'\\xE2\\x80\\xAE'" },
		{ BYTES("don't!"), "$'don\\'t\\x21'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		aa_cleanup(aa_text_release) struct aa_text_buffer quoted = { 0 };
		bool differs = aa_text_quote(&quoted, words[i].bytes, words[i].size);

		assert_string_equal(quoted.data, words[i].quoted);
		assert_int_equal(differs, strcmp(words[i].bytes, words[i].quoted) != 0 || words[i].size == 0);
	}
}

static void test_quote_args(void **state)
{
	static const struct {
		const char *args;
		size_t size;
		const char *command;
		bool inexact;
	} lines[] = {
		{ BYTES(""), "", false },
		{ BYTES("ls\0"), "ls", false },
		{ BYTES("ls\0-l\0"), "ls -l", false },
		{ BYTES("ls\0-l"), "ls -l", false }, /* cut off, or overwritten by the process */
		{ BYTES("\0"), "''", true },
		{ BYTES("a\0\0b\0\0"), "a '' b ''", true },
		{ BYTES("A=b\0A=b\0"), "'A=b' A=b", true },
		{ BYTES("if\0if\0"), "'if' if", true },
		{ BYTES("sh\0-c\0ls -l | wc\0"), "sh -c 'ls -l | wc'", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		aa_cleanup(aa_text_release) struct aa_text_buffer command = { 0 };

		assert_int_equal(aa_text_quote_args(&command, lines[i].args, lines[i].size),
				 lines[i].inexact);
		assert_string_equal(command.data, lines[i].command);
	}
}

/* bash -c "printf '%s\0' WORDS": what it understands. */
static void ask_bash(const char *words, struct aa_text_buffer *answer)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer script = { 0 };
	char buffer[4096];
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	aa_text_printf(&script, "printf '%%s\\0' %s", words);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(fds[1], 1);
		(void)close(fds[0]);
		execlp("bash", "bash", "-c", script.data, (char *)NULL);
		_exit(127);
	}
	(void)close(fds[1]);
	while ((n = read(fds[0], buffer, sizeof(buffer))) > 0)
		aa_text_add(answer, buffer, (size_t)n);
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_bash_understands(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		aa_cleanup(aa_text_release) struct aa_text_buffer args = { 0 };
		aa_cleanup(aa_text_release) struct aa_text_buffer words = { 0 };
		aa_cleanup(aa_text_release) struct aa_text_buffer answer = { 0 };

		for (int i = 0; i < 30; i++) {
			char bytes[24];
			size_t size = random_bytes(bytes, sizeof(bytes));

			for (size_t at = 0; at < size; at++)
				if (!bytes[at])
					bytes[at] = ' ';
			aa_text_add(&args, bytes, size);
			aa_text_add(&args, "", 1);
		}
		(void)aa_text_quote_args(&words, args.data, args.size);
		ask_bash(words.data, &answer);
		assert_int_equal(answer.size, args.size);
		assert_memory_equal(answer.data, args.data, args.size);
	}
}

static void test_error(void **state)
{
	struct aa_error error = { 0 };
	char path[2000];

	(void)state;
	assert_int_equal(aa_error_set(NULL, -5, "nowhere"), -5);
	assert_int_equal(aa_error_set(&error, -2, "cannot open %s: %s", "a\x1b[2J\n\\x", "gone"), -2);
	assert_int_equal(error.code, -2);
	assert_string_equal(error.text, "cannot open a\\x1B[2J\\n\\x: gone");
	assert_int_equal(aa_error_set(&error, -3, "later"), -3);
	assert_int_equal(error.code, -2); /* the first cause wins */

	/* Long ones are cut, not in the middle of a character. */
	for (size_t i = 0; i + 1 < sizeof(path); i += 2)
		memcpy(path + i, "\xc3\xbc", 2);
	path[sizeof(path) - 1] = '\0';
	path[sizeof(path) - 2] = '\0';
	error = (struct aa_error){ 0 };
	(void)aa_error_set(&error, -36, "x%s", path);
	assert_true(strlen(error.text) > 900 && strlen(error.text) < sizeof(error.text));
	assert_int_equal((unsigned char)error.text[strlen(error.text) - 1], 0xbc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_of_anything_comes_back),
		cmocka_unit_test(test_malformed_escapes),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_quote_args),
		cmocka_unit_test(test_bash_understands),
		cmocka_unit_test(test_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
