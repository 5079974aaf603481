// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The socket of a connection, looked for in the library's memory when a call of it returns. */
#include "bind.h"
#include "tls_data.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* See tls_data.h. */
int aa_tls_bind(__u64 thread, __u64 place)
{
	struct aa_tls_call_key key = { .thread = thread, .place = place };
	struct aa_tls_call *call = bpf_map_lookup_elem(&aa_tls_calls, &key);
	struct aa_tls_connection *connection;

	if (!call)
		return 0;
	connection = aa_tls_find(&call->key);
	return connection ? aa_bind_by_random(&call->base, connection, call->key.object) : 0;
}
