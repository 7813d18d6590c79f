/*
 * outset_parts: what an outset is made of, for outset.c and outdir.c.
 */
#ifndef TOOLS_POSTFIX_OUTSET_PARTS_H
#define TOOLS_POSTFIX_OUTSET_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct outset_part {
	const char *word;
	char *name; /* of the file */
	bool settings;
	FILE *stream; /* NULL: it was not asked for */
	struct outset_memory {
		char *text;
		size_t len;
	} * memory;
	const char *map_type; /* NULL: it is not also a map */
};

struct outset {
	struct outset_part *parts;
	size_t count;
};

#endif
