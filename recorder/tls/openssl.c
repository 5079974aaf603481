/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL's reading and writing. SSL_write(), SSL_write_ex() and the BIO that BIO_f_ssl() makes all call
 * ssl_write_internal(), which is not exported, and likewise for reading. A probe there sees all of them, and on Debian 12
 * costs an untracked process a fifth of what one on the exported functions does (3.6 against 20 us a pair): it begins with
 * a push.
 *
 * It is the function that SSL_write_ex() calls first, and that SSL_write() calls, too; how SSL_write() passes its arguments
 * says what they are: (s, buf, num, &written) up to 3.1, (s, buf, num, 0, &written) since 3.2, where the fourth is flags.
 * Seen in Debian's 1.1.1w, 3.0.22, 3.5.7 and 3.6.5 and in node 20. Nothing of that holds for LibreSSL, whose SSL_write_ex()
 * calls SSL_write(): there only the latter is probed.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "code.h"
#include "find_symbols.h"
#include "memory.h"

#define CODE_MAX 512u /* both have less than 200 bytes */

/* A look at a function for a call. */
struct look {
	uint64_t begin, end; /* of the function */
	uint64_t wanted;     /* what it should call; 0: anything */
	uint64_t target;     /* what it calls; 0: nothing was found */
	struct aa_code_argument arguments[AA_CODE_ARGUMENTS];
};

static bool look_for_call(void *context, const struct aa_code_instruction *instruction,
			  const struct aa_code_argument *arguments)
{
	struct look *look = context;
	bool leaves = instruction->target < look->begin || instruction->target >= look->end;

	if (instruction->step != AA_CODE_CALL && !(instruction->step == AA_CODE_JUMP && leaves))
		return true;
	if (instruction->target == 0)
		return true;
	if (look->wanted != 0 && instruction->target != look->wanted)
		return true;
	look->target = instruction->target;
	memcpy(look->arguments, arguments, sizeof(look->arguments));
	return false;
}

/* A symbol that is there once; its code. */
static bool find_call(const struct aa_symbols *symbols, enum aa_symbol_name name, uint64_t wanted,
		      struct look *ret_look)
{
	const struct aa_symbol *symbol = &symbols->of[name];
	struct look look = { .wanted = wanted };
	uint8_t code[CODE_MAX];
	size_t size;

	if (symbol->count != 1)
		return false;
	size = symbol->at[0].size > 0 && symbol->at[0].size < sizeof(code) ? (size_t)symbol->at[0].size
									   : sizeof(code);
	look.begin = symbol->at[0].address;
	look.end = look.begin + size;
	if (aa_elf_read_at(symbols->elf, look.begin, code, size) < 0)
		return false;
	(void)aa_code_walk(symbols->elf->machine, code, size, look.begin, look_for_call, &look);
	*ret_look = look;
	return look.target != 0;
}

/* The internal function that both call; how the plain one calls it. */
static bool find_shared(const struct aa_symbols *symbols, enum aa_symbol_name plain, enum aa_symbol_name ex,
			struct look *ret_look)
{
	struct look of_ex;
	uint64_t offset;

	if (!find_call(symbols, ex, 0, &of_ex) || !find_call(symbols, plain, of_ex.target, ret_look))
		return false;
	return aa_elf_offset(symbols->elf, ret_look->target, PF_X, &offset);
}

static bool is_zero(const struct aa_code_argument *argument)
{
	return argument->value == AA_CODE_NUMBER && argument->number == 0;
}

/* What it is, by the arguments that are passed to it; 0: something else. */
static enum aa_tls_function function_of(const struct look *look, enum aa_tls_function plain,
					enum aa_tls_function flags)
{
	const struct aa_code_argument *arguments = look->arguments;

	if (arguments[0].value != AA_CODE_UNTOUCHED || arguments[1].value != AA_CODE_UNTOUCHED)
		return 0;
	if (arguments[3].value == AA_CODE_STACK && arguments[4].value != AA_CODE_STACK)
		return plain;
	if (is_zero(&arguments[3]) && arguments[4].value == AA_CODE_STACK)
		return flags;
	return 0;
}

