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
	__u32 scope_flags;   /* AA_SCOPE_*, more of the adopted process */
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
	AA_SYSCALL_NAMES = 5,	   /* unlink, rename, link, mkdir ... */
	AA_SYSCALL_ATTRIBUTES = 6, /* chmod, chown, utimes, truncate, fallocate, xattr */
	AA_SYSCALL_PLACE = 7,	   /* chdir, chroot, mount ... */
	AA_SYSCALL_OPEN = 8,
	AA_SYSCALL_TRANSFER = 9, /* read, write and their kin, sendfile, splice, copy_file_range */
	AA_SYSCALL_MMAP = 10,
	AA_SYSCALL_SOCKET = 11,	 /* connect, accept, send and receive; and what TRANSFER does on sockets */
	AA_SYSCALL_MAPPING = 12, /* what MMAP does, of executable files */
	AA_SYSCALL_ACTIONS = 16, /* at most */
};

#define AA_SYSCALL_MASK(action) (1u << AA_SYSCALL_##action)

/*
 * The upper half of the mask is for calls that are seen by functions of the kernel (vfs.h), which serve more than one
 * capability: of TRANSFER and SOCKET.
 */
#define AA_SYSCALL_ASKED 16

/*
 * The table of open files "aa_files": key: address of struct file. Made at its open, or at the first use of one that
 * was inherited or received; gone at its last close. Whoever uses it in a session adds to the sums.
 */
struct aa_open_file {
	__u64 open;	/* as in aa_file_open */
	__u64 start_ns; /* of who used it last */
	__u32 tgid;
	__u32 tid;
	__u32 session; /* of who opened or first used it */
	__u32 slot;
	__u64 read_bytes;
	__u64 read_calls;
	__u64 write_bytes;
	__u64 write_calls;
	__u64 sent;	     /* read_calls + write_calls + error_calls as of the last IO record */
	__u64 sent_ns;	     /* CLOCK_BOOTTIME of it, of the open at first */
	__u64 peer;	     /* open file with which the last COPY record was sent */
	struct aa_node node; /* at its open: at its end the inode may be gone */
	__u32 error_calls;
	__u32 last_error;
	__u32 flags; /* AA_OPEN_FILE_* */
	__u32 inode; /* low half of the address of struct inode: with another one it is another file in the same memory */
};

#define AA_OPEN_FILE_EXCLUDED 0x1u /* left out on request: counts nothing, its close makes no record */
#define AA_OPEN_FILE_MAPPED   0x2u

/*
 * What a call that is under way does to names: the inodes, met where they are sure. Hash "aa_notes", key: thread.
 */
struct aa_note {
	struct aa_node node;  /* that has the name, or is to get another */
	struct aa_node node2; /* rename: that had the new name */
	__u64 made;	      /* dentry of what is being made; 0: nothing is */
	__u64 mount;	      /* struct vfsmount in which it happens; 0: not known */
	__u64 met;	      /* 1: the inodes were met; before that only the mount was */
};

#define AA_NOTES 4096

/*
 * And the paths, walked before it acts: afterwards the names are others, and nothing holds the mount. Hash
 * "aa_note_paths", key: thread, with AA_NOTE_SECOND for the second file. Not sent at once: a call may take long (the blocks
 * of a large file are freed inside unlink(2)), and the reader does not wait for a text's record for more than a second.
 */
#define AA_NOTE_ROOM   4096
#define AA_NOTE_SLACK  256
#define AA_NOTE_SECOND (1ull << 63)
#define AA_NOTE_PATHS  256

struct aa_note_path {
	struct aa_header header; /* as struct aa_text lies, of which this is one that is not sent yet */
	__u32 text[6];
	char data[AA_NOTE_ROOM + AA_NOTE_SLACK]; /* ends with a 0 at least */
};

/* An IO record of an open file is due after so long. */
#define AA_FILE_IO_PERIOD_NS 5000000000ull

/* --exclude of the form "/literal*", which the kernel side can decide. Array "aa_excludes". */
#define AA_EXCLUDES	  16
#define AA_EXCLUDE_LENGTH 64

struct aa_exclude {
	__u32 length; /* bytes of prefix that must be equal; 1 to AA_EXCLUDE_LENGTH */
	__u32 zero;
	char prefix[AA_EXCLUDE_LENGTH];
};

/* aa_config.file_duties: set if no program of a better tier does it */
#define AA_FILE_DUTY_URING_OPEN	 0x1u /* the programs of io_uring record opens */
#define AA_FILE_DUTY_URING_NAMES 0x2u /* and unlinks, renames ... */
#define AA_FILE_DUTY_URING_IO	 0x4u /* and count bytes */

/*
 * Requests of io_uring by name between submit and completion, "aa_uring_requests": the kernel's copy of the names is gone
 * when the result is known. Key: address of struct io_kiocb (uring.bpf.c).
 */
#define AA_URING_NAME 4096

struct aa_uring_request {
	struct aa_header base; /* who submitted it */
	__u32 opcode;	       /* IORING_OP_* */
	__s32 dirfd;
	__s32 dirfd2;
	__u32 flags;
	__u32 mode;
	__u32 resolve;
	__u32 fixed; /* into a slot: no descriptor */
	__u32 zero;
	char name[AA_URING_NAME];
	char name2[AA_URING_NAME];
};

AA_ASSERT_SIZE(aa_uring_request, 40 + 32 + 2 * AA_URING_NAME);
AA_ASSERT_SIZE(aa_open_file, 32 + 56 + 40 + 16);
AA_ASSERT_SIZE(aa_exclude, 72);
AA_ASSERT_SIZE(aa_note, 40 + 40 + 24);
AA_ASSERT_SIZE(aa_note_path, 64 + AA_NOTE_ROOM + AA_NOTE_SLACK);

#define AA_SYSCALL_MASK_EXEC_FAILED (AA_SYSCALL_MASK(EXECVE) | AA_SYSCALL_MASK(EXECVEAT))
#define AA_SYSCALL_MASK_CRED	    AA_SYSCALL_MASK(CRED)
#define AA_SYSCALL_MASK_SETSID	    AA_SYSCALL_MASK(SETSID)

/* struct aa_scope.flags */
#define AA_SCOPE_NO_IMAGE 0x1u /* taken while running: no EXEC record says yet what it runs */
#define AA_SCOPE_COMMAND \
	0x2u /* still the recorder's own child: what it does to files before its exec is not the command's */

#endif
