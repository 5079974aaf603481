/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aa-bench-tls PAIRS [SIZE]: nanoseconds of processor time that as many pairs of SSL_write() and SSL_read() of SIZE bytes take, between two
 * ends in one process, without a socket. PAIRS 0: says that it is ready, and waits for its input to end.
 */
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	(void)fprintf(stderr, "aa-bench-tls: %s failed\n", what);
	exit(1);
}

/* Not the wall's: what others do meanwhile does not count; probes do, they run in this process. */
static long long now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void sign_itself(SSL_CTX *context)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();

	if (!key || !certificate || !X509_gmtime_adj(X509_getm_notBefore(certificate), 0) ||
	    !X509_gmtime_adj(X509_getm_notAfter(certificate), 3600) ||
	    X509_set_pubkey(certificate, key) != 1 || X509_sign(certificate, key, EVP_sha256()) == 0 ||
	    SSL_CTX_use_certificate(context, certificate) != 1 || SSL_CTX_use_PrivateKey(context, key) != 1)
		die("making a certificate");
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static SSL *new_end(SSL_CTX *context, BIO *bio)
{
	SSL *ssl = SSL_new(context);

	if (!ssl)
		die("SSL_new");
	SSL_set_bio(ssl, bio, bio);
	return ssl;
}

int main(int argc, char **argv)
{
	static char data[16384];
	long pairs = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	int size = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 64;
	SSL_CTX *client_context = SSL_CTX_new(TLS_client_method()),
		*server_context = SSL_CTX_new(TLS_server_method());
	BIO *one = NULL, *two = NULL;
	SSL *client, *server;
	long long began;

	if (pairs == 0) {
		(void)puts("ready");
		(void)fflush(stdout);
		return read(STDIN_FILENO, data, sizeof data) < 0;
	}
	if (!client_context || !server_context || BIO_new_bio_pair(&one, 1 << 17, &two, 1 << 17) != 1)
		die("SSL_CTX_new");
	SSL_CTX_set_verify(client_context, SSL_VERIFY_NONE, NULL);
	sign_itself(server_context);
	client = new_end(client_context, one);
	server = new_end(server_context, two);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	for (int i = 0; i < 10 && (!SSL_is_init_finished(client) || !SSL_is_init_finished(server)); i++) {
		(void)SSL_do_handshake(client);
		(void)SSL_do_handshake(server);
	}
	began = now_ns();
	for (long i = 0; i < pairs; i++)
		if (SSL_write(client, data, size) != size || SSL_read(server, data, size) != size)
			die("a call");
	printf("%lld\n", now_ns() - began);
	SSL_free(client);
	SSL_free(server);
	SSL_CTX_free(client_context);
	SSL_CTX_free(server_context);
	return 0;
}
