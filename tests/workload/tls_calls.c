/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to call: BIO_f_ssl(), _ex, without blocking, buffers that are not in memory, peeking. */
#include "tls_workload.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Never calls the exported SSL_read() and SSL_write(): the filter BIO calls the internal ones. */
static int run_bio(int argc, char **argv)
{
	static unsigned char buffer[65536];
	SSL_CTX *context = new_context();
	BIO *bio = BIO_new_ssl_connect(context);
	SSL *ssl = NULL;
	char name[64];

	(void)snprintf(name, sizeof name, "127.0.0.1:%s", argv[0]);
	if (!bio || BIO_set_conn_hostname(bio, name) != 1 || BIO_get_ssl(bio, &ssl) != 1 ||
	    SSL_set_tlsext_host_name(ssl, HOST) != 1)
		die("BIO_new_ssl_connect");
	for (int i = 1; i < argc; i++) {
		size_t size = strtoul(argv[i], NULL, 10), left = size;
		unsigned char *data = bytes(size);
		int length = snprintf(name, sizeof name, "take %zu give %zu\n", size, size);

		if (BIO_write(bio, name, length) != length || BIO_write(bio, data, (int)size) != (int)size)
			die("BIO_write");
		while (left > 0) {
			int n = BIO_read(bio, buffer, left < sizeof buffer ? (int)left : (int)sizeof buffer);

			if (n <= 0)
				die("BIO_read");
			left -= (size_t)n;
		}
		free(data);
	}
	BIO_ssl_shutdown(bio);
	BIO_free_all(bio);
	SSL_CTX_free(context);
	return 0;
}

/* Plain and _ex calls by turns, on one connection. */
static int run_mixed(int argc, char **argv)
{
	SSL_CTX *context = new_context();
	SSL *ssl = tls_connect(context, atoi(argv[0]));
	char line[64];

	for (int i = 1; i < argc; i++) {
		size_t size = strtoul(argv[i], NULL, 10), got;
		unsigned char *data = bytes(size);
		int length;

		take_give(ssl, size, size, 0);
		length = snprintf(line, sizeof line, "take %zu give %zu\n", size, size);
		if (SSL_write_ex(ssl, line, (size_t)length, &got) != 1 ||
		    SSL_write_ex(ssl, data, size, &got) != 1)
			die("SSL_write_ex");
		for (size_t left = size; left > 0; left -= got)
			if (SSL_read_ex(ssl, data, left, &got) != 1)
				die("SSL_read_ex");
		free(data);
	}
	hang_up(ssl);
	SSL_free(ssl);
	SSL_CTX_free(context);
	return 0;
}

static int wait_for(SSL *ssl, int result)
{
	struct pollfd poll_fd = { .fd = SSL_get_fd(ssl) };

	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_WANT_READ:
		poll_fd.events = POLLIN;
		break;
	case SSL_ERROR_WANT_WRITE:
		poll_fd.events = POLLOUT;
		break;
	default:
		die("SSL_get_error");
	}
	return poll(&poll_fd, 1, -1);
}

/* Calls that fail and are made again, and calls that send a part, must count once. */
static int run_nonblocking(int argc, char **argv)
{
	SSL_CTX *context = new_context();
	SSL *ssl;
	size_t size = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, at = 0;
	unsigned char *data = bytes(size);
	char line[64];
	int length = snprintf(line, sizeof line, "take %zu give %zu\n", size, size);
	int again = 0, n;

	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	ssl = tls_connect(context, atoi(argv[0]));
	write_all(ssl, line, (size_t)length);
	if (fcntl(SSL_get_fd(ssl), F_SETFL, O_NONBLOCK) < 0)
		die("O_NONBLOCK");
	while (at < size) {
		n = SSL_write(ssl, data + at, (int)(size - at));
		if (n > 0)
			at += (size_t)n;
		else
			again += wait_for(ssl, n);
	}
	for (at = 0; at < size;) {
		n = SSL_read(ssl, data, (int)(size - at));
		if (n > 0)
			at += (size_t)n;
		else
			again += wait_for(ssl, n);
	}
	hang_up(ssl);
	SSL_free(ssl);
	SSL_CTX_free(context);
	free(data);
	printf("%d\n", again);
	return 0;
}

/* Sends from pages of a file that nobody has read yet: who copies at the call's entry finds nothing there. */
static int run_nonresident(int argc, char **argv)
{
	SSL_CTX *context = new_context();
	SSL *ssl = tls_connect(context, atoi(argv[0]));
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	size_t size = fd >= 0 ? (size_t)lseek(fd, 0, SEEK_END) : 0;
	size_t pages = (size + 4095) / 4096, resident = 0;
	unsigned char *present = calloc(pages + 1, 1);
	unsigned char *data;
	char line[64];
	int length = snprintf(line, sizeof line, "take %zu give 1\n", size);

	write_all(ssl, line, (size_t)length);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED || !present)
		die("mmap");
	(void)madvise(data, size, MADV_RANDOM);
	(void)madvise(data, size, MADV_DONTNEED);
	if (mincore(data, size, present) < 0)
		die("mincore");
	for (size_t i = 0; i < pages; i++)
		resident += present[i] & 1;
	write_all(ssl, data, size);
	read_all(ssl, 1);
	hang_up(ssl);
	SSL_free(ssl);
	SSL_CTX_free(context);
	free(present);
	/* In memory before the call, of how many pages: the page cache may have kept some. */
	printf("%zu %zu\n", resident, pages);
	return 0;
}

/* What is peeked at is read later; it must count once. Then a read of nothing, and a write of nothing. */
static int run_peek(int argc, char **argv)
{
	static unsigned char buffer[65536];
	SSL_CTX *context = new_context();
	SSL *ssl = tls_connect(context, atoi(argv[0]));
	size_t got;

	(void)argc;
	write_all(ssl, "take 0 give 3000\n", 17);
	if (SSL_peek(ssl, buffer, 100) != 100 || SSL_peek_ex(ssl, buffer, sizeof buffer, &got) != 1 ||
	    got != 3000)
		die("SSL_peek");
	(void)SSL_read(ssl, buffer, 0);
	(void)SSL_write(ssl, buffer, 0);
	read_all(ssl, 3000);
	hang_up(ssl);
	SSL_free(ssl);
	SSL_CTX_free(context);
	return 0;
}

/* As fast as it can, so many bytes in pieces of that size. */
static int run_burst(int argc, char **argv)
{
	SSL_CTX *context = new_context();
	SSL *ssl = tls_connect(context, atoi(argv[0]));
	size_t size = argc > 2 ? strtoul(argv[1], NULL, 10) : 0,
	       piece = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	unsigned char *data = bytes(piece);

	write_all(ssl, "discard\n", 8);
	for (size_t at = 0; at < size; at += piece)
		write_all(ssl, data, piece < size - at ? piece : size - at);
	hang_up(ssl);
	SSL_free(ssl);
	SSL_CTX_free(context);
	free(data);
	return 0;
}

const struct command call_commands[] = {
	{ "bio", "SIZE...: BIO_new_ssl_connect()", run_bio },
	{ "mixed", "SIZE...: plain and _ex by turns", run_mixed },
	{ "nonblocking", "SIZE: prints how often it had to wait", run_nonblocking },
	{ "nonresident", "FILE: prints how much of it was in memory", run_nonresident },
	{ "peek", "", run_peek },
	{ "burst", "SIZE PIECE", run_burst },
	{ NULL, NULL, NULL },
};
