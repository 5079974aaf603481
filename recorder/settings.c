/* SPDX-License-Identifier: Apache-2.0 */
/* See settings.h. */
#include "settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CONTENT_MAX_BYTES  (1u << 20)
#define DEFAULT_TLS_MAX_CALL	   (8u << 20)
#define DEFAULT_TLS_MAX_CONNECTION (1u << 30)
#define NUMBER_SIZE		   24
#define SINGLE_SETTINGS		   8

static size_t count_strings(char *const *strings)
{
	size_t count = 0;

	while (strings != NULL && strings[count] != NULL)
		count++;
	return count;
}

static size_t add_strings(struct aa_session_setting *settings, size_t count, const char *name,
			  char *const *strings)
{
	for (; strings != NULL && *strings != NULL; strings++)
		settings[count++] = (struct aa_session_setting){ .name = name, .value = *strings };
	return count;
}

static size_t add_setting(struct aa_session_setting *settings, size_t count, const char *name,
			  const char *value)
{
	settings[count] = (struct aa_session_setting){ .name = name, .value = value };
	return count + 1;
}

/* Its digits go to where *digits points, which moves on. */
static size_t add_number(struct aa_session_setting *settings, size_t count, const char *name, uint64_t value,
			 char **digits)
{
	(void)snprintf(*digits, NUMBER_SIZE, "%" PRIu64, value);
	count = add_setting(settings, count, name, *digits);
	*digits += NUMBER_SIZE;
	return count;
}

static size_t add_content(struct aa_session_setting *settings, size_t count, const struct aa_options *options,
			  char **digits)
{
	if (options->contents == NULL)
		return count;
	count = add_strings(settings, count, "content", options->contents);
	count = add_number(settings, count, "content-max",
			   options->content_max_bytes != 0 ? options->content_max_bytes
							   : DEFAULT_CONTENT_MAX_BYTES,
			   digits);
	return options->content_store ? add_setting(settings, count, "content-store", "1") : count;
}

static size_t add_tls(struct aa_session_setting *settings, size_t count, const struct aa_options *options,
		      bool tls_hold, char **digits)
{
	const char *tls = options->tls != NULL ? options->tls : "all";

	count = add_setting(settings, count, "tls", tls);
	if (strcmp(tls, "all") != 0)
		return count;
	count = add_setting(settings, count, "tls-hold", tls_hold ? "on" : "off");
	count = add_number(settings, count, "tls-max-call",
			   options->tls_max_call != 0 ? options->tls_max_call : DEFAULT_TLS_MAX_CALL, digits);
	return add_number(settings, count, "tls-max-connection",
			  options->tls_max_connection != 0 ? options->tls_max_connection
							   : DEFAULT_TLS_MAX_CONNECTION,
			  digits);
}

struct aa_session_setting *aa_settings_of(const struct aa_options *options, bool tls_hold)
{
	/* Those that are there once, and the end; behind them the digits of numbers. */
	size_t room = count_strings(options->excludes) + count_strings(options->contents) +
		      count_strings(options->redact_headers) + SINGLE_SETTINGS + 1,
	       count = 0;
	struct aa_session_setting *settings =
		calloc(1, room * sizeof(*settings) + (size_t)SINGLE_SETTINGS * NUMBER_SIZE);
	char *digits;

	if (settings == NULL)
		return NULL;
	digits = (char *)(settings + room);
	count = add_setting(settings, count, "files", options->files != NULL ? options->files : "all");
	count = add_strings(settings, count, "exclude", options->excludes);
	count = add_content(settings, count, options, &digits);
	count = add_tls(settings, count, options, tls_hold, &digits);
	count = add_setting(settings, count, "redact", options->no_redact ? "off" : "on");
	(void)add_strings(settings, count, "redact-header", options->redact_headers);
	return settings;
}
