/* SPDX-License-Identifier: Apache-2.0 */
/* A text that is there as a whole. */
#include <limits.h>

#include "search.h"

int aa_search_text(const struct aa_redactor *redactor, struct aa_pass *pass)
{
	struct aa_searcher searcher;

	pass->last = true;
	aa_searcher_init(&searcher, redactor);
	return aa_search(&searcher, pass);
}

int aa_redact_text(const struct aa_redactor *redactor, char *bytes, size_t size, aa_redaction_fn *found,
		   void *context)
{
	struct aa_pass pass = { .bytes = (uint8_t *)bytes, .size = size, .found = found, .context = context };
	int r = aa_search_text(redactor, &pass);

	if (r < 0)
		return r;
	return pass.count > INT_MAX ? INT_MAX : (int)pass.count;
}
