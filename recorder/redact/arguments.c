/* SPDX-License-Identifier: Apache-2.0 */
/* See arguments.h. A script ("sh -c ...") is taken word by word, as if it were a command line. */
#include "arguments.h"

#include <string.h>
#include <strings.h>

#include "search.h"

/* Options whose value is a secret, as "--name value" and "--name=value". */
static const char *const options[] = {
	"--password",	  "--passwd",	     "--pass",	       "--token",	  "--api-key",
	"--apikey",	  "--api_key",	     "--access-token", "--auth-token",	  "--oauth2-bearer",
	"--secret",	  "--client-secret", "--secret-key",   "--access-key",	  "--secret-access-key",
	"--api-token",	  "--private-token", "--bearer-token", "--http-password", "--proxy-password",
	"--ftp-password", "--passphrase",
};

/* Options of a program. user: the value is USER:PASSWORD; glued: it may follow at once; next: as the next word. */
static const struct {
	const char *program, *option;
	bool user, glued, next;
} program_options[] = {
	/* clang-format off */
	{ "curl",       "-u",           true,  true,  true },
	{ "curl",       "--user",       true,  false, true },
	{ "curl",       "-U",           true,  true,  true },
	{ "curl",       "--proxy-user", true,  false, true },
	{ "http",       "-a",           true,  false, true },
	{ "http",       "--auth",       true,  false, true },
	{ "https",      "-a",           true,  false, true },
	{ "https",      "--auth",       true,  false, true },
	{ "mysql",      "-p",           false, true,  false },
	{ "mysqldump",  "-p",           false, true,  false },
	{ "mysqladmin", "-p",           false, true,  false },
	{ "mariadb",    "-p",           false, true,  false },
	{ "sshpass",    "-p",           false, true,  true },
	{ "redis-cli",  "-a",           false, false, true },
	/* clang-format on */
};

/* Variables: names, and ends of names. */
static const char *const names[] = {
	"PASSWORD",   "PASSWD",	   "TOKEN",   "SECRET",	       "APIKEY",
	"PGPASSWORD", "MYSQL_PWD", "SSHPASS", "REDISCLI_AUTH", "LIBRARY_PASS",
};
static const char *const name_ends[] = {
	"_TOKEN", "_KEY", "_SECRET", "_PASSWORD", "_PASSWD", "_PASS", "_PWD", "_APIKEY", "_CREDENTIALS",
};

enum wanted { NOTHING, VALUE, USER };

struct command {
	const struct aa_redactor *redactor;
	char *bytes; /* all arguments */
	const char *program;
	size_t program_size;
	enum wanted wanted; /* of the next word */
	bool script;	    /* "$NAME" is only a reference */
	aa_redaction_fn *found;
	void *context;
	int count;
	int error;
};

static bool is_number(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((bytes[i] < '0' || bytes[i] > '9') && bytes[i] != ':')
			return false;
	return true;
}

/* The bytes are a secret. */
static void replace(struct command *command, size_t at, size_t size, const char *what)
{
	struct aa_searcher searcher;
	struct aa_pass pass = {
		.bytes = (uint8_t *)command->bytes + at,
		.size = size,
		.offset = at,
		.found = command->found,
		.context = command->context,
	};

	if (!size || (command->script && command->bytes[at] == '$') || command->error < 0)
		return;
	aa_searcher_init(&searcher, command->redactor);
	aa_secret_begin(&searcher, &pass, what, 0, NULL, 0);
	aa_secret_end(&searcher, &pass, size, true);
	command->error = pass.error;
	command->count++;
}

static void replace_password(struct command *command, size_t at, size_t size)
{
	const char *colon = memchr(command->bytes + at, ':', size);
	size_t begin = colon ? (size_t)(colon - command->bytes) + 1 : 0;

	if (colon && !is_number(command->bytes + at, size))
		replace(command, begin, at + size - begin, "option");
}

static bool has_name(const char *const *list, size_t count, const char *bytes, size_t size, bool at_end)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(list[i]);

		if ((at_end ? size > length : size == length) &&
		    strncasecmp(bytes + size - length, list[i], length) == 0)
			return true;
	}
	return false;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_secret_name(const char *name, size_t size)
{
	return has_name(names, COUNT(names), name, size, false) ||
	       has_name(name_ends, COUNT(name_ends), name, size, true);
}

/* Bytes of the name in "NAME=value", or 0. */
static size_t assigned(const char *word, size_t size)
{
	size_t i = 0;

	while (i < size && (word[i] == '_' || (aa_chars[(uint8_t)word[i]] & AA_CHAR_ALNUM)))
		i++;
	return i < size && word[i] == '=' ? i : 0;
}

static void set_program(struct command *command, size_t at, size_t size)
{
	const char *slash = memrchr(command->bytes + at, '/', size);

	command->program = slash ? slash + 1 : command->bytes + at;
	command->program_size = size - (size_t)(command->program - (command->bytes + at));
}

/* "sudo curl": any word may be the program whose options follow. */
static void note_program(struct command *command, size_t at, size_t size)
{
	struct command other = *command;

	set_program(&other, at, size);
	for (size_t i = 0; i < COUNT(program_options); i++)
		if (strlen(program_options[i].program) == other.program_size &&
		    memcmp(program_options[i].program, other.program, other.program_size) == 0) {
			set_program(command, at, size);
			return;
		}
}

