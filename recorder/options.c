/* SPDX-License-Identifier: Apache-2.0 */
/* The option table, and the parser, help and usage errors that come from it. See options.h. */
#include "options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "text.h"

enum option_type {
	OPTION_FLAG,
	OPTION_STRING,
	OPTION_CHOICE,	     /* one of the words of choices */
	OPTION_SIZE,	     /* bytes, suffix K, M, G */
	OPTION_SIZE_POWER_2, /* likewise, a power of two */
	OPTION_COUNT,
	OPTION_NAMES,  /* separated by commas; may be given more than once */
	OPTION_GLOB,   /* one pattern; may be given more than once */
	OPTION_HEADER, /* name of an HTTP header; likewise */
};

struct option {
	const char *name;     /* without the dashes */
	const char *argument; /* its name in the help; NULL for a flag */
	const char *choices;  /* "a|b" */
	const char *fallback; /* the default, in words; NULL if there is nothing to say */
	const char *help;
	size_t offset; /* of the value in struct aa_options */
	uint64_t minimum;
	uint64_t maximum;
	enum option_type type;
	unsigned commands;
};

#define BOTH	   (AA_COMMAND_RUN | AA_COMMAND_ATTACH)
#define ALL	   (BOTH | AA_COMMAND_DOCTOR)
#define AT(member) .offset = offsetof(struct aa_options, member)

