/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stripped BoringSSL (Bun's single-file programs). Patterns of bytes rot with each compiler; what stays is that every
 * OPENSSL_PUT_ERROR() passes the library's number, a reason that never changes its number, the name of the source file and
 * a line:
 *     ERR_put_error(ERR_LIB_SSL, 0, reason, ".../ssl/ssl_lib.cc", line)        since 2024 without the 0
 * The functions of that file that fail for certain reasons are told by them:
 *     SSL_write	66 (used with QUIC), 226 (uninitialized), 215 (handshake failure), 111 (bad length: only there)
 *     SSL_read		66 only, at most 60 lines before SSL_write's. SSL_peek() is inlined in it, so both fail at the same
 *			line; the one that takes the bytes away writes to the object that it reads from.
 *     SSL_do_handshake	134 (neither connecting nor accepting); SSL_write calls it
 *     SSL_new		185 (no SSL_CTX)
 *     SSL_set_tlsext_host_name	213 (name of a wrong length), and in older ones 65 (no memory)
 * Each has to be the only one, to begin as functions do, and to be called from somewhere. Checked against Bun 1.0.36,
 * 1.1.45, 1.2.23, 1.3.5, 1.4.4 and 1.4.5, and against Claude Code 2.1.197 and 2.1.329 and opencode 1.18.34. Since Bun 1.4,
 * programs are optimised as a whole, and functions that seldom run lie apart, 66 MiB behind the others.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "code.h"
#include "find_private.h"
#include "memory.h"
#include "xref.h"

#define FUNCTION_MAX   8192u
#define FUNCTIONS_MAX  128
#define ERRORS_MAX     16
#define CALLS_MAX      64
#define READ_LINES_MAX 60
#define ERR_LIB_SSL    16

enum reason {
	REASON_NO_MEMORY = 65,
	REASON_NOT_WITH_QUIC = 66, /* ERR_R_SHOULD_NOT_HAVE_BEEN_CALLED */
	REASON_BAD_LENGTH = 111,
	REASON_NO_TYPE = 134,
	REASON_NO_CONTEXT = 185,
	REASON_BAD_NAME = 213,
	REASON_HANDSHAKE = 215,
	REASON_UNINITIALIZED = 226,
};

struct function {
	uint64_t begin;
	struct {
		uint64_t reason;
		uint64_t line;
	} errors[ERRORS_MAX];
	unsigned error_count;
	uint64_t calls[CALLS_MAX];
	unsigned call_count;
	bool writes_object;
};

struct functions {
	struct function of[FUNCTIONS_MAX];
	unsigned count;
};

/* Code around the errors of one source file: close together, or all over the text (Bun 1.4). */
struct region {
	const struct aa_code_text *text;
	uint64_t file_name;
	struct aa_xref_targets targets;
};

/* A function while it is decoded. */
struct decoding {
	const struct region *region;
	struct function *function;
	bool has_left; /* the last instruction does not go on to the next one */
};

static void take_error(struct decoding *decoding, const struct aa_code_argument *arguments)
{
	struct function *function = decoding->function;
	unsigned reason = 0, line = 0;

	for (unsigned i = 2; i <= 3; i++) /* without, and with the 0 */
		if (arguments[i].value == AA_CODE_NUMBER &&
		    arguments[i].number == decoding->region->file_name) {
			reason = i - 1;
			line = i + 1;
		}
	if (line == 0 || arguments[0].value != AA_CODE_NUMBER || arguments[0].number != ERR_LIB_SSL ||
	    arguments[reason].value != AA_CODE_NUMBER || arguments[line].value != AA_CODE_NUMBER ||
	    function->error_count == ERRORS_MAX)
		return;
	function->errors[function->error_count].reason = arguments[reason].number;
	function->errors[function->error_count].line = arguments[line].number;
	function->error_count++;
}

/* Whether another function begins there, if control does not come from above. */
static bool is_next(const struct region *region, uint64_t address)
{
	return address % region->targets.step == 0 &&
	       (aa_xref_is_prologue(region->text, address) || aa_xref_is_called(&region->targets, address) ||
		aa_xref_is_jumped(&region->targets, address));
}

static bool take_instruction(void *context, const struct aa_code_instruction *instruction,
			     const struct aa_code_argument *arguments)
{
	struct decoding *decoding = context;
	struct function *function = decoding->function;

	if (decoding->has_left && is_next(decoding->region, instruction->address))
		return false;
	switch (instruction->step) {
	case AA_CODE_CALL:
	case AA_CODE_JUMP:
		take_error(decoding, arguments);
		if (instruction->target != 0 && function->call_count < CALLS_MAX)
			function->calls[function->call_count++] = instruction->target;
		decoding->has_left = true; /* calls, too: abort() does not return */
		break;
	case AA_CODE_RETURN:
		decoding->has_left = true;
		break;
	case AA_CODE_BRANCH:
		decoding->has_left = false;
		break;
	case AA_CODE_PLAIN: /* padding leaves it as it is */
		if (!instruction->is_padding)
			decoding->has_left = false;
		function->writes_object = function->writes_object || instruction->writes_object;
		break;
	}
	return true;
}

/* Decodes the function that begins there; returns where it ends. */
static uint64_t decode(const struct region *region, uint64_t begin, struct function *ret_function)
{
	const struct aa_code_text *text = region->text;
	struct decoding decoding = { .region = region, .function = ret_function };
	uint64_t at = begin - text->address;
	uint64_t left = text->size - at;
	int64_t size;

	*ret_function = (struct function){ .begin = begin };
	size = aa_code_walk(text->machine, text->bytes + at,
			    left < FUNCTION_MAX ? (size_t)left : FUNCTION_MAX, begin, take_instruction,
			    &decoding);
	return size < 0 ? begin : begin + (uint64_t)size;
}

/*
 * Whether a function begins there. What is called, does; what is only jumped to can be the head of a loop, or the end
 * that several errors of a function share, and those are aligned and have padding before them, too.
 */
static bool is_begin(const struct region *region, uint64_t address)
{
	bool is_prologue = aa_xref_is_prologue(region->text, address);
	bool is_behind_end = aa_xref_is_behind_end(region->text, address);

	if (aa_xref_is_called(&region->targets, address))
		return is_prologue || is_behind_end;
	return aa_xref_is_jumped(&region->targets, address) && is_prologue && is_behind_end;
}

/* The function around a site: the nearest beginning before it from which decoding gets that far. */
static bool find_around(const struct region *region, uint64_t site, struct function *ret_function)
{
	unsigned step = region->targets.step;
	uint64_t begin = site / step * step;

	for (uint64_t back = 0; back < FUNCTION_MAX && begin - region->targets.begin >= back; back += step)
		if (is_begin(region, begin - back))
			return decode(region, begin - back, ret_function) > site;
	return false;
}

static void collect_around(const struct region *region, const uint64_t *sites, unsigned count,
			   struct functions *functions)
{
	for (unsigned i = 0; i < count && functions->count < FUNCTIONS_MAX; i++) {
		struct function *function = &functions->of[functions->count];

		if (sites[i] < region->targets.begin || !find_around(region, sites[i], function))
			continue;
		if (functions->count == 0 || functions->of[functions->count - 1].begin != function->begin)
			functions->count++;
	}
}

static int collect(const struct aa_code_text *text, uint64_t file_name, struct functions *functions)
{
	uint64_t sites[AA_XREF_SITES];
	unsigned count = aa_xref_loads(text, file_name, sites);
	struct region region = { .text = text, .file_name = file_name };
	int r;

	if (count == 0)
		return 0;
	r = aa_xref_targets(text, sites, count, FUNCTION_MAX, &region.targets);
	if (r == 0)
		collect_around(&region, sites, count, functions);
	aa_xref_targets_free(&region.targets);
	return r;
}

static bool fails_with(const struct function *function, uint64_t reason)
{
	for (unsigned i = 0; i < function->error_count; i++)
		if (function->errors[i].reason == reason)
			return true;
	return false;
}

static uint64_t line_of(const struct function *function, uint64_t reason)
{
	for (unsigned i = 0; i < function->error_count; i++)
		if (function->errors[i].reason == reason)
			return function->errors[i].line;
	return 0;
}

static bool calls(const struct function *function, const struct function *other)
{
	for (unsigned i = 0; i < function->call_count; i++)
		if (function->calls[i] == other->begin)
			return true;
	return false;
}

/* Whether a function is the one; write: SSL_write, once it is known. */
typedef bool is_one_fn(const struct function *function, const struct function *write);

static bool is_write(const struct function *function, const struct function *write)
{
	(void)write;
	return fails_with(function, REASON_NOT_WITH_QUIC) && fails_with(function, REASON_BAD_LENGTH) &&
	       fails_with(function, REASON_HANDSHAKE) && fails_with(function, REASON_UNINITIALIZED);
}

static bool is_read(const struct function *function, const struct function *write)
{
	uint64_t line = line_of(function, REASON_NOT_WITH_QUIC);
	uint64_t write_line = line_of(write, REASON_NOT_WITH_QUIC);

	for (unsigned i = 0; i < function->error_count; i++)
		if (function->errors[i].reason != REASON_NOT_WITH_QUIC)
			return false;
	return function->error_count > 0 && function->writes_object && line < write_line &&
	       write_line - line <= READ_LINES_MAX;
}

static bool is_handshake(const struct function *function, const struct function *write)
{
	return fails_with(function, REASON_NO_TYPE) && calls(write, function);
}

static bool is_new(const struct function *function, const struct function *write)
{
	(void)write;
	return fails_with(function, REASON_NO_CONTEXT);
}

static bool is_set_host(const struct function *function, const struct function *write)
{
	(void)write;
	return fails_with(function, REASON_BAD_NAME) &&
	       function->error_count == 1u + fails_with(function, REASON_NO_MEMORY);
}

/*
 * In this order: the others need the first. Without one that is required there are no points: half of a conversation
 * would be stored as if it were all of it.
 */
static const struct {
	const char *name;
	is_one_fn *is_one;
	enum aa_tls_function function;
	bool is_required;
} targets[] = {
	{ "SSL_write", is_write, AA_TLS_FN_SSL_WRITE, true },
	{ "SSL_read", is_read, AA_TLS_FN_SSL_READ, true },
	{ "SSL_do_handshake", is_handshake, AA_TLS_FN_SSL_HANDSHAKE, false },
	{ "SSL_new", is_new, AA_TLS_FN_SSL_NEW, false },
	{ "SSL_set_tlsext_host_name", is_set_host, AA_TLS_FN_SSL_SET_HOST, false },
};

/* The only function of that kind, or NULL. */
static const struct function *find_one(const struct functions *functions, is_one_fn *is_one,
				       const struct function *write)
{
	const struct function *one = NULL;

	for (unsigned i = 0; i < functions->count; i++) {
		if (!is_one(&functions->of[i], write))
			continue;
		if (one)
			return NULL;
		one = &functions->of[i];
	}
	return one;
}

static void choose(const struct aa_elf *elf, const struct functions *functions, struct aa_found *found)
{
	const struct function *write = NULL;

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		const struct function *one = find_one(functions, targets[i].is_one, write);
		uint64_t offset;

		if (one && aa_elf_offset(elf, aa_code_entry(elf, one->begin), PF_X, &offset)) {
			(void)aa_found_add(found, targets[i].function, offset, targets[i].name);
			write = write ? write : one;
		} else {
			aa_found_because(found, "stripped BoringSSL: no certain %s", targets[i].name);
		}
		if (targets[i].is_required && found->point_count <= i) {
			found->point_count = 0;
			found->hooks[0] = '\0';
			return;
		}
	}
	found->how = "xref";
}

