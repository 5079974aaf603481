/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps that all programs share: defined in maps.bpf.c, extern elsewhere (the static linker checks that
 * both agree). Sizes that depend on options or on the machine are set by the loader.
 */
#ifndef AA_BPF_MAPS_H
#define AA_BPF_MAPS_H

#include "event.h"
#include "order.h"
#include "tls_state.h"

#include <bpf/bpf_helpers.h>

#ifdef AA_MAPS_DEFINED_HERE
#define AA_MAP
#else
#define AA_MAP extern
#endif

/* clang-format off */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} aa_ring_lifecycle SEC(".maps");

AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} aa_ring_activity SEC(".maps");

AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} aa_ring_payload SEC(".maps");

/* The processes that belong to a session. Preallocated: nothing is allocated inside a tracepoint. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct aa_identity_key);
	__type(value, struct aa_scope);
} aa_scope SEC(".maps");

/*
 * One byte for each pid: 0 says that the process is in no session, so that the rest of the host pays for one
 * load instead of a hash (5 ns against 25). Anything else says: look into the hash, which is the truth.
 * Bytes, not bits: a store needs no atomic. The loader sets the size by kernel.pid_max; a pid beyond it is
 * looked up in the hash.
 */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct aa_hint_page);
} aa_scope_hint SEC(".maps");

/* Exits claimed while a snapshot is under way, see scope.h. Value: AA_SNAP_* at that time. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, AA_TOMB_SLOTS);
	__type(key, struct aa_identity_key);
	__type(value, __u32);
} aa_tomb SEC(".maps");

AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, AA_LOSS_SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct aa_loss);
} aa_loss SEC(".maps");

AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct aa_control);
} aa_control SEC(".maps");

AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct aa_config);
} aa_config SEC(".maps");

/* What the iterators are asked to do, and what came of it. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct aa_order);
} aa_order SEC(".maps");

/* Open files that a session uses, see order.h. Preallocated, as aa_scope is. The loader sets the size. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, __u64);
	__type(value, struct aa_open_file);
} aa_files SEC(".maps");

/* What tells that freed memory was a struct file, see close.h. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} aa_file_cache SEC(".maps");

/* See order.h. A value is larger than a stack: it is made from the one element of the next map, which stays empty. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, __u64);
	__type(value, struct aa_uring_request);
} aa_uring_requests SEC(".maps");

AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct aa_uring_request);
} aa_uring_empty SEC(".maps");

/* Reads and writes under way, where their completion does not name the request (5.10). */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u64);
} aa_uring_transfers SEC(".maps");

/* Of threads that are changing names, in the precise tier. Taken away when the call ends. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, AA_NOTES);
	__type(key, __u64);
	__type(value, struct aa_note);
} aa_notes SEC(".maps");

/* See order.h. Their values are made as those of aa_uring_requests are. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, AA_NOTE_PATHS);
	__type(key, __u64);
	__type(value, struct aa_note_path);
} aa_note_paths SEC(".maps");

AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct aa_note_path);
} aa_note_empty SEC(".maps");

/* Paths that are left out on request. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, AA_EXCLUDES);
	__type(key, __u32);
	__type(value, struct aa_exclude);
} aa_excludes SEC(".maps");

/* Cgroups whose path was sent. LRU: forgetting one costs a second copy of its path. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct aa_cgroup_key);
	__type(value, __u32);
} aa_cgroup_sent SEC(".maps");

/*
 * Connections of TLS that live, see tls_state.h. Preallocated, as are the next two: nothing is allocated where a library is
 * called. The loader makes them small where no TLS is recorded.
 */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, AA_TLS_CONNECTIONS);
	__type(key, struct aa_tls_key);
	__type(value, struct aa_tls_connection);
} aa_tls_connections SEC(".maps");

/* Calls of libraries under way, from their entry to their return. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, AA_TLS_CALLS);
	__type(key, struct aa_tls_call_key);
	__type(value, struct aa_tls_call);
} aa_tls_calls SEC(".maps");

/* The innermost of them, for each thread. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, AA_TLS_CALLS);
	__type(key, __u64);
	__type(value, struct aa_tls_thread);
} aa_tls_threads SEC(".maps");

/* What the recorder is asked, struct aa_request; read at once. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, AA_REQUEST_RING_BYTES);
} aa_ring_requests SEC(".maps");

/* Sockets that may carry TLS, see tls_state.h. Preallocated. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, AA_TLS_SOCKETS);
	__type(key, __u64);
	__type(value, struct aa_tls_socket);
} aa_tls_sockets SEC(".maps");

/* What finds the socket of a connection. LRU: what is forgotten leaves a connection without its socket. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, AA_TLS_RANDOMS);
	__type(key, struct aa_tls_random_key);
	__type(value, struct aa_tls_random);
} aa_tls_randoms SEC(".maps");

AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, AA_TLS_CIPHERS);
	__type(key, struct aa_tls_cipher_key);
	__type(value, struct aa_tls_thread);
} aa_tls_ciphers SEC(".maps");

/* Executable files that the recorder knows. LRU: forgetting one costs one more request. Value: enum aa_tls_seen. */
AA_MAP struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, AA_TLS_SEEN);
	__type(key, struct aa_file_key);
	__type(value, __u32);
} aa_tls_seen SEC(".maps");
/* clang-format on */

#endif
