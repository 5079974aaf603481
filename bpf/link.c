/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Links eBPF objects into one with libbpf's static linker, as `bpftool gen object` does. Build tool only. */
#include <stdio.h>

#include <bpf/libbpf.h>

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: aa-bpf-link OUTPUT INPUT...\n");
		return 2;
	}
	struct bpf_linker *linker = bpf_linker__new(argv[1], NULL);
	if (!linker) {
		fprintf(stderr, "aa-bpf-link: cannot write %s\n", argv[1]);
		return 1;
	}
	for (int i = 2; i < argc; i++) {
		if (bpf_linker__add_file(linker, argv[i], NULL) != 0) {
			fprintf(stderr, "aa-bpf-link: cannot link %s\n", argv[i]);
			return 1;
		}
	}
	if (bpf_linker__finalize(linker) != 0) {
		fprintf(stderr, "aa-bpf-link: cannot finish %s\n", argv[1]);
		return 1;
	}
	bpf_linker__free(linker);
	return 0;
}
