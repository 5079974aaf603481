// SPDX-License-Identifier: Apache-2.0
/*
 * See explain_log.h. Forms of libbpf 0.5 to 1.x and of kernels 5.8 to 7.x; tests/unit/test_explain.c has real
 * logs.
 */
#include "explain_log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slice {
	const char *at;
	const char *end;
};

static struct slice trimmed(struct slice slice)
{
	while (slice.at < slice.end && isspace((unsigned char)*slice.at))
		slice.at++;
	while (slice.end > slice.at && isspace((unsigned char)slice.end[-1]))
		slice.end--;
	return slice;
}

/* Copies printably; what is too long ends in "...". */
static void copy(struct slice from, char *to, size_t size)
{
	size_t used = 0;

	from = trimmed(from);
	while (from.at < from.end && used + 1 < size) {
		char byte = *from.at++;

		to[used++] = byte >= 0x20 && byte < 0x7f ? byte : '?';
	}
	to[used] = '\0';
	if (from.at < from.end && size > 4)
		memcpy(to + size - 4, "...", 4);
}

static bool begins(struct slice slice, const char *with)
{
	size_t size = strlen(with);

	return (size_t)(slice.end - slice.at) >= size && memcmp(slice.at, with, size) == 0;
}

static const char *search(struct slice slice, const char *words)
{
	return memmem(slice.at, (size_t)(slice.end - slice.at), words, strlen(words));
}

/* The next line of what is left, without its end; false when there is none. */
static bool next_line(struct slice *left, struct slice *ret_line)
{
	const char *end;

	if (left->at >= left->end)
		return false;
	end = memchr(left->at, '\n', (size_t)(left->end - left->at));
	if (!end)
		end = left->end;
	*ret_line = (struct slice){ left->at, end };
	left->at = end < left->end ? end + 1 : end;
	return true;
}

/* What stands between the last `before` and the next quote. */
static bool quoted_last(const char *log, const char *before, const char *after, char *to, size_t size)
{
	struct slice found = { NULL, NULL };

	for (const char *at = strstr(log, before); at; at = strstr(at + 1, before)) {
		const char *begin = at + strlen(before), *end = strchr(begin, '\'');

		if (end && strncmp(end + 1, after, strlen(after)) == 0)
			found = (struct slice){ begin, end };
	}
	if (!found.at)
		return false;
	copy(found, to, size);
	return true;
}

static void find_names(const char *log, struct aa_log_findings *found)
{
	static const char *const program_tails[] = { ": BPF program load failed", ": failed to" };

	for (unsigned i = 0; i < sizeof(program_tails) / sizeof(program_tails[0]); i++) {
		if (quoted_last(log, "prog '", program_tails[i], found->program, sizeof(found->program)))
			break;
	}
	if (found->program[0] == '\0') /* libbpf 0.5 */
		(void)quoted_last(log, "failed to load program '", "", found->program,
				  sizeof(found->program));
	(void)quoted_last(log, "map '", ": failed to create", found->map, sizeof(found->map));
	(void)quoted_last(log, "failed to find kernel BTF type ID of '", "", found->target,
			  sizeof(found->target));
}

/* The verifier's last log, without the lines that frame it. */
static bool find_block(const char *log, struct slice *ret_block)
{
	static const char *const begins_with[] = { "-- BEGIN PROG LOAD LOG --", "-- BEGIN DUMP LOG ---" };
	static const char *const ends_with[] = { "-- END PROG LOAD LOG --", "libbpf: -- END LOG --" };
	bool found = false;

	for (unsigned i = 0; i < sizeof(begins_with) / sizeof(begins_with[0]); i++) {
		const char *end = NULL, *begin = NULL;

		for (const char *at = strstr(log, ends_with[i]); at; at = strstr(at + 1, ends_with[i]))
			end = at;
		if (!end)
			continue;
		/* A log that was too long to keep has lost its beginning. */
		for (const char *at = strstr(log, begins_with[i]); at && at < end;
		     at = strstr(at + 1, begins_with[i]))
			begin = at;
		begin = begin ? strchr(begin, '\n') : log;
		*ret_block = (struct slice){ begin && begin < end ? begin : end, end };
		found = true;
	}
	return found;
}

/*
 * "13: (73) *(u8 *)(r6 +0) = r1", "1: <invalid CO-RE relocation>"; what follows ';' is the state of
 * registers.
 */
