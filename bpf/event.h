/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ABI between the programs in the kernel and the recorder: what stands in a ring.
 *
 * Compiled by both sides. Each record starts with struct aa_header, has a fixed layout without hidden
 * padding, and is written completely before it is submitted (ring memory is not zeroed). Ids are never
 * reused, members are only added; a change of layout raises AA_ABI_VERSION.
 *
 * Strings (arguments, paths) are records of their own, AA_EVENT_TEXT, submitted *before* the record that
 * they belong to, by the same program run, with the same identity, thread and time. So whoever meets an
 * AA_EVENT_EXEC has met everything of it that there is.
 */
#ifndef AA_BPF_EVENT_H
#define AA_BPF_EVENT_H

#ifdef __bpf__
#include "core_types.h"
#else
#include <linux/types.h>
#endif

#define AA_ABI_VERSION 1

/* Room for kinds in the loss counters. Kinds are dense, from 1. */
#define AA_KIND_SLOTS 64

/* Kinds of records: name, id, and the name that the database and the command line use. */
#define AA_EVENT_KINDS(X) \
	X(FORK, 1, "fork") \
	X(EXEC, 2, "exec") \
	X(EXEC_FAILED, 3, "exec_failed") \
	X(EXIT, 4, "exit") \
	X(CRED, 5, "cred") \
	X(COMM, 6, "comm") \
	X(SETSID, 7, "setsid") \
	X(CGROUP, 8, "cgroup") \
	X(TEXT, 9, "text")

enum aa_event_kind {
#define X(name, id, text) AA_EVENT_##name = (id),
	AA_EVENT_KINDS(X)
#undef X
};

/* Rings. A flood in one cannot push out another. */
enum aa_lane {
	AA_LANE_LIFECYCLE = 0, /* processes: never filtered, never sampled */
	AA_LANE_ACTIVITY = 1,  /* files, network, signals */
	AA_LANE_PAYLOAD = 2,   /* TLS plaintext */
	AA_LANE_COUNT = 3,
};

/* Why something that happened is not in a ring, or not whole. Index of the loss counters. */
enum aa_loss_reason {
	AA_LOSS_RING_FULL = 0,	  /* bpf_ringbuf_reserve() failed */
	AA_LOSS_SCOPE_FULL = 1,	  /* the scope map took no more processes: a whole subtree is missing */
	AA_LOSS_UNREADABLE = 2,	  /* memory of the kernel or the process could not be read */
	AA_LOSS_REASON_COUNT = 4, /* one spare */
};

/* Sessions have counters of their own up to this number; slot 0 collects all beyond it. */
#define AA_LOSS_SLOTS 64

/* One session's counters: never reset, only added to. The recorder gives out the slots. */
struct aa_loss {
	__u64 count[AA_LOSS_REASON_COUNT][AA_KIND_SLOTS];
};

/* header.flags */
#define AA_FLAG_ROOT	     0x01u /* FORK: a root that the recorder adopted (child of run, PID of attach) */
#define AA_FLAG_SNAPSHOT     0x02u /* FORK, EXEC: found running, not seen to happen */
#define AA_FLAG_CRED_CHANGED 0x04u /* EXEC: real, effective or saved ids or capabilities differ from before */
#define AA_FLAG_SECURE	     0x08u /* EXEC: bprm->secureexec, the AT_SECURE of the new program */
#define AA_FLAG_COMPAT	     0x10u /* EXEC_FAILED: a 32-bit system call */

#define AA_COMM_SIZE 16 /* TASK_COMM_LEN */

struct aa_header {
	__u64 time_ns;	/* CLOCK_BOOTTIME, taken in the hook */
	__u64 start_ns; /* start_boottime of the thread group's leader; with tgid the process's identity */
	__u32 session;	/* id of the session in the database */
	__u32 slot;	/* index of the session's loss counters */
	__u32 tgid;	/* process id in the initial pid namespace */
	__u32 tid;	/* thread id in the initial pid namespace */
	__u32 size;	/* bytes of this record, header included */
	__u16 kind;	/* enum aa_event_kind */
	__u16 flags;	/* AA_FLAG_* */
};

/* Credentials by value: struct cred of the kernel. */
struct aa_cred {
	__u64 cap_effective;
	__u64 cap_permitted;
	__u64 cap_inheritable;
	__u64 cap_bounding;
	__u64 cap_ambient;
	__u32 uid;
	__u32 euid;
	__u32 suid;
	__u32 fsuid;
	__u32 gid;
	__u32 egid;
	__u32 sgid;
	__u32 fsgid;
	__u32 securebits;
	__u32 group_count; /* supplementary groups */
	__u32 group_hash;  /* FNV-1a of the first 32 supplementary group ids: tells that a list changed */
	__u32 user_ns;	   /* inode of the user namespace */
};

struct aa_namespaces {
	__u32 pid; /* the namespace that the process itself is numbered in */
	__u32 mnt;
	__u32 net;
	__u32 uts;
};