/* One option reads better in few lines. */
/* clang-format off */
static const struct option options_table[] = {
	{ .name = "db", .argument = "FILE", AT(db), .type = OPTION_STRING, .commands = BOTH,
	  .fallback = "$AA_DB, else " AA_DB_DEFAULT_PATH,
	  .help = "database to write to; made if it is missing" },
	{ .name = "session", .argument = "NAME", AT(session), .type = OPTION_STRING, .commands = BOTH,
	  .fallback = "AGENT-DATE-TIME-ID",
	  .help = "name of the session" },
	{ .name = "agent", .argument = "NAME", AT(agent), .type = OPTION_STRING, .commands = BOTH,
	  .fallback = "the name of the program",
	  .help = "agent that the session belongs to" },
	{ .name = "env", .argument = "NAME,...", AT(env_names), .type = OPTION_NAMES, .commands = BOTH,
	  .fallback = "none",
	  .help = "environment variables whose values are recorded" },
	{ .name = "user", .argument = "NAME", AT(user), .type = OPTION_STRING, .commands = AA_COMMAND_RUN,
	  .fallback = "the caller",
	  .help = "run the command as this user" },
	{ .name = "detach-on-exit", AT(detach_on_exit), .type = OPTION_FLAG, .commands = AA_COMMAND_RUN,
	  .help = "end with the command, even if processes outlive it" },
	{ .name = "files", .argument = "WHICH", AT(files), .type = OPTION_CHOICE, .commands = BOTH,
	  .choices = "all|writes|none", .fallback = "all",
	  .help = "all file activity, only what changes, or none" },
	{ .name = "exclude", .argument = "GLOB", AT(excludes), .type = OPTION_GLOB, .commands = BOTH,
	  .fallback = "none",
	  .help = "leave out files with such a path; repeatable" },
	{ .name = "content", .argument = "GLOB", AT(contents), .type = OPTION_GLOB, .commands = BOTH,
	  .fallback = "none",
	  .help = "hash written files with such a path; repeatable" },
	{ .name = "content-max", .argument = "SIZE", AT(content_max_bytes), .type = OPTION_SIZE, .commands = BOTH,
	  .minimum = 1, .maximum = 1u << 30, .fallback = "1M",
	  .help = "largest file that is hashed; at most 1G" },
	{ .name = "content-store", AT(content_store), .type = OPTION_FLAG, .commands = BOTH,
	  .help = "keep the bytes of hashed files, too" },
	{ .name = "tls", .argument = "WHICH", AT(tls), .type = OPTION_CHOICE, .commands = BOTH,
	  .choices = "all|metadata|none", .fallback = "all",
	  .help = "TLS: with plaintext, only who spoke to whom, or none" },
	{ .name = "tls-hold", .argument = "on|off", AT(tls_hold), .type = OPTION_CHOICE, .commands = BOTH,
	  .choices = "on|off", .fallback = "on for run, off for attach",
	  .help = "stop a process while a new file of it is examined" },
	{ .name = "tls-max-call", .argument = "SIZE", AT(tls_max_call), .type = OPTION_SIZE, .commands = BOTH,
	  .minimum = 1, .maximum = 8u << 20, .fallback = "8M",
	  .help = "most bytes kept of one TLS call; at most 8M" },
	{ .name = "tls-max-connection", .argument = "SIZE", AT(tls_max_connection), .type = OPTION_SIZE,
	  .commands = BOTH, .minimum = 1, .maximum = 1ull << 40, .fallback = "1G",
	  .help = "most bytes kept of each direction of a connection" },
	{ .name = "redact-header", .argument = "NAME", AT(redact_headers), .type = OPTION_HEADER, .commands = BOTH,
	  .fallback = "Authorization, Cookie and the like",
	  .help = "one more HTTP header that is secret; repeatable" },
	{ .name = "no-redact", AT(no_redact), .type = OPTION_FLAG, .commands = BOTH,
	  .help = "store secrets as they are" },
	{ .name = "ring-size", .argument = "SIZE", AT(ring_bytes), .type = OPTION_SIZE_POWER_2, .commands = BOTH,
	  .minimum = 64u << 10, .maximum = 1u << 30, .fallback = "16M",
	  .help = "size of the ring to the kernel; a power of 2, 64K to 1G" },
	{ .name = "file-ring-size", .argument = "SIZE", AT(file_ring_bytes), .type = OPTION_SIZE_POWER_2,
	  .commands = BOTH, .minimum = 64u << 10, .maximum = 1u << 30, .fallback = "64M",
	  .help = "size of the ring for files; a power of 2, 64K to 1G" },
	{ .name = "tls-ring-size", .argument = "SIZE", AT(tls_ring_bytes), .type = OPTION_SIZE_POWER_2,
	  .commands = BOTH, .minimum = 64u << 10, .maximum = 1u << 30, .fallback = "64M",
	  .help = "size of the ring for TLS; a power of 2, 64K to 1G" },
	{ .name = "max-args", .argument = "SIZE", AT(max_arg_bytes), .type = OPTION_SIZE, .commands = BOTH,
	  .minimum = 4u << 10, .maximum = 2u << 20, .fallback = "128K",
	  .help = "most bytes of arguments kept for one exec; 4K to 2M" },
	{ .name = "max-processes", .argument = "N", AT(max_processes), .type = OPTION_COUNT, .commands = BOTH,
	  .minimum = 64, .maximum = 4u << 20, .fallback = "65536",
	  .help = "most processes followed at a time; 64 to 4194304" },
	{ .name = "max-open-files", .argument = "N", AT(max_open_files), .type = OPTION_COUNT, .commands = BOTH,
	  .minimum = 64, .maximum = 4u << 20, .fallback = "32768",
	  .help = "most open files followed at a time; 64 to 4194304" },
	{ .name = "tier", .argument = "TIER", AT(tier), .type = OPTION_CHOICE, .commands = ALL,
	  .choices = "precise|kprobe|portable|basic", .fallback = "the best that works",
	  .help = "precise, kprobe, portable or basic programs only" },
	{ .name = "btf", .argument = "FILE", AT(btf), .type = OPTION_STRING, .commands = ALL,
	  .fallback = "the running kernel's, else the distribution's",
	  .help = "BTF file with the types of the running kernel" },
	{ .name = "format", .argument = "FORMAT", AT(format), .type = OPTION_CHOICE, .commands = AA_COMMAND_DOCTOR,
	  .choices = "text|json", .fallback = "text",
	  .help = "text for people or json for programs" },
	{ .name = "verbose", AT(verbose), .type = OPTION_FLAG, .commands = AA_COMMAND_DOCTOR,
	  .help = "also the loaded programs and maps, with their cost" },
	{ .name = "quiet", AT(quiet), .type = OPTION_FLAG, .commands = BOTH,
	  .help = "no summary; failures are still said" },
	{ .name = "debug", AT(debug), .type = OPTION_FLAG, .commands = ALL,
	  .help = "show what libbpf and the kernel's verifier say" },
	{ .name = "help", AT(help), .type = OPTION_FLAG, .commands = ALL,
	  .help = "show this text" },
};
/* clang-format on */

#define OPTION_COUNT_ALL (sizeof(options_table) / sizeof(options_table[0]))

int aa_options_parse_size(const char *text, uint64_t *ret_bytes)
{
	static const char suffixes[] = "KMG";
	uint64_t value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (value > (UINT64_MAX >> 34) / 10) /* leaves room for a digit and a G */
			return -EINVAL;
		value = value * 10 + (uint64_t)(*at - '0');
	}
	if (at == text)
		return -EINVAL;
	if (*at != '\0') {
		const char *suffix = strchr(suffixes, *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);

		if (suffix == NULL || at[1] != '\0')
			return -EINVAL;
		value <<= 10 * (suffix - suffixes + 1);
	}
	*ret_bytes = value;
	return 0;
}

