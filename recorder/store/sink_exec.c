/* SPDX-License-Identifier: Apache-2.0 */
/* Program starts: the record and its texts, and a word for everything about them that is not whole. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "store_private.h"

struct text_name {
	enum aa_text_field field;
	const char *mark;  /* in marks: "exe-truncated" */
	const char *words; /* in a gap's detail */
};

static const struct text_name texts_of_exec[] = {
	{ AA_TEXT_FILENAME, "filename", "path as given" },
	{ AA_TEXT_EXE, "exe", "path of the executable" },
	{ AA_TEXT_INTERP, "interpreter", "path of the interpreter" },
	{ AA_TEXT_CWD, "cwd", "working directory" },
	{ AA_TEXT_ROOT, "root", "root directory" },
};
#define PATHS (sizeof(texts_of_exec) / sizeof(texts_of_exec[0]))

static const struct text_name args_name = { AA_TEXT_ARGS, "args", "arguments" };
static const struct text_name env_name = { AA_TEXT_ENV, "env", "environment" };

/* An exec on its way to its row. */
struct exec_row {
	struct aa_session *session;
	const struct aa_header *header;
	uint32_t texts;
	int64_t process_id;
	int64_t paths[PATHS]; /* rows of string, 0: none */
	struct aa_text_buffer *args;
	struct aa_text_buffer *command;
	struct aa_text_buffer *marks;
	struct aa_found_secrets *secrets; /* in the arguments */
	bool inexact;			  /* command cannot be split at its spaces */
	bool has_args;
	struct aa_error *error;
};

static void mark(struct exec_row *exec, const struct text_name *name, const char *what)
{
	aa_text_printf(exec->marks, "%s%s-%s", exec->marks->size ? "," : "", name->mark, what);
}

static int report_missing(struct exec_row *exec, const struct text_name *name, uint64_t bytes,
			  const char *why)
{
	char detail[96];
	struct aa_gap_row gap = {
		.begin_ns = exec->header->time_ns,
		.end_ns = exec->header->time_ns,
		.count = bytes,
		.kind = aa_event_kind_name(exec->header->kind),
		.reason = "truncated",
		.detail = detail,
		.process_id = exec->process_id,
	};

	(void)snprintf(detail, sizeof(detail), "%s: %s", name->words, why);
	return bytes ? aa_session_gap(exec->session, &gap, exec->error) : 0;
}

/* Says what is not whole about a text, in marks and as gap rows with the bytes that are missing. */
static int judge(struct exec_row *exec, const struct text_name *name, const struct aa_scan_text *text,
		 size_t stored)
{
	uint64_t missing = text->total > stored ? text->total - stored : 0;
	int r = 0;

	if (text->hole || text->flags & AA_TEXT_TRUNCATED || missing) {
		mark(exec, name, "truncated");
		r = report_missing(exec, name, missing,
				   text->hole ? "a part was lost" : "longer than what is captured");
	}
	if (text->flags & AA_TEXT_UNREADABLE) {
		mark(exec, name, "unreadable");
		if (r == 0)
			r = report_missing(exec, name, text->unreadable,
					   "memory could not be read; those bytes are 0");
	}
	if (text->flags & AA_TEXT_UNLINKED)
		mark(exec, name, "unlinked");
	if (text->flags & AA_TEXT_DETACHED)
		mark(exec, name, "detached");
	return r;
}

static int take_paths(struct exec_row *exec)
{
	struct aa_store *store = exec->session->store;
	int r = 0;

	for (size_t i = 0; i < PATHS && r == 0; i++) {
		struct aa_text_buffer *bytes = aa_store_scratch(store, AA_SCRATCH_BYTES);
		struct aa_scan_text text;

		aa_scan_text(&store->scan, exec->texts, texts_of_exec[i].field, AA_MAX_TEXT_BYTES, bytes,
			     &text);
		if (!text.present)
			continue;
		if (bytes->failed)
			return aa_error_set(exec->error, -ENOMEM, "out of memory");
		r = judge(exec, &texts_of_exec[i], &text, bytes->size);
		/* What could not be read at all is unknown, not empty. */
		if (r == 0 && (bytes->size > 0 || !(text.flags & AA_TEXT_UNREADABLE)))
			r = aa_session_intern(exec->session, bytes->data ? bytes->data : "", bytes->size,
					      &exec->paths[i], exec->error);
	}
	return r;
}

