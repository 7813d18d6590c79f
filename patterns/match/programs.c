#include "patterns/match/programs.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "patterns/line/swar.h"
#include "patterns/match/regex.h"

/*
 * A name in two words, as it is asked for of every line; zeros behind it. Only
 * what is longer than them has to be compared byte by byte.
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
};

struct programs {
	struct named_program **list; /* 1 .. count */
	size_t count;
	uint32_t *slots; /* open addressing, 1 << bits; 0 = none */
	unsigned int bits;
	bool parts; /* there are names that begin with a slash */
};

/* ---- names ---- */

enum { WORDS = 2 * sizeof(uint64_t) };

/* after: so many bytes may be read behind the name. */
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

/* Where its last part begins, with the slash before it; NULL: there is none. */
static inline const char *
last_part(const struct name *name)
{
	return name->len > 0 ? memrchr(name->text, '/', name->len) : NULL;
}

/* Strangers may choose names, but only those of the rules are in the table, so
 * this need not resist anybody. */
static inline uint64_t
hash_of(const struct name *name, enum header header)
{
	uint64_t low =
	    (name->low ^ (uint64_t)header << 57) * UINT64_C(0x9e3779b97f4a7c15);
	uint64_t high =
	    (name->high ^ name->len << 56) * UINT64_C(0xc2b2ae3d27d4eb4f);

	return ((low >> 29) ^ high) * UINT64_C(0x9e3779b97f4a7c15);
}

/* ---- the table ---- */

/* The slot of a name, or the free one where it would stand. */
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

void
programs_free(struct programs **programsp)
{
	struct programs *programs = *programsp;
	size_t i;

	*programsp = NULL;
	if (programs == NULL)
		return;
	for (i = 1; i <= programs->count; i++) {
		prefilter_free(&programs->list[i]->program.filter);
		free(programs->list[i]->program.list);
		free(programs->list[i]);
	}
	free(programs->list);
	free(programs->slots);
	free(programs);
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
		programs->list[++programs->count] = named;
		*slot = (uint32_t)programs->count;
		programs->parts = programs->parts || *text == '/';
	}
	return &programs->list[*slot]->program;
}

void
programs_add(struct programs *programs, const char *name,
	     struct regex *expr, const struct regex_prefixes *openings)
{
	enum header header = regex_rule(expr)->header;
	struct program *program = make_program(programs, name, header);
	struct candidate *next;

	/* A program named twice in one rule: once is enough. */
	if (program->count > 0 &&
	    program->list[program->count - 1].expression == expr)
		return;
	program->list = alloc_resize(program->list, program->count + 1,
				     sizeof(*program->list));
	next = &program->list[program->count++];
	next->expression = expr;
	next->openings = prefilter_add(&program->filter, openings);
}

/* The bytes of the line behind its program; 0: its name is not of the line. */
static inline size_t
bytes_after(const struct logline *line)
{
	uintptr_t at = (uintptr_t)line->program - (uintptr_t)line->line;

	return at < line->line_len ? line->line_len - at - line->program_len
				   : 0;
}

const struct program *
programs_find(const struct programs *programs, const struct logline *line)
{
	const char *program = line->program, *part;
	size_t len = line->program_len, after = bytes_after(line);
	struct name name = name_of(program, len, after);
	uint32_t slot = *slot_of(programs, &name, line->header);

	if (slot == 0 && programs->parts && (part = last_part(&name)) != NULL) {
		name = name_of(part, (size_t)(program + len - part), after);
		slot = *slot_of(programs, &name, line->header);
	}
	return slot != 0 ? &programs->list[slot]->program : NULL;
}
