/*
 * reasons: how many lines there were for each reason.
 *
 * Some reasons quote what a stranger wrote, so that there may be as many as
 * lines. Those beyond REASONS_MAX are counted together.
 */
#ifndef TOOLS_REPORT_REASONS_H
#define TOOLS_REPORT_REASONS_H

#include <stddef.h>
#include <stdint.h>

enum { REASONS_MAX = 64 };

struct reasons {
	struct reason {
		char *text;
		uint64_t lines;
	} list[REASONS_MAX + 1]; /* the last: all others */
	size_t count;
	uint64_t lines; /* of all together */
};

/* Zero-initialize it. */
void reasons_add(struct reasons *, const char *text);
void reasons_sort(struct reasons *); /* the most lines first */
void reasons_clear(struct reasons *);

#endif
