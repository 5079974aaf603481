/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An absolute path from the directory where a lookup began, as the kernel side walked it, and the name that the program
 * gave. Pure, and lexical: symbolic links in the name are not followed, so ".." behind one may name another directory.
 */
#ifndef AA_STORE_PATH_JOIN_H
#define AA_STORE_PATH_JOIN_H

#include <stddef.h>

#include "text.h"

/*
 * Appends the path to out, which must be empty. A name that begins with a slash begins at dir only if that is not empty:
 * it is the root of a chroot then, which ".." does not leave. An empty name is dir itself. A relative name without a dir
 * is left as it is.
 */
void aa_path_join(struct aa_text_buffer *out, const char *dir, size_t dir_size, const char *name,
		  size_t name_size);

#endif
