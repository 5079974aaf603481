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

#define AA_ABI_VERSION 3

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
	X(TEXT, 9, "text") \
	X(OPEN, 10, "open") \
	X(CLOSE, 11, "close") \
	X(IO, 12, "io") \
	X(TRUNCATE, 13, "truncate") \
	X(FALLOCATE, 14, "fallocate") \
	X(UNLINK, 15, "unlink") \
	X(RMDIR, 16, "rmdir") \
	X(RENAME, 17, "rename") \
	X(LINK, 18, "link") \
	X(SYMLINK, 19, "symlink") \
	X(MKDIR, 20, "mkdir") \
	X(MKNOD, 21, "mknod") \
	X(CHMOD, 22, "chmod") \
	X(CHOWN, 23, "chown") \
	X(UTIMES, 24, "utimes") \
	X(SETXATTR, 25, "setxattr") \
	X(REMOVEXATTR, 26, "removexattr") \
	X(MMAP, 27, "mmap") \
	X(COPY, 28, "copy") \
	X(CHDIR, 29, "chdir") \
	X(CHROOT, 30, "chroot") \
	X(MOUNT, 31, "mount") \
	X(UMOUNT, 32, "umount") \
	X(PIVOT_ROOT, 33, "pivot_root") \
	X(TLS_OPEN, 34, "tls_open") \
	X(TLS_HANDSHAKE, 35, "tls_handshake") \
	X(TLS_NAME, 36, "tls_name") \
	X(TLS_SOCKET, 37, "tls_socket") \
	X(TLS_HELLO, 38, "tls_hello") \
	X(TLS_SOCKET_END, 39, "tls_socket_end") \
	X(TLS_CLOSE, 40, "tls_close") \
	X(TLS_DATA, 41, "tls_data")

/* The loss counter of texts of the activity lane; those of the other lanes are counted under TEXT. No record has this kind. */
#define AA_KIND_FILE_TEXT (AA_KIND_SLOTS - 1)

/* Kinds from here are files: the activity lane, together with their texts. */
#define AA_EVENT_FILE_FIRST 10
#define AA_EVENT_FILE_LAST  33

/* What TLS connections are about: the activity lane, too. AA_EVENT_TLS_DATA is the payload lane. */
#define AA_EVENT_TLS_FIRST 34
#define AA_EVENT_TLS_LAST  41

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
	AA_LOSS_EXCLUDED = 3,	  /* not lost: left out on request (--files, --exclude) */
	AA_LOSS_FILES_FULL = 4,	  /* no room in the table of open files: opens and uses (IO) without sums */
	AA_LOSS_URING_FULL = 5,	  /* no room to remember a request of io_uring: its name is missing */
	AA_LOSS_TLS_FULL = 6,	  /* no room in a table of TLS: connections, calls under way, sockets */
	AA_LOSS_REASON_COUNT = 8, /* one spare */
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
#define AA_FLAG_COMPAT	     0x10u /* EXEC_FAILED, files: a 32-bit system call */
#define AA_FLAG_ACTIVITY     0x20u /* TEXT: of a record of the activity lane */

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

/* A file as its inode has it. All 0: not known. */
struct aa_node {
	__u64 inode;
	__u64 size;	  /* bytes, when the record was made */
	__u64 magic;	  /* s_magic of its file system, statfs(2) */
	__u32 device;	  /* kernel's dev_t: major << 20 | minor */
	__u32 generation; /* 0 where the file system has none */
	__u32 mode;	  /* st_mode: type and permissions */
	__u32 nlink;
};

/* marks of file records */
#define AA_FILE_CREATED	     0x0001u /* OPEN: this open made the file (FMODE_CREATED) */
#define AA_FILE_INHERITED    0x0002u /* OPEN: not seen to be opened: met at its first use */
#define AA_FILE_URING	     0x0004u /* through io_uring */
#define AA_FILE_STILL_OPEN   0x0008u /* IO: the last of the session, the file stays open */
#define AA_FILE_BY_LAST_USER 0x0010u /* CLOSE: header names who used it last, not who closed it */
#define AA_FILE_CLOSE_MISSED 0x0020u /* CLOSE: its end was not seen; time is when that was noticed */
#define AA_FILE_MAPPED \
	0x0040u /* was mapped shared and writable: what was written through memory is in no sum */
#define AA_FILE_NAME_KERNEL 0x0080u /* NAME and NAME2 are the kernel's copies of the user's strings */
#define AA_FILE_NO_SUMS	    0x0100u /* OPEN: no room in the table of open files */
#define AA_FILE_BY_HANDLE   0x0200u /* OPEN: open_by_handle_at(2) */
#define AA_FILE_EXCHANGE    0x0400u /* RENAME: the two files changed places */
#define AA_FILE_EMPTY_PATH  0x0800u /* AT_EMPTY_PATH: the file is the one of fd */
#define AA_FILE_FIXED	    0x1000u /* OPEN: into a slot of io_uring, no descriptor */

/*
 * AA_EVENT_OPEN: a file was opened, or not (error > 0). Texts: PATH on success (walked from the kernel's file). On
 * failure NAME, with DIR if the name is relative or the process is in a chroot.
 */
struct aa_file_open {
	struct aa_header header;
	struct aa_node node;
	__u64 open;  /* names the open file in later records; never reused within a session; 0 on failure */
	__s32 error; /* positive errno, 0 */
	__s32 fd;    /* -1 on failure or if there is none */
	__u32 open_flags; /* O_*, as struct file has them on success, else as asked for */
	__u32 mode;	  /* permissions asked for, where it may create */
	__u32 resolve;	  /* openat2(2): RESOLVE_* */
	__u32 marks;	  /* AA_FILE_* */
};

