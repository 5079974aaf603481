/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of aa-record: each runs to its end and returns the exit status. operands is NULL-terminated. */
#ifndef AA_RECORDER_COMMANDS_H
#define AA_RECORDER_COMMANDS_H

#include "options.h"

int aa_run_main(const struct aa_options *options, char **operands);
int aa_attach_main(const struct aa_options *options, char **operands);
int aa_doctor_main(const struct aa_options *options, char **operands);

#endif
