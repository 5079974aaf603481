/* SPDX-License-Identifier: Apache-2.0 */
/* What a body is, by what its message says of it and by its bytes, and how it is shown. */
#ifndef AA_QUERY_BODY_H
#define AA_QUERY_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

enum aa_body_form {
	AA_BODY_TEXT,
	AA_BODY_JSON,
	AA_BODY_BINARY, /* only its type and size are of use */
};

/*
 * Appends the body as text, still with bytes that no terminal must see: JSON laid out, anything else that is text as it is. Nothing
 * for AA_BODY_BINARY. type: the Content-Type, may be empty. cut: the body is not whole.
 */
enum aa_body_form aa_body_show(struct aa_text_buffer *out, const char *type, size_t type_size,
			       const char *bytes, size_t size, bool cut);

/* True if bytes are text: UTF-8 without control characters other than white space. A character may be cut off at the end. */
bool aa_body_is_text(const char *bytes, size_t size);

/* "text/event-stream; charset=utf-8" is of the type "text/event-stream". */
bool aa_body_has_type(const char *type, size_t type_size, const char *wanted);

#endif
