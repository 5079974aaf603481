/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query tls: what was said over TLS, with whom, and where it could not be heard. */
#include "tls.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "complete.h"
#include "memory.h"

/* The parts of the command, by its first argument. */
static const struct part {
	const char *name;
	enum aa_status (*run)(struct aa_query *query, const struct aa_sessions *sessions);
} parts[] = {
	{ "connections", aa_tls_list },
	{ "requests", aa_tls_requests },
	{ "libraries", aa_tls_libraries },
};

static int parse_id(struct aa_query *query, int64_t *ret_id)
{
	const char *text = query->argument_count > 1 ? query->arguments[1] : "";
	char *end;

	errno = 0;
	*ret_id = strtoll(text, &end, 10);
	if (*text == '\0')
		return aa_error_set(&query->error, -EINVAL,
				    "tls show: the id of a connection is missing (aa-query tls lists them)");
	if (errno != 0 || *end != '\0' || *ret_id <= 0)
		return aa_error_set(&query->error, -EINVAL, "tls show: %s is not the id of a connection",
				    text);
	return 0;
}

static const struct part *find_part(const char *name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	return NULL;
}

static bool has_filter(const struct aa_filter *filter)
{
	return filter->pid.set || filter->comm || filter->limit.set || filter->since.base != AA_MOMENT_NONE ||
	       filter->until.base != AA_MOMENT_NONE;
}

/* Which options go with what: each row is refused with the parts that it does not name. */
static int check_options(struct aa_query *query, const char *what)
{
	const struct aa_settings *settings = &query->settings;
	const struct {
		const char *name;
		bool set;
		const char *with;
	} uses[] = {
		{ "--raw", settings->raw, "show" },
		{ "--fill", settings->fill, "show" },
		{ "--headers", settings->headers, "show" },
		{ "--body", settings->body, "show" },
		{ "--method", settings->method, "requests" },
		{ "--status", settings->status, "requests" },
		{ "--path", settings->request_path, "requests" },
		{ "--grep", settings->grep, "requests" },
		{ "--events", settings->sse, "requests" },
		{ "--plaintext", settings->plaintext, "connections" },
		{ "--host", settings->host, "connections requests" },
		{ "--pid, --comm, --since, --until and --limit", has_filter(&settings->filter),
		  "connections requests libraries secrets" },
	};

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (uses[i].set && !strstr(uses[i].with, what))
			return aa_error_set(&query->error, -EINVAL, "tls: %s: not with tls %s (but with %s)",
					    uses[i].name, what, uses[i].with);
	if (settings->status && aa_tls_parse_status(settings->status) < 0)
		return aa_error_set(&query->error, -EINVAL, "tls: --status: %s is not of the form 404,5xx",
				    settings->status);
	if (settings->grep && *settings->grep == '\0')
		return aa_error_set(&query->error, -EINVAL, "tls: --grep: the text is empty");
	if (settings->fill && !settings->raw)
		return aa_error_set(&query->error, -EINVAL, "tls: --fill goes with --raw");
	if ((settings->raw != NULL) + settings->headers + settings->body > 1)
		return aa_error_set(&query->error, -EINVAL,
				    "tls: one of --raw, --headers and --body at a time");
	return 0;
}

static enum aa_status show_one(struct aa_query *query, const struct aa_sessions *sessions, int64_t id)
{
	if (sessions->all) {
		(void)aa_error_set(&query->error, -EINVAL,
				   "tls show is about one session: --session all does not go with it");
		return AA_USAGE;
	}
	return query->settings.raw ? aa_tls_raw(query, &sessions->items[0], id)
				   : aa_tls_show(query, &sessions->items[0], id);
}

/* Bytes go out as they are: nothing around them. */
static enum aa_status finish(struct aa_query *query, const struct aa_sessions *sessions,
			     enum aa_status status)
{
	if (query->settings.raw || (status != AA_ANSWERED && status != AA_NOTHING))
		return status;
	return aa_complete_note(query, sessions) < 0 ? AA_UNREADABLE : status;
}