/*
 * AA_EVENT_FORK: a new process (never a thread). header names the child. For ROOT and SNAPSHOT the creator
 * and clone_flags are 0: nobody saw them. A SNAPSHOT record may come before that of its parent.
 */
struct aa_fork {
	struct aa_header header;
	struct aa_cred cred;
	struct aa_namespaces ns;
	__u64 clone_flags;	/* 0 for ROOT and SNAPSHOT */
	__u64 parent_start_ns;	/* real_parent's leader */
	__u64 creator_start_ns; /* the process that called fork; differs from the parent with CLONE_PARENT */
	__u64 cgroup_id; /* as in /proc and stat(2) for version 2; version 1: hierarchy number << 48 | id */
	__u32 parent_tgid;
	__u32 creator_tgid;
	__u32 creator_tid;
	__u32 ns_pid;	   /* pid in its own (innermost) pid namespace */
	__u32 ns_level;	   /* depth of that namespace, 0 = initial */
	__u32 exit_signal; /* what the parent gets when it dies; 0 possible */
	__u32 sid;	   /* POSIX session, number in the initial pid namespace */
	__u32 pgid;	   /* process group, likewise */
	char comm[AA_COMM_SIZE];
};

/* File type of origin of an executable. */
enum aa_exe_origin {
	AA_EXE_FILE = 0,     /* has a name in a file system */
	AA_EXE_UNLINKED = 1, /* its last name, or the one used, was removed before the exec */
	AA_EXE_MEMFD = 2,    /* memfd_create(2) */
	AA_EXE_OTHER = 3,    /* no path: another anonymous file */
};

/*
 * AA_EVENT_EXEC: a new program image. Texts before it: ARGS, ENV (on request), EXE, CWD, FILENAME, INTERP
 * (only for #! and binfmt_misc), ROOT (only in a chroot). header.tid is the one after the exec: the tgid.
 */
struct aa_exec {
	struct aa_header header;
	struct aa_cred cred;
	struct aa_namespaces ns;
	__u64 exe_inode;
	__u64 exe_size;
	__u64 exe_magic; /* s_magic of its file system, statfs(2) */
	__u64 cgroup_id;
	__u64 arg_start; /* address of the arguments in the process: tells one image from the next */
	__u64 arg_size;	 /* true bytes of all arguments with their NULs */
	__u64 env_size;
	__u32 argc;
	__u32 envc;
	__u32 exe_device; /* kernel's dev_t: major << 20 | minor */
	__u32 exe_mode;	  /* st_mode */
	__u32 exe_nlink;
	__u32 exe_origin; /* enum aa_exe_origin */
	__u32 old_tid;	  /* thread that called exec; its id is the leader's afterwards. 0: not known */
	__u32 ns_pid;
	__u32 sid;
	__u32 pgid;
	__u32 tty_device;   /* controlling terminal: major << 20 | minor, 0 none */
	__u32 interp_flags; /* bprm->interp_flags: BINPRM_FLAGS_* */
	char comm[AA_COMM_SIZE];
};

/*
 * AA_EVENT_EXEC_FAILED: execve or execveat returned an error. Texts: FILENAME, and CWD if that is relative.
 */
struct aa_exec_failed {
	struct aa_header header;
	__s32 error;	/* errno, positive */
	__s32 dirfd;	/* execveat's; AT_FDCWD for execve */
	__u32 at_flags; /* execveat's */
	__u32 syscall;	/* number in the ABI that the task used */
	char comm[AA_COMM_SIZE];
};

/* AA_EVENT_EXIT: the thread group is dead. */
struct aa_exit {
	struct aa_header header;
	__u64 utime_ns; /* user time of all threads, tick-based where the kernel has no precise accounting */
	__u64 stime_ns; /* without giving back the memory, where the hook comes before that: see exit.bpf.c */
	__u64 runtime_ns; /* precise, without what the threads ran since they were last switched in; 0 possible */
	__u64 max_rss_bytes;
	__u64 reaper_start_ns; /* who inherits its children; 0 if it has none */
	__u32 reaper_tgid;
	__s32 status; /* as wait(2) gives it: WIFEXITED() and so on apply */
	char comm[AA_COMM_SIZE];
};

/* AA_EVENT_CRED: a thread's credentials differ from the last ones known of its process. */
struct aa_cred_change {
	struct aa_header header;
	struct aa_cred before;
	struct aa_cred after;
	__u32 syscall; /* that ended just now; ~0u when found at fork, exec or exit */
	__u32 reserved;
};

/* AA_EVENT_COMM: a thread got another name other than by exec. header.tid is the renamed thread. */
struct aa_comm_change {
	struct aa_header header;
	__u32 by_tgid; /* who did it: the thread itself with prctl(2), or another through /proc */
	__u32 by_tid;
	char before[AA_COMM_SIZE];
	char after[AA_COMM_SIZE];
};

/* AA_EVENT_SETSID: the process leads a new POSIX session. */
struct aa_setsid {
	struct aa_header header;
	__u32 sid;    /* in the initial pid namespace */
	__u32 ns_sid; /* as the process was told */
};

