/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Credentials, read and compared by value with the last known ones of the process: by commit_creds() where it
 * can be hooked, else, as no tracepoint says that they changed, by every hook that has a reason to look. Always real_cred: the subjective ones are
 * replaced for a moment inside the kernel (override_creds(), overlayfs).
 */
#ifndef AA_BPF_CRED_H
#define AA_BPF_CRED_H

#include "emit.h"

#define AA_GROUPS_HASHED 32
#define AA_NO_SYSCALL	 (~0u)

/*
 * struct cred is __randomize_layout; where it is not shuffled, nine ids and five capability sets are two
 * reads.
 */
struct aa_cred_ids {
	__u32 uid, gid, suid, sgid, euid, egid, fsuid, fsgid, securebits;
};

struct aa_cred_caps {
	__u64 inheritable, permitted, effective, bounding, ambient;
};

#define AA_CRED_AT(field, base, index, size) \
	(AA_OFFSET(cred, field) == AA_OFFSET(cred, base) + (index) * (size))

static __always_inline bool aa_cred_ids_in_order(void)
{
	return AA_CRED_AT(gid, uid, 1, 4) && AA_CRED_AT(suid, uid, 2, 4) && AA_CRED_AT(sgid, uid, 3, 4) &&
	       AA_CRED_AT(euid, uid, 4, 4) && AA_CRED_AT(egid, uid, 5, 4) && AA_CRED_AT(fsuid, uid, 6, 4) &&
	       AA_CRED_AT(fsgid, uid, 7, 4) && AA_CRED_AT(securebits, uid, 8, 4);
}

static __always_inline bool aa_cred_caps_in_order(void)
{
	return AA_CRED_AT(cap_permitted, cap_inheritable, 1, 8) &&
	       AA_CRED_AT(cap_effective, cap_inheritable, 2, 8) &&
	       AA_CRED_AT(cap_bset, cap_inheritable, 3, 8) && AA_CRED_AT(cap_ambient, cap_inheritable, 4, 8);
}

static __always_inline void aa_cred_read_ids(struct aa_cred_ids *ids, const struct cred *cred)
{
	if (aa_cred_ids_in_order()) {
		bpf_core_read(ids, sizeof(*ids), &cred->uid);
		return;
	}
	ids->uid = BPF_CORE_READ(cred, uid.val);
	ids->gid = BPF_CORE_READ(cred, gid.val);
	ids->suid = BPF_CORE_READ(cred, suid.val);
	ids->sgid = BPF_CORE_READ(cred, sgid.val);
	ids->euid = BPF_CORE_READ(cred, euid.val);
	ids->egid = BPF_CORE_READ(cred, egid.val);
	ids->fsuid = BPF_CORE_READ(cred, fsuid.val);
	ids->fsgid = BPF_CORE_READ(cred, fsgid.val);
	ids->securebits = BPF_CORE_READ(cred, securebits);
}

static __always_inline void aa_cred_read_caps(struct aa_cred_caps *caps, const struct cred *cred)
{
	if (aa_cred_caps_in_order()) {
		bpf_core_read(caps, sizeof(*caps), &cred->cap_inheritable);
		return;
	}
	bpf_core_read(&caps->inheritable, 8, &cred->cap_inheritable);
	bpf_core_read(&caps->permitted, 8, &cred->cap_permitted);
	bpf_core_read(&caps->effective, 8, &cred->cap_effective);
	bpf_core_read(&caps->bounding, 8, &cred->cap_bset);
	bpf_core_read(&caps->ambient, 8, &cred->cap_ambient);
}

/* FNV-1a over whole ids: enough to tell that a list of the same length is another one. */
static __always_inline __u32 aa_cred_hash_groups(const struct group_info *groups, __u32 count)
{
	__u32 hash = 2166136261u;

	for (__u32 i = 0; i < AA_GROUPS_HASHED; i++) {
		__u32 gid = 0;

		if (i >= count)
			break;
		bpf_core_read(&gid, sizeof(gid), &groups->gid[i]);
		hash = (hash ^ gid) * 16777619u;
	}
	return hash;
}

AA_SUBPROGRAM int aa_cred_copy(struct aa_cred *to, const struct cred *cred)
{
	struct group_info *groups = BPF_CORE_READ(cred, group_info);

	{ /* one after the other in the same place: the stack is short (tests/budget/stack) */
		struct aa_cred_ids ids = {};

		aa_cred_read_ids(&ids, cred);
		to->uid = ids.uid;
		to->euid = ids.euid;
		to->suid = ids.suid;
		to->fsuid = ids.fsuid;
		to->gid = ids.gid;
		to->egid = ids.egid;
		to->sgid = ids.sgid;
		to->fsgid = ids.fsgid;
		to->securebits = ids.securebits;
	}
	{
		struct aa_cred_caps caps = {};

		aa_cred_read_caps(&caps, cred);
		to->cap_effective = caps.effective;
		to->cap_permitted = caps.permitted;
		to->cap_inheritable = caps.inheritable;
		to->cap_bounding = caps.bounding;
		to->cap_ambient = caps.ambient;
	}
	to->user_ns = BPF_CORE_READ(cred, user_ns, ns.inum);
	to->group_count = (__u32)BPF_CORE_READ(groups, ngroups);
	to->group_hash = aa_cred_hash_groups(groups, to->group_count);
	return 0;
}

static __always_inline void aa_cred_read(struct aa_cred *to, struct task_struct *task)
{
	aa_cred_copy(to, BPF_CORE_READ(task, real_cred));
}

static __always_inline bool aa_cred_same(const struct aa_cred *a, const struct aa_cred *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;
	__u64 difference = 0;

	for (__u32 i = 0; i < sizeof(*a) / sizeof(__u64); i++)
		difference |= x[i] ^ y[i];
	return difference == 0;
}

/* Real, effective and saved ids, and capabilities: what an exec can change. */
static __always_inline bool aa_cred_same_privilege(const struct aa_cred *a, const struct aa_cred *b)
{
	return a->uid == b->uid && a->euid == b->euid && a->suid == b->suid && a->gid == b->gid &&
	       a->egid == b->egid && a->sgid == b->sgid && a->cap_effective == b->cap_effective &&
	       a->cap_permitted == b->cap_permitted && a->cap_inheritable == b->cap_inheritable &&
	       a->cap_bounding == b->cap_bounding && a->cap_ambient == b->cap_ambient;
}

/* Sends a CRED record if credentials are not the last known ones of their process; now they are. */
AA_SUBPROGRAM int aa_cred_compare(const struct aa_header *base, struct aa_scope *scope,
				  const struct cred *cred, __u32 syscall)
{
	struct aa_cred_change *change;
	struct aa_cred now;

	aa_cred_copy(&now, cred);
	if (aa_cred_same(&now, &scope->cred))
		return 0;
	change = aa_reserve(base, AA_EVENT_CRED, sizeof(*change));
	if (change) {
		change->before = scope->cred;
		change->after = now;
		change->syscall = syscall;
		change->reserved = 0;
		aa_submit(change);
	}
	scope->cred = now;
	return 1;
}

/* The same with those that a thread has now. */
static __always_inline void aa_cred_check(const struct aa_header *base, struct aa_scope *scope,
					  struct task_struct *task, __u32 syscall)
{
	aa_cred_compare(base, scope, BPF_CORE_READ(task, real_cred), syscall);
}

#endif