static const struct aa_elf_segment *code_of(const struct aa_elf *elf)
{
	const struct aa_elf_segment *largest = NULL;

	for (unsigned i = 0; i < elf->segment_count; i++)
		if ((elf->segments[i].flags & PF_X) != 0 &&
		    (!largest || elf->segments[i].size > largest->size))
			largest = &elf->segments[i];
	return largest;
}

int aa_find_boringssl(const struct aa_elf *elf, uint64_t file_name, struct aa_found *found)
{
	const struct aa_elf_segment *segment = code_of(elf);
	aa_cleanup_free uint8_t *bytes = NULL;
	struct aa_code_text text;
	struct functions *functions;
	int r;

	if (!segment) {
		aa_found_because(found, "stripped BoringSSL, and no code beside it");
		return 0;
	}
	r = aa_elf_load(elf, segment->offset, segment->size, &bytes);
	if (r == -EINVAL) {
		aa_found_because(found, "stripped BoringSSL in more code than is searched");
		return 0;
	}
	if (r < 0)
		return r;
	text = (struct aa_code_text){
		.bytes = bytes,
		.size = segment->size,
		.address = segment->address,
		.machine = elf->machine,
	};
	functions = calloc(1, sizeof(*functions));
	r = functions ? collect(&text, file_name, functions) : -ENOMEM;
	if (r == 0)
		choose(elf, functions, found);
	free(functions);
	return r;
}
