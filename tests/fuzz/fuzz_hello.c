/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer target: what stands on a socket into the parsers of hellos. The first byte says which. */
#include <stdint.h>
#include <stdlib.h>

#include "hello.h"
#include "quic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aa_hello hello;
	int r;

	if (size < 1)
		return 0;
	if (data[0] % 3 == 0)
		r = aa_hello_parse(data + 1, size - 1, &hello);
	else if (data[0] % 3 == 1)
		r = aa_hello_parse_records(data + 1, size - 1, &hello);
	else
		r = aa_quic_parse(data + 1, size - 1, &hello);
	if (r == 0 && (hello.sni_size > sizeof(hello.sni) || hello.alpn_size > sizeof(hello.alpn)))
		abort();
	return 0;
}
