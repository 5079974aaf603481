/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this BTF, whole and consistent? Asked before libbpf sees bytes of a file: libbpf of 2021 to 2023 trusts
 * type ids, name offsets and the absence of cycles. Pure: bytes in, words out. Format:
 * Documentation/bpf/btf.rst.
 */
#ifndef AA_KERNEL_BTF_CHECK_H
#define AA_KERNEL_BTF_CHECK_H

#include <stddef.h>

/*
 * Returns 0 if data is raw BTF of this machine's byte order that refers to nothing outside itself. Else
 * -EINVAL, and says in *ret_why (never NULL then, a constant) what is wrong.
 */
int aa_btf_check(const void *data, size_t size, const char **ret_why);

#endif