/*
 * AA_EVENT_CGROUP: path of a cgroup that records refer to by id; once per session and cgroup. Text: CGROUP.
 */
struct aa_cgroup {
	struct aa_header header; /* tgid: a process that is in it */
	__u64 cgroup_id;
};

/* What a text is. */
enum aa_text_field {
	AA_TEXT_ARGS = 1, /* bytes at mm->arg_start: arguments, each with its NUL */
	AA_TEXT_ENV =
		2, /* bytes at mm->env_start; only with config.capture_env. Filtered by name before storing */
	AA_TEXT_EXE = 3,      /* path of the final binary, walked from the kernel's file */
	AA_TEXT_CWD = 4,      /* walked */
	AA_TEXT_ROOT = 5,     /* walked; sent only if the process's root is not its mount namespace's */
	AA_TEXT_FILENAME = 6, /* bprm->filename, or the user's string of a failed exec: as given */
	AA_TEXT_INTERP = 7,   /* bprm->interp when it differs from filename: the last interpreter */
	AA_TEXT_CGROUP = 8,   /* path below the cgroup hierarchy's root */
};

#define AA_TEXT_TRUNCATED  0x01u /* there was more */
#define AA_TEXT_UNLINKED   0x02u /* path: the file has no name any more */
#define AA_TEXT_DETACHED   0x04u /* path: the walk did not end at the mount namespace's root (lazy umount) */
#define AA_TEXT_PSEUDO	   0x08u /* path: not a path but the name of an anonymous file ("memfd:x") */
#define AA_TEXT_UNREADABLE 0x10u /* some of it could not be read; those bytes are 0 */
#define AA_TEXT_USER	   0x20u /* bytes come from the process's own memory, unverified */

/*
 * AA_EVENT_TEXT. Long texts come as several records with rising offsets. The bytes are
 * data[start .. start + length): a path is built from its end backwards, so it need not begin at 0.
 * Every other byte of data is zero.
 */
struct aa_text {
	struct aa_header header;
	__u64 total;  /* true bytes of the whole text where known, else what was captured */
	__u32 offset; /* of this piece within the text */
	__u32 length; /* bytes of this piece */
	__u32 start;  /* where in data they begin */
	__u16 field;  /* enum aa_text_field */
	__u16 flags;  /* AA_TEXT_* */
	char data[];
};

/* Configuration, set before anything is attached (array "aa_config", one element). */
struct aa_config {
	__u64 ring_bytes[AA_LANE_COUNT];
	__u64 max_arg_bytes; /* capture limit for arguments, and for the environment */
	__u32 page_size;
	__u32 capture_env;
	__u32 syscall_mask; /* which actions the end of a system call is for: 1 << enum aa_syscall_action, order.h */
	__u32 reserved;
};

/* One page shared with the recorder (mmapable array "aa_control", one element). */
struct aa_control {
	struct {
		__u64 at;     /* a record beyond this producer position wakes the reader; ~0 = never */
		__u64 sent;   /* records submitted so far */
		__u64 pad[6]; /* a cache line each */
	} wake[AA_LANE_COUNT];
	__u32 snapping; /* enum aa_snap_phase (order.h); 0 = no snapshot is under way */
	__u32 reserved[15];
};

/*
 * Value of the scope map "aa_scope", key (start_ns, tgid), order.h: the processes that belong to a session.
 */
struct aa_scope {
	__u32 session;
	__u32 slot;
	__u32 flags;	     /* AA_SCOPE_*, order.h */
	__u32 exec_tid;	     /* thread that is in exec now, where the hook of exec cannot tell; else 0 */
	struct aa_cred cred; /* last known */
};

#ifdef __bpf__
#define AA_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type)
#else
#include <assert.h>
#define AA_ASSERT_SIZE(type, bytes) static_assert(sizeof(struct type) == (bytes), #type)
#endif
AA_ASSERT_SIZE(aa_header, 40);
AA_ASSERT_SIZE(aa_cred, 88);
AA_ASSERT_SIZE(aa_namespaces, 16);
AA_ASSERT_SIZE(aa_fork, 40 + 88 + 16 + 32 + 32 + 16);
AA_ASSERT_SIZE(aa_exec, 40 + 88 + 16 + 56 + 48 + 16);
AA_ASSERT_SIZE(aa_exec_failed, 40 + 16 + 16);
AA_ASSERT_SIZE(aa_exit, 40 + 40 + 8 + 16);
AA_ASSERT_SIZE(aa_cred_change, 40 + 176 + 8);
AA_ASSERT_SIZE(aa_comm_change, 40 + 8 + 32);
AA_ASSERT_SIZE(aa_setsid, 48);
AA_ASSERT_SIZE(aa_cgroup, 48);
AA_ASSERT_SIZE(aa_text, 64);
AA_ASSERT_SIZE(aa_config, 48);
AA_ASSERT_SIZE(aa_scope, 104);
AA_ASSERT_SIZE(aa_control, 256);

#endif
