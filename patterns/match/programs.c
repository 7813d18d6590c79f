#include "patterns/match/programs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hashmap.h"
#include "base/swar.h"
#include "patterns/match/regex.h"
#include "patterns/match/rules.h"

/*
 * A program's name: its first 16 bytes as two words, padded with zeros. Only
 * longer names have to be compared byte by byte.
 */
struct name {
	uint64_t low, high;
	size_t len;
	const char *text;
};

struct named_program {
	struct name name;
	enum header header;
	struct program program;

	/* Most programs are of servers that a host does not have, and a filter
	 * takes 40 KiB, so it is made for the program's first line, and the
	 * list with it. */
	_Atomic bool ready;
	pthread_mutex_t lock; /* held while making it */
};

struct programs {
	struct named_program **list; /* 1 .. count */
	size_t count;
	uint32_t *slots; /* open addressing, 1 << bits; 0 = none */
	unsigned int bits;
	bool suffixes; /* there are names that begin with a slash */
	uint32_t *infixes; /* those with stars around a word */
	size_t ninfixes;
};

/* ---- names ---- */

enum { WORDS = 2 * sizeof(uint64_t) };

/* `after` bytes after the name can be read, too. */
static inline struct name
name_of(const char *text, size_t len, size_t after)
{
	static const unsigned char keep[3 * 8 + 8] = {
	    255, 255, 255, 255, 255, 255, 255, 255,
	    255, 255, 255, 255, 255, 255, 255, 255};
	const char *mask = (const char *)keep + WORDS;
	struct name name = {.len = len, .text = text};
	char copy[WORDS] = {0};
	size_t n = len < WORDS ? len : WORDS;

	if (len + after < WORDS)
		text = memcpy(copy, text, n);
	name.low = swar_load(text) & swar_load(mask - n);
	name.high =
	    swar_load(text + 8) & swar_load(n > 8 ? mask + 8 - n : mask);
	return name;
}

static inline bool
same_name(const struct name *a, const struct name *b)
{
	return a->low == b->low && a->high == b->high && a->len == b->len &&
	       (a->len <= WORDS || memcmp(a->text, b->text, a->len) == 0);
}

/* The last part of the name, from its slash on; NULL: it has no slash. */
static inline const char *
last_part(const struct name *name)
{
	return name->len > 0 ? memrchr(name->text, '/', name->len) : NULL;
}

/* Unseeded: strangers may choose the name that is looked up, but only the names
 * of rules are in the table. */
static inline uint64_t
hash_of(const struct name *name, enum header header)
{
	uint64_t low =
	    (name->low ^ (uint64_t)header << 57) * UINT64_C(0x9e3779b97f4a7c15);
	uint64_t high =
	    (name->high ^ (uint64_t)name->len << 56) * UINT64_C(0xc2b2ae3d27d4eb4f);

	return ((low >> 29) ^ high) * UINT64_C(0x9e3779b97f4a7c15);
}

/* ---- the table ---- */

/* The slot of a name, or the free slot where it belongs. */
static inline uint32_t *
slot_of(const struct programs *programs, const struct name *name,
	enum header header)
{
	size_t mask = ((size_t)1 << programs->bits) - 1;
	size_t i = hash_of(name, header) >> (64 - programs->bits);
	const struct named_program *named;
	uint32_t *slot;

	for (;; i = (i + 1) & mask) {
		slot = &programs->slots[i];
		if (*slot == 0)
			return slot;
		named = programs->list[*slot];
		if (same_name(&named->name, name) && named->header == header)
			return slot;
	}
}

struct programs *
programs_new(size_t max)
{
	struct programs *programs = alloc_zero(1, sizeof(*programs));

	for (programs->bits = 6; (size_t)1 << programs->bits < 4 * max;)
		programs->bits++;
	programs->slots =
	    alloc_zero((size_t)1 << programs->bits, sizeof(*programs->slots));
	programs->list = alloc_zero(max + 1, sizeof(*programs->list));
	return programs;
}

static void
named_free(struct named_program *named)
{
	if (named->program.filter != NULL)
		prefilter_free(named->program.filter);
	free(named->program.filter);
	free(named->program.list);
	free(named->program.added);
	pthread_mutex_destroy(&named->lock);
	free(named);
}

void
programs_free(struct programs **programsp)
{
	struct programs *programs = *programsp;
	size_t i;

	*programsp = NULL;
	if (programs == NULL)
		return;
	for (i = 1; i <= programs->count; i++)
		named_free(programs->list[i]);
	free(programs->list);
	free(programs->infixes);
	free(programs->slots);
	free(programs);
}

/* The newest name is one with stars. */
static void
note_infix(struct programs *programs)
{
	programs->infixes =
	    alloc_resize(programs->infixes, programs->ninfixes + 1,
			 sizeof(*programs->infixes));
	programs->infixes[programs->ninfixes++] = (uint32_t)programs->count;
}

