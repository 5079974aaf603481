/* SPDX-License-Identifier: Apache-2.0 */
/* Orders of calls: one SSL * for many connections, a fork, calls inside calls, waiting for the recorder. */
#include "tls_workload.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* COUNT connections, one after the other, on one SSL *. */
static int run_reuse(int argc, char **argv)
{
	SSL_CTX *context = new_context();
	SSL *ssl = SSL_new(context);
	int count = argc > 1 ? atoi(argv[1]) : 0;

	for (int i = 0; i < count; i++) {
		if (i > 0 && SSL_clear(ssl) != 1)
			die("SSL_clear");
		if (SSL_set_tlsext_host_name(ssl, HOST) != 1 || SSL_set_fd(ssl, dial(atoi(argv[0]))) != 1)
			die("SSL_set_fd");
		if (SSL_connect(ssl) != 1)
			die("SSL_connect");
		take_give(ssl, (size_t)i + 100, (size_t)i + 1000, 0);
		hang_up(ssl);
	}
	SSL_free(ssl);
	SSL_CTX_free(context);
	return 0;
}

/* The same, each with an SSL * of its own, which malloc() puts where the last one was. Prints how many had its address. */
static int run_renew(int argc, char **argv)
{
	SSL_CTX *context = new_context();
	const void *last = NULL;
	int count = argc > 1 ? atoi(argv[1]) : 0, same = 0;

	for (int i = 0; i < count; i++) {
		SSL *ssl = tls_connect(context, atoi(argv[0]));

		same += (const void *)ssl == last;
		last = ssl;
		take_give(ssl, (size_t)i + 100, (size_t)i + 1000, 0);
		hang_up(ssl);
		SSL_free(ssl);
	}
	SSL_CTX_free(context);
	printf("%d\n", same);
	return 0;
}

/* The parent shakes hands and talks; the child, which has a copy of the SSL *, goes on. Prints both pids. */
static int run_fork(int argc, char **argv)
{
	SSL_CTX *context = new_context();
	SSL *ssl = tls_connect(context, atoi(argv[0]));
	pid_t child;
	int status;

	(void)argc;
	take_give(ssl, 300, 400, 0);
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		take_give(ssl, 5000, 6000, 0);
		hang_up(ssl);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status != 0)
		die("waitpid");
	SSL_free(ssl);
	SSL_CTX_free(context);
	printf("%d %d\n", getpid(), child);
	return 0;
}

static SSL *outer;
static int nested;

/* Called in the middle of another connection's handshake. */
static void talk(const SSL *ssl, int where, int result)
{
	(void)result;
	if (ssl == outer || (where & (SSL_CB_HANDSHAKE_START | SSL_CB_CONNECT_LOOP)) == 0)
		return;
	nested++;
	take_give(outer, 700, 20000, 0);
}

/* SSL_write() and SSL_read() of one connection inside SSL_connect() of another. Prints how often. */
static int run_nested(int argc, char **argv)
{
	SSL_CTX *context = new_context();
	SSL *inner;

	(void)argc;
	outer = tls_connect(context, atoi(argv[0]));
	SSL_CTX_set_info_callback(context, talk);
	inner = tls_connect(context, atoi(argv[0]));
	SSL_CTX_set_info_callback(context, NULL);
	SSL_set_info_callback(inner, NULL);
	take_give(inner, 2000, 3000, 0);
	take_give(outer, 1, 1, 0);
	hang_up(inner);
	hang_up(outer);
	SSL_free(inner);
	SSL_free(outer);
	SSL_CTX_free(context);
	printf("%d\n", nested);
	return 0;
}

struct client {
	pthread_t thread;
	SSL_CTX *context;
	int port;
	size_t size, rounds;
};

static void *talk_alone(void *argument)
{
	const struct client *client = argument;
	SSL *ssl = tls_connect(client->context, client->port);

	for (size_t i = 0; i < client->rounds; i++)
		take_give(ssl, client->size * 10 + i, client->size + i, 0);
	hang_up(ssl);
	SSL_free(ssl);
	return NULL;
}

/* THREADS threads, each with a connection of its own, at once. */
static int run_threads(int argc, char **argv)
{
	struct client clients[32] = { 0 };
	int count = argc > 2 ? atoi(argv[1]) : 0;
	SSL_CTX *context = new_context();

	for (int i = 0; i < count && i < 32; i++) {
		clients[i] = (struct client){ .context = context,
					      .port = atoi(argv[0]),
					      .size = ((size_t)i + 1) * 100,
					      .rounds = strtoul(argv[2], NULL, 10) };
		if (pthread_create(&clients[i].thread, NULL, talk_alone, &clients[i]) != 0)
			die("pthread_create");
	}
	for (int i = 0; i < count && i < 32; i++)
		(void)pthread_join(clients[i].thread, NULL);
	SSL_CTX_free(context);
	return 0;
}

/* Connects and talks, says so, and goes on with the next line of its input: by then it may be recorded. */
static int run_wait(int argc, char **argv)
{
	SSL_CTX *context = new_context();
	SSL *ssl = tls_connect(context, atoi(argv[0]));
	char line[16];

	(void)argc;
	take_give(ssl, 50, 60, 0);
	printf("%d\n", getpid());
	(void)fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		return 1;
	take_give(ssl, 7000, 8000, 0);
	hang_up(ssl);
	SSL_free(ssl);
	ssl = tls_connect(context, atoi(argv[0]));
	take_give(ssl, 900, 1000, 0);
	hang_up(ssl);
	SSL_free(ssl);
	SSL_CTX_free(context);
	return 0;
}

const struct command order_commands[] = {
	{ "reuse", "COUNT: connections on one SSL *", run_reuse },
	{ "renew", "COUNT: connections, each SSL * where the last one was", run_renew },
	{ "fork", "", run_fork },
	{ "nested", "", run_nested },
	{ "threads", "THREADS ROUNDS", run_threads },
	{ "wait", "", run_wait },
	{ NULL, NULL, NULL },
};
