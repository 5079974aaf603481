/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aa-workload-tls: clients that use OpenSSL in ways that no common program does. What they send, and to whom, the server
 * in tests/e2e/tls.py counts; it speaks as that file says. Linked with the machine's own libssl.
 */
#ifndef AA_TLS_WORKLOAD_H
#define AA_TLS_WORKLOAD_H

#include <openssl/ssl.h>
#include <stddef.h>

#define HOST "tls.test"

/* Says what failed, with OpenSSL's errors, and exits with 200. */
void die(const char *what) __attribute__((noreturn));

/* A TCP connection to 127.0.0.1. */
int dial(int port);

SSL_CTX *new_context(void);

/* A new connection, handshake done. */
SSL *tls_connect(SSL_CTX *context, int port);

/* size bytes that do not repeat; to be freed. */
unsigned char *bytes(size_t size);

void write_all(SSL *ssl, const void *data, size_t size);
void read_all(SSL *ssl, size_t size);

/* "take N give M", N bytes in one call; then M are read. close: it is the connection's last. */
void take_give(SSL *ssl, size_t take, size_t give, int close);

/* Both close notifications, and the socket; ssl stays. */
void hang_up(SSL *ssl);

struct command {
	const char *name;
	const char *usage;
	int (*run)(int argc, char **argv); /* argv[0]: the port */
};

extern const struct command call_commands[];
extern const struct command order_commands[];

#endif
