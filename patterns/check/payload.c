#include "patterns/check/payload.h"

#include "base/alloc.h"
#include "patterns/check/injection_points.h"

/* Spellings of 6.6.6.6 that must not be taken for that address. */
static const char *const lookalikes[] = {
    "\xef\xbc\x96.\xef\xbc\x96.\xef\xbc\x96.\xef\xbc\x96",
    "\xd9\xa6.\xd9\xa6.\xd9\xa6.\xd9\xa6",
    "6\xe3\x80\x82"
    "6.6.6",
    "006.006.006.006",
    "0x06060606",
    "6.394758",
    "101058054",
    "6.6.6.6/0",
    "6.6.6.6%eth0",
    "6.6.6.6\xc2\xad",
    "\xc2\xa0"
    "6.6.6.6",
    "6.6.6.6.",
    "6.6.6.6.6",
    "0:0:0:0:0:ffff:6.6.6.6",
    "::6.6.6.6",
    "\xe2\x80\xae"
    "6.6.6.6"};
static const char delimiters[] = "\"'`<>[](){},=;:|/\\ \t#%&*+-@.?!$^~_";
static const char *const controls[] = {
    "\n",      "\r",	   "\r\n",	   "\t",   "\v",      "\f",   "\b",
    "\x1b[2K", "\x1b",	   "\x7f",	   "\x01", "#012",    "#011", "\\n",
    "^M",      "\xc2\x85", "\xe2\x80\xa8", "\xff", "\xc0\x80"};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void
add_one_of(struct payload *p, uint64_t *random, const char *const *list,
	   size_t count)
{
	payload_corpus_add_text(p, list[random_below(random, count)]);
}

/* What a payload is drawn from: bytes begin to end of the line are where it
 * goes. */
struct draw {
	const struct payload_corpus *all;
	uint64_t *random;
	const char *line;
	size_t len, begin, end, own, max;
};

typedef void payload_fn(struct payload *, const struct draw *);

static const char *
draw_attacker(const struct draw *d)
{
	return payload_corpus_attacker(d->random);
}

/* Adds what may close one field and open the next. */
static void
add_joint(struct payload *p, const struct draw *d)
{
	const struct strings *words = payload_corpus_words(d->all, d->own);
	size_t n = random_between(d->random, 1, 8);

	switch (random_below(d->random, 12)) {
	case 0: /* what follows the injection point */
		payload_corpus_add(p, d->line + d->end,
				   n < d->len - d->end ? n : d->len - d->end);
		return;
	case 1: /* what precedes it */
		if (n > d->begin)
			n = d->begin;
		payload_corpus_add(p, d->line + d->begin - n, n);
		return;
	case 2:
	case 3:
		for (n = n % 3 + 1; n > 0; n--)
			payload_corpus_add(
			    p,
			    &delimiters[random_below(d->random,
						     sizeof(delimiters) - 1)],
			    1);
		return;
	case 4:
	case 5:
		if (words->count > 0)
			add_one_of(p, d->random,
				   (const char *const *)words->list,
				   words->count);
		return;
	case 6:
		payload_corpus_add_text(p, "x");
		return;
	default:
		return;
	}
}

static void
draw_success_text(struct payload *p, const struct draw *d)
{
	add_joint(p, d);
	payload_corpus_add_success(p, d->all, d->random, d->own,
				   draw_attacker(d));
	do {
		add_joint(p, d);
	} while (random_below(d->random, 2) == 0);
}

static void
draw_two(struct payload *p, const struct draw *d)
{
	draw_success_text(p, d);
	draw_success_text(p, d);
}

static void
draw_delimiters(struct payload *p, const struct draw *d)
{
	size_t i, n = random_between(d->random, 1, 12);

	for (i = 0; i < n; i++) {
		payload_corpus_add(p,
				   &delimiters[random_below(
				       d->random, sizeof(delimiters) - 1)],
				   1);
		if (random_below(d->random, 6) == 0)
			payload_corpus_add_text(p, draw_attacker(d));
		if (random_below(d->random, 6) == 0)
			payload_corpus_add_text(p, "x");
	}
}

