/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a version. */
#ifndef AA_QUERY_VERSIONS_PRIVATE_H
#define AA_QUERY_VERSIONS_PRIVATE_H

#include "versions.h"

/* aa-record keeps no more than 64 MiB of a file; what says to be larger than this is forged. */
#define AA_VERSION_MAX_BYTES ((int64_t)256 << 20)

struct aa_version_bytes {
	char *bytes;
	size_t size;
};

/* 0 or a negative errno with query->error set: -ENODATA if they were not kept. Release in any case. */
int aa_version_read(struct aa_query *query, const struct aa_versions *versions,
		    const struct aa_version *version, struct aa_version_bytes *ret_bytes);
void aa_version_bytes_release(struct aa_version_bytes *bytes);

#endif
