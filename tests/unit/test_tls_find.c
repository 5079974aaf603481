/* SPDX-License-Identifier: Apache-2.0 */
/* TLS libraries by their symbols: which functions are probed, and that none is probed twice. */
#include "find_test.h"

/*
 * The shape of OpenSSL's reading and writing. INTERNAL: ssl_write_internal() and its kin are functions of their own;
 * FLAGS: as since 3.2.
 */
static const char openssl[] =
	"#include <stddef.h>\n#include <stdint.h>\n"
	"#ifdef LOCAL\n#define API static __attribute__((used, noinline))\n#else\n#define API\n#endif\n"
	"#define INSIDE static __attribute__((noinline, noclone))\n"
	"struct ssl { int (*go)(void *, const void *, size_t, void *); int state; };\n"
	"extern volatile int errors; volatile int errors;\n"
	"INSIDE void raise(int e) { errors = e; }\n"
	"#ifdef FLAGS\n"
	"INSIDE int ssl_write_internal(struct ssl *s, const void *b, size_t n, uint64_t f, size_t *w)\n"
	"{ if (f && s->state) return -1; s->state++; return s->go(s, b, n + f, w) + s->state; }\n"
	"#define WRITE(w) ssl_write_internal(s, b, n, 0, w)\n"
	"API int SSL_write_ex2(struct ssl *s, const void *b, size_t n, uint64_t f, size_t *w)\n"
	"{ int r = ssl_write_internal(s, b, n, f, w); return r < 0 ? 0 : r; }\n"
	"API int SSL_handle_events(struct ssl *s) { return s->state; }\n"
	"#else\n"
	"INSIDE int ssl_write_internal(struct ssl *s, const void *b, size_t n, size_t *w)\n"
	"{ s->state++; return s->go(s, b, n, w) + s->state; }\n"
	"#define WRITE(w) ssl_write_internal(s, b, n, w)\n"
	"#endif\n"
	"INSIDE int ssl_read_internal(struct ssl *s, void *b, size_t n, size_t *w)\n"
	"{ s->state--; return s->go(s, b, n, w) - s->state; }\n"
	"API int SSL_write(struct ssl *s, const void *b, int n)\n"
	"{ size_t w; int r; if (n < 0) { raise(271); return -1; } r = WRITE(&w); return r > 0 ? (int)w : r; "
	"}\n"
	"API int SSL_read(struct ssl *s, void *b, int n)\n"
	"{ size_t w; int r; if (n < 0) { raise(271); return -1; } r = ssl_read_internal(s, b, n, &w);\n"
	" return r > 0 ? (int)w : r; }\n"
	"#ifdef LIBRE\n"
	"#define EX(plain) int r = plain(s, b, n); if (r < 0) r = 0; *w = r; return r > 0;\n"
	"API int SSL_write_ex(struct ssl *s, const void *b, size_t n, size_t *w) { EX(SSL_write) }\n"
	"API int SSL_read_ex(struct ssl *s, void *b, size_t n, size_t *w) { EX(SSL_read) }\n"
	"#else\n"
	"API int SSL_write_ex(struct ssl *s, const void *b, size_t n, size_t *w)\n"
	"{ int r = WRITE(w); return r < 0 ? 0 : r; }\n"
	"API int SSL_read_ex(struct ssl *s, void *b, size_t n, size_t *w)\n"
	"{ int r = ssl_read_internal(s, b, n, w); return r < 0 ? 0 : r; }\n"
	"#endif\n"
	"API int SSL_do_handshake(struct ssl *s) { return s->go(s, 0, 0, 0) * 3; }\n"
	"API int SSL_connect(struct ssl *s) { s->state = 1; return SSL_do_handshake(s); }\n"
	"API int SSL_waiting_for_async(struct ssl *s) { return s->state == 7; }\n"
	"API int OPENSSL_init_ssl(uint64_t o) { return o > 3; }\n"
	"API void SSL_free(struct ssl *s) { s->state = 0; }\n"
	"API int BIO_write(void *b, const void *d, int n) { return n / 2; }\n"
	"#ifdef BORING\nAPI int SSL_set_tlsext_host_name(struct ssl *s, const char *n) { return *n; "
	"}\n#endif\n"
	"#ifdef PROGRAM\nint main(void) { return 0; }\n#endif\n";

