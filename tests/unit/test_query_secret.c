/* SPDX-License-Identifier: Apache-2.0 */
/* The fingerprint of a secret that somebody has, as another implementation computes it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "secret.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static int read_secret(const char *bytes, size_t size, struct aa_text_buffer *secret)
{
	struct aa_error error = { 0 };
	int ends[2], r;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], bytes, size), size);
	(void)close(ends[1]);
	r = aa_secret_read(ends[0], secret, &error);
	(void)close(ends[0]);
	assert_int_equal(r < 0, error.text[0] != '\0');
	return r;
}

/* python3: hmac.new(bytes(range(32)), b"correct horse battery staple", "sha256").hexdigest()[:32] */
static void test_fingerprint(void **state)
{
	static const char *const inputs[] = { "correct horse battery staple",
					      "correct horse battery staple\n",
					      "correct horse battery staple\r\n" };
	char fingerprint[AA_SECRET_FINGERPRINT_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		struct aa_text_buffer secret = { 0 };

		assert_int_equal(read_secret(inputs[i], strlen(inputs[i]), &secret), 0);
		assert_int_equal(aa_secret_fingerprint(KEY, &secret, fingerprint), 0);
		assert_string_equal(fingerprint, "1b9e0095db3ea90c20aab4c84f6abe9c");
		aa_secret_release(&secret);
	}
}

static void test_no_key(void **state)
{
	static const char long_key[] = KEY "00";
	static const char *const keys[] = {
		NULL, "", "00", long_key, "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	};
	struct aa_text_buffer secret = { 0 };
	char fingerprint[AA_SECRET_FINGERPRINT_TEXT];

	(void)state;
	assert_int_equal(read_secret("x", 1, &secret), 0);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_int_equal(aa_secret_fingerprint(keys[i], &secret, fingerprint), -EINVAL);
	aa_secret_release(&secret);
}

static void test_no_secret(void **state)
{
	struct aa_text_buffer secret = { 0 };

	(void)state;
	assert_int_equal(read_secret("", 0, &secret), -ENODATA);
	assert_int_equal(read_secret("\n", 1, &secret), -ENODATA);
	aa_secret_release(&secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_no_key),
		cmocka_unit_test(test_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
