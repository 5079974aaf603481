/* SPDX-License-Identifier: Apache-2.0 */
/* See user.h. */
#include "user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

struct aa_user {
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	int group_count;
	char *variables[4]; /* HOME, SHELL, USER, LOGNAME */
};

void aa_user_free(struct aa_user *user)
{
	if (user == NULL)
		return;
	for (size_t i = 0; i < sizeof(user->variables) / sizeof(user->variables[0]); i++)
		free(user->variables[i]);
	free(user->groups);
	free(user);
}

static char *variable(const char *name, const char *value)
{
	char *text = NULL;

	return asprintf(&text, "%s=%s", name, value) < 0 ? NULL : text;
}

static int user_fill(struct aa_user *user, const char *name, struct aa_error *error)
{
	const struct passwd *entry;
	int capacity = 0;

	errno = 0;
	entry = getpwnam(name);
	if (entry == NULL)
		return aa_error_set(error, errno != 0 ? -errno : -ENOENT, "--user: no such user: %s",
				    errno != 0 ? strerror(errno) : "not in the user database");
	user->uid = entry->pw_uid;
	user->gid = entry->pw_gid;
	user->variables[0] = variable("HOME", entry->pw_dir);
	user->variables[1] = variable("SHELL", entry->pw_shell[0] != '\0' ? entry->pw_shell : "/bin/sh");
	user->variables[2] = variable("USER", entry->pw_name);
	user->variables[3] = variable("LOGNAME", entry->pw_name);
	for (size_t i = 0; i < 4; i++)
		if (user->variables[i] == NULL)
			return aa_error_set(error, -ENOMEM, "out of memory");
	do {
		gid_t *grown;

		capacity = capacity == 0 ? 32 : capacity * 2;
		grown = realloc(user->groups, (size_t)capacity * sizeof(gid_t));
		if (grown == NULL)
			return aa_error_set(error, -ENOMEM, "out of memory");
		user->groups = grown;
		user->group_count = capacity;
	} while (getgrouplist(name, user->gid, user->groups, &user->group_count) < 0 && capacity < 1 << 16);
	return 0;
}

int aa_user_lookup(const char *name, struct aa_user **ret_user, struct aa_error *error)
{
	struct aa_user *user = calloc(1, sizeof(*user));
	int r;

	if (user == NULL)
		return aa_error_set(error, -ENOMEM, "out of memory");
	r = user_fill(user, name, error);
	if (r < 0) {
		aa_user_free(user);
		return r;
	}
	*ret_user = user;
	return 0;
}

char **aa_user_environment(const struct aa_user *user, char **environment)
{
	size_t count = 0, kept = 0;
	char **made;

	while (environment[count] != NULL)
		count++;
	made = malloc((count + 5) * sizeof(*made));
	if (made == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		bool replaced = false;

		for (size_t j = 0; j < 4 && !replaced; j++) {
			size_t name = strcspn(user->variables[j], "=") + 1;

			replaced = strncmp(environment[i], user->variables[j], name) == 0;
		}
		if (!replaced)
			made[kept++] = environment[i];
	}
	for (size_t j = 0; j < 4; j++)
		made[kept++] = user->variables[j];
	made[kept] = NULL;
	return made;
}

int aa_user_become(const struct aa_user *user)
{
	if (setgroups((size_t)user->group_count, user->groups) < 0 ||
	    setresgid(user->gid, user->gid, user->gid) < 0 || setresuid(user->uid, user->uid, user->uid) < 0)
		return errno;
	return 0;
}
