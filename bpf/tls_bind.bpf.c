// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The socket of a connection, looked for in the library's memory when a call of it returns. */
#include "bind.h"
#include "request.h"
#include "tls_data.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AA_TLS_BIND_ASK 3 /* searches in vain, and BIO_write() is to tell */

/* See tls_data.h. */
int aa_tls_bind(__u64 thread, __u64 place)
{
	struct aa_tls_call_key key = { .thread = thread, .place = place };
	struct aa_tls_call *call = bpf_map_lookup_elem(&aa_tls_calls, &key);
	struct aa_tls_connection *connection;
	__u32 tries;

	if (!call)
		return 0;
	connection = aa_tls_find(&call->key);
	if (!connection || connection->socket != 0)
		return 0;
	tries = connection->tries;
	if (aa_bind_by_random(&call->base, connection, call->key.object) == 1)
		return 1;
	/* Twice is usual: before the first ClientHello is sent there is nothing to be found. */
	if (tries < AA_TLS_BIND_ASK && connection->tries == AA_TLS_BIND_ASK && call->library != 0)
		aa_request_bind(&call->base, call->library);
	return 0;
}
