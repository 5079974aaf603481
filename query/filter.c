/* SPDX-License-Identifier: Apache-2.0 */
/* The common filters; see filter.h. Times are read in moment.c. */
#include "filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *const aa_kinds[] = {
	"fork",
	"exec",
	"exec_failed",
	"exit",
	"cred",
	"comm",
	"setsid",
	"reparent",
	"gap",
	"cgroup",
	"text",
	"any",
	"open",
	"close",
	"io",
	"truncate",
	"fallocate",
	"unlink",
	"rmdir",
	"rename",
	"link",
	"symlink",
	"mkdir",
	"mknod",
	"chmod",
	"chown",
	"utimes",
	"setxattr",
	"mmap",
	"removexattr",
	"copy",
	"chdir",
	"chroot",
	"mount",
	"umount",
	"pivot_root",
	"tls_connect",
	"tls_close",
	"tls_library",
	"tls_sent",
	"tls_received",
	"tls_open",
	"tls_handshake",
	"tls_name",
	"tls_socket",
	"tls_hello",
	"tls_socket_end",
	"tls_data",
	NULL,
};

int aa_kinds_parse(const char *text, uint64_t *ret_kinds, const char **ret_word)
{
	uint64_t kinds = 0;

	for (;;) {
		size_t length = strcspn(text, ",");
		unsigned i = 0;

		while (aa_kinds[i] &&
		       (strlen(aa_kinds[i]) != length || memcmp(aa_kinds[i], text, length) != 0))
			i++;
		if (!aa_kinds[i]) {
			*ret_word = text;
			return -EINVAL;
		}
		kinds |= UINT64_C(1) << i;
		if (text[length] == '\0')
			break;
		text += length + 1;
	}
	*ret_kinds = kinds;
	return 0;
}

struct aa_window aa_filter_window(const struct aa_filter *filter, int64_t now_ns, int64_t start_ns)
{
	struct aa_window window = { INT64_MIN, INT64_MAX };

	if (filter->since.base != AA_MOMENT_NONE)
		window.since_ns = aa_moment_resolve(&filter->since, now_ns, start_ns);
	if (filter->until.base != AA_MOMENT_NONE)
		window.until_ns = aa_moment_resolve(&filter->until, now_ns, start_ns);
	return window;
}

void aa_filter_add_kinds(const struct aa_filter *filter, struct aa_text_buffer *sql)
{
	const char *separator = "(";

	for (unsigned i = 0; aa_kinds[i]; i++) {
		if (!(filter->kinds & UINT64_C(1) << i))
			continue;
		aa_text_printf(sql, "%s:k%u", separator, i);
		separator = ", ";
	}
	aa_text_add_string(sql, ")");
}

void aa_filter_add_path_files(struct aa_text_buffer *sql)
{
	aa_text_add_string(sql, "WITH m (id) AS (SELECT id FROM s0_string WHERE text GLOB :path)"
				" SELECT id FROM s0_file WHERE path_id IN (SELECT id FROM m)"
				" OR path2_id IN (SELECT id FROM m)");
}

void aa_filter_add_path_execs(struct aa_text_buffer *sql, const char *column)
{
	aa_text_printf(sql,
		       "WITH m (id) AS (SELECT id FROM s0_string WHERE text GLOB :path)"
		       " SELECT %s FROM s0_exec WHERE exe_id IN (SELECT id FROM m)"
		       " OR filename_id IN (SELECT id FROM m) OR interpreter_id IN (SELECT id FROM m)",
		       column);
}

static int bind_integer(sqlite3_stmt *statement, const char *name, int64_t value)
{
	int parameter = sqlite3_bind_parameter_index(statement, name);

	return parameter == 0 ? SQLITE_OK : sqlite3_bind_int64(statement, parameter, value);
}

static int bind_text(sqlite3_stmt *statement, const char *name, const char *text)
{
	int parameter = sqlite3_bind_parameter_index(statement, name);

	return parameter == 0 ? SQLITE_OK : sqlite3_bind_text(statement, parameter, text, -1, SQLITE_STATIC);
}

int aa_filter_bind(sqlite3_stmt *statement, const struct aa_filter *filter, const struct aa_window *window)
{
	int r = bind_integer(statement, ":since", window->since_ns);

	if (r == SQLITE_OK)
		r = bind_integer(statement, ":until", window->until_ns);
	if (r == SQLITE_OK)
		r = bind_integer(statement, ":pid", filter->pid.value);
	/* A negative limit is none. */
	if (r == SQLITE_OK)
		r = bind_integer(statement, ":limit", filter->limit.set ? filter->limit.value : -1);
	if (r == SQLITE_OK)
		r = bind_text(statement, ":comm", filter->comm);
	if (r == SQLITE_OK)
		r = bind_text(statement, ":path", filter->path);
	for (unsigned i = 0; r == SQLITE_OK && aa_kinds[i]; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), ":k%u", i);
		r = bind_text(statement, name, aa_kinds[i]);
	}
	return r;
}
