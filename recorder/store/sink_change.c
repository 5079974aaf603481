/* SPDX-License-Identifier: Apache-2.0 */
/* What changes about a process while it lives: credentials, names, POSIX sessions, control groups. */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "store_private.h"

/* Numbers differ between machines, and between 64- and 32-bit programs of one. */
static const struct {
	long number;
	const char *name;
} syscalls[] = {
	{ SYS_setuid, "setuid" },
	{ SYS_setgid, "setgid" },
	{ SYS_setreuid, "setreuid" },
	{ SYS_setregid, "setregid" },
	{ SYS_setresuid, "setresuid" },
	{ SYS_setresgid, "setresgid" },
	{ SYS_setfsuid, "setfsuid" },
	{ SYS_setfsgid, "setfsgid" },
	{ SYS_setgroups, "setgroups" },
	{ SYS_capset, "capset" },
	{ SYS_prctl, "prctl" },
	{ SYS_setns, "setns" },
	{ SYS_unshare, "unshare" },
	{ SYS_keyctl, "keyctl" },
}, compat_syscalls[] = {
	/* i386 and 32-bit arm share these; arch/x86/entry/syscalls/syscall_32.tbl, arch/arm/tools/syscall.tbl */
	{ 23, "setuid" },
	{ 46, "setgid" },
	{ 70, "setreuid" },
	{ 71, "setregid" },
	{ 81, "setgroups" },
	{ 138, "setfsuid" },
	{ 139, "setfsgid" },
	{ 164, "setresuid" },
	{ 170, "setresgid" },
	{ 172, "prctl" },
	{ 185, "capset" },
	{ 203, "setreuid" },
	{ 204, "setregid" },
	{ 206, "setgroups" },
	{ 208, "setresuid" },
	{ 210, "setresgid" },
	{ 213, "setuid" },
	{ 214, "setgid" },
	{ 215, "setfsuid" },
	{ 216, "setfsgid" },
#ifdef __aarch64__
	{ 311, "keyctl" },
	{ 337, "unshare" },
	{ 375, "setns" },
#else
	{ 288, "keyctl" },
	{ 310, "unshare" },
	{ 346, "setns" },
#endif
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *syscall_name(uint32_t number, bool compat, char buffer[32])
{
	if (number == UINT32_MAX)
		return NULL;
	for (size_t i = 0; !compat && i < COUNT(syscalls); i++)
		if (syscalls[i].number == (long)number)
			return syscalls[i].name;
	for (size_t i = 0; compat && i < COUNT(compat_syscalls); i++)
		if (compat_syscalls[i].number == (long)number)
			return compat_syscalls[i].name;
	(void)snprintf(buffer, 32, "syscall %u", number);
	return buffer;
}

static void add_pair(struct aa_row *row, uint64_t before, uint64_t after)
{
	aa_row_uint(row, before);
	aa_row_uint(row, after);
}

int aa_sink_cred(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		 struct aa_error *error)
{
	const struct aa_cred *before = &event->cred->before;
	const struct aa_cred *after = &event->cred->after;
	char buffer[32];
	uint32_t process;
	struct aa_row row;
	int r;

	(void)texts;
	r = aa_session_process(session, event->header->tgid, event->header->start_ns, &process, error);
	if (r < 0)
		return r;
	aa_row_begin(
		&row, session, AA_STATEMENT_CRED, AA_TABLE_CRED,
		"INSERT INTO s0_cred (process_id, time_ns, tid, syscall, old_uid, uid, old_euid, euid, "
		"old_suid, suid,"
		" old_fsuid, fsuid, old_gid, gid, old_egid, egid, old_sgid, sgid, old_fsgid, fsgid, "
		"old_cap_effective,"
		" cap_effective, old_cap_permitted, cap_permitted, old_cap_inheritable, cap_inheritable, "
		"old_cap_bounding,"
		" cap_bounding, old_cap_ambient, cap_ambient, old_securebits, securebits, old_groups, groups,"
		" old_user_ns, user_ns, groups_changed)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
		"?, ?, ?, ?, ?, ?,"
		" ?, ?, ?, ?)",
		error);
	aa_row_int(&row, session->processes.entries[process].row_id);
	aa_row_int(&row, aa_session_time(session, event->header->time_ns));
	aa_row_int(&row, event->header->tid);
	aa_row_text(&row, syscall_name(event->cred->syscall, event->header->flags & AA_FLAG_COMPAT, buffer));
	add_pair(&row, before->uid, after->uid);
	add_pair(&row, before->euid, after->euid);
	add_pair(&row, before->suid, after->suid);
	add_pair(&row, before->fsuid, after->fsuid);
	add_pair(&row, before->gid, after->gid);
	add_pair(&row, before->egid, after->egid);
	add_pair(&row, before->sgid, after->sgid);
	add_pair(&row, before->fsgid, after->fsgid);
	add_pair(&row, before->cap_effective, after->cap_effective);
	add_pair(&row, before->cap_permitted, after->cap_permitted);
	add_pair(&row, before->cap_inheritable, after->cap_inheritable);
	add_pair(&row, before->cap_bounding, after->cap_bounding);
	add_pair(&row, before->cap_ambient, after->cap_ambient);
	add_pair(&row, before->securebits, after->securebits);
	add_pair(&row, before->group_count, after->group_count);
	add_pair(&row, before->user_ns, after->user_ns);
	aa_row_int(&row,
		   before->group_count != after->group_count || before->group_hash != after->group_hash);
	return aa_row_step(&row, NULL);
}

int aa_sink_comm(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		 struct aa_error *error)
{
	const struct aa_comm_change *change = event->comm;
	struct aa_text_buffer *before = aa_store_scratch(session->store, AA_SCRATCH_TEXT);
	struct aa_text_buffer *after = aa_store_scratch(session->store, AA_SCRATCH_BYTES);
	uint32_t process;
	struct aa_row row;
	int r;

	(void)texts;
	r = aa_session_process(session, event->header->tgid, event->header->start_ns, &process, error);
	if (r < 0)
		return r;
	(void)aa_text_escape(before, change->before, aa_comm_length(change->before));
	(void)aa_text_escape(after, change->after, aa_comm_length(change->after));
	aa_row_begin(
		&row, session, AA_STATEMENT_COMM, AA_TABLE_COMM,
		"INSERT INTO s0_comm (process_id, time_ns, tid, old, new, by_pid) VALUES (?, ?, ?, ?, ?, ?)",
		error);
	aa_row_int(&row, session->processes.entries[process].row_id);
	aa_row_int(&row, aa_session_time(session, event->header->time_ns));
	aa_row_int(&row, event->header->tid);
	aa_row_buffer(&row, before);
	aa_row_buffer(&row, after);
	aa_row_int(&row, change->by_tgid);
	r = aa_row_step(&row, NULL);
	if (r == 0 && event->header->tid == event->header->tgid)
		r = aa_session_set_comm(session, process, change->after, error);
	return r;
}

int aa_sink_setsid(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		   struct aa_error *error)
{
	uint32_t process;
	struct aa_row row;
	int r;

	(void)texts;
	r = aa_session_process(session, event->header->tgid, event->header->start_ns, &process, error);
	if (r < 0)
		return r;
	aa_row_begin(&row, session, AA_STATEMENT_SETSID, AA_TABLE_SETSID,
		     "INSERT INTO s0_setsid (process_id, time_ns, sid, ns_sid) VALUES (?, ?, ?, ?)", error);
	aa_row_int(&row, session->processes.entries[process].row_id);
	aa_row_int(&row, aa_session_time(session, event->header->time_ns));
	aa_row_int(&row, event->setsid->sid);
	aa_row_int(&row, event->setsid->ns_sid);
	return aa_row_step(&row, NULL);
}

/* The kernel side may send a path twice, and a cgroup may be renamed: the latest stands. */
int aa_sink_cgroup(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		   struct aa_error *error)
{
	struct aa_text_buffer *bytes = aa_store_scratch(session->store, AA_SCRATCH_BYTES);
	struct aa_scan_text text;
	struct aa_row row;
	int64_t path = 0;
	int r = 0;

	aa_scan_text(&session->store->scan, texts, AA_TEXT_CGROUP, 1u << 16, bytes, &text);
	if (bytes->failed)
		return aa_error_set(error, -ENOMEM, "out of memory");
	if (text.present)
		r = aa_session_intern(session, bytes->data ? bytes->data : "", bytes->size, &path, error);
	if (r < 0)
		return r;
	aa_row_begin(&row, session, AA_STATEMENT_CGROUP, AA_TABLE_CGROUP,
		     "INSERT INTO s0_cgroup (id, path_id) VALUES (?, ?)"
		     " ON CONFLICT (id) DO UPDATE SET path_id = coalesce(excluded.path_id, path_id)",
		     error);
	aa_row_uint(&row, event->cgroup->cgroup_id);
	aa_row_id(&row, path);
	return aa_row_step(&row, NULL);
}