static enum aa_status run(struct aa_query *query)
{
	aa_cleanup(aa_sessions_release) struct aa_sessions sessions = { 0 };
	const char *what = query->argument_count > 0 ? query->arguments[0] : "connections";
	const struct part *part = find_part(what);
	bool show = strcmp(what, "show") == 0;
	enum aa_status status;
	int64_t id = 0;

	if (query->settings.matches_secret && query->argument_count == 0)
		what = "secrets";
	else if (query->settings.matches_secret || (!part && !show) || (!show && query->argument_count > 1)) {
		(void)aa_error_set(&query->error, -EINVAL, "tls: %s is none of: %s",
				   query->settings.matches_secret ? "--matches-secret with an argument"
								  : what,
				   aa_command_tls.usage);
		return AA_USAGE;
	}
	if (check_options(query, what) < 0 || (show && parse_id(query, &id) < 0))
		return AA_USAGE;
	query->about_tls = true;
	status = aa_sessions_find(query, &aa_command_tls, &sessions);
	if (status != AA_ANSWERED)
		return status;
	if (query->settings.matches_secret)
		return finish(query, &sessions, aa_tls_secrets(query, &sessions));
	return finish(query, &sessions, show ? show_one(query, &sessions, id) : part->run(query, &sessions));
}

#define AT(member) .offset = offsetof(struct aa_settings, member)

static const struct aa_option options[] = {
	{ .name = "host",
	  .type = AA_OPTION_STRING,
	  .argument = "GLOB",
	  AT(host),
	  .help = "only connections with, or requests to, hosts that match" },
	{ .name = "plaintext", AT(plaintext), .help = "only connections of which there is plaintext" },
	{ .name = "raw",
	  .type = AA_OPTION_CHOICE,
	  .argument = "sent|received",
	  .choices = "sent|received",
	  AT(raw),
	  .help = "show: the bytes of that direction, as they are" },
	{ .name = "fill", AT(fill), .help = "show --raw: zeros where bytes are missing" },
	{ .name = "headers", AT(headers), .help = "show: only the heads of messages" },
	{ .name = "body", AT(body), .help = "show: only their bodies" },
	{ .name = "method",
	  .type = AA_OPTION_STRING,
	  .argument = "METHOD",
	  AT(method),
	  .help = "requests: only with that method" },
	{ .name = "status",
	  .type = AA_OPTION_STRING,
	  .argument = "404,5xx",
	  AT(status),
	  .help = "requests: only with one of these answers" },
	{ .name = "path",
	  .type = AA_OPTION_STRING,
	  .argument = "GLOB",
	  AT(request_path),
	  .help = "requests: only for paths that match" },
	{ .name = "grep",
	  .type = AA_OPTION_STRING,
	  .argument = "TEXT",
	  AT(grep),
	  .help = "requests: only with that text in a header or a body, unpacked" },
	{ .name = "events", AT(sse), .help = "requests: only with event streams and WebSockets" },
	{ .name = "matches-secret",
	  AT(matches_secret),
	  .help = "reads a secret from standard input and tells where it was replaced" },
	{ 0 },
};

const struct aa_command aa_command_tls = {
	.name = "tls",
	.usage = "[connections|requests|libraries|show ID]",
	.summary = "tell what was said over TLS: connections, requests, conversations",
	.description = "Without an argument: the connections. requests: a line for each request of HTTP. "
		       "show ID: one\n"
		       "conversation, decoded. libraries: the files with TLS code that were found, attached "
		       "to or not.",
	.filters = AA_FILTER_TIME | AA_FILTER_PID | AA_FILTER_COMM | AA_FILTER_LIMIT,
	.flags = AA_COMMAND_ALL,
	.argument_max = 2,
	.options = options,
	.run = run,
};
