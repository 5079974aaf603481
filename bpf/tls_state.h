/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the programs of TLS remember between hooks, and what they ask of the recorder: values of maps, known to both sides,
 * never in a lane.
 */
#ifndef AA_BPF_TLS_STATE_H
#define AA_BPF_TLS_STATE_H

#include "event.h"

/*
 * What a probed instruction is. Low byte of the cookie of a probe, whose rest is the number of the library. Every one has a
 * program of its own for kernels without cookies (before 5.15). Numbers are not reused.
 */
enum aa_tls_function {
	AA_TLS_FN_SSL_WRITE = 1,    /* int (SSL *, const void *, int) */
	AA_TLS_FN_SSL_READ = 2,	    /* int (SSL *, void *, int) */
	AA_TLS_FN_SSL_WRITE_EX = 3, /* int (SSL *, const void *, size_t, size_t *written), 1: done */
	AA_TLS_FN_SSL_READ_EX =
		4, /* int (SSL *, void *, size_t, size_t *readbytes); also ssl_{read,write}_internal() before 3.2 */
	AA_TLS_FN_SSL_WRITE_FLAGS =
		5, /* int (SSL *, const void *, size_t, uint64_t flags, size_t *): ssl_write_internal() since 3.2, SSL_write_ex2 */
	AA_TLS_FN_SSL_READ_EARLY =
		6,		     /* int (SSL *, void *, size_t, size_t *), 0 error, 1 success, 2 finish */
	AA_TLS_FN_SSL_HANDSHAKE = 7, /* int (SSL *): SSL_do_handshake, SSL_connect, SSL_accept */
	AA_TLS_FN_SSL_NEW = 8,	     /* SSL *(...) */
	AA_TLS_FN_SSL_FREE = 9,	     /* void (SSL *) */
	AA_TLS_FN_SSL_CLEAR = 10,    /* int (SSL *) */
	AA_TLS_FN_SSL_CTRL = 11,     /* long (SSL *, int cmd, long, void *): 55 sets the SNI */
	AA_TLS_FN_SSL_SET_HOST = 12, /* int (SSL *, const char *): BoringSSL's SSL_set_tlsext_host_name */
	AA_TLS_FN_SSL_ALPN = 13,     /* void (const SSL *, const unsigned char **, unsigned *) */
	AA_TLS_FN_BIO_WRITE = 14,    /* int (BIO *, const void *, int): ciphertext on its way into memory */
	AA_TLS_FN_GNUTLS_SEND = 15,  /* ssize_t (gnutls_session_t, const void *, size_t) */
	AA_TLS_FN_GNUTLS_RECV = 16,  /* ssize_t (gnutls_session_t, void *, size_t) */
	AA_TLS_FN_GNUTLS_HANDSHAKE = 17, /* int (gnutls_session_t), 0: done */
	AA_TLS_FN_GNUTLS_INIT = 18,	 /* int (gnutls_session_t *, unsigned), 0: done */
	AA_TLS_FN_GNUTLS_DEINIT = 19,	 /* void (gnutls_session_t) */
	AA_TLS_FN_GNUTLS_NAME = 20, /* int (gnutls_session_t, type, const void *, size_t): 1 sets the SNI */
	AA_TLS_FN_GNUTLS_ALPN = 21, /* int (gnutls_session_t, gnutls_datum_t *) */
	AA_TLS_FN_GO_WRITE =
		22, /* crypto/tls.(*Conn).Write, ABIInternal: receiver, pointer, length, capacity */
	AA_TLS_FN_GO_READ = 23,
	AA_TLS_FN_GO_WRITE_RET =
		24, /* each of its RET instructions: bytes, error. Never a uretprobe: Go moves its stacks */
	AA_TLS_FN_GO_READ_RET = 25,
	AA_TLS_FN_GO_CLOSE = 26, /* crypto/tls.(*Conn).Close, entry */
	AA_TLS_FN_COUNT = 27,
};

#define AA_TLS_COOKIE(library, function) ((__u64)(library) << 8 | (function))

