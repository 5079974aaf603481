/* SPDX-License-Identifier: Apache-2.0 */
/* The option tables, and what reads them; see options.h. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "query.h"

#define AT(member) offsetof(struct aa_settings, member)

const struct aa_option aa_global_options[] = {
	{ .name = "db",
	  .type = AA_OPTION_STRING,
	  .argument = "FILE",
	  .offset = AT(db),
	  .help = "the database (default: $AA_DB, else " AA_DB_DEFAULT_PATH ")" },
	{ .name = "session",
	  .type = AA_OPTION_STRING,
	  .argument = "SESSION",
	  .offset = AT(session),
	  .help = "its id or name, latest, or all (default: latest)" },
	{ .name = "format",
	  .type = AA_OPTION_CHOICE,
	  .argument = "FORMAT",
	  .choices = "text|json|jsonl|csv",
	  .initial = "text",
	  .offset = AT(format),
	  .help = "text for people; json, jsonl (one object a line) or csv for programs" },
	{ .name = "color",
	  .type = AA_OPTION_CHOICE,
	  .argument = "WHEN",
	  .choices = "auto|always|never",
	  .initial = "auto",
	  .offset = AT(color),
	  .help = "colours in text; auto: on a terminal, unless NO_COLOR is set" },
	{ .name = "utc", .offset = AT(utc), .help = "times in text in UTC instead of local time" },
	{ .name = "wide", .offset = AT(wide), .help = "do not cut lines at the edge of the terminal" },
	{ .name = "no-pager", .offset = AT(no_pager), .help = "do not show long text through $PAGER" },
	{ .name = "quiet",
	  .letter = 'q',
	  .offset = AT(quiet),
	  .help = "no remarks on standard error about what is incomplete" },
	{ .name = "help", .letter = 'h', .offset = AT(help), .help = "show this help" },
	{ .name = "version", .letter = 'V', .offset = AT(version), .help = "show the version" },
	{ 0 },
};

const struct aa_option aa_filter_options[] = {
	{ .name = "since",
	  .type = AA_OPTION_MOMENT,
	  .argument = "TIME",
	  .filter = AA_FILTER_TIME,
	  .offset = AT(filter.since),
	  .help = "from that time on: RFC 3339, epoch, -5m (before now), +1.5 (seconds after the session's "
		  "start)" },
	{ .name = "until",
	  .type = AA_OPTION_MOMENT,
	  .argument = "TIME",
	  .filter = AA_FILTER_TIME,
	  .offset = AT(filter.until),
	  .help = "up to that time" },
	{ .name = "pid",
	  .type = AA_OPTION_INTEGER,
	  .argument = "N",
	  .minimum = 0,
	  .maximum = INT32_MAX,
	  .filter = AA_FILTER_PID,
	  .offset = AT(filter.pid),
	  .help = "processes with that pid" },
	{ .name = "comm",
	  .type = AA_OPTION_STRING,
	  .argument = "NAME",
	  .filter = AA_FILTER_COMM,
	  .offset = AT(filter.comm),
	  .help = "processes with exactly that name (comm: the kernel keeps 15 bytes)" },
	{ .name = "path",
	  .type = AA_OPTION_STRING,
	  .argument = "GLOB",
	  .filter = AA_FILTER_PATH,
	  .offset = AT(filter.path),
	  .help = "programs and files whose path, as given or as resolved, matches; * matches / too" },
	{ .name = "kind",
	  .type = AA_OPTION_KINDS,
	  .argument = "KIND,...",
	  .filter = AA_FILTER_KIND,
	  .offset = AT(filter.kinds),
	  .help = "only these kinds: fork exec exec_failed exit cred comm setsid reparent gap, and of files "
		  "open "
		  "close io unlink rename mkdir ..., and of TLS tls_connect tls_close tls_sent tls_received "
		  "tls_library "
		  "(see aa-query(1))" },
	{ .name = "limit",
	  .type = AA_OPTION_INTEGER,
	  .argument = "N",
	  .minimum = 1,
	  .maximum = INT64_MAX,
	  .filter = AA_FILTER_LIMIT,
	  .offset = AT(filter.limit),
	  .help = "at most so many rows" },
	{ 0 },
};

void aa_options_defaults(struct aa_settings *settings)
{
	*settings = (struct aa_settings){ 0 };
	for (const struct aa_option *option = aa_global_options; option->name; option++) {
		if (option->initial)
			*(const char **)((char *)settings + option->offset) = option->initial;
	}
	settings->db = aa_db_default_path();
}

static const struct aa_option *find_in(const struct aa_option *options, const char *name, size_t length)
{
	for (; options && options->name; options++) {
		if (strlen(options->name) == length && memcmp(options->name, name, length) == 0)
			return options;
		if (length == 1 && options->letter == *name)
			return options;
	}
	return NULL;
}

static const struct aa_option *find_option(const struct aa_command *command, const char *name, size_t length)
{
	const struct aa_option *option = NULL;

	/* A command's own option goes before a common one of the same name, to say what it means there. */
	if (command)
		option = find_in(command->options, name, length);
	if (!option)
		option = find_in(aa_global_options, name, length);
	if (!option && command) {
		option = find_in(aa_filter_options, name, length);
		if (option && option->filter & ~command->filters)
			option = NULL;
	}
	return option;
}

static bool is_choice(const char *choices, const char *value)
{
	size_t length = strlen(value);

	for (;;) {
		size_t choice = strcspn(choices, "|");

		if (choice == length && memcmp(choices, value, length) == 0)
			return true;
		if (choices[choice] == '\0')
			return false;
		choices += choice + 1;
	}
}