/* Not if that makes it dearer. */
static bool is_worth_it(const struct aa_symbols *symbols, uint64_t internal, enum aa_symbol_name exported)
{
	const struct aa_elf *elf = symbols->elf;

	return aa_code_is_cheap(elf, aa_code_entry(elf, internal)) ||
	       !aa_code_is_cheap(elf, aa_code_entry(elf, symbols->of[exported].at[0].address));
}

static bool add_internal(const struct aa_symbols *symbols, struct aa_found *found)
{
	bool has_ex2 = symbols->of[AA_SYM_SSL_WRITE_EX2].count > 0;
	enum aa_symbol_name write_ex = has_ex2 ? AA_SYM_SSL_WRITE_EX2 : AA_SYM_SSL_WRITE_EX;
	enum aa_tls_function write, read;
	struct look write_look, read_look;
	uint64_t write_offset, read_offset;

	if (!find_shared(symbols, AA_SYM_SSL_WRITE, write_ex, &write_look) ||
	    !find_shared(symbols, AA_SYM_SSL_READ, AA_SYM_SSL_READ_EX, &read_look) ||
	    write_look.target == read_look.target)
		return false;
	write = function_of(&write_look, AA_TLS_FN_SSL_WRITE_EX, AA_TLS_FN_SSL_WRITE_FLAGS);
	read = function_of(&read_look, AA_TLS_FN_SSL_READ_EX, 0);
	if (write == 0 || read == 0)
		return false;
	/* The library's version must say the same as its code. */
	if (write == AA_TLS_FN_SSL_WRITE_EX && (has_ex2 || symbols->of[AA_SYM_SSL_EVENTS].count > 0))
		return false;
	if (!is_worth_it(symbols, write_look.target, AA_SYM_SSL_WRITE) ||
	    !is_worth_it(symbols, read_look.target, AA_SYM_SSL_READ))
		return false;
	if (!aa_elf_offset(symbols->elf, aa_code_entry(symbols->elf, write_look.target), PF_X,
			   &write_offset) ||
	    !aa_elf_offset(symbols->elf, aa_code_entry(symbols->elf, read_look.target), PF_X, &read_offset))
		return false;
	return aa_found_add(found, write, write_offset, "ssl_write_internal") &&
	       aa_found_add(found, read, read_offset, "ssl_read_internal");
}

bool aa_find_openssl_data(const struct aa_symbols *symbols, struct aa_found *found)
{
	struct look look;
	bool has_ex2 = symbols->of[AA_SYM_SSL_WRITE_EX2].count > 0;
	bool is_libressl;

	if (add_internal(symbols, found))
		return true;
	aa_find_add_symbol(symbols, AA_SYM_SSL_WRITE, AA_TLS_FN_SSL_WRITE, found);
	aa_find_add_symbol(symbols, AA_SYM_SSL_READ, AA_TLS_FN_SSL_READ, found);
	is_libressl =
		symbols->of[AA_SYM_SSL_WRITE].count == 1 &&
		find_call(symbols, AA_SYM_SSL_WRITE_EX, symbols->of[AA_SYM_SSL_WRITE].at[0].address, &look);
	if (is_libressl)
		return false;
	aa_find_add_symbol(symbols, AA_SYM_SSL_READ_EX, AA_TLS_FN_SSL_READ_EX, found);
	/* 3.3 and later: SSL_write_ex() jumps to SSL_write_ex2(). */
	if (has_ex2)
		aa_find_add_symbol(symbols, AA_SYM_SSL_WRITE_EX2, AA_TLS_FN_SSL_WRITE_FLAGS, found);
	else
		aa_find_add_symbol(symbols, AA_SYM_SSL_WRITE_EX, AA_TLS_FN_SSL_WRITE_EX, found);
	return false;
}
