// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is attached to TLS libraries, by the recorder and to what it finds there (recorder/kernel/uprobe.c): one program for
 * all beginnings and one for all returns. Which function of which library it is says the cookie of the probe (5.15).
 *
 * They return 0, always: up to 6.12 uprobe_multi_link_handler() gives what a program returns to handler_chain(), for
 * which 1 means that the process is to have the probe no more, and anything else is worth a warning.
 *
 * The sections name no function: nothing is attached by them. Each program is there twice: the second is loaded for the
 * attach point that takes many probes at once, uprobe_multi (6.6).
 */
#include "tls_go.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* By number, as libbpf's header may be older: 5.15. */
static __u64 (*aa_attach_cookie)(void *context) = (void *)BPF_FUNC_get_attach_cookie;

SEC("uprobe/tls")
int aa_tls_enter(struct pt_regs *context)
{
	aa_tls_enter_by(context, aa_attach_cookie(context));
	return 0;
}

SEC("uretprobe/tls")
int aa_tls_leave(struct pt_regs *context)
{
	__u64 cookie = aa_attach_cookie(context);

	aa_tls_returned(context, cookie >> 8, cookie & 0xff);
	return 0;
}

SEC("uprobe/tls")
int aa_tls_enter_multi(struct pt_regs *context)
{
	aa_tls_enter_by(context, aa_attach_cookie(context));
	return 0;
}

SEC("uretprobe/tls")
int aa_tls_leave_multi(struct pt_regs *context)
{
	__u64 cookie = aa_attach_cookie(context);

	aa_tls_returned(context, cookie >> 8, cookie & 0xff);
	return 0;
}
