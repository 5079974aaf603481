// SPDX-License-Identifier: Apache-2.0
/* See choose.h. */
#include "choose.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool same_capability(const struct aa_hook *one, const struct aa_hook *other)
{
	return strcmp(one->capability, other->capability) == 0;
}

static bool has_rows_of(const struct aa_hook *hook, enum aa_tier tier)
{
	for (unsigned i = 0; i < aa_hook_count; i++) {
		if (same_capability(&aa_hooks[i], hook) && aa_hooks[i].tier == tier)
			return true;
	}
	return false;
}

__attribute__((format(printf, 3, 4))) static void rule_out(struct aa_row *row, int error, const char *format,
							   ...)
{
	va_list arguments;

	if (row->out)
		return;
	row->out = true;
	row->error = error;
	va_start(arguments, format);
	(void)vsnprintf(row->reason, sizeof(row->reason), format, arguments);
	va_end(arguments);
}

/* A tier that was asked for: its own rows, or those of lower tiers where a capability has none of it. */
static void apply_tier(struct aa_row *row, enum aa_tier tier)
{
	bool fits = has_rows_of(row->hook, tier) ? row->hook->tier == tier : row->hook->tier > tier;

	if (tier == AA_TIER_ANY || fits)
		return;
	row->passed = true;
	rule_out(row, 0, "passed over: only tier %s was asked for", aa_tier_name(tier));
}

static void apply_target(struct aa_row *row, const char *name, const struct aa_target *target)
{
	const struct aa_program_info *info = aa_program_info(name);

	if (target->state == AA_TARGET_MISSING)
		rule_out(row, ENOENT, "%s: this kernel has no %s %s", name,
			 info->kind == AA_PROGRAM_TP_BTF || info->kind == AA_PROGRAM_RAW_TP ||
					 info->kind == AA_PROGRAM_TRACEPOINT
				 ? "tracepoint"
				 : "function",
			 info->target);
	else if (target->state == AA_TARGET_DIFFERS)
		rule_out(row, ENOEXEC, "%s: %s of this kernel has the arguments (%s), not (%s)", name,
			 info->target, target->found, info->signature);
}

static void apply_feature(struct aa_row *row, const char *name, const struct aa_features *features)
{
	enum aa_feature_id id = aa_program_feature(aa_program_info(name)->kind);

	if (!features->feature[id].present)
		rule_out(row, features->feature[id].error, "%s: %s: %s", name, aa_feature_name(id),
			 features->feature[id].reason);
}

/* The first of the alternatives that the kernel may have, else the first of all. */
static const struct aa_program_info *fitting(const char *names, const struct aa_target *targets)
{
	for (const char *name = names; name; name = strchr(name, '|')) {
		const struct aa_program_info *info;
		enum aa_target_state state;

		name += *name == '|';
		info = aa_program_info(name);
		state = targets[info - aa_program_infos].state;
		if (state == AA_TARGET_OK || state == AA_TARGET_UNKNOWN)
			return info;
	}
	return aa_program_info(names);
}

static void fill_row(struct aa_row *row, const struct aa_hook *hook, const struct aa_target *targets)
{
	*row = (struct aa_row){ .hook = hook };
	for (unsigned i = 0; i < AA_HOOK_PROGRAMS && hook->programs[i]; i++) {
		const struct aa_program_info *info = fitting(hook->programs[i], targets);
		const struct aa_target *target = &targets[info - aa_program_infos];

		if (*hook->programs[i] == '?' && target->state == AA_TARGET_MISSING)
			continue;
		row->programs[row->count++] = info->name;
	}
}

static void judge_row(struct aa_row *row, const struct aa_features *features, const struct aa_target *targets,
		      enum aa_tier tier)
{
	apply_tier(row, tier);
	for (unsigned i = 0; i < row->count; i++)
		apply_feature(row, row->programs[i], features);
	for (unsigned i = 0; i < row->count; i++)
		apply_target(row, row->programs[i],
			     &targets[aa_program_info(row->programs[i]) - aa_program_infos]);
}

#define RANKS (AA_TIER_COUNT + 2)

/* Where the kernel preempts, kprobes come first, then classic tracepoints. */
static unsigned rank(const struct aa_hook *hook, bool preempts)
{
	if (preempts && hook->tier == AA_TIER_KPROBE)
		return 0;
	if (preempts && aa_program_info(hook->programs[0])->kind == AA_PROGRAM_TRACEPOINT)
		return 1;
	return (unsigned)hook->tier + 2;
}

