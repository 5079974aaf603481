// SPDX-License-Identifier: Apache-2.0
/* See uprobe_table.h. */
#include "uprobe_table.h"

/* clang-format off */
const struct aa_uprobe_programs aa_uprobe_table[AA_TLS_FN_COUNT] = {
	[AA_TLS_FN_SSL_WRITE] = { "aa_tls_enter_ssl_write", "aa_tls_leave_ssl_write" },
	[AA_TLS_FN_SSL_READ] = { "aa_tls_enter_ssl_read", "aa_tls_leave_ssl_read" },
	[AA_TLS_FN_SSL_WRITE_EX] = { "aa_tls_enter_ssl_write_ex", "aa_tls_leave_ssl_write_ex" },
	[AA_TLS_FN_SSL_READ_EX] = { "aa_tls_enter_ssl_read_ex", "aa_tls_leave_ssl_read_ex" },
	[AA_TLS_FN_SSL_WRITE_FLAGS] = { "aa_tls_enter_ssl_write_flags", "aa_tls_leave_ssl_write_flags" },
	[AA_TLS_FN_SSL_READ_EARLY] = { "aa_tls_enter_ssl_read_early", "aa_tls_leave_ssl_read_early" },
	[AA_TLS_FN_SSL_HANDSHAKE] = { "aa_tls_enter_ssl_handshake", "aa_tls_leave_ssl_handshake" },
	[AA_TLS_FN_SSL_NEW] = { NULL, "aa_tls_leave_ssl_new" },
	[AA_TLS_FN_SSL_FREE] = { "aa_tls_enter_ssl_free", NULL },
	[AA_TLS_FN_SSL_CLEAR] = { "aa_tls_enter_ssl_clear", NULL },
	[AA_TLS_FN_SSL_CTRL] = { "aa_tls_enter_ssl_ctrl", "aa_tls_leave_ssl_ctrl" },
	[AA_TLS_FN_SSL_SET_HOST] = { "aa_tls_enter_ssl_set_host", "aa_tls_leave_ssl_set_host" },
	[AA_TLS_FN_SSL_ALPN] = { "aa_tls_enter_ssl_alpn", "aa_tls_leave_ssl_alpn" },
	[AA_TLS_FN_BIO_WRITE] = { "aa_tls_enter_bio_write", NULL },
	[AA_TLS_FN_GNUTLS_SEND] = { "aa_tls_enter_gnutls_send", "aa_tls_leave_gnutls_send" },
	[AA_TLS_FN_GNUTLS_RECV] = { "aa_tls_enter_gnutls_recv", "aa_tls_leave_gnutls_recv" },
	[AA_TLS_FN_GNUTLS_HANDSHAKE] = { "aa_tls_enter_gnutls_handshake", "aa_tls_leave_gnutls_handshake" },
	[AA_TLS_FN_GNUTLS_INIT] = { "aa_tls_enter_gnutls_init", "aa_tls_leave_gnutls_init" },
	[AA_TLS_FN_GNUTLS_DEINIT] = { "aa_tls_enter_gnutls_deinit", NULL },
	[AA_TLS_FN_GNUTLS_NAME] = { "aa_tls_enter_gnutls_name", "aa_tls_leave_gnutls_name" },
	[AA_TLS_FN_GNUTLS_ALPN] = { "aa_tls_enter_gnutls_alpn", "aa_tls_leave_gnutls_alpn" },
	[AA_TLS_FN_GO_WRITE] = { "aa_tls_enter_go_write", NULL },
	[AA_TLS_FN_GO_READ] = { "aa_tls_enter_go_read", NULL },
	[AA_TLS_FN_GO_WRITE_RET] = { "aa_tls_enter_go_write_ret", NULL },
	[AA_TLS_FN_GO_READ_RET] = { "aa_tls_enter_go_read_ret", NULL },
	[AA_TLS_FN_GO_CLOSE] = { "aa_tls_enter_go_close", NULL },
};
/* clang-format on */
