/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a ClientHello or a ServerHello says (RFC 8446 4.1, RFC 6066, RFC 7301). Pure; the bytes are an agent's, or its
 * peer's, and may end anywhere: what is whole is taken.
 */
#ifndef AA_STORE_HELLO_H
#define AA_STORE_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AA_HELLO_NAME_SIZE 255
#define AA_HELLO_ALPN_SIZE 255

struct aa_hello {
	bool server;
	bool retry;	  /* a ServerHello that asks for another ClientHello */
	uint16_t version; /* client: the newest that it offers; server: the one chosen */
	uint16_t cipher;  /* server: the one chosen */
	uint8_t random[32];
	size_t sni_size; /* 0: none */
	char sni[AA_HELLO_NAME_SIZE];
	size_t alpn_size; /* protocols separated by commas */
	char alpn[AA_HELLO_ALPN_SIZE];
};

/* A handshake message, from its type on. 0, or -EINVAL if it is no hello or not even its fixed part is here. */
int aa_hello_parse(const void *bytes, size_t size, struct aa_hello *ret_hello);

/* TLS records from the first byte of a stream on: joins those of the handshake. As aa_hello_parse. */
int aa_hello_parse_records(const void *bytes, size_t size, struct aa_hello *ret_hello);

/* "TLSv1.3"; NULL for a version that is none of TLS. */
const char *aa_tls_version_name(uint16_t version);

/* "TLS_AES_256_GCM_SHA384"; NULL if it is not among those in use. */
const char *aa_tls_cipher_name(uint16_t cipher);

#endif
