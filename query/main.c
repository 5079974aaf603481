/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query: reads the command line, opens the database, runs one command. The only file that prints errors. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "guard.h"
#include "query.h"

#define NS_PER_S INT64_C(1000000000)

static int complain(enum aa_status status, const char *text)
{
	(void)fprintf(stderr, "aa-query: %s\n", text);
	return (int)status;
}

static unsigned terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	unsigned long width = columns ? strtoul(columns, NULL, 10) : 0;

	if (width == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	return width >= 20 && width <= 10000 ? (unsigned)width : 80;
}

static bool want_color(const char *when, bool terminal)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	return terminal && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

static void prepare_output(struct aa_query *query)
{
	const struct aa_settings *settings = &query->settings;
	bool terminal = isatty(STDOUT_FILENO) == 1;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	query->now_ns = now.tv_sec * NS_PER_S + now.tv_nsec;
	aa_out_open(&query->out, !settings->no_pager);
	query->render = (struct aa_render){
		.format = aa_format_find(settings->format),
		.flush = aa_out_flush,
		.context = &query->out,
		.color = want_color(settings->color, terminal),
		.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
		.utc = settings->utc,
		.width = terminal && !settings->wide ? terminal_width() : 0,
	};
}

/* Ends the answer and says what went wrong. A reader who has left, or ^C in the pager, is none of that. */
static int finish(struct aa_query *query, enum aa_status status)
{
	int r = query->render.failed;

	query->out.hold_bytes = 0;
	query->out.before_wait = NULL;
	if (r == 0 && (status == AA_ANSWERED || status == AA_NOTHING))
		r = aa_render_finish(&query->render);
	aa_out_close(&query->out);
	aa_render_release(&query->render);
	aa_db_close(query->db);
	if (r == -EINTR || query->error.code == -EINTR)
		return 130;
	if (r == -EPIPE)
		return (int)status;
	if (r < 0)
		return complain(AA_UNREADABLE, r == -ENOMEM ? "out of memory" : strerror(-r));
	if (query->error.code != 0)
		return complain(status, query->error.text);
	if (status == AA_NOTHING && !query->told && !query->settings.quiet)
		return complain(status, "nothing found");
	return (int)status;
}

static int run_command(const struct aa_command *command, struct aa_query *query)
{
	if (aa_db_open_read(query->settings.db, &query->db, &query->error) < 0)
		return complain(AA_UNREADABLE, query->error.text);
	aa_guard_set(query->db);
	aa_out_interrupt(aa_db_handle(query->db));
	prepare_output(query);
	return finish(query, command->run(query));
}

static int help(const char *name)
{
	const struct aa_command *command = name ? aa_command_find(name) : NULL;

	if (name && !command)
		return complain(AA_USAGE, "there is no such command (aa-query --help lists them)");
	aa_options_help(stdout, command);
	return fflush(stdout) == 0 ? AA_ANSWERED : AA_UNREADABLE;
}

/* Options may stand before and behind the command, and between its arguments. */
static int parse(struct aa_query *query, const struct aa_command *command, int count, char **words)
{
	int taken = 0;

	query->arguments = words;
	while (taken < count) {
		int options = aa_options_parse(command, words + taken, count - taken, &query->settings,
					       &query->error);

		if (options < 0)
			return options;
		taken += options;
		if (options > 0 && strcmp(words[taken - 1], "--") == 0) {
			while (taken < count)
				query->arguments[query->argument_count++] = words[taken++];
		} else if (taken < count) {
			query->arguments[query->argument_count++] = words[taken++];
		}
	}
	if (query->settings.help || query->settings.version)
		return 0;
	if (query->argument_count < command->argument_min)
		return aa_error_set(&query->error, -EINVAL, "%s: an argument is missing: %s", command->name,
				    command->usage);
	if (query->argument_count > command->argument_max)
		return aa_error_set(&query->error, -EINVAL, "%s: unexpected argument %s", command->name,
				    query->arguments[command->argument_max]);
	return 0;
}

static int version(void)
{
	(void)printf("aa-query %s\n", AA_VERSION);
	return fflush(stdout) == 0 ? AA_ANSWERED : AA_UNREADABLE;
}

int main(int argc, char **argv)
{
	const struct aa_command *command;
	struct aa_query query = { 0 };
	int word;

	(void)setlocale(LC_CTYPE, "");
	/* head(1) may leave early: that ends us at once, also if whoever started us ignores the signal. */
	(void)signal(SIGPIPE, SIG_DFL);
	aa_options_defaults(&query.settings);
	word = aa_options_parse(NULL, argv + 1, argc - 1, &query.settings, &query.error);
	if (word < 0)
		return complain(AA_USAGE, query.error.text);
	word++;
	if (query.settings.version)
		return version();
	if (query.settings.help)
		return help(NULL);
	if (word >= argc) {
		aa_options_help(stderr, NULL);
		return AA_USAGE;
	}
	if (strcmp(argv[word], "help") == 0)
		return help(word + 1 < argc ? argv[word + 1] : NULL);
	command = aa_command_find(argv[word]);
	if (!command) {
		(void)aa_error_set(&query.error, -EINVAL,
				   "there is no command %s (aa-query --help lists them)", argv[word]);
		return complain(AA_USAGE, query.error.text);
	}
	if (parse(&query, command, argc - word - 1, argv + word + 1) < 0)
		return complain(AA_USAGE, query.error.text);
	if (query.settings.version)
		return version();
	if (query.settings.help)
		return help(command->name);
	return run_command(command, &query);
}