/* Key of "aa_tls_connections". */
struct aa_tls_key {
	__u64 start_ns; /* identity of the process */
	__u64 object;
	__u32 tgid;
	__u32 zero;
};

/* Value of it: a connection that lives. Removed by SSL_free() and its kin, or by the recorder's sweep. */
struct aa_tls_connection {
	__u64 connection;
	__u64 socket;  /* aa_socket.socket; 0: not bound yet */
	__u64 sock;    /* address of struct sock of it */
	__u64 library; /* as in struct aa_tls_open */
	__u64 time_ns; /* CLOCK_BOOTTIME when it was met: before an exec of its process it is another program's */
	struct aa_tls_sums sums;
	__u32 session;
	__u32 slot;
	__u32 implementation;
	__u16 tries; /* searches of its memory for a client random so far */
	__u16 told; /* bit 0: that its handshake is done was sent; the others: hash of the ALPN that was sent */
};

/*
 * Value of "aa_tls_threads", key: bpf_get_current_pid_tgid(): the innermost call of the library that a thread is in. So a
 * socket call knows for which connection it is made. Not for Go, whose object names its descriptor.
 */
struct aa_tls_thread {
	struct aa_tls_key key; /* of the connection */
	__u64 connection;
	__u64 stack; /* stack pointer at the call's entry: key of the call under way */
};

#define AA_TLS_CONNECTIONS 16384
#define AA_TLS_CALLS	   16384
#define AA_TLS_SEEN	   16384

/*
 * Key of "aa_tls_calls": the thread and its stack pointer at the entry, as calls nest (Bun calls SSL_write() inside
 * SSL_do_handshake(): a key of the thread alone lost the outer one). Go moves its stacks and its goroutines: there it is
 * the process (tgid << 32) and the goroutine, whose lowest bit is the direction.
 */
struct aa_tls_call_key {
	__u64 thread; /* bpf_get_current_pid_tgid() */
	__u64 place;
};

/* Value of it: what the return needs to know of the entry. */
struct aa_tls_call {
	struct aa_header base; /* who; time_ns: when it began */
	struct aa_tls_key key; /* of the connection */
	__u64 library;	       /* as in struct aa_tls_open */
	__u64 connection;      /* its number, set at the return as time_ns and what follows it are */
	__u64 buffer;
	__u64 length; /* of the buffer */
	__u64 result_at; /* where the library writes how many bytes it was, or the length of what buffer is about */
	__u64 outer;	   /* stack pointer of the call of this thread that this one is made in; 0: none */
	__u64 time_ns;	   /* of the records */
	__u64 bytes;	   /* moved */
	__u64 send_bytes;  /* of them, those that are to be sent */
	__u64 offset;	   /* bytes of this direction before it */
	__u64 call_number; /* in this direction */
	__u32 function;	   /* enum aa_tls_function */
	__u32 direction;   /* enum aa_tls_direction */
};

/*
 * Value of "aa_tls_sockets", key: address of struct sock: sockets of AF_INET and AF_INET6 that a session uses. Made at its
 * connect or accept, or at the first call that moves bytes; gone when a stream closes; those of UDP, when the recorder
 * sweeps.
 */
struct aa_tls_socket {
	__u64 socket;			/* as in struct aa_socket */
	__u64 start_ns;			/* who used it first, or sent or received the hello */
	__u64 connect_ns;		/* as in struct aa_tls_hello */
	__u64 inode;			/* with another one it is another socket in the same memory */
	__u64 connection;		/* bound last, 0 */
	__u64 bytes[AA_TLS_DIRECTIONS]; /* as the calls say; of a TCP socket the kernel knows better */
	__u32 tgid;
	__u32 tid;
	__u32 session;
	__u32 slot;
	__s32 fd;			 /* where it was seen last */
	__u32 calls;			 /* that moved bytes, as long as a hello may come */
	__u32 flags;			 /* AA_TLS_SOCKET_* */
	__u32 peer;			 /* UDP: to whom the QUIC hello went */
	__u8 head[AA_TLS_DIRECTIONS][8]; /* of a TLS record that was read before its body; the last byte: 1 */
};