/* Not inlined into each other, exported or not, and as distributions do: calls stay in the library. */
#define LIBRARY "-shared -fPIC -fno-semantic-interposition -fno-optimize-sibling-calls -fcf-protection=none "
#ifndef __x86_64__
#undef LIBRARY
#define LIBRARY "-shared -fPIC -fno-semantic-interposition -fno-optimize-sibling-calls "
#endif

static void require_compiler(void)
{
	if (!find_can_compile()) {
		print_message("no cc and nm here\n");
		skip();
	}
}

/* All ways of writing meet in one function, which alone is probed. */
static void test_internal(void **state)
{
	const struct aa_found *found;

	(void)state;
	require_compiler();
	find_compile("lib", openssl, LIBRARY);
	found = find_in("lib");
	assert_int_equal(found->implementation, AA_TLS_OPENSSL);
	assert_string_equal(found->name, "openssl");
	assert_string_equal(found->how, "internal");
	assert_string_equal(found->reason, "");
	assert_true(find_has(found, AA_TLS_FN_SSL_WRITE_EX, find_offset("lib", "ssl_write_internal", 0)));
	assert_true(find_has(found, AA_TLS_FN_SSL_READ_EX, find_offset("lib", "ssl_read_internal", 0)));
	assert_int_equal(find_count(found, AA_TLS_FN_SSL_WRITE) + find_count(found, AA_TLS_FN_SSL_READ), 0);
	assert_int_equal(find_count(found, AA_TLS_FN_SSL_WRITE_EX), 1);
	assert_int_equal(find_count(found, AA_TLS_FN_SSL_READ_EX), 1);
	/* SSL_connect() ends in it. */
	assert_int_equal(find_count(found, AA_TLS_FN_SSL_HANDSHAKE), 1);
	assert_true(find_has(found, AA_TLS_FN_SSL_HANDSHAKE, find_offset("lib", "SSL_do_handshake", 0)));
	assert_int_equal(found->bio_write.function, AA_TLS_FN_BIO_WRITE);
	assert_int_equal(found->bio_write.offset, find_offset("lib", "BIO_write", 0));
}

/* Since 3.2 there is one argument more. */
static void test_flags(void **state)
{
	const struct aa_found *found;

	(void)state;
	require_compiler();
	find_compile("lib", openssl, LIBRARY "-DFLAGS");
	found = find_in("lib");
	assert_string_equal(found->how, "internal");
	assert_true(find_has(found, AA_TLS_FN_SSL_WRITE_FLAGS, find_offset("lib", "ssl_write_internal", 0)));
	assert_true(find_has(found, AA_TLS_FN_SSL_READ_EX, find_offset("lib", "ssl_read_internal", 0)));
	assert_int_equal(find_count(found, AA_TLS_FN_SSL_WRITE_EX), 0);
}

/* Stripped: as far as functions are exported. Its name is of no account, neither here nor anywhere. */
static void test_stripped(void **state)
{
	const struct aa_found *found;
	uint64_t offset;

	(void)state;
	require_compiler();
	find_compile("lib", openssl, LIBRARY "-Wl,--build-id");
	offset = find_offset("lib", "ssl_write_internal", 0);
	assert_int_equal(find_run("strip -o README.txt lib"), 0);
	found = find_in("README.txt");
	assert_string_equal(found->how, "internal");
	assert_true(find_has(found, AA_TLS_FN_SSL_WRITE_EX, offset));
	assert_int_equal(strlen(found->build_id), 40);
}

