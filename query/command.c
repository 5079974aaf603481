/* SPDX-License-Identifier: Apache-2.0 */
/* The command table. */
#include <string.h>

#include "query.h"

const struct aa_command *const aa_commands[] = {
	&aa_command_sessions, &aa_command_tree, &aa_command_timeline, &aa_command_process, &aa_command_files,
	&aa_command_history,  &aa_command_tls,	&aa_command_gaps,     &aa_command_sql,	   NULL,
};

const struct aa_command *aa_command_find(const char *name)
{
	for (size_t i = 0; aa_commands[i]; i++) {
		if (strcmp(aa_commands[i]->name, name) == 0)
			return aa_commands[i];
	}
	return NULL;
}
