/* SPDX-License-Identifier: Apache-2.0 */
#include "decode.h"

#include <string.h>

/* Size of what each kind must have at least: members are only added, so a record may be longer. */
static const uint32_t least_sizes[] = {
	[AA_EVENT_FORK] = sizeof(struct aa_fork),
	[AA_EVENT_EXEC] = sizeof(struct aa_exec),
	[AA_EVENT_EXEC_FAILED] = sizeof(struct aa_exec_failed),
	[AA_EVENT_EXIT] = sizeof(struct aa_exit),
	[AA_EVENT_CRED] = sizeof(struct aa_cred_change),
	[AA_EVENT_COMM] = sizeof(struct aa_comm_change),
	[AA_EVENT_SETSID] = sizeof(struct aa_setsid),
	[AA_EVENT_CGROUP] = sizeof(struct aa_cgroup),
	[AA_EVENT_TEXT] = sizeof(struct aa_text),
	[AA_EVENT_OPEN] = sizeof(struct aa_file_open),
	[AA_EVENT_CLOSE] = sizeof(struct aa_file_io),
	[AA_EVENT_IO] = sizeof(struct aa_file_io),
	[AA_EVENT_TRUNCATE] = sizeof(struct aa_file_change),
	[AA_EVENT_FALLOCATE] = sizeof(struct aa_file_change),
	[AA_EVENT_UNLINK] = sizeof(struct aa_file_change),
	[AA_EVENT_RMDIR] = sizeof(struct aa_file_change),
	[AA_EVENT_RENAME] = sizeof(struct aa_file_change),
	[AA_EVENT_LINK] = sizeof(struct aa_file_change),
	[AA_EVENT_SYMLINK] = sizeof(struct aa_file_change),
	[AA_EVENT_MKDIR] = sizeof(struct aa_file_change),
	[AA_EVENT_MKNOD] = sizeof(struct aa_file_change),
	[AA_EVENT_CHMOD] = sizeof(struct aa_file_change),
	[AA_EVENT_CHOWN] = sizeof(struct aa_file_change),
	[AA_EVENT_UTIMES] = sizeof(struct aa_file_change),
	[AA_EVENT_SETXATTR] = sizeof(struct aa_file_change),
	[AA_EVENT_REMOVEXATTR] = sizeof(struct aa_file_change),
	[AA_EVENT_MMAP] = sizeof(struct aa_file_change),
	[AA_EVENT_COPY] = sizeof(struct aa_file_change),
	[AA_EVENT_CHDIR] = sizeof(struct aa_file_change),
	[AA_EVENT_CHROOT] = sizeof(struct aa_file_change),
	[AA_EVENT_MOUNT] = sizeof(struct aa_file_change),
	[AA_EVENT_UMOUNT] = sizeof(struct aa_file_change),
	[AA_EVENT_PIVOT_ROOT] = sizeof(struct aa_file_change),
	[AA_EVENT_TLS_OPEN] = sizeof(struct aa_tls_open),
	[AA_EVENT_TLS_HANDSHAKE] = sizeof(struct aa_tls_handshake),
	[AA_EVENT_TLS_NAME] = sizeof(struct aa_tls_name),
	[AA_EVENT_TLS_SOCKET] = sizeof(struct aa_tls_socket_bound),
	[AA_EVENT_TLS_HELLO] = sizeof(struct aa_tls_hello),
	[AA_EVENT_TLS_SOCKET_END] = sizeof(struct aa_tls_socket_end),
	[AA_EVENT_TLS_CLOSE] = sizeof(struct aa_tls_close),
	[AA_EVENT_TLS_DATA] = sizeof(struct aa_tls_data),
};

static const char *const kind_names[] = {
#define X(name, id, text) [id] = (text),
	AA_EVENT_KINDS(X)
#undef X
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *aa_event_kind_name(unsigned kind)
{
	return kind < COUNT(kind_names) ? kind_names[kind] : NULL;
}

const char *aa_lane_name(enum aa_lane lane)
{
	static const char *const names[AA_LANE_COUNT] = {
		[AA_LANE_LIFECYCLE] = "lifecycle",
		[AA_LANE_ACTIVITY] = "activity",
		[AA_LANE_PAYLOAD] = "payload",
	};

	return (unsigned)lane < AA_LANE_COUNT ? names[lane] : "unknown";
}

size_t aa_comm_length(const char comm[AA_COMM_SIZE])
{
	return strnlen(comm, AA_COMM_SIZE);
}

static enum aa_event_result check_text(const struct aa_text *text, uint32_t size)
{
	uint32_t room = size - (uint32_t)sizeof(*text);

	if (text->field < AA_TEXT_ARGS || text->field > AA_TEXT_LAST)
		return AA_EVENT_MALFORMED;
	if (text->start > room || text->length > room - text->start)
		return AA_EVENT_MALFORMED;
	return AA_EVENT_OK;
}

static enum aa_event_result check_tls(const struct aa_event *event, uint32_t size)
{
	switch (event->header->kind) {
	case AA_EVENT_TLS_NAME:
		return event->tls_name->length <= AA_TLS_NAME_SIZE ? AA_EVENT_OK : AA_EVENT_MALFORMED;
	case AA_EVENT_TLS_HELLO:
		return event->tls_hello->length <= size - sizeof(*event->tls_hello) ? AA_EVENT_OK
										    : AA_EVENT_MALFORMED;
	case AA_EVENT_TLS_DATA:
		return event->tls_data->length <= size - sizeof(*event->tls_data) &&
				       event->tls_data->direction < AA_TLS_DIRECTIONS
			       ? AA_EVENT_OK
			       : AA_EVENT_MALFORMED;
	default:
		return AA_EVENT_OK;
	}
}

enum aa_event_result aa_event_decode(const void *bytes, uint32_t size, struct aa_event *ret_event)
{
	const struct aa_header *header = bytes;

	ret_event->header = NULL;
	ret_event->record = NULL;
	if (size < sizeof(*header))
		return AA_EVENT_BROKEN;
	ret_event->header = header;
	ret_event->record = bytes;
	/* The kernel reserves in size tiers: the record may end before its place in the ring does. */
	if (header->size < sizeof(*header) || header->size > size)
		return AA_EVENT_MALFORMED;
	if (header->kind >= COUNT(least_sizes) || !least_sizes[header->kind])
		return AA_EVENT_UNKNOWN;
	if (header->size < least_sizes[header->kind])
		return AA_EVENT_MALFORMED;
	if (header->kind == AA_EVENT_TEXT)
		return check_text(bytes, header->size);
	return check_tls(ret_event, header->size);
}