/*
 * Gathers arguments or environment into bytes: from the texts, or for a process found running from its memory, which only
 * user space can read then. Returns 1 if there are any, 0 if not.
 */
static int gather(struct exec_row *exec, const struct text_name *name, uint64_t size,
		  struct aa_text_buffer *bytes)
{
	struct aa_store *store = exec->session->store;
	struct aa_scan_text text;
	aa_cleanup_free char *peeked = NULL;
	size_t peeked_size = 0;
	int r;

	aa_scan_text(&store->scan, exec->texts, name->field, AA_MAX_TEXT_BYTES, bytes, &text);
	if (!text.present && exec->header->flags & AA_FLAG_SNAPSHOT && store->peek &&
	    store->peek(store->peek_context, exec->header->tgid, exec->header->start_ns,
			((const struct aa_exec *)exec->header)->arg_start, name->field, &peeked,
			&peeked_size) == 0) {
		if (peeked_size > AA_MAX_TEXT_BYTES)
			peeked_size = AA_MAX_TEXT_BYTES;
		aa_text_add(bytes, peeked, peeked_size);
		text = (struct aa_scan_text){ .present = true };
	}
	if (bytes->failed)
		return aa_error_set(exec->error, -ENOMEM, "out of memory");
	if (size > text.total)
		text.total = size;
	if (!text.present && size) {
		mark(exec, name, "missing");
		r = report_missing(exec, name, size, "not captured");
		return r < 0 ? r : 0;
	}
	r = text.present ? judge(exec, name, &text, bytes->size) : 0;
	return r < 0 ? r : 1;
}

static int take_args(struct exec_row *exec, const struct aa_exec *record)
{
	int r;

	exec->args = aa_store_scratch(exec->session->store, AA_SCRATCH_BYTES);
	exec->command = aa_store_scratch(exec->session->store, AA_SCRATCH_TEXT);
	r = gather(exec, &args_name, record->arg_size, exec->args);
	if (r <= 0)
		return r;
	exec->has_args = true;
	r = aa_session_redact_arguments(exec->session, exec->args, exec->secrets, exec->error);
	if (r < 0)
		return r;
	exec->inexact =
		aa_text_quote_args(exec->command, exec->args->data ? exec->args->data : "", exec->args->size);
	return 0;
}

/* Controlling terminal as ps(1) names it: Documentation/admin-guide/devices.txt. */
static const char *tty_name(uint32_t device, char name[32])
{
	uint32_t major = device >> 20, minor = device & 0xfffff;

	if (!device)
		return NULL;
	if (major >= 136 && major <= 143)
		(void)snprintf(name, 32, "pts/%u", (major - 136) * 256 + minor);
	else if (major == 4 && minor < 64)
		(void)snprintf(name, 32, "tty%u", minor);
	else if (major == 4)
		(void)snprintf(name, 32, "ttyS%u", minor - 64);
	else if (major == 5 && minor == 0)
		(void)snprintf(name, 32, "tty");
	else if (major == 5 && minor == 1)
		(void)snprintf(name, 32, "console");
	else
		(void)snprintf(name, 32, "%u:%u", major, minor);
	return name;
}

static const char *origin_name(uint32_t origin)
{
	static const char *const names[] = {
		[AA_EXE_FILE] = "file",
		[AA_EXE_UNLINKED] = "unlinked",
		[AA_EXE_MEMFD] = "memfd",
		[AA_EXE_OTHER] = "other",
	};

	return origin < sizeof(names) / sizeof(names[0]) ? names[origin] : "other";
}

