/* SPDX-License-Identifier: Apache-2.0 */
/* Many words at once: a trie, and for each state where to go on when the next byte does not fit. */
#include "automaton.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_STATES 32768u

static uint8_t folded(uint8_t byte, bool fold)
{
	return fold && byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

/* Classes of bytes, and how many states there can be at most. */
static size_t classify(struct aa_automaton *automaton, aa_pattern_fn *pattern, const void *context,
		       size_t count, bool fold)
{
	size_t states = 1;

	automaton->classes = 1;
	for (size_t i = 0; i < count; i++) {
		for (const char *at = pattern(context, i); *at; at++, states++) {
			uint8_t byte = folded((uint8_t)*at, fold);

			if (!automaton->class_of[byte])
				automaton->class_of[byte] = (uint8_t)automaton->classes++;
		}
	}
	for (unsigned byte = 'A'; fold && byte <= 'Z'; byte++)
		automaton->class_of[byte] = automaton->class_of[folded((uint8_t)byte, true)];
	return states;
}

static uint16_t *cell(const struct aa_automaton *automaton, unsigned state, unsigned class)
{
	return &automaton->next[state * automaton->classes + class];
}

static void insert(struct aa_automaton *automaton, const char *pattern, size_t number)
{
	unsigned state = 0;

	for (; *pattern; pattern++) {
		uint16_t *next = cell(automaton, state, automaton->class_of[(uint8_t)*pattern]);

		if (!*next)
			*next = (uint16_t)automaton->states++;
		automaton->depth[*next] = (uint8_t)(automaton->depth[state] + 1);
		state = *next;
	}
	if (!automaton->hit[state])
		automaton->hit[state] = (uint16_t)(number + 1);
}

/*
 * In the order of depth: a byte that does not fit goes where it goes from the longest suffix that is a state, too. queue:
 * one entry a state.
 */
static void complete(struct aa_automaton *automaton, uint16_t *queue)
{
	uint16_t *fail = automaton->fail;
	size_t first = 0, end = 0;

	for (unsigned class = 0; class < automaton->classes; class ++)
		if (*cell(automaton, 0, class))
			queue[end++] = *cell(automaton, 0, class);
	for (; first < end; first++) {
		unsigned state = queue[first];

		automaton->also[state] =
			automaton->hit[fail[state]] ? fail[state] : automaton->also[fail[state]];
		for (unsigned class = 0; class < automaton->classes; class ++) {
			uint16_t *next = cell(automaton, state, class);
			uint16_t other = *cell(automaton, fail[state], class);

			if (*next) {
				fail[*next] = other;
				queue[end++] = *next;
			} else {
				*next = other;
			}
		}
	}
}

int aa_automaton_build(struct aa_automaton *automaton, aa_pattern_fn *pattern, const void *context,
		       size_t count, bool fold)
{
	size_t states;
	uint16_t *queue;

	memset(automaton, 0, sizeof(*automaton));
	states = classify(automaton, pattern, context, count, fold);
	if (states > MAX_STATES)
		return -E2BIG;
	automaton->next = calloc(states * automaton->classes, sizeof(uint16_t));
	automaton->hit = calloc(states, sizeof(uint16_t));
	automaton->also = calloc(states, sizeof(uint16_t));
	automaton->fail = calloc(states, sizeof(uint16_t));
	automaton->depth = calloc(states, 1);
	queue = calloc(states, sizeof(uint16_t));
	if (!automaton->next || !automaton->hit || !automaton->also || !automaton->fail ||
	    !automaton->depth || !queue) {
		free(queue);
		return -ENOMEM;
	}
	automaton->states = 1;
	for (size_t i = 0; i < count; i++)
		insert(automaton, pattern(context, i), i);
	complete(automaton, queue);
	free(queue);
	return 0;
}

void aa_automaton_release(struct aa_automaton *automaton)
{
	free(automaton->next);
	free(automaton->hit);
	free(automaton->also);
	free(automaton->fail);
	free(automaton->depth);
}
