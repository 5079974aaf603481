// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The programs of tls.bpf.c for kernels whose probes have no cookie (before 5.15): one for each function and side, which
 * says which it is; the library is not known, 0. recorder/kernel/uprobe_table.c names them.
 */
#include "tls_go.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AA_ENTER(name, function) \
	SEC("uprobe/tls") int name(struct pt_regs *context) \
	{ \
		aa_tls_enter_by(context, AA_TLS_COOKIE(0, function)); \
		return 0; \
	}

#define AA_LEAVE(name, function) \
	SEC("uretprobe/tls") int name(struct pt_regs *context) \
	{ \
		aa_tls_returned(context, 0, function); \
		return 0; \
	}

#define AA_GO_LEAVE(name, function) \
	SEC("uprobe/tls") int name(struct pt_regs *context) \
	{ \
		aa_go_returned(context, function); \
		return 0; \
	}

/* clang-format off */
AA_ENTER(aa_tls_enter_ssl_write, AA_TLS_FN_SSL_WRITE)
AA_ENTER(aa_tls_enter_ssl_read, AA_TLS_FN_SSL_READ)
AA_ENTER(aa_tls_enter_ssl_write_ex, AA_TLS_FN_SSL_WRITE_EX)
AA_ENTER(aa_tls_enter_ssl_read_ex, AA_TLS_FN_SSL_READ_EX)
AA_ENTER(aa_tls_enter_ssl_write_flags, AA_TLS_FN_SSL_WRITE_FLAGS)
AA_ENTER(aa_tls_enter_ssl_read_early, AA_TLS_FN_SSL_READ_EARLY)
AA_ENTER(aa_tls_enter_ssl_handshake, AA_TLS_FN_SSL_HANDSHAKE)
AA_ENTER(aa_tls_enter_ssl_free, AA_TLS_FN_SSL_FREE)
AA_ENTER(aa_tls_enter_ssl_clear, AA_TLS_FN_SSL_CLEAR)
AA_ENTER(aa_tls_enter_ssl_ctrl, AA_TLS_FN_SSL_CTRL)
AA_ENTER(aa_tls_enter_ssl_set_host, AA_TLS_FN_SSL_SET_HOST)
AA_ENTER(aa_tls_enter_ssl_alpn, AA_TLS_FN_SSL_ALPN)
AA_ENTER(aa_tls_enter_bio_write, AA_TLS_FN_BIO_WRITE)
AA_ENTER(aa_tls_enter_gnutls_send, AA_TLS_FN_GNUTLS_SEND)
AA_ENTER(aa_tls_enter_gnutls_recv, AA_TLS_FN_GNUTLS_RECV)
AA_ENTER(aa_tls_enter_gnutls_handshake, AA_TLS_FN_GNUTLS_HANDSHAKE)
AA_ENTER(aa_tls_enter_gnutls_init, AA_TLS_FN_GNUTLS_INIT)
AA_ENTER(aa_tls_enter_gnutls_deinit, AA_TLS_FN_GNUTLS_DEINIT)
AA_ENTER(aa_tls_enter_gnutls_name, AA_TLS_FN_GNUTLS_NAME)
AA_ENTER(aa_tls_enter_gnutls_alpn, AA_TLS_FN_GNUTLS_ALPN)
AA_ENTER(aa_tls_enter_go_write, AA_TLS_FN_GO_WRITE)
AA_ENTER(aa_tls_enter_go_read, AA_TLS_FN_GO_READ)
AA_GO_LEAVE(aa_tls_enter_go_write_ret, AA_TLS_FN_GO_WRITE_RET)
AA_GO_LEAVE(aa_tls_enter_go_read_ret, AA_TLS_FN_GO_READ_RET)
AA_ENTER(aa_tls_enter_go_close, AA_TLS_FN_GO_CLOSE)
AA_LEAVE(aa_tls_leave_ssl_write, AA_TLS_FN_SSL_WRITE)
AA_LEAVE(aa_tls_leave_ssl_read, AA_TLS_FN_SSL_READ)
AA_LEAVE(aa_tls_leave_ssl_write_ex, AA_TLS_FN_SSL_WRITE_EX)
AA_LEAVE(aa_tls_leave_ssl_read_ex, AA_TLS_FN_SSL_READ_EX)
AA_LEAVE(aa_tls_leave_ssl_write_flags, AA_TLS_FN_SSL_WRITE_FLAGS)
AA_LEAVE(aa_tls_leave_ssl_read_early, AA_TLS_FN_SSL_READ_EARLY)
AA_LEAVE(aa_tls_leave_ssl_handshake, AA_TLS_FN_SSL_HANDSHAKE)
AA_LEAVE(aa_tls_leave_ssl_new, AA_TLS_FN_SSL_NEW)
AA_LEAVE(aa_tls_leave_ssl_ctrl, AA_TLS_FN_SSL_CTRL)
AA_LEAVE(aa_tls_leave_ssl_set_host, AA_TLS_FN_SSL_SET_HOST)
AA_LEAVE(aa_tls_leave_ssl_alpn, AA_TLS_FN_SSL_ALPN)
AA_LEAVE(aa_tls_leave_gnutls_send, AA_TLS_FN_GNUTLS_SEND)
AA_LEAVE(aa_tls_leave_gnutls_recv, AA_TLS_FN_GNUTLS_RECV)
AA_LEAVE(aa_tls_leave_gnutls_handshake, AA_TLS_FN_GNUTLS_HANDSHAKE)
AA_LEAVE(aa_tls_leave_gnutls_init, AA_TLS_FN_GNUTLS_INIT)
AA_LEAVE(aa_tls_leave_gnutls_name, AA_TLS_FN_GNUTLS_NAME)
AA_LEAVE(aa_tls_leave_gnutls_alpn, AA_TLS_FN_GNUTLS_ALPN)
/* clang-format on */
