/* SPDX-License-Identifier: Apache-2.0 */
/* Ownership in one word: release at end of scope, and hand over on success. */
#ifndef AA_SCHEMA_MEMORY_H
#define AA_SCHEMA_MEMORY_H

#include <stdlib.h>
#include <unistd.h>

#define aa_cleanup(function) __attribute__((cleanup(function)))

/* Takes a pointer out of a variable that would release it at end of scope. */
#define AA_STEAL(pointer) \
	__extension__({ \
		__typeof__(pointer) aa_stolen_ = (pointer); \
		(pointer) = NULL; \
		aa_stolen_; \
	})

static inline void aa_freep(void *pointer)
{
	free(*(void **)pointer);
}

static inline void aa_closep(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#define aa_cleanup_free	 aa_cleanup(aa_freep)
#define aa_cleanup_close aa_cleanup(aa_closep)

#endif