static void take_program_option(struct command *command, size_t at, size_t size)
{
	const char *word = command->bytes + at;

	for (size_t i = 0; i < COUNT(program_options); i++) {
		size_t length = strlen(program_options[i].option);

		if (strlen(program_options[i].program) != command->program_size ||
		    memcmp(program_options[i].program, command->program, command->program_size) != 0 ||
		    size < length || memcmp(word, program_options[i].option, length) != 0)
			continue;
		if (size == length && program_options[i].next)
			command->wanted = program_options[i].user ? USER : VALUE;
		else if (program_options[i].glued && program_options[i].user)
			replace_password(command, at + length, size - length);
		else if (program_options[i].glued)
			replace(command, at + length, size - length, "option");
		else if (word[length] == '=')
			replace_password(command, at + length + 1, size - length - 1);
	}
}

/* One word without its quotes. */
static void take_word(struct command *command, size_t at, size_t size)
{
	const char *word = command->bytes + at;
	enum wanted wanted = command->wanted;
	const char *equals = memchr(word, '=', size);
	size_t name = equals ? (size_t)(equals - word) : size;

	command->wanted = NOTHING;
	if (wanted != NOTHING && (size == 0 || word[0] != '-')) {
		if (wanted == VALUE)
			replace(command, at, size, "option");
		else
			replace_password(command, at, size);
		return;
	}
	if (size > 2 && word[0] == '-' && has_name(options, COUNT(options), word, name, false)) {
		if (equals)
			replace(command, at + name + 1, size - name - 1, "option");
		else
			command->wanted = VALUE;
		return;
	}
	name = assigned(word, size);
	if (name && is_secret_name(word, name))
		replace(command, at + name + 1, size - name - 1, "variable");
	else if (size > 1 && word[0] == '-')
		take_program_option(command, at, size);
	else
		note_program(command, at, size);
}

static bool parts_words(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == ';' || c == '|' || c == '&' || c == '(' ||
	       c == ')' || c == '`';
}

/* Words of a script. A quote in a word lasts to the next of its kind, and is none of its value. */
static void take_script(struct command *command, size_t at, size_t end)
{
	while (at < end && command->error == 0) {
		size_t begin = at, quoted = 0;
		char quote = 0;

		if (parts_words(command->bytes[at])) {
			at++;
			continue;
		}
		for (; at < end && (quote || !parts_words(command->bytes[at])); at++) {
			char c = command->bytes[at];

			if (quote ? c == quote : c == '"' || c == '\'') {
				quote = quote ? 0 : c;
				quoted = quote ? at : quoted;
			}
		}
		/* "NAME='value'" and "'value'" are taken without the quotes. */
		if (at - begin >= 2 && (command->bytes[at - 1] == '"' || command->bytes[at - 1] == '\'')) {
			size_t open = command->bytes[begin] == command->bytes[at - 1] ? begin : quoted;
			size_t name = assigned(command->bytes + begin, at - begin);

			if (open == begin)
				take_word(command, begin + 1, at - begin - 2);
			else if (name && open == begin + name + 1 &&
				 is_secret_name(command->bytes + begin, name))
				replace(command, open + 1, at - open - 2, "variable");
			else
				take_word(command, begin, at - begin - 1);
			continue;
		}
		take_word(command, begin, at - begin);
	}
	command->wanted = NOTHING;
}

static bool is_script(const char *bytes, size_t size)
{
	return memchr(bytes, ' ', size) || memchr(bytes, '\n', size) || memchr(bytes, '\t', size);
}

/* cut: it may have gone on, as --max-args leaves it; then what may be the beginning of a secret is one. */
static int take_text(struct command *command, size_t at, size_t size, bool cut)
{
	struct aa_pass pass = {
		.bytes = (uint8_t *)command->bytes + at,
		.size = size,
		.offset = at,
		.found = command->found,
		.context = command->context,
	};
	struct aa_searcher searcher;
	int r = command->error;

	if (r == 0 && !cut)
		r = aa_search_text(command->redactor, &pass);
	if (r == 0 && cut) {
		aa_searcher_init(&searcher, command->redactor);
		r = aa_search(&searcher, &pass);
		pass.from = size; /* what was open is replaced */
		if (r == 0 && searcher.secret.open)
			aa_secret_end(&searcher, &pass, size, false);
		r = r == 0 ? pass.error : r;
	}
	command->count += (int)pass.count;
	return r;
}

int aa_redact_arguments(const struct aa_redactor *redactor, char *arguments, size_t size,
			aa_redaction_fn *found, void *context)
{
	struct command command = {
		.redactor = redactor, .bytes = arguments, .program = "", .found = found, .context = context
	};
	int r = 0;

	for (size_t at = 0, length; at < size && r == 0; at += length + 1) {
		length = strnlen(arguments + at, size - at);
		if (at == 0) {
			set_program(&command, at, length);
		} else if (command.wanted == NOTHING && is_script(arguments + at, length)) {
			struct command script = command;

			script.script = true;
			take_script(&script, at, at + length);
			command.count = script.count;
			command.error = script.error;
		} else {
			take_word(&command, at, length);
		}
		r = take_text(&command, at, length, at + length == size);
	}
	return r < 0 ? r : command.count;
}

int aa_redact_variable(const struct aa_redactor *redactor, const char *name, char *value, size_t size,
		       aa_redaction_fn *found, void *context)
{
	struct command command = {
		.redactor = redactor, .bytes = value, .program = "", .found = found, .context = context
	};
	int r;

	if (is_secret_name(name, strlen(name)))
		replace(&command, 0, size, "variable");
	r = take_text(&command, 0, size, false);
	return r < 0 ? r : command.count;
}