static struct program *
make_program(struct programs *programs, const char *text, enum header header)
{
	struct name name = name_of(text, strlen(text), 0);
	uint32_t *slot = slot_of(programs, &name, header);
	struct named_program *named;

	if (*slot == 0) {
		named = alloc_zero(1, sizeof(*named));
		named->name = name;
		named->header = header;
		pthread_mutex_init(&named->lock, NULL);
		programs->list[++programs->count] = named;
		*slot = (uint32_t)programs->count;
		programs->suffixes = programs->suffixes || *text == '/';
		if (strchr(text, '*') != NULL)
			note_infix(programs);
	}
	return &programs->list[*slot]->program;
}

void
programs_add(struct programs *programs, const char *name, struct regex *expr)
{
	enum header header = regex_rule(expr)->header;
	struct program *program = make_program(programs, name, header);

	/* A rule may name a program twice. */
	if (program->nadded > 0 && program->added[program->nadded - 1] == expr)
		return;
	program->added = alloc_resize(program->added, program->nadded + 1,
				      sizeof(*program->added));
	program->added[program->nadded++] = expr;
}

/* ---- lists and filters ---- */

struct known_text {
	struct hashmap_key key; /* borrows the rule's */
	bool of_text, of_line;	/* what an expression like this was tried on */
};

/*
 * An expression that is the same as one before it has no say: on each line that
 * it matches or gives up on, the first has done so, and none after that is
 * tried. Which rule they are of, and what each means in it, does not matter.
 */
static bool
is_new(struct hashmap *known, const struct regex *expr)
{
	const struct rule *rule = regex_rule(expr);
	const char *text = rule->expressions[regex_role(expr)];
	struct known_text *same =
	    hashmap_put(known, &(struct hashmap_key){text, strlen(text)});
	bool *tried = rule->whole_line ? &same->of_line : &same->of_text;
	bool is_new = !*tried;

	*tried = true;
	return is_new;
}

static void
add_candidate(struct program *program, struct regex *expr)
{
	const struct rule *rule = regex_rule(expr);
	struct candidate *next = &program->list[program->count++];
	struct regex_prefixes prefixes;

	/* The filter sees the text, not the whole line. */
	regex_prefixes(&prefixes, rule->whole_line
				      ? NULL
				      : rule->expressions[regex_role(expr)]);
	next->expression = expr;
	next->prefixes = prefilter_add(program->filter, &prefixes);
}

static void
make_list(struct program *program)
{
	struct hashmap *known =
	    hashmap_new(sizeof(struct known_text), HASHMAP_KEY_OUTSIDE);

	program->filter = alloc_zero(1, sizeof(*program->filter));
	program->list = alloc_zero(program->nadded, sizeof(*program->list));
	for (size_t i = 0; i < program->nadded; i++)
		if (is_new(known, program->added[i]))
			add_candidate(program, program->added[i]);
	hashmap_free(&known);
}

/* Run by the first thread that gets here; the others wait for it. */
static void
make_ready(struct named_program *named)
{
	pthread_mutex_lock(&named->lock);
	if (named->program.filter == NULL)
		make_list(&named->program);
	atomic_store_explicit(&named->ready, true, memory_order_release);
	pthread_mutex_unlock(&named->lock);
}

/* ---- finding ---- */

/* The bytes of the line after the program's name; 0: the name is a constant,
 * not part of the line. */
static inline size_t
bytes_after(const struct logline *line)
{
	uintptr_t at = (uintptr_t)line->program - (uintptr_t)line->line;

	return at < line->line_len ? line->line_len - at - line->program_len
				   : 0;
}

/* The name with stars that this one fits; 0: it fits no such name. */
static uint32_t
find_infix(const struct programs *programs, const struct logline *line)
{
	const struct named_program *named;

	for (size_t i = 0; i < programs->ninfixes; i++) {
		named = programs->list[programs->infixes[i]];
		if (named->header == line->header &&
		    named->name.text[0] == line->program[0] &&
		    rule_fits_infix(named->name.text, line->program,
				    line->program_len))
			return programs->infixes[i];
	}
	return 0;
}

const struct program *
programs_find(const struct programs *programs, const struct logline *line)
{
	const char *program = line->program, *part;
	size_t len = line->program_len, after = bytes_after(line);
	struct name name = name_of(program, len, after);
	uint32_t slot = *slot_of(programs, &name, line->header);
	struct named_program *named;

	if (slot == 0 && programs->suffixes &&
	    (part = last_part(&name)) != NULL) {
		name = name_of(part, (size_t)(program + len - part), after);
		slot = *slot_of(programs, &name, line->header);
		if (slot == 0)
			slot = find_infix(programs, line);
	}
	if (slot == 0)
		return NULL;
	named = programs->list[slot];
	if (!atomic_load_explicit(&named->ready, memory_order_acquire))
		make_ready(named);
	return &named->program;
}
