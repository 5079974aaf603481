/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the functions of TLS libraries are about, by their numbers (enum aa_tls_function). */
#ifndef AA_BPF_TLS_FUNCTION_H
#define AA_BPF_TLS_FUNCTION_H

#include "tls_state.h"

enum aa_tls_class {
	AA_TLS_CLASS_OTHER,
	AA_TLS_CLASS_DATA,
	AA_TLS_CLASS_HANDSHAKE,
	AA_TLS_CLASS_NAME,
	AA_TLS_CLASS_ALPN,
	AA_TLS_CLASS_END,
};

static __always_inline enum aa_tls_class aa_tls_class_of(__u32 function)
{
	switch (function) {
	case AA_TLS_FN_SSL_WRITE:
	case AA_TLS_FN_SSL_READ:
	case AA_TLS_FN_SSL_WRITE_EX:
	case AA_TLS_FN_SSL_READ_EX:
	case AA_TLS_FN_SSL_WRITE_FLAGS:
	case AA_TLS_FN_SSL_READ_EARLY:
	case AA_TLS_FN_GNUTLS_SEND:
	case AA_TLS_FN_GNUTLS_RECV:
	case AA_TLS_FN_GO_WRITE:
	case AA_TLS_FN_GO_READ:
		return AA_TLS_CLASS_DATA;
	case AA_TLS_FN_SSL_HANDSHAKE:
	case AA_TLS_FN_GNUTLS_HANDSHAKE:
		return AA_TLS_CLASS_HANDSHAKE;
	case AA_TLS_FN_SSL_CTRL:
	case AA_TLS_FN_SSL_SET_HOST:
	case AA_TLS_FN_GNUTLS_NAME:
		return AA_TLS_CLASS_NAME;
	case AA_TLS_FN_SSL_ALPN:
	case AA_TLS_FN_GNUTLS_ALPN:
		return AA_TLS_CLASS_ALPN;
	case AA_TLS_FN_SSL_FREE:
	case AA_TLS_FN_GNUTLS_DEINIT:
	case AA_TLS_FN_GO_CLOSE:
		return AA_TLS_CLASS_END;
	default:
		return AA_TLS_CLASS_OTHER;
	}
}

static __always_inline bool aa_tls_is_go(__u32 function)
{
	return function >= AA_TLS_FN_GO_WRITE && function <= AA_TLS_FN_GO_CLOSE;
}

/* BoringSSL has OpenSSL's functions: the recorder knows better, by the number of the library. */
static __always_inline enum aa_tls_implementation aa_tls_implementation_of(__u32 function)
{
	if (function >= AA_TLS_FN_GNUTLS_SEND && function <= AA_TLS_FN_GNUTLS_ALPN)
		return AA_TLS_GNUTLS;
	if (aa_tls_is_go(function))
		return AA_TLS_GO;
	return function == AA_TLS_FN_SSL_SET_HOST ? AA_TLS_BORINGSSL : AA_TLS_OPENSSL;
}

static __always_inline __u32 aa_tls_direction_of(__u32 function)
{
	switch (function) {
	case AA_TLS_FN_SSL_READ:
	case AA_TLS_FN_SSL_READ_EX:
	case AA_TLS_FN_SSL_READ_EARLY:
	case AA_TLS_FN_GNUTLS_RECV:
	case AA_TLS_FN_GO_READ:
		return AA_TLS_RECEIVED;
	default:
		return AA_TLS_SENT;
	}
}

#endif
