/* SPDX-License-Identifier: Apache-2.0 */
/* The user that run's command is to be, as with strace -u. Looked up before the fork, used after it. */
#ifndef AA_RECORDER_USER_H
#define AA_RECORDER_USER_H

#include "error.h"

struct aa_user;

/* Looks the user up, with all groups. Returns 0, -ENOENT no such user, -ENOMEM ... */
int aa_user_lookup(const char *name, struct aa_user **ret_user, struct aa_error *error);
void aa_user_free(struct aa_user *user); /* NULL is fine */

/* The environment with the user's variables in place of the caller's; NULL without memory. For right before an exec. */
char **aa_user_environment(const struct aa_user *user, char **environment);

/* Takes on the groups and ids. Returns 0 or a positive errno. */
int aa_user_become(const struct aa_user *user);

#endif
