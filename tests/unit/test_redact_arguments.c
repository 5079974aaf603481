/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets on command lines and in the environment. */
#include "redact_test.h"

#include "arguments.h"

#define SECRET "Zq8fK2mVw7Lr3XcY9tBn5HsD1gJpQ4aE"

/* line: arguments, parted by '\1'. stays: what is to be left of it when runs of '*' stand for what was replaced. */
static void expect(const char *line, unsigned count, const char *stays)
{
	struct aa_redactor *redactor = new_redactor(NULL);
	struct found found = { 0 };
	size_t size = strlen(line) + 1;
	char *bytes = strdup(line), *seen = strdup(stays);

	for (size_t i = 0; i < size; i++)
		if (bytes[i] == '\1')
			bytes[i] = '\0';
	assert_int_equal(aa_redact_arguments(redactor, bytes, size, note_found, &found), count);
	assert_int_equal(found.count, count);
	assert_false(leaks(bytes, size, SECRET, strlen(SECRET)));
	for (size_t i = 0; i < size - 1; i++)
		if (bytes[i] == '\0')
			bytes[i] = '\1';
	/* Placeholders become one '*'. */
	for (char *at = bytes; (at = strstr(at, "[redacted")); at++) {
		char *end = strchr(at, ']');

		assert_non_null(end);
		*at = '*';
		memmove(at + 1, end + 1, strlen(end + 1) + 1);
	}
	if (strcmp(bytes, seen) != 0)
		print_error("%s\n became %s\n not    %s\n", line, bytes, seen);
	assert_string_equal(bytes, seen);
	free(bytes);
	free(seen);
	aa_redactor_free(redactor);
}

static void test_arguments(void **state)
{
	(void)state;
	expect("curl\1-H\1Authorization: Bearer " SECRET "\1https://x/", 1,
	       "curl\1-H\1Authorization: Bearer *\1https://x/");
	expect("curl\1-HAuthorization: Bearer " SECRET, 1, "curl\1-HAuthorization: Bearer *");
	expect("curl\1--header=X-Api-Key: " SECRET, 1, "curl\1--header=X-Api-Key: *");
	expect("curl\1-u\1me:" SECRET "\1x", 1, "curl\1-u\1me:*\1x");
	expect("curl\1-ume:" SECRET, 1, "curl\1-ume:*");
	expect("/usr/bin/curl\1--user\1me:" SECRET, 1, "/usr/bin/curl\1--user\1me:*");
	expect("sudo\1curl\1--user=me:" SECRET, 1, "sudo\1curl\1--user=me:*");
	expect("docker\1run\1-u\0011000:1000\1x", 0, "docker\1run\1-u\0011000:1000\1x");
	expect("git\1push\1-u\1origin\1main:other", 0, "git\1push\1-u\1origin\1main:other");
	expect("tool\1--password\1" SECRET "\1file", 1, "tool\1--password\1*\1file");
	expect("tool\1--api-key=" SECRET "\1--token\1" SECRET, 2, "tool\1--api-key=*\1--token\1*");
	expect("tool\1--token\1--verbose\1x", 0, "tool\1--token\1--verbose\1x");
	expect("env\1FOO_TOKEN=" SECRET "\1PATH=/bin\1ls", 1, "env\1FOO_TOKEN=*\1PATH=/bin\1ls");
	expect("git\1clone\1https://me:" SECRET "@example.org/a.git", 1,
	       "git\1clone\1https://me:*@example.org/a.git");
	expect("tool\1ghp_" SECRET "0123", 1, "tool\1ghp_*");
	expect("mysql\1-p" SECRET "\1db", 1, "mysql\1-p*\1db");
	expect("mysql\1-p\1db", 0, "mysql\1-p\1db");
	expect("ssh\1-p2222\1host", 0, "ssh\1-p2222\1host");
}

/* The last one without its NUL: cut off, wherever that is. */
static void test_cut_off(void **state)
{
	static const char line[] = "ls\0https://host/?key=ghp_" SECRET;
	struct aa_redactor *redactor = new_redactor(NULL);

	(void)state;
	for (size_t size = sizeof("ls\0https://host/?key=ghp_"); size < sizeof(line); size++) {
		char *bytes = malloc(size);
		struct found found = { 0 };

		memcpy(bytes, line, size);
		assert_int_equal(aa_redact_arguments(redactor, bytes, size, note_found, &found), 1);
		assert_int_equal(found.count, 1);
		assert_string_equal(found.what[0], "token: github");
		assert_false(found.items[0].has_fingerprint);
		assert_memory_equal(bytes, line, sizeof("ls\0https://host/?key=ghp_") - 1);
		for (size_t i = sizeof("ls\0https://host/?key=ghp_") - 1; i < size; i++)
			assert_int_equal(bytes[i], '*');
		free(bytes);
	}
	aa_redactor_free(redactor);
}

static void test_scripts(void **state)
{
	(void)state;
	expect("sh\1-c\1PGPASSWORD=" SECRET " psql -h x", 1, "sh\1-c\1PGPASSWORD=* psql -h x");
	expect("sh\1-c\1export A_KEY='" SECRET "'; ls", 1, "sh\1-c\1export A_KEY='*'; ls");
	expect("sh\1-c\1export A_KEY=\"" SECRET " with spaces\" && ls", 1,
	       "sh\1-c\1export A_KEY=\"*\" && ls");
	expect("sh\1-c\1curl -u 'me:" SECRET "' x", 1, "sh\1-c\1curl -u 'me:*' x");
	expect("sh\1-c\1curl -H 'Authorization: Bearer " SECRET "' https://x | jq", 1,
	       "sh\1-c\1curl -H 'Authorization: Bearer *' https://x | jq");
	expect("sh\1-c\1curl -H \"Authorization: Bearer " SECRET "\" -d '{\"a\": 1}'", 1,
	       "sh\1-c\1curl -H \"Authorization: Bearer *\" -d '{\"a\": 1}'");
	expect("bash\1-c\1tool --password " SECRET " && ls --token=" SECRET, 2,
	       "bash\1-c\1tool --password * && ls --token=*");
	expect("sh\1-c\1tool --token $TOKEN; B_TOKEN=$A x", 0, "sh\1-c\1tool --token $TOKEN; B_TOKEN=$A x");
	expect("sh\1-c\1make -j2 all && echo \"it's done", 0, "sh\1-c\1make -j2 all && echo \"it's done");
}

static void test_variables(void **state)
{
	struct aa_redactor *redactor = new_redactor(NULL);
	struct found found = { 0 };
	char value[] = SECRET, plain[] = "/usr/bin:/bin", inner[] = "x ghp_" SECRET "0123",
	     cash[] = "$" SECRET;

	(void)state;
	assert_int_equal(
		aa_redact_variable(redactor, "GITHUB_TOKEN", value, strlen(value), note_found, &found), 1);
	assert_false(leaks(value, strlen(value), SECRET, strlen(SECRET)));
	assert_true(found.items[0].has_fingerprint);
	assert_int_equal(aa_redact_variable(redactor, "PATH", plain, strlen(plain), note_found, &found), 0);
	assert_string_equal(plain, "/usr/bin:/bin");
	assert_int_equal(aa_redact_variable(redactor, "NOTES", inner, strlen(inner), note_found, &found), 1);
	assert_false(leaks(inner, strlen(inner), SECRET, strlen(SECRET)));
	assert_int_equal(aa_redact_variable(redactor, "PASSWORD", cash, strlen(cash), note_found, &found), 1);
	assert_false(leaks(cash, strlen(cash), SECRET, strlen(SECRET)));
	aa_redactor_free(redactor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_variables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
