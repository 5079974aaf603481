// SPDX-License-Identifier: Apache-2.0
/* See socket.h. */
#include "socket.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel_private.h"
#include "memory.h"
#include "tls_state.h"

#define BATCH 256u

static int map_fd(struct aa_kernel *kernel, const char *name)
{
	return kernel->object_count > 0 ? bpf_object__find_map_fd_by_name(kernel->objects[0], name) : -1;
}

int aa_sockets_size_maps(struct aa_kernel *kernel, struct bpf_object *object, struct aa_error *error)
{
	/* These are allocated as a whole: what is not used should not cost. */
	static const struct {
		const char *name;
		enum aa_tls_mode mode; /* from which on it is used */
	} maps[] = {
		{ "aa_tls_sockets", AA_TLS_MODE_METADATA },
		{ "aa_tls_randoms", AA_TLS_MODE_ALL },
		{ "aa_tls_ciphers", AA_TLS_MODE_ALL },
		{ "aa_tls_seen", AA_TLS_MODE_ALL },
	};

	for (unsigned i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, maps[i].name);

		if (kernel->options.tls < maps[i].mode && (!map || bpf_map__set_max_entries(map, 1) != 0))
			return aa_error_set(error, -EINVAL, "cannot set the size of BPF map %s",
					    maps[i].name);
	}
	return 0;
}

static void clear(int fd, void *key)
{
	while (bpf_map_get_next_key(fd, NULL, key) == 0)
		(void)bpf_map_delete_elem(fd, key);
}

void aa_kernel_forget_sockets(struct aa_kernel *kernel)
{
	struct aa_file_key file;
	uint64_t sock;

	clear(map_fd(kernel, "aa_tls_sockets"), &sock);
	clear(map_fd(kernel, "aa_tls_seen"), &file);
}

static bool is_tracked(struct aa_kernel *kernel, const struct aa_tls_socket *socket)
{
	const struct aa_identity_key key = { .start_ns = socket->start_ns, .tgid = socket->tgid };
	struct aa_scope scope;

	return bpf_map_lookup_elem(kernel->scope_fd, &key, &scope) == 0;
}

static bool is_over(struct aa_kernel *kernel, const struct aa_tls_socket *socket, bool last)
{
	/* A stream that another process has inherited goes on; its end is seen. */
	return last || ((socket->flags & AA_TLS_SOCKET_STREAM) == 0 && !is_tracked(kernel, socket));
}

int aa_sockets_sweep(struct aa_kernel *kernel, bool last)
{
	aa_cleanup_free struct aa_tls_socket *sockets = NULL;
	int program = aa_kernel_program_fd(kernel, "aa_socket_sweep_run"), removed = 0;
	uint64_t keys[BATCH];
	uint32_t at = 0;
	void *from = NULL;

	if (program < 0)
		return 0;
	sockets = calloc(BATCH, sizeof(*sockets));
	if (!sockets)
		return -ENOMEM;
	for (;;) {
		uint32_t count = BATCH;
		int r = bpf_map_lookup_batch(map_fd(kernel, "aa_tls_sockets"), from, &at, keys, sockets,
					     &count, NULL);
		int failure = r == 0 ? 0 : errno;

		if (failure != 0 && failure != ENOENT)
			return -failure;
		for (uint32_t i = 0; i < count; i++) {
			struct bpf_test_run_opts run = {
				.sz = sizeof(run),
				.ctx_in = &keys[i],
				.ctx_size_in = sizeof(keys[i]),
			};

			if (is_over(kernel, &sockets[i], last) && bpf_prog_test_run_opts(program, &run) == 0)
				removed++;
		}
		if (failure == ENOENT) /* these were the last */
			return removed;
		from = &at;
	}
}
