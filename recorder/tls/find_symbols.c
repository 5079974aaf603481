/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS libraries by their symbols, exported or local: the name of the file says nothing (OpenSSL is in node, in Python
 * wheels, in the agent itself).
 *
 * What is not probed, so that no byte counts twice: SSL_connect() and SSL_accept() since 1.1.0 end in
 * SSL_do_handshake(); SSL_read_early_data() and SSL_write_early_data() call SSL_read_ex() and SSL_write_ex();
 * gnutls_record_send() is a jump to gnutls_record_send2() since 3.6.3. gnutls_record_send_range(), _send_file(),
 * _recv_seq() and _recv_packet() are other ways in, seldom used, and not seen.
 */
#include "find_symbols.h"

#include <elf.h>
#include <string.h>

#include "code.h"

#define JUMP_BYTES 48u /* two arguments, a jump, on arm64 a frame, too */

static const char *const names[AA_SYM_COUNT] = {
	[AA_SYM_SSL_READ] = "SSL_read",
	[AA_SYM_SSL_READ_EX] = "SSL_read_ex",
	[AA_SYM_SSL_WRITE] = "SSL_write",
	[AA_SYM_SSL_WRITE_EX] = "SSL_write_ex",
	[AA_SYM_SSL_WRITE_EX2] = "SSL_write_ex2",
	[AA_SYM_SSL_DO_HANDSHAKE] = "SSL_do_handshake",
	[AA_SYM_SSL_CONNECT] = "SSL_connect",
	[AA_SYM_SSL_ACCEPT] = "SSL_accept",
	[AA_SYM_SSL_NEW] = "SSL_new",
	[AA_SYM_SSL_FREE] = "SSL_free",
	[AA_SYM_SSL_CLEAR] = "SSL_clear",
	[AA_SYM_SSL_CTRL] = "SSL_ctrl",
	[AA_SYM_SSL_ALPN] = "SSL_get0_alpn_selected",
	[AA_SYM_BIO_WRITE] = "BIO_write",
	[AA_SYM_SSL_SET_HOST] = "SSL_set_tlsext_host_name",
	[AA_SYM_SSL_GREASE] = "SSL_CTX_set_grease_enabled",
	[AA_SYM_SSL_WAITING] = "SSL_waiting_for_async",
	[AA_SYM_OPENSSL_INIT] = "OPENSSL_init_ssl",
	[AA_SYM_SSL_EVENTS] = "SSL_handle_events",
	[AA_SYM_GNUTLS_SEND] = "gnutls_record_send",
	[AA_SYM_GNUTLS_SEND2] = "gnutls_record_send2",
	[AA_SYM_GNUTLS_RECV] = "gnutls_record_recv",
	[AA_SYM_GNUTLS_HANDSHAKE] = "gnutls_handshake",
	[AA_SYM_GNUTLS_INIT] = "gnutls_init",
	[AA_SYM_GNUTLS_DEINIT] = "gnutls_deinit",
	[AA_SYM_GNUTLS_NAME] = "gnutls_server_name_set",
	[AA_SYM_GNUTLS_ALPN] = "gnutls_alpn_get_selected_protocol",
	[AA_SYM_JAVA] = "JNI_CreateJavaVM",
	[AA_SYM_NSS] = "SSL_ImportFD",
	[AA_SYM_MBEDTLS] = "mbedtls_ssl_write",
	[AA_SYM_WOLFSSL] = "wolfSSL_write",
	[AA_SYM_S2N] = "s2n_send",
	[AA_SYM_RUSTLS_FFI] = "rustls_connection_write_tls",
};

/* What is probed of a library beside reading and writing. */
struct target {
	enum aa_symbol_name name;
	enum aa_tls_function function;
};

static const struct target openssl_targets[] = {
	{ AA_SYM_SSL_DO_HANDSHAKE, AA_TLS_FN_SSL_HANDSHAKE },
	{ AA_SYM_SSL_NEW, AA_TLS_FN_SSL_NEW },
	{ AA_SYM_SSL_FREE, AA_TLS_FN_SSL_FREE },
	{ AA_SYM_SSL_CLEAR, AA_TLS_FN_SSL_CLEAR },
	{ AA_SYM_SSL_CTRL, AA_TLS_FN_SSL_CTRL },
	{ AA_SYM_SSL_ALPN, AA_TLS_FN_SSL_ALPN },
};

/* Before 1.1.0 these call the method's function themselves. */
static const struct target openssl_1_0_targets[] = {
	{ AA_SYM_SSL_CONNECT, AA_TLS_FN_SSL_HANDSHAKE },
	{ AA_SYM_SSL_ACCEPT, AA_TLS_FN_SSL_HANDSHAKE },
};

