// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The socket of a connection, looked for in the library's memory when a call of it returns. */
#include "bind.h"
#include "request.h"
#include "tls_data.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AA_TLS_BIND_TRIES 4  /* searches for a connection */
#define AA_TLS_BIND_ASK	  3  /* that many in vain, and BIO_write() is to tell */
#define AA_TLS_BIND_WORDS 16 /* of a block */

static __always_inline struct aa_tls_call *aa_tls_call_find(__u64 thread, __u64 place)
{
	struct aa_tls_call_key key = { .thread = thread, .place = place };

	return bpf_map_lookup_elem(&aa_tls_calls, &key);
}

/*
 * Binds the connection of a call if eight bytes of its library's memory are the beginning of the random of a ClientHello that
 * the process has sent or received. Returns 1 if it did. This and the next are global functions, see aa_pack_ids(): verified
 * once, and not for each way through the words before them, which 5.10 gave up after a million instructions.
 */
int aa_tls_search_word(__u64 thread, __u64 place, __u64 word)
{
	struct aa_tls_call *call = aa_tls_call_find(thread, place);
	struct aa_tls_connection *connection = call ? aa_tls_find(&call->key) : NULL;
	struct aa_tls_random_key key = { .random = word };
	struct aa_tls_random *found;
	struct aa_tls_socket *entry;

	if (!connection)
		return 0;
	key.tgid = call->base.tgid;
	found = bpf_map_lookup_elem(&aa_tls_randoms, &key);
	if (!found)
		return 0;
	entry = aa_socket_find(found->sock);
	if (!entry || entry->socket != found->socket)
		return 0;
	return aa_bind(&call->base, connection, entry, found->sock, AA_TLS_BY_CLIENT_RANDOM) == 0;
}

/* The same of a block of memory. */
int aa_tls_search(__u64 thread, __u64 place, __u64 from)
{
	__u64 words[AA_TLS_BIND_WORDS];

	if (bpf_probe_read_user(words, sizeof(words), (const void *)from) != 0)
		return 0;
	for (__u32 i = 0; i < AA_TLS_BIND_WORDS; i++) {
		if (words[i] != 0 && aa_tls_search_word(thread, place, words[i]) == 1)
			return 1;
	}
	return 0;
}

static __always_inline bool aa_tls_search_blocks(__u64 thread, __u64 place, __u64 from, __u32 blocks)
{
	for (__u32 block = 0; block < blocks; block++) {
		if (aa_tls_search(thread, place, from + block * AA_TLS_BIND_WORDS * sizeof(__u64)) == 1)
			return true;
	}
	return false;
}

static __always_inline bool aa_tls_search_at(__u64 thread, __u64 place, __u64 pointer)
{
	__u64 state = 0;

	return bpf_probe_read_user(&state, sizeof(state), (const void *)pointer) == 0 && state > 4096 &&
	       aa_tls_search_blocks(thread, place, state, 8);
}

/*
 * See tls_data.h. The random stands in the object itself (OpenSSL 3), in *(object + 0x30) (BoringSSL), or in
 * *(object + 0xa8) (OpenSSL 1.1.1): SSL3_STATE, where it is aligned to 8 bytes.
 */
int aa_tls_bind(__u64 thread, __u64 place)
{
	struct aa_tls_call *call = aa_tls_call_find(thread, place);
	struct aa_tls_connection *connection = call ? aa_tls_find(&call->key) : NULL;
	__u64 object;

	if (!connection || connection->socket != 0 || connection->tries >= AA_TLS_BIND_TRIES)
		return 0;
	connection->tries++;
	object = call->key.object;
	if (aa_tls_search_blocks(thread, place, object, 16) ||
	    aa_tls_search_at(thread, place, object + 0x30) || aa_tls_search_at(thread, place, object + 0xa8))
		return 1;
	/* Two are usual: before the first ClientHello is sent there is nothing to be found. */
	if (connection->tries == AA_TLS_BIND_ASK && call->library != 0)
		aa_request_bind(&call->base, call->library);
	return 0;
}
