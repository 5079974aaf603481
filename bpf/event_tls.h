/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Records of TLS, a part of event.h (which includes it). A connection has a number of its own, because SSL* is reused; what
 * it is about comes in the activity lane, its bytes in the payload lane.
 *
 * Bytes are numbered: an AA_EVENT_TLS_DATA says how many bytes of its direction came before it, lost ones included, so a
 * hole is exact whatever was dropped, and the sums of AA_EVENT_TLS_CLOSE show the one at the end.
 */
#ifndef AA_BPF_EVENT_TLS_H
#define AA_BPF_EVENT_TLS_H

enum aa_tls_direction {
	AA_TLS_SENT = 0,
	AA_TLS_RECEIVED = 1,
	AA_TLS_DIRECTIONS = 2,
};

/* Why bytes of a connection are not in the ring. */
enum aa_tls_lost {
	AA_TLS_LOST_RING = 0,	    /* bpf_ringbuf_reserve() failed */
	AA_TLS_LOST_UNREADABLE = 1, /* the program's memory could not be read */
	AA_TLS_LOST_MAX_CALL = 2,   /* beyond --tls-max-call; on request, as is the next */
	AA_TLS_LOST_MAX_CONNECTION = 3,
	AA_TLS_LOST_COUNT = 4,
};

enum aa_tls_implementation {
	AA_TLS_UNKNOWN = 0, /* seen on a socket only */
	AA_TLS_OPENSSL = 1,
	AA_TLS_BORINGSSL = 2,
	AA_TLS_GNUTLS = 3,
	AA_TLS_GO = 4,
};

/* How a connection was bound to its socket. */
enum aa_tls_method {
	AA_TLS_BY_CALL = 1,	   /* first socket call of the same thread inside the library's call */
	AA_TLS_BY_FINGERPRINT = 2, /* ciphertext that the library made is what was sent there */
	AA_TLS_BY_CLIENT_RANDOM =
		3,	      /* the library's memory holds the random of a ClientHello that was seen there */
	AA_TLS_BY_OBJECT = 4, /* the library's object names the descriptor (Go) */
};

/* An IPv4 or IPv6 socket. All 0: not known. */
struct aa_socket {
	__u64 socket;		/* names it in other records; never reused within a session */
	__u64 inode;		/* as in the socket:[N] of /proc/PID/fd */
	__u8 local_address[16]; /* IPv4: the first 4 bytes, rest 0 */
	__u8 peer_address[16];
	__u32 netns;	  /* inode of its network namespace */
	__s32 fd;	  /* at that time; -1: not known */
	__u16 local_port; /* host byte order, as is the next */
	__u16 peer_port;
	__u16 family;	/* AF_INET, AF_INET6 */
	__u16 protocol; /* IPPROTO_TCP, IPPROTO_UDP */
};

/* What went through a connection; only grows. Calls: those that moved bytes. */
struct aa_tls_sums {
	__u64 bytes[AA_TLS_DIRECTIONS]; /* lost ones included */
	__u64 calls[AA_TLS_DIRECTIONS];
	__u64 lost[AA_TLS_DIRECTIONS][AA_TLS_LOST_COUNT]; /* bytes */
};

/* marks of AA_EVENT_TLS_OPEN */
#define AA_TLS_LATE 0x1u /* not seen to be made: what went through it before, nobody knows */

/* AA_EVENT_TLS_OPEN: a connection is known from now on. */
struct aa_tls_open {
	struct aa_header header;
	__u64 connection; /* its number; never reused within a session */
	__u64 object;	  /* SSL *, gnutls_session_t, *tls.Conn */
	__u64 from;	  /* connection of the parent process that it is a copy of, made by fork; 0 */
	__u64 library; /* the loader's number of the file that holds the code; 0: the kernel cannot tell (before 5.15) */
	__u32 implementation; /* enum aa_tls_implementation */
	__u32 marks;	      /* AA_TLS_* */
};

/* AA_EVENT_TLS_DATA: bytes of one call, or a part of them. Payload lane. header.time_ns: sent: when the call began;
 * received: when it ended; the same in all parts. Bytes of the record behind data[length] mean nothing. */
struct aa_tls_data {
	struct aa_header header;
	__u64 connection;
	__u64 offset;	   /* bytes of this direction before this part, lost ones included */
	__u64 call;	   /* number of the call in this direction, from 0 */
	__u64 call_bytes;  /* of the whole call */
	__u64 call_offset; /* of this part in it */
	__u64 lost
		[AA_TLS_LOST_COUNT]; /* of this direction, as of this part: tells why there is a hole before it */
	__u32 length;
	__u32 direction; /* enum aa_tls_direction */
	char data[];
};