/* Adds a copy of length bytes of text to a list that ends with NULL. */
static int add_string(char ***strings, const char *text, size_t length, struct aa_error *error)
{
	size_t count = 0;
	char **grown;

	while (*strings != NULL && (*strings)[count] != NULL)
		count++;
	grown = realloc(*strings, (count + 2) * sizeof(*grown));
	if (grown == NULL)
		return aa_error_set(error, -ENOMEM, "out of memory");
	*strings = grown;
	grown[count] = strndup(text, length);
	grown[count + 1] = NULL;
	return grown[count] != NULL ? 0 : aa_error_set(error, -ENOMEM, "out of memory");
}

static int parse_names(const char *text, char ***names, const char *option, struct aa_error *error)
{
	for (;;) {
		size_t length = strcspn(text, ",");
		int r;

		if (length == 0 || memchr(text, '=', length) != NULL)
			return aa_error_set(error, -EINVAL, "--%s: names of variables, separated by commas",
					    option);
		r = add_string(names, text, length, error);
		if (r < 0)
			return r;
		if (text[length] == '\0')
			return 0;
		text += length + 1;
	}
}

static int parse_number(const struct option *option, const char *text, uint64_t *ret_value,
			struct aa_error *error)
{
	uint64_t value = 0;

	if (aa_options_parse_size(text, &value) < 0 ||
	    (option->type == OPTION_COUNT && text[strspn(text, "0123456789")] != '\0'))
		return aa_error_set(error, -EINVAL, "--%s: not a %s: %s", option->name,
				    option->type == OPTION_COUNT ? "number"
								 : "size (bytes, or with K, M or G)",
				    option->help);
	if (value < option->minimum || value > option->maximum ||
	    (option->type == OPTION_SIZE_POWER_2 && (value & (value - 1)) != 0))
		return aa_error_set(error, -EINVAL, "--%s: out of range: %s", option->name, option->help);
	*ret_value = value;
	return 0;
}

/* Paths are absolute, and what is no path has a colon: "pipe:[1]". */
static int check_glob(const struct option *option, const char *text, struct aa_error *error)
{
	struct aa_text_buffer quoted = { 0 };
	size_t size = strlen(text);
	const char *why = NULL;

	if (size == 0)
		return aa_error_set(error, -EINVAL, "--%s: empty", option->name);
	if (strchr("/*?[", *text) == NULL && strchr(text, ':') == NULL)
		why = "matches nothing: paths begin with / (put */ before it for any directory)";
	else if (size > 1 && text[size - 1] == '/')
		why = "matches nothing: no path ends with / (put * behind it for all that is below)";
	if (why == NULL)
		return 0;
	(void)aa_text_quote(&quoted, text, size);
	(void)aa_error_set(error, -EINVAL, "--%s: %s %s", option->name,
			   quoted.failed ? "(out of memory)" : quoted.data, why);
	aa_text_release(&quoted);
	return -EINVAL;
}

/* token of RFC 9110, 5.6.2 */
static int check_header(const struct option *option, const char *text, struct aa_error *error)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	if (*text == '\0' || text[strspn(text, token)] != '\0')
		return aa_error_set(error, -EINVAL, "--%s: not the name of a header", option->name);
	return 0;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t length = strlen(text);

	for (const char *at = choices;; at++) {
		size_t word = strcspn(at, "|");

		if (word == length && memcmp(at, text, length) == 0)
			return true;
		at += word;
		if (*at == '\0')
			return false;
	}
}

static int set_value(const struct option *option, const char *text, struct aa_options *options,
		     struct aa_error *error)
{
	void *value = (char *)options + option->offset;
	int r;

	switch (option->type) {
	case OPTION_FLAG:
		*(bool *)value = true;
		return 0;
	case OPTION_STRING:
		if (*text == '\0')
			return aa_error_set(error, -EINVAL, "--%s: empty", option->name);
		*(const char **)value = text;
		return 0;
	case OPTION_CHOICE:
		if (!is_choice(option->choices, text))
			return aa_error_set(error, -EINVAL, "--%s: one of %s", option->name, option->choices);
		*(const char **)value = text;
		return 0;
	case OPTION_SIZE:
	case OPTION_SIZE_POWER_2:
	case OPTION_COUNT:
		return parse_number(option, text, value, error);
	case OPTION_NAMES:
		return parse_names(text, value, option->name, error);
	case OPTION_GLOB:
		r = check_glob(option, text, error);
		return r < 0 ? r : add_string(value, text, strlen(text), error);
	case OPTION_HEADER:
		r = check_header(option, text, error);
		return r < 0 ? r : add_string(value, text, strlen(text), error);
	}
	return -EINVAL;
}

