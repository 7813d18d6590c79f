#include "patterns/match/skim.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/linebuf.h"
#include "base/sixteen.h"
#include "patterns/match/programs.h"

/* Programs, many more than a host runs, for few shall be in the same place. */
enum { PLACES_LOG2 = 10 };

/* The ends of the lines in a step are found together, in bytes, and at least
 * ENDS_MIN of them before the lines are looked at. */
enum { STEP = 64, ENDS_MIN = 128, ENDS_MAX = ENDS_MIN + STEP };

struct known_program {
	struct tagname name;
	const struct program *rules; /* NULL: it has none */
};

struct skim {
	struct linestart *start;
	const char *line, *end; /* the next line; where the block ends */
	const char *ends[ENDS_MAX];
	size_t nends, next; /* next: that of the line */
	struct skimmed list[ENDS_MAX];
	size_t count, given;			      /* of the list */
	struct known_program known[1 << PLACES_LOG2]; /* by their hash */
};

struct skim *
skim_new(struct linestart *start)
{
	struct skim *skim = alloc_zero(1, sizeof(*skim));

	skim->start = start;
	return skim;
}

void
skim_free(struct skim **skim)
{
	free(*skim);
	*skim = NULL;
}

/* ---- programs ---- */

/* Where a program is, if it is remembered. Two of them in the same place cost
 * time, and no more. */
static inline size_t
place_of(const struct tagname *name)
{
	uint64_t hash = name->low ^ name->high * 31;

	return hash * UINT64_C(0x9e3779b97f4a7c15) >> (64 - PLACES_LOG2);
}

/* Of a program without rules no line is looked at again, so none may have
 * another line in it. */
void
skim_learn(struct skim *skim, const struct logline *l,
	   const struct program *rules)
{
	char copy[sizeof(sixteen)] = {0};
	struct tagname name;

	if (l->header != HEADER_SYSLOG || l->program_len > PEEK_NAME_MAX ||
	    (rules == NULL &&
	     logline_tag_may_reread(l->program, l->program_len)))
		return;
	memcpy(copy, l->program, l->program_len);
	name = peek_name(copy, l->program_len);
	skim->known[place_of(&name)] = (struct known_program){name, rules};
}

/* ---- lines ---- */

/* Finds the ends of the next lines, at least one. */
static void
find_ends(struct skim *skim)
{
	const char *p = skim->line, **out = skim->ends;
	const char **full = out + ENDS_MIN;
	uint64_t found;

	for (; out < full && skim->end - p >= STEP; p += STEP) {
		found = sixteen_find(p, '\n');
		/* One end or none is usual, and which of both is no branch. */
		*out = p + __builtin_ctzll(found | UINT64_C(1) << 63);
		out += found != 0;
		while ((found &= found - 1) != 0)
			*out++ = p + __builtin_ctzll(found);
	}
	for (; out < full && p < skim->end; p++)
		if (*p == '\n')
			*out++ = p;
	skim->nends = (size_t)(out - skim->ends);
	skim->next = 0;
}

void
skim_begin(struct skim *skim, const char *lines, size_t len)
{
	skim->line = lines;
	skim->end = lines + len;
	skim->nends = skim->next = 0;
	skim->count = skim->given = 0;
}

/* ---- what they are ---- */

/*
 * Whether a line is of a program that is remembered, and begins as the one
 * before it. If not, it may change how the lines after it have to begin.
 */
static inline bool
begins_alike(const struct linestart *start, const char *line, size_t len)
{
	return len >= start->len + PEEK_MAX && len <= LINEBUF_LINE_MAX &&
	       line[len - 1] != '\r' && peek_starts_alike(start, line, len);
}

/* Reads the tags of lines until one begins in another way than that before it.
 * Leaves out those of programs without rules. */
static void
read_tags(struct skim *skim)
{
	const struct linestart start = *skim->start;
	struct skimmed *out = skim->list;
	const struct known_program *known;
	const char *line = skim->line;
	size_t i, nends = skim->nends, len;
	struct tagname name;
	bool is_known;

	for (i = skim->next; i < nends; i++) {
		len = (size_t)(skim->ends[i] - line);
		if (!begins_alike(&start, line, len))
			break;
		is_known = peek_tag(line + start.len, &out->peek, &name);
		known = &skim->known[place_of(&name)];
		is_known &= peek_same_name(&known->name, &name);
		out->line = line;
		out->len = len;
		out->rules = is_known ? known->rules : NULL;
		out += !is_known | (known->rules != NULL);
		line += len + 1;
	}
	skim->next = i;
	skim->line = line;
	skim->count = (size_t)(out - skim->list);
}

static inline bool
has_percent(const char *prefix)
{
	sixteen first = sixteen_load(prefix);
	sixteen last =
	    sixteen_load(prefix + REGEX_PREFIX_LEN - sizeof(sixteen));

	return sixteen_bits((sixteen)((first == '%') | (last == '%'))) != 0;
}

/*
 * The prefixes of rules are compared with what follows the tag as it is. If it
 * is short, a blank at its end counts, which the text does not have; and if an
 * address so far in front has a zone, a rule may match it without that. Nothing
 * is known of such lines.
 */
static bool
may_match(const struct skim *skim, struct skimmed *s)
{
	const char *text = s->line + skim->start->len + s->peek.len;
	size_t len = (size_t)(s->line + s->len - text);

	if (s->rules == NULL)
		return true;
	if (len <= REGEX_PREFIX_LEN || !logline_is_plain(text, len)) {
		s->rules = NULL;
		return true;
	}
	s->candidates = prefilter_long_bits(s->rules->filter, text);
	if (s->candidates != 0)
		return true;
	s->rules = NULL;
	return has_percent(text);
}

/* Leaves out those that begin as no login does. */
static void
compare_prefixes(struct skim *skim)
{
	size_t left = 0;

	for (size_t i = 0; i < skim->count; i++)
		if (may_match(skim, &skim->list[i])) {
			if (left < i)
				skim->list[left] = skim->list[i];
			left++;
		}
	skim->count = left;
}

/* Takes the next line, of which nothing is known. False: it is too long. */
static bool
take_line(struct skim *skim)
{
	const char *line = skim->line, *end = skim->ends[skim->next++];
	struct skimmed *out = &skim->list[skim->count];

	skim->line = end + 1;
	out->rules = NULL;
	if (!linebuf_trim(line, end, &out->line, &out->len))
		return false;
	skim->count++;
	return true;
}

/* Returns how many lines were read. */
static uint64_t
look_at_lines(struct skim *skim)
{
	size_t before;
	uint64_t read;

	if (skim->next == skim->nends)
		find_ends(skim);
	before = skim->next;
	read_tags(skim);
	read = skim->next - before;
	compare_prefixes(skim);
	if (skim->next < skim->nends && take_line(skim))
		read++;
	return read;
}

const struct skimmed *
skim_next(struct skim *skim, uint64_t *read)
{
	while (skim->given == skim->count) {
		if (skim->line == skim->end)
			return NULL;
		skim->given = 0;
		*read += look_at_lines(skim);
	}
	return &skim->list[skim->given++];
}