static int set_integer(const struct aa_option *option, const char *value, struct aa_number *number,
		       struct aa_error *error)
{
	char *end;
	long long integer;

	errno = 0;
	integer = strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0')
		return aa_error_set(error, -EINVAL, "--%s: %s is not a number", option->name, value);
	if (integer < option->minimum || integer > option->maximum)
		return aa_error_set(error, -EINVAL, "--%s: %s is not between %lld and %lld", option->name,
				    value, (long long)option->minimum, (long long)option->maximum);
	*number = (struct aa_number){ .set = true, .value = integer };
	return 0;
}

static int set_option(const struct aa_option *option, const char *value, void *place, struct aa_error *error)
{
	const char *word;

	switch (option->type) {
	case AA_OPTION_SWITCH:
		*(bool *)place = true;
		return 0;
	case AA_OPTION_STRING:
		*(const char **)place = value;
		return 0;
	case AA_OPTION_INTEGER:
		return set_integer(option, value, place, error);
	case AA_OPTION_CHOICE:
		if (!is_choice(option->choices, value))
			return aa_error_set(error, -EINVAL, "--%s: %s is none of %s", option->name, value,
					    option->choices);
		*(const char **)place = value;
		return 0;
	case AA_OPTION_MOMENT:
		if (aa_moment_parse(value, place) < 0)
			return aa_error_set(
				error, -EINVAL,
				"--%s: %s is not a time (2025-11-20T08:16:01Z, seconds or nanoseconds "
				"since the epoch, -5m before now, +1.5 seconds after the start)",
				option->name, value);
		return 0;
	case AA_OPTION_KINDS:
		if (aa_kinds_parse(value, place, &word) < 0)
			return aa_error_set(error, -EINVAL, "--%s: %.*s is not a kind (%s)", option->name,
					    (int)strcspn(word, ","), word, option->help);
		return 0;
	}
	return -EINVAL;
}

int aa_options_parse(const struct aa_command *command, char **arguments, int count,
		     struct aa_settings *settings, struct aa_error *error)
{
	int i = 0;

	while (i < count && arguments[i][0] == '-' && arguments[i][1] != '\0') {
		const char *name = arguments[i] + 1;
		bool long_name = *name == '-';
		const struct aa_option *option;
		const char *value = NULL;
		size_t length;
		int r;

		name += long_name;
		if (*name == '\0')
			return i + 1;
		length = strcspn(name, "=");
		/* A comment that begins an SQL statement. */
		if (long_name && strcspn(name, " \t\r\n") < length)
			break;
		option = (length == 1) == long_name ? NULL : find_option(command, name, length);
		if (!option && !command && long_name && find_in(aa_filter_options, name, length))
			return aa_error_set(error, -EINVAL, "%.*s stands behind the command", (int)length + 2,
					    arguments[i]);
		if (!option)
			return aa_error_set(error, -EINVAL, "%s%sunknown option %.*s",
					    command ? command->name : "", command ? ": " : "",
					    (int)(name - arguments[i]) + (int)length, arguments[i]);
		if (name[length] == '=')
			value = name + length + 1;
		if (option->type == AA_OPTION_SWITCH && value)
			return aa_error_set(error, -EINVAL, "--%s takes no argument", option->name);
		i++;
		if (option->type != AA_OPTION_SWITCH && !value) {
			if (i == count)
				return aa_error_set(error, -EINVAL, "--%s needs an argument: %s",
						    option->name, option->argument);
			value = arguments[i++];
		}
		r = set_option(option, value, (char *)settings + option->offset, error);
		if (r < 0)
			return r;
	}
	return i;
}

static void print_options(FILE *file, const char *title, const struct aa_option *options, unsigned filters)
{
	bool first = true;

	for (; options && options->name; options++) {
		char words[64];

		if (options->filter & ~filters)
			continue;
		if (first)
			(void)fprintf(file, "\n%s:\n", title);
		first = false;
		(void)snprintf(words, sizeof(words), "%c%c%c --%s%s%s", options->letter ? '-' : ' ',
			       options->letter ? options->letter : ' ', options->letter ? ',' : ' ',
			       options->name, options->argument ? " " : "",
			       options->argument ? options->argument : "");
		(void)fprintf(file, "  %-22s %s\n", words, options->help);
	}
}

void aa_options_help(FILE *file, const struct aa_command *command)
{
	if (command) {
		(void)fprintf(file, "usage: aa-query [OPTION...] %s%s%s\n\n%c%s.\n", command->name,
			      *command->usage ? " " : "", command->usage,
			      toupper((unsigned char)*command->summary), command->summary + 1);
		if (command->description)
			(void)fprintf(file, "\n%s\n", command->description);
		print_options(file, "Options", command->options, 0);
		print_options(file, "Filters", aa_filter_options, command->filters);
	} else {
		(void)fprintf(file, "usage: aa-query [OPTION...] COMMAND [ARGUMENT...]\n\n"
				    "Replays what aa-record has recorded.\n\nCommands:\n");
		for (size_t i = 0; aa_commands[i]; i++)
			(void)fprintf(file, "  %-12s %s\n", aa_commands[i]->name, aa_commands[i]->summary);
		(void)fprintf(file, "  %-12s %s\n", "help", "show the help of a command");
	}
	print_options(file, "Options of all commands", aa_global_options, 0);
	if (!command)
		(void)fprintf(file, "\nExit status: 0 answered, 1 nothing found, 2 usage, 3 the database "
				    "cannot be read, 4 bytes are missing (tls --raw).\n"
				    "aa-query COMMAND --help shows a command's own options and filters.\n");
}
