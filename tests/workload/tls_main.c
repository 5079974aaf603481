/* SPDX-License-Identifier: Apache-2.0 */
/* aa-workload-tls NAME PORT [ARG...]: what all of its clients share. */
#include "tls_workload.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void die(const char *what)
{
	perror(what);
	ERR_print_errors_fp(stderr);
	_exit(200);
}

int dial(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		die("connect");
	return fd;
}

SSL_CTX *new_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context)
		die("SSL_CTX_new");
	/* Whom it talks to is not what is tested; the server has a certificate that it signed itself. */
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	return context;
}

SSL *tls_connect(SSL_CTX *context, int port)
{
	SSL *ssl = SSL_new(context);

	if (!ssl || SSL_set_tlsext_host_name(ssl, HOST) != 1 || SSL_set_fd(ssl, dial(port)) != 1)
		die("SSL_new");
	if (SSL_connect(ssl) != 1)
		die("SSL_connect");
	return ssl;
}

unsigned char *bytes(size_t size)
{
	unsigned char *data = malloc(size + 1);
	uint64_t state = 88172645463325252u;

	if (!data)
		die("malloc");
	for (size_t i = 0; i < size; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		data[i] = (unsigned char)(state >> 32);
	}
	return data;
}

void write_all(SSL *ssl, const void *data, size_t size)
{
	if (size > 0 && SSL_write(ssl, data, (int)size) != (int)size)
		die("SSL_write");
}

void read_all(SSL *ssl, size_t size)
{
	static _Thread_local unsigned char buffer[1 << 20];

	while (size > 0) {
		int n = SSL_read(ssl, buffer, (int)(size < sizeof buffer ? size : sizeof buffer));

		if (n <= 0)
			die("SSL_read");
		size -= (size_t)n;
	}
}

void take_give(SSL *ssl, size_t take, size_t give, int close)
{
	char line[80];
	unsigned char *data = bytes(take);
	int length = snprintf(line, sizeof line, "take %zu give %zu%s\n", take, give, close ? " close" : "");

	write_all(ssl, line, (size_t)length);
	write_all(ssl, data, take);
	read_all(ssl, give);
	free(data);
}

void hang_up(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	if (SSL_shutdown(ssl) == 0)
		(void)SSL_shutdown(ssl);
	(void)close(fd);
}

int main(int argc, char **argv)
{
	static const struct command *const tables[] = { call_commands, order_commands };

	for (size_t i = 0; i < sizeof tables / sizeof *tables && argc > 2; i++)
		for (const struct command *at = tables[i]; at->name; at++)
			if (strcmp(at->name, argv[1]) == 0)
				return at->run(argc - 2, argv + 2);
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct command *at = tables[i]; at->name; at++)
			(void)fprintf(stderr, "aa-workload-tls %s PORT %s\n", at->name, at->usage);
	return 201;
}