/* Functions that are not exported, in a program, as in Python's wheels. */
static void test_local(void **state)
{
	const struct aa_found *found;

	(void)state;
	require_compiler();
	find_compile("program", openssl,
		     "-fno-optimize-sibling-calls -fno-ipa-cp -DLOCAL -DPROGRAM -pie -fPIE");
	found = find_in("program");
	assert_int_equal(found->implementation, AA_TLS_OPENSSL);
	assert_non_null(strstr(found->hooks, "SSL_do_handshake"));
	assert_int_equal(find_count(found, AA_TLS_FN_SSL_HANDSHAKE), 1);
	if (strcmp(found->how, "internal") != 0) { /* the compiler may have merged them otherwise */
		assert_string_equal(found->how, "symtab");
		assert_int_equal(find_count(found, AA_TLS_FN_SSL_WRITE), 1);
		assert_int_equal(find_count(found, AA_TLS_FN_SSL_READ), 1);
	}
	assert_int_equal(find_run("strip program"), 0);
	{
		int r;

		(void)find_in_path(find_name("program"), &r);
		assert_int_equal(r, AA_FIND_NOTHING);
	}
}

/* Where SSL_write_ex() calls SSL_write(), only the latter is probed. */
static void test_libressl(void **state)
{
	const struct aa_found *found;

	(void)state;
	require_compiler();
	find_compile("lib", openssl, LIBRARY "-DLIBRE -fno-inline");
	found = find_in("lib");
	assert_string_equal(found->how, "dynsym");
	assert_int_equal(find_count(found, AA_TLS_FN_SSL_WRITE), 1);
	assert_int_equal(find_count(found, AA_TLS_FN_SSL_READ), 1);
	assert_int_equal(find_count(found, AA_TLS_FN_SSL_WRITE_EX), 0);
	assert_int_equal(find_count(found, AA_TLS_FN_SSL_READ_EX), 0);
}

static void test_boringssl(void **state)
{
	const struct aa_found *found;

	(void)state;
	require_compiler();
	find_compile("lib", openssl, LIBRARY "-DBORING");
	found = find_in("lib");
	assert_int_equal(found->implementation, AA_TLS_BORINGSSL);
	assert_true(find_has(found, AA_TLS_FN_SSL_WRITE, find_offset("lib", "SSL_write", 0)));
	assert_true(find_has(found, AA_TLS_FN_SSL_READ, find_offset("lib", "SSL_read", 0)));
	assert_int_equal(find_count(found, AA_TLS_FN_SSL_SET_HOST), 1);
	assert_int_equal(find_count(found, AA_TLS_FN_SSL_WRITE_EX), 0);
}

/* A probe behind an ENDBR64 that a push follows: the same for the probe, and cheap. */
static void test_endbr64(void **state)
{
#ifdef __x86_64__
	const struct aa_found *found;

	(void)state;
	require_compiler();
	find_compile("lib",
		     "__asm__(\".globl gnutls_record_send, gnutls_record_recv\\n\"\n"
		     "\".type gnutls_record_send, @function\\n.type gnutls_record_recv, @function\\n\"\n"
		     "\".balign 64\\ngnutls_record_send: endbr64\\npush %r14\\npop %r14\\nret\\n"
		     ".fill 60, 1, 0x90\\n.size gnutls_record_send, . - gnutls_record_send\\n\"\n"
		     "\"gnutls_record_recv: endbr64\\nsub $8, %rsp\\nadd $8, %rsp\\nret\\n"
		     ".size gnutls_record_recv, . - gnutls_record_recv\\n\");\n",
		     LIBRARY);
	found = find_in("lib");
	assert_int_equal(found->implementation, AA_TLS_GNUTLS);
	assert_true(find_has(found, AA_TLS_FN_GNUTLS_SEND, find_offset("lib", "gnutls_record_send", 0) + 4));
	assert_true(find_has(found, AA_TLS_FN_GNUTLS_RECV, find_offset("lib", "gnutls_record_recv", 0)));
#else
	(void)state;
	skip();
#endif
}

/* libcrypto: a point for later, none for now. */
static void test_bio_only(void **state)
{
	const struct aa_found *found;

	(void)state;
	require_compiler();
	find_compile("lib", "int BIO_write(void *b, const void *d, int n) { return n / 2; }", LIBRARY);
	found = find_in("lib");
	assert_int_equal(found->implementation, AA_TLS_OPENSSL);
	assert_int_equal(found->point_count, 0);
	assert_int_equal(found->bio_write.offset, find_offset("lib", "BIO_write", 0));
}

