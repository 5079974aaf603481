/* SPDX-License-Identifier: Apache-2.0 */
/* aa-record: the command table, and the way from the command line to a command. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "launch.h"
#include "recording.h"
#include "text.h"

#define EXIT_USAGE 2

static const struct aa_command commands[] = {
	{
		.name = "run",
		.usage = "[options] -- COMMAND [ARG...]",
		.summary = "Record one command and everything that it starts.",
		.text = "Ends when the last of its processes has ended, with the command's exit status:\n"
			"its code, or death by the same signal; 126 if it cannot be run, 127 if it is not\n"
			"found, 125 if aa-record itself refused before the command was started.\n",
		.bit = AA_COMMAND_RUN,
		.usage_status = 125,
		.run = aa_run_main,
	},
	{
		.name = "attach",
		.usage = "[options] PID...",
		.summary = "Record running processes and everything below them.",
		.text = "Ends when the last of them has ended, or on SIGINT, SIGTERM or SIGHUP. Exit\n"
			"status: 0, 1 if it could not record or the recording is not complete, 2 usage.\n",
		.bit = AA_COMMAND_ATTACH,
		.usage_status = EXIT_USAGE,
		.run = aa_attach_main,
	},
	{
		.name = "doctor",
		.usage = "[options]",
		.summary = "Say what this host can record, what it cannot, why, and what to do.",
		.text = "Loads the programs as a recording would, makes one event of each kind and checks\n"
			"that it arrives; then tries every other program. No database is touched, and\n"
			"nothing is left loaded or attached. Exit status: 0 if recording works, also with\n"
			"limits, 1 if it does not, 2 usage.\n",
		.bit = AA_COMMAND_DOCTOR,
		.usage_status = EXIT_USAGE,
		.run = aa_doctor_main,
	},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	(void)fputs("usage: aa-record COMMAND ...\n"
		    "\n"
		    "A flight recorder for AI agents: follows a process tree in the kernel and stores\n"
		    "what it did in an SQLite database. aa-query replays it.\n"
		    "\n"
		    "Commands:\n",
		    out);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		(void)fprintf(out, "  %s %s\n        %s\n", commands[i].name, commands[i].usage,
			      commands[i].summary);
	(void)fputs("  help [COMMAND]\n"
		    "        Show the options of a command.\n"
		    "  --version\n"
		    "        Show the version.\n",
		    out);
}

static const struct aa_command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int no_such_command(const char *name)
{
	struct aa_text_buffer word = { 0 };

	(void)aa_text_quote(&word, name, strlen(name));
	aa_say("no such command: %s; see aa-record --help", word.failed ? "" : word.data);
	aa_text_release(&word);
	return EXIT_USAGE;
}

static int help(const char *name)
{
	const struct aa_command *command;

	if (name == NULL) {
		print_help(stdout);
		return 0;
	}
	command = find_command(name);
	if (command == NULL)
		return no_such_command(name);
	aa_options_print_help(command, stdout);
	return 0;
}

static int run_command(const struct aa_command *command, int argc, char **argv)
{
	struct aa_options options;
	struct aa_error error = { 0 };
	int first = 0, status;

	if (aa_options_parse(command, argc, argv, &options, &first, &error) < 0) {
		aa_say("%s; see aa-record help %s", error.text, command->name);
		status = command->usage_status;
	} else if (options.help) {
		aa_options_print_help(command, stdout);
		status = 0;
	} else {
		status = command->run(&options, argv + first);
	}
	aa_options_release(&options);
	return status;
}

int main(int argc, char **argv)
{
	const struct aa_command *command;

	aa_launch_fill_standard_fds();
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help(NULL);
	if (strcmp(argv[1], "help") == 0)
		return help(argc > 2 ? argv[2] : NULL);
	if (strcmp(argv[1], "--version") == 0) {
		(void)printf("aa-record %s\n", AA_VERSION);
		return 0;
	}
	command = find_command(argv[1]);
	if (command == NULL)
		return no_such_command(argv[1]);
	return run_command(command, argc - 1, argv + 1);
}