static void begin_row(struct aa_row *row, struct exec_row *exec)
{
	aa_row_begin(row, exec->session, AA_STATEMENT_EXEC, AA_TABLE_EXEC,
		     "INSERT INTO s0_exec (process_id, time_ns, source, tid, error, filename_id, exe_id, "
		     "interpreter_id, cwd_id,"
		     " root_id, marks, comm, command, argv, argc, args_bytes, args_stored_bytes, exe_type, "
		     "exe_device, exe_inode,"
		     " exe_mode, exe_bytes, privileged, uid, euid, gid, egid, cap_effective, cap_permitted, "
		     "user_ns, pid_ns, mnt_ns,"
		     " net_ns, uts_ns, ns_pid, cgroup_id, sid, pgid, tty)"
		     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
		     "?, ?, ?, ?, ?, ?, ?, ?, ?,"
		     " ?, ?, ?, ?)",
		     exec->error);
}

/* The columns that a failed exec has too. */
static void add_common(struct aa_row *row, const struct exec_row *exec, uint32_t tid, int error_number,
		       const struct aa_text_buffer *comm)
{
	aa_row_int(row, exec->process_id);
	aa_row_int(row, aa_session_time(exec->session, exec->header->time_ns));
	aa_row_text(row, exec->header->flags & AA_FLAG_SNAPSHOT ? "snapshot" : "event");
	aa_row_int(row, tid);
	aa_row_int(row, error_number);
	for (size_t i = 0; i < PATHS; i++)
		aa_row_id(row, exec->paths[i]);
	if (exec->marks->size)
		aa_row_buffer(row, exec->marks);
	else
		aa_row_null(row);
	aa_row_buffer(row, comm);
}

/* A snapshot's record does not know how many arguments there are: those that were read are counted. */
static void add_count(struct aa_row *row, const struct exec_row *exec, const struct aa_exec *record)
{
	uint64_t count = 0;

	if (!(record->header.flags & AA_FLAG_SNAPSHOT)) {
		aa_row_int(row, record->argc);
		return;
	}
	if (!exec->has_args) {
		aa_row_null(row);
		return;
	}
	for (size_t i = 0; i < exec->args->size; i++)
		count += exec->args->data[i] == '\0';
	aa_row_uint(row, count);
}

static void add_args(struct aa_row *row, const struct exec_row *exec, const struct aa_exec *record)
{
	if (exec->has_args)
		aa_row_buffer(row, exec->command);
	else
		aa_row_null(row);
	if (exec->has_args && exec->inexact)
		aa_row_blob(row, exec->args->data, exec->args->size);
	else
		aa_row_null(row);
	add_count(row, exec, record);
	aa_row_uint(row, record->arg_size);
	aa_row_uint(row, exec->has_args ? exec->args->size : 0);
}

static void add_facts(struct aa_row *row, const struct aa_exec *record, char tty[32])
{
	aa_row_text(row, origin_name(record->exe_origin));
	aa_row_int(row, record->exe_device);
	aa_row_uint(row, record->exe_inode);
	aa_row_int(row, record->exe_mode);
	aa_row_uint(row, record->exe_size);
	aa_row_int(row, (record->header.flags & (AA_FLAG_CRED_CHANGED | AA_FLAG_SECURE)) != 0);
	aa_row_int(row, record->cred.uid);
	aa_row_int(row, record->cred.euid);
	aa_row_int(row, record->cred.gid);
	aa_row_int(row, record->cred.egid);
	aa_row_uint(row, record->cred.cap_effective);
	aa_row_uint(row, record->cred.cap_permitted);
	aa_row_int(row, record->cred.user_ns);
	aa_row_int(row, record->ns.pid);
	aa_row_int(row, record->ns.mnt);
	aa_row_int(row, record->ns.net);
	aa_row_int(row, record->ns.uts);
	aa_row_int(row, record->ns_pid);
	aa_row_uint(row, record->cgroup_id);
	aa_row_int(row, record->sid);
	aa_row_int(row, record->pgid);
	aa_row_text(row, tty_name(record->tty_device, tty));
}

