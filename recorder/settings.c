/* SPDX-License-Identifier: Apache-2.0 */
/* See settings.h. */
#include "settings.h"

#include <inttypes.h>
#include <stdlib.h>

#define DEFAULT_CONTENT_MAX_BYTES (1u << 20)
#define NUMBER_SIZE		  24

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

struct aa_session_setting *aa_settings_of(const struct aa_options *options)
{
	/* files, content-max, content-store and the end; behind them the digits of a number. */
	size_t room = count_strings(options->excludes) + count_strings(options->contents) + 4, count = 0;
	struct aa_session_setting *settings = calloc(1, room * sizeof(*settings) + NUMBER_SIZE);
	char *number;

	if (settings == NULL)
		return NULL;
	number = (char *)(settings + room);
	settings[count++] =
		(struct aa_session_setting){ .name = "files",
					     .value = options->files != NULL ? options->files : "all" };
	count = add_strings(settings, count, "exclude", options->excludes);
	if (options->contents == NULL)
		return settings;
	count = add_strings(settings, count, "content", options->contents);
	(void)snprintf(number, NUMBER_SIZE, "%" PRIu64,
		       options->content_max_bytes != 0 ? options->content_max_bytes
						       : DEFAULT_CONTENT_MAX_BYTES);
	settings[count++] = (struct aa_session_setting){ .name = "content-max", .value = number };
	if (options->content_store)
		settings[count] = (struct aa_session_setting){ .name = "content-store", .value = "1" };
	return settings;
}
