// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections that are begun anew with the same object. */
#include "tls.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* The innermost call of this thread goes on with the new connection; those around it look it up when they return. */
static __always_inline void aa_tls_thread_renew(const struct aa_tls_key *key)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct aa_tls_thread *entry = bpf_map_lookup_elem(&aa_tls_threads, &thread);
	struct aa_tls_connection *connection = aa_tls_find(key);

	if (entry && connection && entry->key.object == key->object && entry->key.start_ns == key->start_ns)
		entry->connection = connection->connection;
}

/* See tls.h. */
int aa_tls_connection_renew(__u64 object, __u64 start_ns, __u64 ids)
{
	struct aa_tls_key key = { .start_ns = start_ns, .object = object, .tgid = (__u32)ids };
	struct aa_tls_connection *connection = aa_tls_find(&key);
	struct aa_tls_origin origin = {};
	__u64 where;

	if (!connection)
		return -1;
	origin.library = connection->library;
	origin.implementation = connection->implementation;
	where = connection->session | (__u64)(connection->slot & 0xff) << 32;
	{
		struct aa_header base = aa_unpack(bpf_ktime_get_boot_ns(), start_ns, ids, where);

		if (aa_tls_close(&base, &key, AA_TLS_CLOSE_REUSED) != 0 ||
		    aa_tls_open(&base, &key, &origin) != 0)
			return -1;
	}
	aa_tls_thread_renew(&key);
	return 0;
}