#define AA_TLS_SOCKET_STREAM	   0x1u
#define AA_TLS_SOCKET_CLIENT_HELLO 0x2u /* was seen, as was the next */
#define AA_TLS_SOCKET_SERVER_HELLO 0x4u
#define AA_TLS_SOCKET_QUIC	   0x8u
#define AA_TLS_SOCKET_BOUND	   0x10u /* to a connection of a library */

#define AA_TLS_SOCKETS 16384

/* Key of "aa_tls_randoms": the first bytes of a ClientHello's random. */
struct aa_tls_random_key {
	__u64 random;
	__u32 tgid;
	__u32 zero;
};

/* Value of it: where the ClientHello was seen. LRU. */
struct aa_tls_random {
	__u64 sock;
	__u64 socket;
};

/* Key of "aa_tls_ciphers": bytes 11 to 26 of a TLS record that a library made, to be sent by whoever. Value: struct aa_tls_thread. LRU. */
struct aa_tls_cipher_key {
	__u64 bytes[2];
	__u32 tgid;
	__u32 zero;
};

#define AA_TLS_RANDOMS 4096
#define AA_TLS_CIPHERS 4096

/* Values of "aa_tls_seen". */
enum aa_tls_seen {
	AA_TLS_SEEN_ASKED =
		1, /* the recorder has been asked: who maps it meanwhile asks, too, and waits, too */
	AA_TLS_SEEN_KNOWN = 2,	 /* no more questions */
	AA_TLS_SEEN_WATCHED = 3, /* known, but each process that maps it is told of, and not held */
};

/* Key of "aa_tls_seen": executable files that the recorder knows. LRU: forgetting one costs one more request. */
struct aa_file_key {
	__u64 inode;
	__u32 device; /* kernel's dev_t: major << 20 | minor */
	__u32 generation; /* i_generation: a compiler's output often gets the number of a file that was removed; 0 where the
			   * file system has none */
};

/* flags of a request */
#define AA_REQUEST_HELD 0x1u /* the process was sent SIGSTOP, and waits for SIGCONT */
#define AA_REQUEST_EXEC 0x2u /* its main program, or its interpreter; begin and end are 0 */
#define AA_REQUEST_BIND \
	0x4u /* a connection stays without a socket: BIO_write() of its library would tell; library is set */

/*
 * What "aa_ring_requests" holds: the kernel side asks, the recorder's TLS thread does at once. Not evidence: it is
 * acknowledged when it is read, and never stored.
 */
struct aa_request {
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 start_ns;
	__u64 inode;
	__u64 begin; /* of the mapping: /proc/PID/map_files/begin-end opens the file */
	__u64 end;
	__u64 library;
	__u32 device;
	__u32 generation;
	__u32 tgid;
	__u32 tid;
	__u32 session;
	__u32 slot;
	__u32 flags; /* AA_REQUEST_* */
	__u32 reserved;
};

#define AA_REQUEST_RING_BYTES (256u << 10)

AA_ASSERT_SIZE(aa_tls_key, 24);
AA_ASSERT_SIZE(aa_tls_connection, 40 + 96 + 16);
AA_ASSERT_SIZE(aa_tls_thread, 24 + 16);
AA_ASSERT_SIZE(aa_tls_call_key, 16);
AA_ASSERT_SIZE(aa_tls_call, 40 + 24 + 11 * 8 + 8);
AA_ASSERT_SIZE(aa_tls_socket, 56 + 32 + 16);
AA_ASSERT_SIZE(aa_tls_random_key, 16);
AA_ASSERT_SIZE(aa_tls_random, 16);
AA_ASSERT_SIZE(aa_tls_cipher_key, 24);
AA_ASSERT_SIZE(aa_file_key, 16);
AA_ASSERT_SIZE(aa_request, 48 + 32);

#endif
