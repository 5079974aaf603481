/* SPDX-License-Identifier: Apache-2.0 */
/* The symbols by which TLS libraries are told, as they were found in one file. */
#ifndef AA_TLS_FIND_SYMBOLS_H
#define AA_TLS_FIND_SYMBOLS_H

#include "find_private.h"

#define AA_SYMBOL_COPIES 4 /* functions of one name in one file: more than one in static programs only */

struct aa_symbol {
	unsigned count;
	struct {
		uint64_t address;
		uint64_t size;
	} at[AA_SYMBOL_COPIES];
};

/* Those that code asks for by name; the others are in the table of find_symbols.c only. */
enum aa_symbol_name {
	AA_SYM_SSL_READ,
	AA_SYM_SSL_READ_EX,
	AA_SYM_SSL_WRITE,
	AA_SYM_SSL_WRITE_EX,
	AA_SYM_SSL_WRITE_EX2,
	AA_SYM_SSL_DO_HANDSHAKE,
	AA_SYM_SSL_CONNECT,
	AA_SYM_SSL_ACCEPT,
	AA_SYM_SSL_NEW,
	AA_SYM_SSL_FREE,
	AA_SYM_SSL_CLEAR,
	AA_SYM_SSL_CTRL,
	AA_SYM_SSL_ALPN,
	AA_SYM_BIO_WRITE,
	AA_SYM_SSL_SET_HOST, /* BoringSSL and its kin only: in OpenSSL it is a macro */
	AA_SYM_SSL_GREASE,   /* likewise */
	AA_SYM_SSL_WAITING,  /* OpenSSL from 1.1.0 on, not LibreSSL */
	AA_SYM_OPENSSL_INIT, /* from 1.1.0 on */
	AA_SYM_SSL_EVENTS,   /* from 3.2 on */
	AA_SYM_GNUTLS_SEND,
	AA_SYM_GNUTLS_SEND2,
	AA_SYM_GNUTLS_RECV,
	AA_SYM_GNUTLS_HANDSHAKE,
	AA_SYM_GNUTLS_INIT,
	AA_SYM_GNUTLS_DEINIT,
	AA_SYM_GNUTLS_NAME,
	AA_SYM_GNUTLS_ALPN,
	AA_SYM_JAVA,
	AA_SYM_NSS,
	AA_SYM_MBEDTLS,
	AA_SYM_WOLFSSL,
	AA_SYM_S2N,
	AA_SYM_RUSTLS_FFI,
	AA_SYM_COUNT,
};

struct aa_symbols {
	const struct aa_elf *elf;
	struct aa_symbol of[AA_SYM_COUNT];
};

/*
 * OpenSSL's reading and writing: the functions inside the library that all others end in, or else the exported ones. Adds
 * their points; returns whether it is the former.
 */
bool aa_find_openssl_data(const struct aa_symbols *symbols, struct aa_found *found);

/* Adds a point for each copy of a function. */
void aa_find_add_symbol(const struct aa_symbols *symbols, enum aa_symbol_name name,
			enum aa_tls_function function, struct aa_found *found);

#endif
