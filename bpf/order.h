/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the loader and the programs tell each other through maps; never in a ring. */
#ifndef AA_BPF_ORDER_H
#define AA_BPF_ORDER_H

#include "event.h"

/*
 * Key of aa_scope and aa_tomb. With the start time in it a reused pid is another key, so nothing has to be
 * replaced.
 */
struct aa_identity_key {
	__u64 start_ns;
	__u32 tgid;
	__u32 zero;
};

#define AA_HINT_BYTES 4096u

struct aa_hint_page {
	__u8 tracked[AA_HINT_BYTES];
};

#define AA_TOMB_SLOTS 16384

struct aa_cgroup_key {
	__u64 cgroup_id;
	__u32 session;
	__u32 zero;
};

/* aa_control.snapping */
enum aa_snap_phase {
	AA_SNAP_OFF = 0,
	AA_SNAP_ON = 1,	   /* iterators run; whatever exits leaves its scope entry behind, as a mark */
	AA_SNAP_DRAIN = 2, /* iterators are done; the marks are being removed */
};

enum aa_order_action {
	AA_ORDER_ADOPT = 1,    /* take `pid` as a root */
	AA_ORDER_CHILDREN = 2, /* take what has a parent in scope: parents come before their children */
	AA_ORDER_ALL = 3,      /* take what has an ancestor in scope, and send the images that are missing */
};

/* aa_order.result of AA_ORDER_ADOPT */
enum aa_adopt_result {
	AA_ADOPT_NOT_FOUND = 0,
	AA_ADOPT_DONE = 1,
	AA_ADOPT_DEAD = 2,
	AA_ADOPT_TAKEN = 3, /* in a session already */
	AA_ADOPT_SCOPE_FULL = 4,
	AA_ADOPT_RING_FULL = 5,
	AA_ADOPT_SELF = 6,
};

/*
 * What CO-RE reads of the recorder, the current task of every program that takes an order. It knows all of
 * this of itself: a BTF file of another kernel is found out. Numbers are those of the initial namespaces.
 */
struct aa_self {
	__u64 start_ns; /* start_boottime of the thread group's leader */
	__u32 tgid;
	__u32 parent_tgid; /* of real_parent */
	__u32 uid;	   /* real */
	__u32 level;	   /* of its pid namespace, 0 = initial */
	char comm[AA_COMM_SIZE];
};

struct aa_order {
	__u32 action;
	__u32 pid; /* in the recorder's pid namespace */
	__u32 session;
	__u32 slot;
	__u32 result;	/* enum aa_adopt_result; of a snapshot: how many were taken */
	__u32 recorder; /* tgid of the recorder in the initial namespace; 0 before an iterator ran */
	__u64 start_ns; /* of the adopted process */
	__u32 tgid;
	__u32 fd; /* of /proc/PID or /proc/PID/task/TID, in the recorder; for the programs that are run for one task */
	__u32 image_missing; /* answer of a snapshot of that task: no thread seen so far could tell what its process runs */
	__u32 zero;
	struct aa_self self; /* answer: who the recorder is */
};

AA_ASSERT_SIZE(aa_self, 40);
AA_ASSERT_SIZE(aa_order, 48 + 40);

/* What the end of a system call means to us; 1 << that are the bits of struct aa_config.syscall_mask. */
enum aa_syscall_action {
	AA_SYSCALL_NONE = 0,
	AA_SYSCALL_EXECVE = 1,
	AA_SYSCALL_EXECVEAT = 2,
	AA_SYSCALL_CRED = 3,
	AA_SYSCALL_SETSID = 4,
};

#define AA_SYSCALL_MASK_EXEC_FAILED (1u << AA_SYSCALL_EXECVE | 1u << AA_SYSCALL_EXECVEAT)
#define AA_SYSCALL_MASK_CRED	    (1u << AA_SYSCALL_CRED)
#define AA_SYSCALL_MASK_SETSID	    (1u << AA_SYSCALL_SETSID)

/* struct aa_scope.flags */
#define AA_SCOPE_NO_IMAGE 0x1u /* taken while running: no EXEC record says yet what it runs */

#endif
