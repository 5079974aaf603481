/* SPDX-License-Identifier: Apache-2.0 */
/* See losses.h. */
#include "losses.h"

#include <string.h>
#include <time.h>

static const char *const reason_names[AA_LOSS_REASON_COUNT] = {
	[AA_LOSS_RING_FULL] = "ring-full",   [AA_LOSS_SCOPE_FULL] = "scope-full",
	[AA_LOSS_UNREADABLE] = "unreadable", [AA_LOSS_EXCLUDED] = "excluded",
	[AA_LOSS_FILES_FULL] = "files-full", [AA_LOSS_URING_FULL] = "uring-full",
	[AA_LOSS_TLS_FULL] = "tls-full",
};

const char *aa_losses_kind_name(unsigned kind)
{
	static const char *const names[AA_KIND_SLOTS] = {
#define X(name, id, text) [(id)] = (text),
		AA_EVENT_KINDS(X)
#undef X
	};

	if (kind == AA_KIND_FILE_TEXT)
		kind = AA_EVENT_TEXT;
	return kind < AA_KIND_SLOTS && names[kind] != NULL ? names[kind] : "any";
}

static uint64_t boot_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void read_counters(struct aa_losses *losses)
{
	const volatile struct aa_loss *live = aa_kernel_loss(losses->kernel, losses->slot);

	for (unsigned reason = 0; reason < AA_LOSS_REASON_COUNT; reason++)
		for (unsigned kind = 0; kind < AA_KIND_SLOTS; kind++)
			losses->taken[reason][kind] = live->count[reason][kind];
	losses->taken_recursion = aa_kernel_recursion_misses(losses->kernel);
	losses->taken_boot_ns = boot_ns();
}

void aa_losses_init(struct aa_losses *losses, struct aa_kernel *kernel, int64_t session_id, uint32_t slot)
{
	*losses = (struct aa_losses){ .kernel = kernel, .session_id = session_id, .slot = slot };
	read_counters(losses);
	aa_losses_stored(losses);
}

static enum aa_lane lane_of(unsigned kind)
{
	if (kind == AA_KIND_FILE_TEXT)
		return AA_LANE_ACTIVITY;
	if (kind == AA_EVENT_TLS_DATA)
		return AA_LANE_PAYLOAD;
	return kind >= AA_EVENT_FILE_FIRST && kind <= AA_EVENT_TLS_LAST ? AA_LANE_ACTIVITY
									: AA_LANE_LIFECYCLE;
}

/* The bytes of a connection are numbered: what did not fit into the ring is a gap of its connection, in bytes. */
static bool is_told(unsigned reason, unsigned kind)
{
	return kind == AA_EVENT_TLS_DATA && reason == AA_LOSS_RING_FULL;
}

unsigned aa_losses_take(struct aa_losses *losses)
{
	unsigned count = 0;
	struct aa_gap gap = { .session_id = losses->session_id, .lane = AA_LANE_LIFECYCLE };

	read_counters(losses);
	gap.begin_boot_ns = losses->stored_boot_ns;
	gap.end_boot_ns = losses->taken_boot_ns;
	for (unsigned reason = 0; reason < AA_LOSS_REASON_COUNT; reason++) {
		for (unsigned kind = 0; kind < AA_KIND_SLOTS; kind++) {
			gap.lane = lane_of(kind);
			gap.count = losses->taken[reason][kind] - losses->stored[reason][kind];
			if (gap.count == 0 || is_told(reason, kind))
				continue;
			gap.kind = aa_losses_kind_name(kind);
			gap.detail = NULL;
			if (kind == AA_EVENT_TLS_DATA && reason == AA_LOSS_UNREADABLE) {
				gap.kind = "any";
				gap.detail =
					"parts of TLS calls; those of a known size are also gaps of their "
					"connections, in bytes";
			}
			gap.reason = reason_names[reason] != NULL ? reason_names[reason] : "recorder";
			losses->gaps[count++] = gap;
		}
	}
	gap.lane = AA_LANE_LIFECYCLE;
	gap.count = losses->taken_recursion - losses->stored_recursion;
	if (gap.count > 0) {
		gap.kind = "any";
		gap.reason = "recursion";
		gap.detail = "runs of the recorder's programs that the kernel skipped, for any process of "
			     "this host";
		losses->gaps[count++] = gap;
	}
	return count;
}

void aa_losses_stored(struct aa_losses *losses)
{
	memcpy(losses->stored, losses->taken, sizeof(losses->stored));
	losses->stored_recursion = losses->taken_recursion;
	losses->stored_boot_ns = losses->taken_boot_ns;
}

uint64_t aa_losses_total(const struct aa_losses *losses)
{
	const volatile struct aa_loss *live = aa_kernel_loss(losses->kernel, losses->slot);
	uint64_t total = 0;

	for (unsigned reason = 0; reason < AA_LOSS_REASON_COUNT; reason++)
		for (unsigned kind = 0; kind < AA_KIND_SLOTS && reason != AA_LOSS_EXCLUDED; kind++)
			total += live->count[reason][kind];
	return total;
}

uint64_t aa_losses_unstored(const struct aa_losses *losses)
{
	uint64_t stored = 0;

	for (unsigned reason = 0; reason < AA_LOSS_REASON_COUNT; reason++)
		for (unsigned kind = 0; kind < AA_KIND_SLOTS && reason != AA_LOSS_EXCLUDED; kind++)
			stored += losses->stored[reason][kind];
	return aa_losses_total(losses) - stored;
}
