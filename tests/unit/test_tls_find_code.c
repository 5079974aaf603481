/* SPDX-License-Identifier: Apache-2.0 */
/* TLS code without exported functions: stripped BoringSSL by its errors, Go by its own table. */
#include "find_test.h"

/*
 * BoringSSL's shape: errors with a library, a reason, a file and a line. ZERO: with the number of a function, as until
 * 2024. TWICE: a second function fails for the reasons of SSL_write(). READS: the same of SSL_read(). PEEK: SSL_peek()
 * is there, too. APART: more than 64 MiB lie between the functions, as where programs are optimised as a whole. LOOP:
 * SSL_write() has the head of a loop before its errors, aligned and jumped to as if a function began there.
 */
static const char boringssl[] =
	"#include <stddef.h>\n#include <string.h>\n"
	"#define FAR __attribute__((noinline, noclone))\n"
	"#ifdef APART\n"
	"__asm__(\".pushsection .text.a,\\\"ax\\\",@progbits\\n.skip 68 << 20, 0xcc\\n.popsection\");\n"
	"#define BEHIND __attribute__((section(\".text.b\")))\n"
	"#else\n#define BEHIND\n#endif\n"
	"const char file_name[] = \"/src/boringssl/ssl/ssl_lib.cc\";\n"
	"volatile int errors; char *volatile sink;\n"
	"#ifdef ZERO\n"
	"FAR void ERR_put_error(int lib, int zero, int reason, const char *file, unsigned line)\n"
	"{ errors = lib + zero + reason + file[0] + line; }\n"
	"#define FAIL(reason, line) ERR_put_error(16, 0, reason, file_name, line)\n"
	"#else\n"
	"FAR void ERR_put_error(int lib, int reason, const char *file, unsigned line)\n"
	"{ errors = lib + reason + file[0] + line; }\n"
	"#define FAIL(reason, line) ERR_put_error(16, reason, file_name, line)\n"
	"#endif\n"
	"struct ssl { void *quic; int (*go)(struct ssl *); char *data; size_t size; int state; };\n"
	"BEHIND FAR struct ssl *SSL_new(void *ctx) { if (!ctx) { FAIL(185, 503); return 0; }\n"
	" sink = (char *)ctx + 1; return (struct ssl *)sink; }\n"
	"FAR int SSL_do_handshake(struct ssl *s) { if (!s->go) { FAIL(134, 727); return -1; }\n"
	" s->state++; return s->go(s) + 1; }\n"
	"FAR int fill(struct ssl *s) { if (!s->go) { FAIL(226, 840); return -1; } s->state--; return "
	"s->go(s) - 1; }\n"
	"static inline __attribute__((always_inline)) int peek(struct ssl *s, void *b, int n)\n"
	"{ int r; if (s->quic) { FAIL(66, 932); return -1; } r = fill(s); if (r <= 0) return r; if (n <= 0) "
	"return n;\n"
	" if (s->size < n) n = s->size; memcpy(b, s->data, n); return n; }\n"
	"BEHIND FAR int SSL_read(struct ssl *s, void *b, int n)\n"
	"{ int r = peek(s, b, n); if (r <= 0) return r; s->data += r; s->size -= r; return r; }\n"
	"#ifdef READS\nFAR int SSL_read2(struct ssl *s, void *b, int n)\n"
	"{ int r = peek(s, b, n); if (r <= 0) return r; s->data += r; s->size -= r; return r; }\n#endif\n"
	"#ifdef PEEK\nFAR int SSL_peek(struct ssl *s, void *b, int n) { return peek(s, b, n); }\n#endif\n"
	"#define WRITE(name) FAR int name(struct ssl *s, const void *b, int n) { \\\n"
	" if (s->quic) { FAIL(66, 953); return -1; } if (!s->go) { FAIL(226, 958); return -1; } \\\n"
	" if (s->state) { int r = SSL_do_handshake(s); if (r < 0) return r; if (!r) { FAIL(215, 973); return "
	"-1; } } \\\n"
	" if (n < 0) { FAIL(111, 979); return -1; } s->state = 0; return s->go(s) + n; }\n"
	"#ifdef LOOP\n"
	"int SSL_write(struct ssl *s, const void *b, int n);\n"
	"#define ERROR(reason, line) \\\n"
	" \"lea file_name(%rip), %rdx; mov $16, %edi; mov $\" #reason \", %esi; mov $\" #line \", %ecx\\n\" "
	"\\\n"
	" \"call ERR_put_error; mov $-1, %eax; pop %rbx; ret\\n\"\n"
	"__asm__(\".text; .balign 16; .globl SSL_write; SSL_write: push %rbx; mov %rdi, %rbx; nop; .balign "
	"16\\n\"\n"
	" \"1: cmpq $0, (%rbx); je 2f\\n\" ERROR(66, 953) \"2: cmpq $0, 8(%rbx); jne 3f\\n\" ERROR(226, "
	"958)\n"
	" \"3: mov %rbx, %rdi; call SSL_do_handshake; test %eax, %eax; jne 4f\\n\" ERROR(215, 973)\n"
	" \"4: test %edx, %edx; jns 5f\\n\" ERROR(111, 979)\n"
	" \"5: movq $0, (%rbx); .byte 0xe9; .long 1b - . - 4\\n\");\n"
	"#else\nWRITE(SSL_write)\n#endif\n"
	"#ifdef TWICE\nWRITE(SSL_write2)\n#endif\n"
	"FAR int SSL_set_tlsext_host_name(struct ssl *s, const char *n)\n"
	"{ size_t l = strlen(n); if (l - 1 > 254) { FAIL(213, 2150); return 0; } s->data = (char *)n; return "
	"1; }\n"
	"int main(int argc, char **argv) { struct ssl *s = SSL_new(argv); char b[99]; int r = "
	"SSL_do_handshake(s);\n"
	" r += SSL_set_tlsext_host_name(s, argv[0]) + SSL_write(s, b, argc); r += SSL_read(s, b, 99) + "
	"fill(s);\n"
	"#ifdef PEEK\n r += SSL_peek(s, b, 98);\n#endif\n"
	"#ifdef READS\n r += SSL_read2(s, b, 96);\n#endif\n"
	"#ifdef TWICE\n r += SSL_write2(s, b, 97);\n#endif\n"
	" return r; }\n";

