#include "base/suggest.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum {
	WORD_MAX = 64,
	BEGINNING_MIN = 3, /* letters; too many words begin with fewer */
};

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/*
 * The number of steps from a to b (optimal string alignment): a step adds,
 * drops or changes a letter, or swaps two neighbours. Case does not matter.
 * Three rows of the usual matrix are enough.
 */
static size_t
distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *older = rows[0], *old = rows[1], *now = rows[2], *spare;

	for (size_t j = 0; j <= blen; j++)
		old[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		now[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			size_t change = lower(a[i - 1]) != lower(b[j - 1]);

			now[j] = least(old[j - 1] + change,
				       least(old[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 &&
			    lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				now[j] = least(now[j], older[j - 2] + 1);
		}
		spare = older;
		older = old;
		old = now;
		now = spare;
	}
	return old[blen];
}

static const char *
similar(const char *word, const char *const *words)
{
	size_t len = strlen(word), best = (len + 3) / 4 + 1, steps;
	const char *nearest = NULL;

	if (len == 0 || len > WORD_MAX)
		return NULL;
	for (; *words != NULL; words++) {
		if (strlen(*words) > WORD_MAX)
			continue;
		steps = distance(word, len, *words, strlen(*words));
		/* A word that would be replaced entirely is not similar. */
		if (steps < best && steps < strlen(*words)) {
			best = steps;
			nearest = *words;
		}
	}
	return nearest;
}

static const char *
completion(const char *word, const char *const *words)
{
	size_t len = strlen(word);
	const char *shortest = NULL;

	if (len < BEGINNING_MIN)
		return NULL;
	for (; *words != NULL; words++)
		if (strncasecmp(*words, word, len) == 0 &&
		    (shortest == NULL || strlen(*words) < strlen(shortest)))
			shortest = *words;
	return shortest;
}

const char *
suggest(const char *word, const char *const *words)
{
	const char *near = similar(word, words);

	return near != NULL ? near : completion(word, words);
}
