/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ClientHello in a client's first QUIC datagram: its keys are made from what everybody sees in its header (RFC 9001
 * 5.2; version 2: RFC 9369). Pure; the bytes are an agent's.
 */
#ifndef AA_STORE_QUIC_H
#define AA_STORE_QUIC_H

#include "hello.h"

/*
 * As much of the ClientHello as the datagram has from its beginning on. 0; -EINVAL if it is no initial packet of a
 * client, or of a version that is not known; -EBADMSG if it is damaged, or cut.
 */
int aa_quic_parse(const void *bytes, size_t size, struct aa_hello *ret_hello);

#endif