/* Rows for secrets in the arguments, and for the variables that were asked for. env: NULL if none were. */
static int store_secrets_and_env(const struct exec_row *exec, int64_t exec_id, struct aa_text_buffer *env)
{
	struct aa_redaction_row where = {
		.time_ns = aa_session_time(exec->session, exec->header->time_ns),
		.process_id = exec->process_id,
		.table = "exec",
		.row_id = exec_id,
	};
	int r = aa_session_redactions(exec->session, &where, exec->secrets, exec->error);

	where.table = "env";
	if (r == 0 && env)
		r = aa_session_store_env(exec->session, exec_id, &where, env, exec->error);
	return r;
}

int aa_sink_exec(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		 struct aa_error *error)
{
	const struct aa_exec *record = event->exec;
	struct aa_text_buffer *scratch;
	aa_cleanup(aa_found_release) struct aa_found_secrets secrets = { 0 };
	struct exec_row exec = { .session = session,
				 .header = event->header,
				 .texts = texts,
				 .secrets = &secrets,
				 .error = error };
	bool wants_env = session->env_names && session->env_names[0];
	aa_cleanup(aa_text_release) struct aa_text_buffer env = { 0 };
	uint32_t process;
	struct aa_row row;
	int64_t exec_id;
	char tty[32];
	int r;

	r = aa_session_process(session, event->header->tgid, event->header->start_ns, &process, error);
	if (r < 0)
		return r;
	exec.process_id = session->processes.entries[process].row_id;
	exec.marks = aa_store_scratch(session->store, AA_SCRATCH_MARKS);
	r = take_paths(&exec);
	if (r == 0)
		r = take_args(&exec, record);
	if (r == 0 && wants_env)
		r = gather(&exec, &env_name, record->env_size, &env);
	if (r < 0)
		return r;
	scratch = aa_store_scratch(session->store, AA_SCRATCH_SHORT);
	(void)aa_text_escape(scratch, record->comm, aa_comm_length(record->comm));
	begin_row(&row, &exec);
	add_common(&row, &exec, record->old_tid ? record->old_tid : event->header->tid, 0, scratch);
	add_args(&row, &exec, record);
	add_facts(&row, record, tty);
	r = aa_row_step(&row, &exec_id);
	if (r == 0)
		r = aa_session_set_comm(session, process, record->comm, error);
	if (r == 0)
		r = store_secrets_and_env(&exec, exec_id, wants_env ? &env : NULL);
	if (env.data)
		explicit_bzero(env.data, env.size); /* it holds what nobody asked for */
	return r;
}

int aa_sink_exec_failed(struct aa_session *session, const struct aa_event *event, uint32_t texts,
			struct aa_error *error)
{
	const struct aa_exec_failed *record = event->exec_failed;
	struct exec_row exec = {
		.session = session, .header = event->header, .texts = texts, .error = error
	};
	struct aa_text_buffer *comm;
	uint32_t process;
	struct aa_row row;
	int r;

	r = aa_session_process(session, event->header->tgid, event->header->start_ns, &process, error);
	if (r < 0)
		return r;
	exec.process_id = session->processes.entries[process].row_id;
	exec.marks = aa_store_scratch(session->store, AA_SCRATCH_MARKS);
	r = take_paths(&exec);
	if (r < 0)
		return r;
	comm = aa_store_scratch(session->store, AA_SCRATCH_SHORT);
	(void)aa_text_escape(comm, record->comm, aa_comm_length(record->comm));
	begin_row(&row, &exec);
	/* 0 would say that it succeeded. A record with that is damaged, and EIO says as much. */
	add_common(&row, &exec, event->header->tid, record->error > 0 ? record->error : EIO, comm);
	while (row.code == 0 && row.parameter <= sqlite3_bind_parameter_count(row.statement))
		aa_row_null(&row);
	return aa_row_step(&row, NULL);
}