static void
draw_controls(struct payload *p, const struct draw *d)
{
	if (random_below(d->random, 2) == 0)
		draw_success_text(p, d);
	if (random_below(d->random, 8) == 0)
		payload_corpus_add(p, "", 1); /* NUL */
	add_one_of(p, d->random, controls, COUNT(controls));
	if (random_below(d->random, 2) == 0)
		add_one_of(p, d->random, controls, COUNT(controls));
	draw_success_text(p, d);
}

static void
draw_lookalike(struct payload *p, const struct draw *d)
{
	add_joint(p, d);
	payload_corpus_add_success(
	    p, d->all, d->random, d->own,
	    lookalikes[random_below(d->random, COUNT(lookalikes))]);
	add_joint(p, d);
}

/* The end of the line itself, from somewhere before the injection point on. */
static void
draw_own_line(struct payload *p, const struct draw *d)
{
	size_t begin = random_between(d->random, 0, d->begin);

	payload_corpus_add(p, d->line + begin, d->len - begin);
	draw_success_text(p, d);
}

static void
draw_long(struct payload *p, const struct draw *d)
{
	static const size_t limits[] = {300, 1030, 2050, 8200,
					LINEBUF_LINE_MAX};
	size_t limit = limits[random_below(d->random, COUNT(limits))];
	size_t from = 0, unit;

	if (random_below(d->random, 2) == 0)
		draw_success_text(p, d);
	if (limit > d->max)
		limit = d->max;
	from = p->len;
	switch (random_below(d->random, 3)) {
	case 0:
		payload_corpus_add_text(p, "A");
		break;
	case 1:
		draw_success_text(p, d);
		break;
	default:
		add_joint(p, d);
		payload_corpus_add_text(p, "x");
	}
	for (unit = p->len - from; unit > 0 && p->len + unit < limit;)
		payload_corpus_add(p, p->bytes + p->len - unit, unit);
	if (random_below(d->random, 2) == 0)
		draw_success_text(p, d);
}

static void
draw_random(struct payload *p, const struct draw *d)
{
	size_t n = random_below(d->random, 40);
	char c;

	for (; n > 0; n--) {
		c = (char)random_below(d->random, 256);
		payload_corpus_add(p, &c, 1);
	}
}

static const struct kind {
	const char *name;
	payload_fn *draw;
	unsigned int weight;
} kinds[] = {
    {"a success", draw_success_text, 40},
    {"two successes", draw_two, 12},
    {"delimiters", draw_delimiters, 12},
    {"control bytes", draw_controls, 12},
    {"digits that look alike", draw_lookalike, 8},
    {"the line once more", draw_own_line, 8},
    {"long text", draw_long, 3},
    {"random bytes", draw_random, 5},
};

/* Drops the bytes that cannot get to a closed point. */
static void
filter(struct payload *p, const struct injection_point *point)
{
	size_t i, n = 0;

	for (i = 0; i < p->len; i++)
		if (byte_set_has(&point->admits, (unsigned char)p->bytes[i]))
			p->bytes[n++] = p->bytes[i];
	p->len = n;
}

const char *
payload_draw(struct payload *p, const struct payload_corpus *all,
	     uint64_t *random, const struct injection_point *point,
	     const char *line, size_t len, size_t own, size_t max)
{
	const struct draw d = {all,	     random,	 line, len,
			       point->begin, point->end, own,  max};
	uint64_t drawn = random_below(random, 100);
	const struct kind *kind = kinds;

	p->len = 0;
	while (drawn >= kind->weight)
		drawn -= kind++->weight;
	kind->draw(p, &d);
	if (point->closed)
		filter(p, point);
	if (p->len > max)
		p->len = max;
	return kind->name;
}