unsigned aa_wanted(const struct aa_kernel_options *options)
{
	return (options->files != AA_FILES_NONE ? AA_WANT_FILES : 0) |
	       (options->tls != AA_TLS_MODE_NONE ? AA_WANT_TLS : 0) |
	       (options->tls == AA_TLS_MODE_ALL ? AA_WANT_PLAINTEXT : 0);
}

static bool is_wanted(const struct aa_hook *hook, unsigned wanted)
{
	return (!hook->snapshot || wanted & AA_WANT_SNAPSHOT) && (!hook->files || wanted & AA_WANT_FILES) &&
	       (hook->tls != AA_TLS_MODE_METADATA || wanted & AA_WANT_TLS) &&
	       (hook->tls != AA_TLS_MODE_ALL || wanted & AA_WANT_PLAINTEXT);
}

void aa_choice_init(struct aa_choice *choice, const struct aa_features *features,
		    const struct aa_target *targets, enum aa_tier tier, unsigned wanted)
{
	choice->count = 0;
	choice->tier = tier;
	choice->preempts = features->preempts;
	choice->wanted = wanted;
	for (unsigned begin = 0, end; begin < aa_hook_count; begin = end) {
		for (end = begin; end < aa_hook_count && same_capability(&aa_hooks[begin], &aa_hooks[end]);)
			end++;
		if (!is_wanted(&aa_hooks[begin], wanted))
			continue;
		for (unsigned order = 0; order < RANKS; order++) {
			for (unsigned i = begin; i < end; i++) {
				struct aa_row *row = &choice->rows[choice->count];

				if (rank(&aa_hooks[i], choice->preempts) != order)
					continue;
				fill_row(row, &aa_hooks[i], targets);
				judge_row(row, features, targets, tier);
				choice->count++;
			}
		}
	}
}

unsigned aa_choice_next(const struct aa_choice *choice, unsigned at)
{
	unsigned next = at;

	while (next < choice->count && same_capability(choice->rows[at].hook, choice->rows[next].hook))
		next++;
	return next;
}

struct aa_row *aa_choice_row(struct aa_choice *choice, const char *capability)
{
	for (unsigned i = 0; i < choice->count; i++) {
		if (!choice->rows[i].out && strcmp(choice->rows[i].hook->capability, capability) == 0)
			return &choice->rows[i];
	}
	return NULL;
}

static unsigned add_name(const char **names, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return count;
	}
	if (count < AA_PROGRAMS_MAX)
		names[count++] = name;
	return count;
}

unsigned aa_choice_programs(struct aa_choice *choice, const char **ret_names)
{
	unsigned count = 0;

	for (unsigned at = 0; at < choice->count; at = aa_choice_next(choice, at)) {
		const struct aa_row *row = aa_choice_row(choice, choice->rows[at].hook->capability);

		for (unsigned i = 0; row && i < row->count; i++)
			count = add_name(ret_names, count, row->programs[i]);
	}
	return count;
}

unsigned aa_choice_syscalls(struct aa_choice *choice)
{
	unsigned mask = 0;

	for (unsigned at = 0; at < choice->count; at = aa_choice_next(choice, at)) {
		const struct aa_row *row = aa_choice_row(choice, choice->rows[at].hook->capability);

		mask |= row ? row->hook->syscalls : 0;
	}
	return mask;
}

unsigned aa_choice_duties(struct aa_choice *choice)
{
	unsigned duties = 0;

	for (unsigned at = 0; at < choice->count; at = aa_choice_next(choice, at)) {
		const struct aa_row *row = aa_choice_row(choice, choice->rows[at].hook->capability);

		duties |= row ? row->hook->duties : 0;
	}
	return duties;
}

static bool needs(const struct aa_row *row, const char *program)
{
	for (unsigned i = 0; i < row->count; i++) {
		if (strcmp(row->programs[i], program) == 0)
			return true;
	}
	return false;
}

void aa_choice_fail(struct aa_choice *choice, const char *capability, const char *program, int error,
		    bool silent, const char *reason)
{
	for (unsigned i = 0; i < choice->count; i++) {
		struct aa_row *row = &choice->rows[i];

		if (row->out || !needs(row, program) ||
		    (capability && strcmp(row->hook->capability, capability) != 0))
			continue;
		row->silent = silent;
		rule_out(row, error, "%s: %s", program, reason);
	}
}

void aa_row_name(const struct aa_row *row, char *ret_name, size_t size)
{
	size_t used = 0;

	*ret_name = '\0';
	for (unsigned i = 0; i < row->count && used < size; i++)
		used += (size_t)snprintf(ret_name + used, size - used, "%s%s", i > 0 ? "+" : "",
					 row->programs[i]);
}