static void test_unsupported(void **state)
{
	static const char *const kinds[][2] = {
		{ "JNI_CreateJavaVM", "java" }, { "SSL_ImportFD", "nss" }, { "mbedtls_ssl_write", "mbedtls" },
		{ "wolfSSL_write", "wolfssl" }, { "s2n_send", "s2n" },
	};

	(void)state;
	require_compiler();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct aa_found *found;
		char source[128];

		(void)snprintf(source, sizeof(source), "int %s(int n) { return n; }", kinds[i][0]);
		find_compile("lib", source, LIBRARY);
		found = find_in("lib");
		assert_string_equal(found->name, kinds[i][1]);
		assert_int_equal(found->point_count, 0);
		assert_non_null(strstr(found->reason, "unsupported"));
		assert_int_equal(found->implementation, AA_TLS_UNKNOWN);
	}
	find_compile(
		"lib",
		"const char *where(void) { return \"/x/index.crates.io-1/rustls-0.23.10/src/conn.rs\"; }",
		LIBRARY);
	assert_string_equal(find_in("lib")->name, "rustls");
	assert_string_equal(find_in("lib")->version, "0.23.10");
	find_compile("lib", "const char *where[] = { \"../ssl/ssl_lib.c\", \"../ssl/statem/statem.c\" };",
		     LIBRARY);
	assert_string_equal(find_in("lib")->name, "openssl");
	assert_int_equal(find_in("lib")->point_count, 0);
}

/* Users of a library do not have it. */
static void test_nothing(void **state)
{
	int r;

	(void)state;
	require_compiler();
	find_compile("program",
		     "int SSL_write(void *, const void *, int); int (*f)(void *, const void *, int);"
		     "int main(void) { f = SSL_write; return 0; }",
		     "-Wl,--unresolved-symbols=ignore-all");
	(void)find_in_path(find_name("program"), &r);
	assert_int_equal(r, AA_FIND_NOTHING);
}

/* This machine's own libraries, whatever they are called here. */
static void test_own(void **state)
{
	static const char *const paths[] = {
		"/usr/lib/x86_64-linux-gnu/libssl.so.3",
		"/usr/lib/aarch64-linux-gnu/libssl.so.3",
		"/usr/lib64/libssl.so.3",
		"/usr/lib/x86_64-linux-gnu/libgnutls.so.30",
		"/usr/lib/aarch64-linux-gnu/libgnutls.so.30",
		"/usr/bin/node",
	};
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const struct aa_found *found;
		int r;

		if (access(paths[i], R_OK) != 0)
			continue;
		found = find_in_path(paths[i], &r);
		if (r == AA_FIND_NOTHING) /* node of a distribution has none of its own */
			continue;
		assert_int_equal(r, 0);
		seen++;
		print_message("%s: %s %s by %s: %s%s%s\n", paths[i], found->name, found->version, found->how,
			      found->hooks, found->reason[0] != '\0' ? "; " : "", found->reason);
		if (strstr(paths[i], "gnutls"))
			assert_int_equal(find_count(found, AA_TLS_FN_GNUTLS_SEND), 1);
		else
			assert_true(find_count(found, AA_TLS_FN_SSL_WRITE) > 0 ||
				    find_count(found, AA_TLS_FN_SSL_WRITE_EX) +
						    find_count(found, AA_TLS_FN_SSL_WRITE_FLAGS) ==
					    1);
	}
	if (seen == 0) {
		print_message("no TLS library here\n");
		skip();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_internal),    cmocka_unit_test(test_flags),
		cmocka_unit_test(test_stripped),    cmocka_unit_test(test_local),
		cmocka_unit_test(test_libressl),    cmocka_unit_test(test_boringssl),
		cmocka_unit_test(test_endbr64),	    cmocka_unit_test(test_bio_only),
		cmocka_unit_test(test_unsupported), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, find_setup, find_teardown);
}