static bool instruction_line(struct slice line, struct slice *ret_instruction)
{
	const char *at = line.at, *end;

	while (at < line.end && isdigit((unsigned char)*at))
		at++;
	if (at == line.at || line.end - at < 4 || at[0] != ':' || at[1] != ' ' ||
	    (at[2] != '(' && at[2] != '<'))
		return false;
	end = memmem(at, (size_t)(line.end - at), " ; ", 3);
	*ret_instruction = (struct slice){ line.at, end ? end : line.end };
	return true;
}

/* Lines that say how the verifier got there, and not what it found. */
static bool noise(struct slice line)
{
	static const char *const beginnings[] = {
		"processed ",
		"verification time",
		"stack depth",
		"last_idx ",
		"regs=",
		"parent ",
		"mark_precise",
		"from ",
		"frame",
		"arg#",
		"Unrecognized arg#",
		"propagating",
		"libbpf:",
		"caller",
		"callee",
		"insn_",
		"reg type unsupported",
		"max_states",
	};
	struct slice words = trimmed(line);

	if (words.at == words.end)
		return true;
	for (unsigned i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
		if (begins(words, beginnings[i]))
			return true;
	}
	/* " R0_w=inv(id=0) R1=ctx(...)": the state before 5.18; "13: R0=..." since. */
	while (words.at < words.end &&
	       (isdigit((unsigned char)*words.at) || *words.at == ':' || *words.at == ' '))
		words.at++;
	if (words.end - words.at > 2 && words.at[0] == 'R' && isdigit((unsigned char)words.at[1])) {
		while (words.at < words.end && *words.at != ' ' && *words.at != '=')
			words.at++;
		return words.at < words.end && *words.at == '=';
	}
	return false;
}

static void add_words(struct aa_log_findings *found, struct slice line)
{
	size_t used = strlen(found->words);

	if (used != 0 && used + 3 < sizeof(found->words)) {
		memcpy(found->words + used, ", ", 3);
		used += 2;
	}
	copy(line, found->words + used, sizeof(found->words) - used);
}

static void read_block(struct slice block, struct aa_log_findings *found)
{
	struct slice line, instruction, source = { NULL, NULL };

	found->block = true;
	while (next_line(&block, &line)) {
		if (instruction_line(line, &instruction)) {
			copy(instruction, found->instruction, sizeof(found->instruction));
			found->source[0] = '\0';
			if (source.at)
				copy(source, found->source, sizeof(found->source));
			found->words[0] = '\0';
		} else if (begins(line, ";")) {
			struct slice words = trimmed((struct slice){ line.at + 1, line.end });

			/* A line without a text, "; " or ";  @ file:0", keeps the one before. */
			if (words.at < words.end && *words.at != '@')
				source = words;
		} else if (!noise(line)) {
			add_words(found, line);
		}
	}
}

/* "struct task_struct.member" of "<byte_off> [26] struct task_struct.member (0:2 @ offset 8)". */
static bool copy_type(struct slice line, struct aa_log_findings *found)
{
	const char *begin = search(line, "] "), *end;

	if (!begin)
		return false;
	begin += 2;
	end = memmem(begin, (size_t)(line.end - begin), " (", 2);
	copy((struct slice){ begin, end ? end : line.end }, found->type, sizeof(found->type));
	return true;
}

/*
 * libbpf 0.8 and newer write the type into the verifier's log. Older ones say it only among debug messages,
 * which log.c keeps for this: the relocation, and behind it that instruction N was made invalid.
 */
static void find_type(const char *log, struct slice block, struct aa_log_findings *found)
{
	struct slice all = { log, log + strlen(log) }, line, relocation = { NULL, NULL };
	const char *at = search(block, "failed to resolve CO-RE relocation");
	const char *end = at ? memchr(at, '\n', (size_t)(block.end - at)) : NULL;

	if (at) {
		(void)copy_type((struct slice){ at, end ? end : block.end }, found);
		return;
	}
	if (!search(block, AA_POISON))
		return;
	while (next_line(&all, &line)) {
		const char *number = search(line, "substituting insn #");

		if (!number) {
			if (search(line, ": relo #") && search(line, "] "))
				relocation = line;
			continue;
		}
		number += strlen("substituting insn #");
		if (relocation.at && strtoul(number, NULL, 10) == strtoul(found->instruction, NULL, 10))
			(void)copy_type(relocation, found);
	}
}

void aa_log_find(const char *log, struct aa_log_findings *ret_findings)
{
	struct aa_log_findings found = { 0 };
	struct slice block;

	find_names(log, &found);
	if (find_block(log, &block)) {
		read_block(block, &found);
		find_type(log, block, &found);
	}
	*ret_findings = found;
}
