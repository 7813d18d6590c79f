/*
 * smap: what the parts of an import of a netperm-table share.
 *
 * Each part takes the attributes that it knows, reports what it cannot carry
 * over, and adds restrictions to those that import_smap.c writes.
 */
#ifndef TOOLS_SMAP_SMAP_H
#define TOOLS_SMAP_SMAP_H

#include <stdbool.h>

#include "tools/postfix/maincf.h"
#include "tools/postfix/outset.h"
#include "tools/postfix/remarks.h"
#include "tools/smap/netperm.h"

struct smap {
	const char *directory; /* of the tables, for main.cf */
	const char *map;       /* ours, "hash:/var/lib/..." */
	struct remarks remarks;
	struct outset *out;
	struct netperm *table;
	/* The settings of main.cf that grow. */
	struct maincf_value clients, senders, classes;
};

/* Whether a switch such as scrub-spam is on. place: where it is set. */
bool smap_switch(struct smap *, const char *attribute, struct place *);

/* A reply code of three digits, from 400 to 599; otherwise without one. */
int smap_code(struct smap *, const char *attribute, int otherwise);

/* Writes "name = code" for each of the names, which end with NULL, with where
 * it is from, if the file sets one. */
void smap_write_code(struct smap *, const char *attribute,
		     const char *const *names);

/* Without the directories: what main.cf shows. */
struct place smap_place(struct place);

/* Writes a rule that refuses: a key, then a code with its enhanced code. */
void smap_refusal(FILE *, const char *key, int code);

void smap_relays(struct smap *);  /* permit-hosts, permit-domains */
void smap_blocks(struct smap *);  /* spam-block */
void smap_spam(struct smap *);	  /* spam, kill-mail */
void smap_senders(struct smap *); /* check-from-address ... */
void smap_limits(struct smap *);  /* maxbytes ... */

#endif
