/*
 * forge_state: what the files that make forgeries share; internal to forge.
 */
#ifndef PATTERNS_CHECK_FORGE_STATE_H
#define PATTERNS_CHECK_FORGE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/linebuf.h"
#include "patterns/check/injection_points.h"
#include "patterns/check/payload_corpus.h"
#include "patterns/check/sample_run.h"

struct captures;
struct forgery;
struct rule;
struct ruleset;
struct sample;
struct wrapper;

/* A line with a payload in two places must not become too long. */
enum { ROOM = LINEBUF_LINE_MAX, PAYLOAD_MAX = ROOM / 2 - 1024 };

struct forge {
	const struct ruleset *set;
	struct recognizer *recognizer;
	struct payload_corpus *corpus;
	struct wrapper *wrapper;
	struct injection_points *points; /* of each rule */
	bool *searched;			 /* whether a rule's points are known */
	uint64_t random;
	time_t now;
	struct payload payload;
	/* The line that was forged last. */
	char *line;
	size_t len;
};

/* Makes a forgery for the rule with this number. false: the samples of the rule
 * give no occasion, and *f is undefined. */
typedef bool forge_fn(struct forge *, size_t rule, struct forgery *f);

/* A number below n, which is not 0. */
size_t forge_below(struct forge *, size_t n);

/* Begins a forgery that changes this line of the sample. */
void forge_start(struct forge *, struct forgery *f, const struct rule *,
    const struct sample *, size_t line);
/* Adds to the forged line, as long as there is room. */
void forge_add(struct forge *, const char *bytes, size_t len);
void forge_add_filler(struct forge *, size_t len);
/* Puts the forged line in the place of the sample's. */
void forge_take_line(const struct forge *, struct forgery *f);
/* Allows what the other lines of the sample give without the forged one, which
 * may have been the end of a session and no longer be one. */
void forge_allow_others(struct forge *, struct forgery *f);
/* Allows what the whole sample gives. */
void forge_allow_sample(struct forge *, struct forgery *f,
    const struct sample *);
/* One of the rule's points in a line that is not a login, or NULL. */
struct injection_point *forge_draw_failure(struct forge *, size_t rule);
/* Whether a login can end at the point. */
bool forge_completes(struct forge *, struct injection_point *);
/* One of the rule's accepted lines, and where what is in it. NULL: it has none
 * that is a line of its own. */
const char *forge_draw_login(struct forge *, size_t rule, struct captures *);

/* forge_point.c: a payload at an injection point. */
/* Begins a forgery with a payload at the point, and writes the line. */
void forge_write_point(struct forge *, size_t rule, struct injection_point *,
    struct forgery *f);
forge_fn forge_point;
/* forge_line.c: what syslog daemons and torn writes do to whole lines. */
forge_fn forge_decorated, forge_glued, forge_torn, forge_clipped;
/* forge_cut.c: what is cut by a limit, or by a newline. */
forge_fn forge_cut, forge_copied, forge_broken;

#endif