/*
 * AA_EVENT_CLOSE: the last reference to an open file has gone. AA_EVENT_IO: it goes on; sent every few seconds while
 * the sums change. Sums are since the open and only grow: who stores takes the difference to the last ones.
 */
struct aa_file_io {
	struct aa_header header;
	struct aa_node node;
	__u64 open;
	__u64 read_bytes;
	__u64 read_calls; /* that moved bytes, or reached the end */
	__u64 write_bytes;
	__u64 write_calls;
	__u32 error_calls; /* reads and writes that failed, EAGAIN and EINTR not among them */
	__u32 last_error;  /* errno of the last of them */
	__u32 marks;
	__u32 reserved;
};

/*
 * Every other kind of file record: one act on one or two files. What a member holds:
 *
 *              node            node2            PATH|NAME   PATH2|NAME2  flags           others
 * truncate     the file                         path                     -               length, size_before
 * fallocate    the file                         path                     mode argument   offset, length, size_before
 * unlink       the file                         path                     AT_*            nlink after, in node
 * rmdir        the directory                    path                     AT_*
 * rename       what moved      what was there   old         new          RENAME_*
 * link         the file                         existing    new          AT_*
 * symlink      the link                         the link    -            -               TARGET as given
 * mkdir,mknod  the new one                      path                     -               mode; mknod: device
 * chmod        the file                         path                     AT_*            mode
 * chown        the file                         path                     AT_*            uid, gid as asked; ~0 unchanged
 * utimes       the file                         path                     AT_*
 * setxattr,    the file                         path                     XATTR_*         TARGET its name, length
 * removexattr
 * mmap         the file                         path                     PROT_*          offset, length; shared and writable only
 * copy         source          destination      source      destination  -               length; the first of a pair of open
 *                                                                                        files: the bytes are in their sums
 * chdir,chroot the directory                    path
 * mount        -               -                where       -            MS_*            TARGET what, FSTYPE
 * umount       -                                where                    MNT_*
 * pivot_root   -               -                new root    put_old
 *
 * PATH: walked by the kernel; NAME: the user's string, with DIR where it begins. Nodes are 0 where they are not known.
 */
struct aa_file_change {
	struct aa_header header;
	struct aa_node node;
	struct aa_node node2;
	__u64 open;  /* by descriptor: which open file, else 0 */
	__u64 open2; /* copy: the destination's */
	__u64 offset;
	__u64 length;
	__u64 size_before; /* ~0: not known */
	__s32 error;	   /* positive errno, 0 */
	__s32 fd;	   /* by descriptor, else -1 */
	__u32 flags;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 device; /* mknod */
	__u32 marks;
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
	AA_TEXT_PATH = 9,     /* files: walked from dentry and mount */
	AA_TEXT_PATH2 = 10,   /* likewise, the second file */
	AA_TEXT_DIR =
		11, /* walked: where NAME begins: a directory's descriptor, cwd, or the root of a chroot */
	AA_TEXT_NAME = 12, /* as the program gave it */
	AA_TEXT_DIR2 = 13, /* of NAME2 */
	AA_TEXT_NAME2 = 14,
	AA_TEXT_TARGET = 15, /* symlink: its content; mount: its source; xattr: its name */
	AA_TEXT_FSTYPE = 16, /* mount */
	AA_TEXT_LAST = 16,
};

#define AA_TEXT_TRUNCATED  0x01u /* there was more */
#define AA_TEXT_UNLINKED   0x02u /* path: the file has no name any more */
#define AA_TEXT_DETACHED   0x04u /* path: the walk did not end at the mount namespace's root (lazy umount) */
#define AA_TEXT_PSEUDO	   0x08u /* path: not a path but the name of an anonymous file ("memfd:x") */
#define AA_TEXT_UNREADABLE 0x10u /* some of it could not be read; those bytes are 0 */
#define AA_TEXT_USER	   0x20u /* bytes come from the process's own memory, unverified */
#define AA_TEXT_OUTSIDE	   0x40u /* path of a file: not below the root directory of the process */

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
	__u32 files;	    /* enum aa_files_mode */
	__u32 file_duties; /* AA_FILE_DUTY_*, order.h: what of files the programs of the portable tier have to do */
	__u32 exclude_count;	  /* entries of aa_excludes in use */
	__u64 tls_max_call;	  /* bytes of one call that are sent; the rest is counted */
	__u64 tls_max_connection; /* bytes of one direction of a connection, likewise */
	__u32 tls;		  /* enum aa_tls_mode */
	__u32 tls_hold; /* 1: a process that maps an executable file which the recorder has not seen is stopped for it */
};

enum aa_tls_mode {
	AA_TLS_MODE_NONE = 0,
	AA_TLS_MODE_METADATA = 1, /* connections, no plaintext: no library is attached to */
	AA_TLS_MODE_ALL = 2,
};

enum aa_files_mode {
	AA_FILES_NONE = 0,
	AA_FILES_WRITES = 1, /* what changes something, and what was refused (EACCES, EPERM) */
	AA_FILES_ALL = 2,
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
	__u64 exec_ns;	     /* CLOCK_BOOTTIME of its last exec since it is in scope, 0: none */
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
AA_ASSERT_SIZE(aa_node, 40);
AA_ASSERT_SIZE(aa_file_open, 40 + 40 + 8 + 24);
AA_ASSERT_SIZE(aa_file_io, 40 + 40 + 40 + 16);
AA_ASSERT_SIZE(aa_file_change, 40 + 80 + 40 + 32);
AA_ASSERT_SIZE(aa_config, 80);
AA_ASSERT_SIZE(aa_scope, 112);
AA_ASSERT_SIZE(aa_control, 256);

#include "event_tls.h"

#endif