static const struct {
	const char *name;
	enum aa_tls_function function;
} boringssl_functions[] = {
	{ "SSL_write", AA_TLS_FN_SSL_WRITE },
	{ "SSL_read", AA_TLS_FN_SSL_READ },
	{ "SSL_new", AA_TLS_FN_SSL_NEW },
	{ "SSL_do_handshake", AA_TLS_FN_SSL_HANDSHAKE },
	{ "SSL_set_tlsext_host_name", AA_TLS_FN_SSL_SET_HOST },
};

#define OPTIONS "-fcf-protection=none -falign-functions=16 "
#ifndef __x86_64__
#undef OPTIONS
#define OPTIONS "-falign-functions=16 "
#endif

/* Strips the program, and looks at it. */
static const struct aa_found *look_stripped(void)
{
	assert_int_equal(find_run("strip -o stripped program"), 0);
	return find_in("stripped");
}

/* All functions, and where nm says that they are. */
static void check_boringssl(const char *options, uint64_t base)
{
	const struct aa_found *found;

	find_compile("program", boringssl, options);
	found = look_stripped();
	assert_int_equal(found->implementation, AA_TLS_BORINGSSL);
	assert_string_equal(found->reason, "");
	assert_string_equal(found->how, "xref");
	assert_int_equal(found->point_count, sizeof(boringssl_functions) / sizeof(boringssl_functions[0]));
	for (size_t i = 0; i < sizeof(boringssl_functions) / sizeof(boringssl_functions[0]); i++)
		assert_true(find_has(found, boringssl_functions[i].function,
				     find_offset("program", boringssl_functions[i].name, base)));
}

static void require_compiler(void)
{
	if (!find_can_compile()) {
		print_message("no cc and nm here\n");
		skip();
	}
}

static void test_boringssl(void **state)
{
	(void)state;
	require_compiler();
	check_boringssl(OPTIONS "-pie -fPIE", 0);
	check_boringssl(OPTIONS "-no-pie -fno-pie", 0x400000);
	check_boringssl(OPTIONS "-no-pie -fno-pie -DZERO -DPEEK", 0x400000);
	check_boringssl(OPTIONS "-pie -fPIE -DPEEK", 0);
}

/* Bun 1.4: the functions of one source file are all over the text. */
static void test_apart(void **state)
{
	(void)state;
	require_compiler();
	check_boringssl(OPTIONS "-pie -fPIE -DAPART", 0);
	assert_int_equal(find_run("rm program stripped"), 0);
}

/* Where only a jump goes, no function begins, unless it looks like one. */
static void test_loop(void **state)
{
	(void)state;
#ifdef __x86_64__
	require_compiler();
	check_boringssl(OPTIONS "-pie -fPIE -DLOOP", 0);
#else
	print_message("of x86-64: jumps are not looked at here\n");
	skip();
#endif
}

/* Two that could be it: none is. */
static void test_not_unique(void **state)
{
	const struct aa_found *found;

	(void)state;
	require_compiler();
	find_compile("program", boringssl, OPTIONS "-pie -fPIE -DTWICE -fno-ipa-icf");
	found = look_stripped();
	assert_string_equal(found->name, "boringssl");
	assert_int_equal(found->point_count, 0);
	assert_non_null(strstr(found->reason, "SSL_write"));
}

/* Half of a conversation is none. */
static void test_no_read(void **state)
{
	const struct aa_found *found;

	(void)state;
	require_compiler();
	find_compile("program", boringssl, OPTIONS "-pie -fPIE -DREADS -fno-ipa-icf");
	found = look_stripped();
	assert_string_equal(found->name, "boringssl");
	assert_int_equal(found->point_count, 0);
	assert_string_equal(found->hooks, "");
	assert_null(found->how);
	assert_string_equal(found->reason, "stripped BoringSSL: no certain SSL_read");
}