static const struct target boringssl_targets[] = {
	{ AA_SYM_SSL_WRITE, AA_TLS_FN_SSL_WRITE },
	{ AA_SYM_SSL_READ, AA_TLS_FN_SSL_READ },
	{ AA_SYM_SSL_DO_HANDSHAKE, AA_TLS_FN_SSL_HANDSHAKE },
	{ AA_SYM_SSL_NEW, AA_TLS_FN_SSL_NEW },
	{ AA_SYM_SSL_FREE, AA_TLS_FN_SSL_FREE },
	{ AA_SYM_SSL_CLEAR, AA_TLS_FN_SSL_CLEAR },
	{ AA_SYM_SSL_SET_HOST, AA_TLS_FN_SSL_SET_HOST },
	{ AA_SYM_SSL_ALPN, AA_TLS_FN_SSL_ALPN },
};

static const struct target gnutls_targets[] = {
	{ AA_SYM_GNUTLS_RECV, AA_TLS_FN_GNUTLS_RECV },
	{ AA_SYM_GNUTLS_HANDSHAKE, AA_TLS_FN_GNUTLS_HANDSHAKE },
	{ AA_SYM_GNUTLS_INIT, AA_TLS_FN_GNUTLS_INIT },
	{ AA_SYM_GNUTLS_DEINIT, AA_TLS_FN_GNUTLS_DEINIT },
	{ AA_SYM_GNUTLS_NAME, AA_TLS_FN_GNUTLS_NAME },
	{ AA_SYM_GNUTLS_ALPN, AA_TLS_FN_GNUTLS_ALPN },
};

/* Libraries that are named only. */
static const struct {
	enum aa_symbol_name symbol;
	const char *name;
} unsupported[] = {
	{ AA_SYM_JAVA, "java" },       { AA_SYM_NSS, "nss" }, { AA_SYM_MBEDTLS, "mbedtls" },
	{ AA_SYM_WOLFSSL, "wolfssl" }, { AA_SYM_S2N, "s2n" }, { AA_SYM_RUSTLS_FFI, "rustls" },
};

/* Called for every function of every file: nearly all are dismissed by their first bytes. */
static bool may_be_ours(const char *name)
{
	switch (name[0]) {
	case 'S':
		return name[1] == 'S' && name[2] == 'L' && name[3] == '_';
	case 'B':
		return name[1] == 'I' && name[2] == 'O' && name[3] == '_';
	case 'O':
	case 'J':
	case 'g':
	case 'm':
	case 'w':
	case 'r':
	case 's':
		return true;
	default:
		return false;
	}
}

static void look_at(void *context, const char *name, uint64_t address, uint64_t size)
{
	struct aa_symbols *symbols = context;

	if (!may_be_ours(name))
		return;
	for (unsigned i = 0; i < AA_SYM_COUNT; i++) {
		struct aa_symbol *symbol = &symbols->of[i];
		uint64_t offset;

		if (name[0] != names[i][0] || strcmp(name, names[i]) != 0)
			continue;
		for (unsigned copy = 0; copy < symbol->count; copy++)
			if (symbol->at[copy].address == address)
				return;
		if (symbol->count == AA_SYMBOL_COPIES || !aa_elf_offset(symbols->elf, address, PF_X, &offset))
			return;
		symbol->at[symbol->count].address = address;
		symbol->at[symbol->count].size = size;
		symbol->count++;
		return;
	}
}

void aa_find_add_symbol(const struct aa_symbols *symbols, enum aa_symbol_name name,
			enum aa_tls_function function, struct aa_found *found)
{
	const struct aa_symbol *symbol = &symbols->of[name];

	for (unsigned i = 0; i < symbol->count; i++) {
		uint64_t offset;

		if (aa_elf_offset(symbols->elf, aa_code_entry(symbols->elf, symbol->at[i].address), PF_X,
				  &offset))
			(void)aa_found_add(found, function, offset, names[name]);
	}
}

static void add_targets(const struct aa_symbols *symbols, const struct target *targets, size_t count,
			struct aa_found *found)
{
	for (size_t i = 0; i < count; i++)
		aa_find_add_symbol(symbols, targets[i].name, targets[i].function, found);
}

#define ADD_TARGETS(symbols, targets, found) \
	add_targets(symbols, targets, sizeof(targets) / sizeof((targets)[0]), found)

static void add_bio_write(const struct aa_symbols *symbols, struct aa_found *found)
{
	const struct aa_symbol *symbol = &symbols->of[AA_SYM_BIO_WRITE];
	uint64_t offset;

	if (symbol->count == 0 ||
	    !aa_elf_offset(symbols->elf, aa_code_entry(symbols->elf, symbol->at[0].address), PF_X, &offset))
		return;
	found->bio_write = (struct aa_uprobe_point){ .function = AA_TLS_FN_BIO_WRITE, .offset = offset };
}

static bool has(const struct aa_symbols *symbols, enum aa_symbol_name name)
{
	return symbols->of[name].count > 0;
}

