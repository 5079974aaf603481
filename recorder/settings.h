/* SPDX-License-Identifier: Apache-2.0 */
/* Those options that decide what a session holds: whoever reads it must see what was left out on purpose. */
#ifndef AA_RECORDER_SETTINGS_H
#define AA_RECORDER_SETTINGS_H

#include "options.h"
#include "store.h"

/*
 * An array that ends with a NULL name; the caller frees it, and it borrows from options. NULL if memory ran out.
 */
struct aa_session_setting *aa_settings_of(const struct aa_options *options, bool tls_hold);

#endif
