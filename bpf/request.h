/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the recorder is asked at once: to look at an executable file that it has not seen. Who sees that a process has
 * stopped finds the request that says so.
 */
#ifndef AA_BPF_REQUEST_H
#define AA_BPF_REQUEST_H

#include "emit.h"

/*
 * The current process has mapped a file for execution, length bytes at result. A global function, see aa_pack_ids(); who it is
 * comes from the task. Nothing happens if the recorder knows the file.
 */
int aa_request_mapped(__u64 file, __u64 result, __u64 length, __u64 start_ns, __u64 where);

/* It executes the file. */
int aa_request_executed(__u64 file, __u64 start_ns, __u64 where);

static __always_inline struct aa_request *aa_request_reserve(__u32 slot)
{
	struct aa_request *request = bpf_ringbuf_reserve(&aa_ring_requests, sizeof(*request), 0);

	/* The recorder does not answer: a library that it is not told of makes no connections. */
	if (!request)
		aa_count_loss(slot, AA_LOSS_TLS_FULL, AA_EVENT_TLS_OPEN);
	return request;
}

/*
 * A connection of this library stays without a socket: its BIO_write() would tell. base: with the time. Returns 0, or -1 if
 * there was no room to ask, which is counted.
 */
AA_SUBPROGRAM int aa_request_bind(const struct aa_header *base, __u64 library)
{
	struct aa_request *request = aa_request_reserve(base->slot);

	if (!request)
		return -1;
	__builtin_memset(request, 0, sizeof(*request));
	request->time_ns = base->time_ns;
	request->start_ns = base->start_ns;
	request->library = library;
	request->tgid = base->tgid;
	request->tid = base->tid;
	request->session = base->session;
	request->slot = base->slot;
	request->flags = AA_REQUEST_BIND;
	bpf_ringbuf_submit(request, BPF_RB_FORCE_WAKEUP);
	return 0;
}

#endif