/* Real programs made with Bun, if somebody has put them there: AA_TEST_BUN=path:path. */
static void test_bun(void **state)
{
	const char *programs = getenv("AA_TEST_BUN");
	char *paths, *rest = NULL;

	(void)state;
	if (!programs) {
		print_message("AA_TEST_BUN names no programs\n");
		skip();
	}
	paths = strdup(programs ? programs : "");
	assert_non_null(paths);
	for (char *path = strtok_r(paths, ":", &rest); path; path = strtok_r(NULL, ":", &rest)) {
		int r;
		const struct aa_found *found = find_in_path(path, &r);

		assert_int_equal(r, 0);
		print_message("%s: %s, %s\n", path, found->hooks, found->reason);
		assert_int_equal(find_count(found, AA_TLS_FN_SSL_WRITE), 1);
		assert_int_equal(find_count(found, AA_TLS_FN_SSL_READ), 1);
	}
	free(paths);
}

static const char go_client[] =
	"package main\nimport (\"crypto/tls\"; \"os\")\n"
	"func main() { c, err := tls.Dial(\"tcp\", os.Args[1], nil); if err != nil { panic(err) }\n"
	" b := make([]byte, 9); c.Write(b); c.Read(b); c.Close() }\n";

static bool can_go(void)
{
	return find_run("go version >/dev/null 2>&1") == 0;
}

static void go_build(const char *name, const char *options)
{
	assert_int_equal(find_run("CGO_ENABLED=0 GOFLAGS=-mod=mod GOCACHE=%s/cache GO111MODULE=off "
				  "go build -o %s %s source.go",
				  find_directory, name, options),
			 0);
}

/* How many returns Go's own disassembler sees, and entries and offsets that are the same with and without symbols. */
static void test_go(void **state)
{
	static struct aa_found with_symbols;
	const struct aa_found *found;
	FILE *output;
	char command[512];
	unsigned returns = 0;

	(void)state;
	if (!can_go()) {
		print_message("no go here\n");
		skip();
	}
	find_write("source.go", go_client);
	go_build("with", "");
	with_symbols = *find_in("with");
	assert_true(with_symbols.is_go);
	assert_int_equal(with_symbols.implementation, AA_TLS_GO);
	assert_string_equal(with_symbols.how, "symtab");
	assert_int_equal(strncmp(with_symbols.version, "go1.", 4), 0);
	assert_int_equal(find_count(&with_symbols, AA_TLS_FN_GO_WRITE), 1);
	assert_int_equal(find_count(&with_symbols, AA_TLS_FN_GO_READ), 1);
	assert_int_equal(find_count(&with_symbols, AA_TLS_FN_GO_CLOSE), 1);
	(void)snprintf(command, sizeof(command),
		       "go tool objdump -s '^crypto/tls.\\(\\*Conn\\).(Write|Read)$' %s/with | grep -cw RET",
		       find_directory);
	output = popen(command, "re"); /* NOLINT(cert-env33-c) */
	assert_non_null(output);
	assert_int_equal(fscanf(output, "%u", &returns), 1); /* NOLINT(cert-err34-c) */
	(void)pclose(output);
	assert_int_equal(find_count(&with_symbols, AA_TLS_FN_GO_WRITE_RET) +
				 find_count(&with_symbols, AA_TLS_FN_GO_READ_RET),
			 returns);
	go_build("without", "-ldflags='-s -w'");
	found = find_in("without");
	assert_string_equal(found->how, "pclntab");
	assert_int_equal(found->point_count, with_symbols.point_count);
	assert_memory_equal(found->points, with_symbols.points,
			    sizeof(found->points[0]) * found->point_count);
	go_build("pie", "-buildmode=pie -ldflags='-s -w'");
	found = find_in("pie");
	assert_string_equal(found->how, "pclntab");
	assert_int_equal(found->point_count, with_symbols.point_count);
}

/* Go, and no TLS: nothing, but known to be Go. */
static void test_go_nothing(void **state)
{
	const struct aa_found *found;
	int r;

	(void)state;
	if (!can_go()) {
		print_message("no go here\n");
		skip();
	}
	find_write("source.go", "package main\nfunc main() { println(1) }\n");
	go_build("plain", "");
	found = find_in_path(find_name("plain"), &r);
	assert_int_equal(r, AA_FIND_NOTHING);
	assert_true(found->is_go);
	(void)find_run("chmod -R u+w cache");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boringssl), cmocka_unit_test(test_apart),
		cmocka_unit_test(test_loop),	  cmocka_unit_test(test_not_unique),
		cmocka_unit_test(test_no_read),	  cmocka_unit_test(test_bun),
		cmocka_unit_test(test_go),	  cmocka_unit_test(test_go_nothing),
	};

	return cmocka_run_group_tests(tests, find_setup, find_teardown);
}
