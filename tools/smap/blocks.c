/*
 * spam-block: pairs of a sender and a recipient, of which the first that fits
 * decides. One that allows ends the checks of senders, and those alone.
 *
 * Pairs with the same sender one after another make a table of recipients. The
 * sender's check answers a class, and the class asks that table. What the table
 * does not know goes on to the next sender in the file.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/postfix/globexpr.h"
#include "tools/smap/patterns.h"
#include "tools/smap/smap.h"

/* Two tables each; smtpd(8) opens them all. */
enum { BLOCKS_MAX = 200 };

struct chain {
	struct smap *smap;
	char *from;	  /* of the current block; NULL: no block has begun */
	FILE *recipients; /* its table */
	size_t count;
};

static bool
is_any(const char *pattern)
{
	return pattern[0] == '*' && pattern[strspn(pattern, "*")] == '\0';
}

/* The key of a sender or recipient; "" is the null sender. */
static char *
key_of(struct smap *smap, const char *pattern, struct place place)
{
	const char *why = NULL;
	char *key = *pattern == '\0' ? alloc_string("/^<>$/")
				     : pattern_key("^", pattern, ".*", &why);

	if (key == NULL)
		remark_refused(&smap->remarks, place,
			       "spam-block <%s>: cannot be written: %s",
			       shown(pattern).text, why);
	return key;
}

/* The check of the block's sender, which answers its class. */
static void
add_sender(struct chain *chain, const char *key, struct place place)
{
	struct smap *smap = chain->smap;
	struct maincf_value value = {0};
	char *class = alloc_format("smap_block_%zu", chain->count);
	char *file = alloc_format("smap-from-%zu", chain->count);

	fprintf(outset_more(smap->out, "block", file), "%s %s\n", key, class);
	maincf_add(&value, smap_place(place),
		   "check_recipient_access regexp:%s/smap-block-%zu",
		   smap->directory, chain->count);
	maincf_write(outset_stream(smap->out, "main.cf"), class, &value, true);
	maincf_add(&smap->classes, (struct place){NULL, 0}, "%s", class);
	maincf_add(&smap->senders, smap_place(place),
		   "check_sender_access regexp:%s/%s", smap->directory, file);
	free(class);
	free(file);
}

/* 0, or -1: there is no such block, which has been reported. */
static int
begin_block(struct chain *chain, const char *from, struct place place)
{
	struct smap *smap = chain->smap;
	char *key, *file;

	if (chain->from != NULL && strcmp(chain->from, from) == 0)
		return 0;
	if (chain->count == BLOCKS_MAX)
		remark_refused(&smap->remarks, place,
			       "spam-block: more than %d senders one after "
			       "another",
			       BLOCKS_MAX);
	if (chain->count == BLOCKS_MAX ||
	    (key = key_of(smap, from, place)) == NULL)
		return -1;
	chain->count++;
	free(chain->from);
	chain->from = alloc_string(from);
	file = alloc_format("smap-block-%zu", chain->count);
	chain->recipients = outset_more(smap->out, "block", file);
	if (is_any(from))
		maincf_add(&smap->senders, smap_place(place),
			   "check_recipient_access regexp:%s/%s",
			   smap->directory, file);
	else
		add_sender(chain, key, place);
	free(file);
	free(key);
	return 0;
}

/* Without a line that allows, more is refused. Any other may be one that
 * refuses, and may not be lost. */
static void
malformed(struct remarks *remarks, bool deny, struct place place,
	  const char *why)
{
	if (deny)
		remark_refused(remarks, place,
			       "spam-block: cannot be carried over: %s", why);
	else
		remark_lost(remarks, place, "spam-block: is left out: %s", why);
}

static void
add_pair(struct chain *chain, bool deny, const char *from, const char *to,
	 struct place place)
{
	char *key;

	if (*to == '\0') {
		malformed(&chain->smap->remarks, deny, place,
			  "has no recipient: has it lost what was between the "
			  "brackets?");
		return;
	}
	if (begin_block(chain, from, place) != 0)
		return;
	key = key_of(chain->smap, to, place);
	if (key == NULL)
		return;
	fprintf(chain->recipients, "# line %zu\n", place.line);
	if (deny)
		smap_refusal(chain->recipients, key, 554);
	else
		fprintf(chain->recipients, "%s OK\n", key);
	free(key);
}

/* What is between the brackets, in place; NULL: they are not there. */
static char *
between_brackets(char *text)
{
	size_t len = strlen(text);

	if (len < 2 || text[0] != '<' || text[len - 1] != '>')
		return NULL;
	text[len - 1] = '\0';
	return text + 1;
}

static void
add_rule(struct chain *chain, const struct netperm_rule *rule)
{
	struct remarks *remarks = &chain->smap->remarks;
	char **words = rule->arguments.list;
	size_t count = rule->arguments.count;
	bool deny = strcmp(words[0], "allow") != 0;

	if ((deny && strcmp(words[0], "deny") != 0) || count < 3 ||
	    count % 2 == 0) {
		malformed(remarks, deny, rule->place,
			  "not deny or allow, and pairs of <sender> "
			  "<recipient>");
		return;
	}
	for (size_t i = 1; i + 1 < count; i += 2) {
		char *from = between_brackets(words[i]);
		char *to = between_brackets(words[i + 1]);

		if (from != NULL && to != NULL)
			add_pair(chain, deny, from, to, rule->place);
		else
			malformed(remarks, deny, rule->place,
				  "a pair has lost its brackets");
	}
}

void
smap_blocks(struct smap *smap)
{
	struct chain chain = {.smap = smap};
	const struct netperm_rule *rule = NULL;

	while ((rule = netperm_next(smap->table, rule, "spam-block")))
		add_rule(&chain, rule);
	free(chain.from);
}