static const struct option *find_option(const struct aa_command *command, const char *name, size_t length)
{
	for (size_t i = 0; i < OPTION_COUNT_ALL; i++)
		if ((options_table[i].commands & command->bit) != 0 &&
		    strlen(options_table[i].name) == length &&
		    memcmp(options_table[i].name, name, length) == 0)
			return &options_table[i];
	return NULL;
}

static int unknown_option(const struct aa_command *command, const char *argument, struct aa_error *error)
{
	struct aa_text_buffer word = { 0 };
	int r;

	(void)aa_text_quote(&word, argument, strlen(argument));
	r = aa_error_set(error, -EINVAL, "%s: no such option: %s", command->name,
			 word.failed ? "(out of memory)" : word.data);
	aa_text_release(&word);
	return r;
}

/* What was asked for and would be recorded nowhere: whoever asked would learn it too late. */
static int check_contents(const struct aa_options *options, struct aa_error *error)
{
	if (options->contents != NULL && options->files != NULL && strcmp(options->files, "none") == 0)
		return aa_error_set(error, -EINVAL, "--content: not with --files none");
	if (options->contents == NULL && (options->content_store || options->content_max_bytes != 0))
		return aa_error_set(error, -EINVAL, "--%s: only with --content GLOB",
				    options->content_store ? "content-store" : "content-max");
	return 0;
}

static int check_tls(const struct aa_options *options, struct aa_error *error)
{
	if (options->no_redact && options->redact_headers != NULL)
		return aa_error_set(error, -EINVAL, "--redact-header: not with --no-redact");
	if (options->tls == NULL || strcmp(options->tls, "all") == 0)
		return 0;
	if (options->tls_hold != NULL && strcmp(options->tls_hold, "on") == 0)
		return aa_error_set(error, -EINVAL, "--tls-hold: not with --tls %s", options->tls);
	if (options->tls_max_call != 0 || options->tls_max_connection != 0)
		return aa_error_set(error, -EINVAL, "--tls-max-%s: not with --tls %s",
				    options->tls_max_call != 0 ? "call" : "connection", options->tls);
	return 0;
}

int aa_options_parse(const struct aa_command *command, int argc, char **argv, struct aa_options *ret_options,
		     int *ret_first, struct aa_error *error)
{
	int i = 1;

	*ret_options = (struct aa_options){ 0 };
	for (; i < argc; i++) {
		const char *argument = argv[i];
		const char *name = argument + 2;
		const char *value = NULL;
		const struct option *option;
		int r;

		if (argument[0] != '-' || argument[1] == '\0')
			break;
		if (strcmp(argument, "--") == 0) {
			i++;
			break;
		}
		if (argument[1] != '-')
			return unknown_option(command, argument, error);
		option = find_option(command, name, strcspn(name, "="));
		if (option == NULL)
			return unknown_option(command, argument, error);
		if (name[strlen(option->name)] == '=')
			value = name + strlen(option->name) + 1;
		if (option->type == OPTION_FLAG && value != NULL)
			return aa_error_set(error, -EINVAL, "--%s takes no argument", option->name);
		if (option->type != OPTION_FLAG && value == NULL) {
			if (i + 1 >= argc)
				return aa_error_set(error, -EINVAL, "--%s needs an argument, %s",
						    option->name, option->argument);
			value = argv[++i];
		}
		r = set_value(option, value, ret_options, error);
		if (r < 0)
			return r;
	}
	if (ret_options->db == NULL)
		ret_options->db = aa_db_default_path();
	*ret_first = i;
	if (check_contents(ret_options, error) < 0)
		return -EINVAL;
	return check_tls(ret_options, error);
}

static void free_strings(char ***strings)
{
	for (char **string = *strings; string != NULL && *string != NULL; string++)
		free(*string);
	free(*strings);
	*strings = NULL;
}

void aa_options_release(struct aa_options *options)
{
	free_strings(&options->env_names);
	free_strings(&options->excludes);
	free_strings(&options->contents);
	free_strings(&options->redact_headers);
}

void aa_options_print_help(const struct aa_command *command, FILE *out)
{
	(void)fprintf(out, "usage: aa-record %s %s\n\n%s\n\n%s\nOptions:\n", command->name, command->usage,
		      command->summary, command->text);
	for (size_t i = 0; i < OPTION_COUNT_ALL; i++) {
		const struct option *option = &options_table[i];
		char left[40];

		if ((option->commands & command->bit) == 0)
			continue;
		(void)snprintf(left, sizeof(left), "--%s%s%s", option->name,
			       option->argument != NULL ? " " : "",
			       option->argument != NULL ? option->argument : "");
		(void)fprintf(out, "  %-21s %s\n", left, option->help);
		if (option->fallback != NULL)
			(void)fprintf(out, "  %-21s default: %s\n", "", option->fallback);
	}
}
