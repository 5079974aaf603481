// SPDX-License-Identifier: Apache-2.0
/* See function.h. BTF: Documentation/bpf/btf.rst. */
#include "function.h"

#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

/* What a name of C or of the kernel hides. BTF_KIND_TYPE_TAG is 18, newer than the headers of libbpf 0.5. */
#define KIND_TYPE_TAG 18
#define NESTING_MAX   32
#define HASHES	      4096

static const struct btf_type *strip(const struct btf *types, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(types, id);

	for (unsigned i = 0; type && i < NESTING_MAX; i++) {
		if (!btf_is_mod(type) && !btf_is_typedef(type) && btf_kind(type) != KIND_TYPE_TAG)
			return type;
		type = btf__type_by_id(types, type->type);
	}
	return NULL;
}

static void add_argument(const struct btf *types, uint32_t id, char *text, size_t size)
{
	const struct btf_type *type = strip(types, id), *target;
	size_t used = strlen(text);
	const char *name = "";

	if (used > 0 && used + 1 < size)
		text[used++] = ',';
	if (type && btf_is_ptr(type)) {
		target = strip(types, type->type);
		if (target && (btf_is_struct(target) || btf_kind(target) == BTF_KIND_FWD))
			name = btf__name_by_offset(types, target->name_off);
		(void)snprintf(text + used, size - used, "%s*", name ? name : "");
	} else if (type && (btf_is_int(type) || btf_is_enum(type))) {
		(void)snprintf(text + used, size - used, "%u", type->size);
	} else {
		(void)snprintf(text + used, size - used, "?");
	}
}

void aa_signature(const struct btf *types, uint32_t prototype, unsigned skip, char *ret_text, size_t size)
{
	const struct btf_type *type = btf__type_by_id(types, prototype);

	*ret_text = '\0';
	if (!type || !btf_is_func_proto(type))
		return;
	for (unsigned i = skip; i < btf_vlen(type); i++)
		add_argument(types, btf_params(type)[i].type, ret_text, size);
}

bool aa_signature_fits(const char *wanted, const char *found, bool exact)
{
	size_t length = strlen(wanted);

	if (strncmp(wanted, found, length) != 0)
		return false;
	return found[length] == '\0' || (found[length] == ',' && !exact);
}

static const char btf_trace[] = "btf_trace_";

/* The tracepoint's arguments stand behind a pointer to a function whose first argument is the caller's own data. */
static void look_at_tracepoint(const struct btf *types, const struct btf_type *type, char *ret_found,
			       size_t size)
{
	const struct btf_type *pointer = btf__type_by_id(types, type->type);

	*ret_found = '\0';
	if (pointer && btf_is_ptr(pointer))
		aa_signature(types, pointer->type, 1, ret_found, size);
}

/* wanted: alternatives, separated by "|" */
static bool fits_one(const char *wanted, const char *found, bool exact)
{
	char one[80];

	for (const char *at = wanted;; at++) {
		size_t length = strcspn(at, "|");

		(void)snprintf(one, sizeof(one), "%.*s", (int)length, at);
		if (aa_signature_fits(one, found, exact))
			return true;
		at += length;
		if (*at == '\0')
			return false;
	}
}

static void judge(const struct aa_program_info *info, struct aa_target *target)
{
	bool exact = info->kind == AA_PROGRAM_FEXIT; /* whose programs find the result behind the arguments */

	target->state = !info->signature || fits_one(info->signature, target->found, exact)
				? AA_TARGET_OK
				: AA_TARGET_DIFFERS;
}

static void look_at_function(const struct btf *types, const struct btf_type *type, const char *name,
			     struct aa_target *targets)
{
	for (unsigned i = 0; i < aa_program_info_count; i++) {
		const struct aa_program_info *info = &aa_program_infos[i];

		if ((info->kind != AA_PROGRAM_FENTRY && info->kind != AA_PROGRAM_FEXIT &&
		     info->kind != AA_PROGRAM_KPROBE) ||
		    strcmp(info->target, name) != 0)
			continue;
		aa_signature(types, type->type, 0, targets[i].found, sizeof(targets[i].found));
		judge(info, &targets[i]);
	}
}

static void look_at_typedef(const struct btf *types, const struct btf_type *type, const char *name,
			    struct aa_target *targets)
{
	if (strncmp(name, btf_trace, sizeof(btf_trace) - 1) != 0)
		return;
	for (unsigned i = 0; i < aa_program_info_count; i++) {
		const struct aa_program_info *info = &aa_program_infos[i];

		if ((info->kind != AA_PROGRAM_TP_BTF && info->kind != AA_PROGRAM_RAW_TP &&
		     info->kind != AA_PROGRAM_TRACEPOINT) ||
		    strcmp(info->target, name + sizeof(btf_trace) - 1) != 0)
			continue;
		look_at_tracepoint(types, type, targets[i].found, sizeof(targets[i].found));
		judge(info, &targets[i]);
	}
}

static bool has_target(enum aa_program_kind kind)
{
	return kind != AA_PROGRAM_RUN && kind != AA_PROGRAM_ITERATOR && kind != AA_PROGRAM_LSM;
}

/* FNV-1a, folded. The kernel has some 60,000 functions and typedefs, nearly all of them no target. */
static unsigned hash(const char *name)
{
	uint32_t value = 2166136261u;

	while (*name != '\0')
		value = (value ^ (unsigned char)*name++) * 16777619u;
	return (value ^ value >> 16) % HASHES;
}

static const char *without_prefix(const char *name)
{
	return strncmp(name, btf_trace, sizeof(btf_trace) - 1) == 0 ? name + sizeof(btf_trace) - 1 : name;
}

void aa_targets_look(const struct btf *types, bool complete, struct aa_target *ret_targets)
{
	bool wanted[HASHES] = { false };
	const struct btf_type *type;

	for (unsigned i = 0; i < aa_program_info_count; i++)
		wanted[hash(aa_program_infos[i].target)] = true;
	for (unsigned i = 0; i < aa_program_info_count; i++)
		ret_targets[i] = (struct aa_target){ .state = AA_TARGET_UNKNOWN };
	for (uint32_t id = 1; types && (type = btf__type_by_id(types, id)) != NULL; id++) {
		const char *name;

		if (!btf_is_func(type) && !btf_is_typedef(type))
			continue;
		name = btf__name_by_offset(types, type->name_off);
		if (!name || !wanted[hash(without_prefix(name))])
			continue;
		if (btf_is_func(type))
			look_at_function(types, type, name, ret_targets);
		else
			look_at_typedef(types, type, name, ret_targets);
	}
	for (unsigned i = 0; types && complete && i < aa_program_info_count; i++) {
		if (ret_targets[i].state == AA_TARGET_UNKNOWN && has_target(aa_program_infos[i].kind))
			ret_targets[i].state = AA_TARGET_MISSING;
	}
}