static bool has_openssl(const struct aa_symbols *symbols)
{
	return (has(symbols, AA_SYM_SSL_READ) || has(symbols, AA_SYM_SSL_READ_EX)) &&
	       (has(symbols, AA_SYM_SSL_WRITE) || has(symbols, AA_SYM_SSL_WRITE_EX));
}

static bool has_gnutls(const struct aa_symbols *symbols)
{
	return has(symbols, AA_SYM_GNUTLS_SEND) && has(symbols, AA_SYM_GNUTLS_RECV);
}

static bool has_unsupported(const struct aa_symbols *symbols)
{
	for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++)
		if (has(symbols, unsupported[i].symbol))
			return true;
	return false;
}

static void take_boringssl(const struct aa_symbols *symbols, struct aa_found *found)
{
	found->implementation = AA_TLS_BORINGSSL;
	found->name = "boringssl";
	ADD_TARGETS(symbols, boringssl_targets, found);
	add_bio_write(symbols, found);
}

static void take_openssl(const struct aa_symbols *symbols, struct aa_found *found)
{
	found->implementation = AA_TLS_OPENSSL;
	found->name = "openssl";
	if (aa_find_openssl_data(symbols, found))
		found->how = "internal";
	else
		aa_found_because(found, "programs that use BIO_f_ssl() are not seen");
	ADD_TARGETS(symbols, openssl_targets, found);
	if (!has(symbols, AA_SYM_OPENSSL_INIT) && !has(symbols, AA_SYM_SSL_WAITING))
		ADD_TARGETS(symbols, openssl_1_0_targets, found);
	add_bio_write(symbols, found);
	aa_find_version(symbols->elf, "OpenSSL ", found);
}

/* Whether there is no room in a function for more than calling another one. */
static bool is_jump(const struct aa_symbols *symbols, enum aa_symbol_name name)
{
	return symbols->of[name].count == 1 && symbols->of[name].at[0].size > 0 &&
	       symbols->of[name].at[0].size <= JUMP_BYTES;
}

static void take_gnutls(const struct aa_symbols *symbols, struct aa_found *found)
{
	found->implementation = AA_TLS_GNUTLS;
	found->name = "gnutls";
	/* The first three arguments and the result of both are the same. */
	aa_find_add_symbol(symbols, AA_SYM_GNUTLS_SEND2, AA_TLS_FN_GNUTLS_SEND, found);
	if (!is_jump(symbols, AA_SYM_GNUTLS_SEND) || !has(symbols, AA_SYM_GNUTLS_SEND2))
		aa_find_add_symbol(symbols, AA_SYM_GNUTLS_SEND, AA_TLS_FN_GNUTLS_SEND, found);
	ADD_TARGETS(symbols, gnutls_targets, found);
	aa_find_version(symbols->elf, "Enabled GnuTLS ", found);
}

static int take(const struct aa_symbols *symbols, struct aa_found *found)
{
	if (has_openssl(symbols)) {
		if (has(symbols, AA_SYM_SSL_SET_HOST) || has(symbols, AA_SYM_SSL_GREASE))
			take_boringssl(symbols, found);
		else
			take_openssl(symbols, found);
		if (has_gnutls(symbols))
			aa_found_because(found, "it has GnuTLS, too, which is not seen");
		return 0;
	}
	if (has_gnutls(symbols)) {
		take_gnutls(symbols, found);
		return 0;
	}
	for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++) {
		if (!has(symbols, unsupported[i].symbol))
			continue;
		found->name = unsupported[i].name;
		aa_found_because(found, "unsupported: no probes for %s", found->name);
		return 0;
	}
	if (has(symbols, AA_SYM_BIO_WRITE)) {
		found->implementation = AA_TLS_OPENSSL;
		found->name = "openssl";
		add_bio_write(symbols, found);
		aa_found_hook(found, names[AA_SYM_BIO_WRITE]);
		aa_found_because(found, "libcrypto: its BIO_write() is probed when a connection needs it");
		return 0;
	}
	return AA_FIND_NOTHING;
}

int aa_find_symbols(const struct aa_elf *elf, struct aa_found *found)
{
	struct aa_symbols symbols = { .elf = elf };
	const char *how = "dynsym";
	int r = aa_elf_functions(elf, SHT_DYNSYM, look_at, &symbols);
	bool is_libcrypto = has(&symbols, AA_SYM_BIO_WRITE);

	if (r == 0 && !has_openssl(&symbols) && !has_gnutls(&symbols) && !has_unsupported(&symbols)) {
		r = aa_elf_functions(elf, SHT_SYMTAB, look_at, &symbols);
		how = is_libcrypto && !has_openssl(&symbols) ? "dynsym" : "symtab";
	}
	if (r < 0)
		return r;
	r = take(&symbols, found);
	if (r == 0 && !found->how && (found->point_count > 0 || found->bio_write.offset > 0))
		found->how = how;
	return r;
}