/* AA_EVENT_TLS_HANDSHAKE: the library's function for it has returned. */
struct aa_tls_handshake {
	struct aa_header header;
	__u64 connection;
	__u64 duration_ns;
	__s32 result; /* as returned: OpenSSL 1 done, GnuTLS 0 done */
	__u32 done;   /* 1: that means done; 0: that it failed, or has to be called again */
};

enum aa_tls_name_kind {
	AA_TLS_NAME_SNI = 1,  /* the name that the program asks for */
	AA_TLS_NAME_ALPN = 2, /* the protocol that was agreed on, as the program is told */
};

#define AA_TLS_NAME_SIZE 256

/* AA_EVENT_TLS_NAME: what the program and the library tell each other of a connection. */
struct aa_tls_name {
	struct aa_header header;
	__u64 connection;
	__u32 kind;   /* enum aa_tls_name_kind */
	__u32 length; /* bytes of name; the others are 0 */
	char name[AA_TLS_NAME_SIZE];
};

/* AA_EVENT_TLS_SOCKET: which socket a connection uses. */
struct aa_tls_socket_bound {
	struct aa_header header;
	struct aa_socket socket;
	__u64 connection;
	__u32 method; /* enum aa_tls_method */
	__u32 reserved;
};

/* marks of AA_EVENT_TLS_HELLO */
#define AA_TLS_HELLO_SERVER 0x1u /* a ServerHello, else a ClientHello */
#define AA_TLS_HELLO_QUIC   0x2u /* a QUIC datagram with a long header that begins a connection */

#define AA_TLS_HELLO_SMALL 512
#define AA_TLS_HELLO_LARGE 4096

/*
 * AA_EVENT_TLS_HELLO: the first bytes of a handshake as they stood on a socket, whatever library made them: from the header
 * of the TLS record on (QUIC: the datagram). header names who sent or received them. size is one of two; bytes behind
 * data[length] mean nothing.
 */
struct aa_tls_hello {
	struct aa_header header;
	struct aa_socket socket;
	__u64 connection; /* of the library's call that did it; 0: none, or not inside one */
	__u64 connect_ns; /* CLOCK_BOOTTIME when the socket began to connect, or was accepted; 0: not seen */
	__u64 total;	  /* bytes of the call */
	__u32 length;	  /* of data */
	__u16 direction;  /* enum aa_tls_direction */
	__u16 marks;	  /* AA_TLS_HELLO_* */
	char data[];
};

/* marks of AA_EVENT_TLS_SOCKET_END */
#define AA_TLS_SOCKET_KTLS 0x1u /* the kernel encrypted what was sent or received there */

/* AA_EVENT_TLS_SOCKET_END: a socket on which a hello was seen has closed. header names who sent or received the hello. */
struct aa_tls_socket_end {
	struct aa_header header;
	__u64 socket;
	__u64 sent_bytes; /* payload of TCP, or of UDP: ciphertext and handshake */
	__u64 received_bytes;
	__u32 marks;
	__u32 reserved;
};

enum aa_tls_close_reason {
	AA_TLS_CLOSE_FREED = 1,	 /* SSL_free() and its kin */
	AA_TLS_CLOSE_REUSED = 2, /* the same object began another connection */
	AA_TLS_CLOSE_PROCESS =
		3, /* its process ended, or runs another program: found by the recorder's sweep */
	AA_TLS_CLOSE_SESSION = 4, /* the recording ended before it: likewise */
};

/* AA_EVENT_TLS_CLOSE: nothing more goes through a connection. Data may still wait in the payload lane. */
struct aa_tls_close {
	struct aa_header header;
	__u64 connection;
	struct aa_tls_sums sums;
	__u32 reason; /* enum aa_tls_close_reason */
	__u32 reserved;
};

AA_ASSERT_SIZE(aa_socket, 64);
AA_ASSERT_SIZE(aa_tls_sums, 96);
AA_ASSERT_SIZE(aa_tls_open, 40 + 32 + 8);
AA_ASSERT_SIZE(aa_tls_data, 40 + 40 + 32 + 8);
AA_ASSERT_SIZE(aa_tls_handshake, 40 + 24);
AA_ASSERT_SIZE(aa_tls_name, 40 + 16 + AA_TLS_NAME_SIZE);
AA_ASSERT_SIZE(aa_tls_socket_bound, 40 + 64 + 16);
AA_ASSERT_SIZE(aa_tls_hello, 40 + 64 + 32);
AA_ASSERT_SIZE(aa_tls_socket_end, 40 + 32);
AA_ASSERT_SIZE(aa_tls_close, 40 + 8 + 96 + 8);

#endif
