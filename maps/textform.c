#include "maps/textform.h"

#include <string.h>
#include <time.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/suggest.h"
#include "maps/map.h"

static const char *const WORDS[] = {"address", "login", NULL};

enum word { ADDRESS, LOGIN, UNKNOWN };

static bool
same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool
textform_equal(const struct textform *a, const struct textform *b)
{
	return same(a->name, b->name) && same(a->header, b->header) &&
	       same(a->line, b->line) && same(a->line6, b->line6) &&
	       same(a->footer, b->footer);
}

/* The length of the word in braces that begins here, including the braces. 0:
 * no such word begins here. */
static size_t
braced(const char *at)
{
	size_t len;

	if (*at != '{')
		return 0;
	len = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
	return len > 0 && at[len + 1] == '}' ? len + 2 : 0;
}

static enum word
word_of(const char *at, size_t len)
{
	size_t i;

	for (i = 0; WORDS[i] != NULL; i++)
		if (strlen(WORDS[i]) == len - 2 &&
		    memcmp(WORDS[i], at + 1, len - 2) == 0)
			break;
	return (enum word)i;
}

static int
unknown_word(const char *at, size_t len, struct err *err)
{
	char word[32];
	const char *near;

	snprintf(word, sizeof(word), "%.*s", (int)len - 2, at + 1);
	near = suggest(word, WORDS);
	return err_set(err, "unknown {%s} (%s{%s}%s)", word,
		       near ? "did you mean " : "known: ",
		       near ? near : "address}, {login", near ? "?" : "");
}

int
textform_check(const char *line, struct err *err)
{
	bool address = false;
	size_t len;

	for (const char *at = line; *at != '\0'; at += len > 0 ? len : 1) {
		enum word word;

		len = braced(at);
		if (len == 0)
			continue;
		word = word_of(at, len);
		if (word == UNKNOWN)
			return unknown_word(at, len, err);
		if (word == ADDRESS)
			address = true;
	}
	if (*line != '\0' && !address)
		return err_set(err, "'%s' has no {address}", line);
	return 0;
}

struct textform
textform_find(const struct map_settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->ntextforms; i++)
		if (strcmp(settings->textforms[i].name, name) == 0)
			return settings->textforms[i];
	return (struct textform){0};
}

void
textform_text(FILE *out, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len == 0)
		return;
	fputs(text, out);
	if (text[len - 1] != '\n')
		putc('\n', out);
}

static void
put_address(FILE *out, const struct addr *addr, unsigned int ipv6_prefix)
{
	char text[ADDR_TEXT_MAX];
	struct cidr net = {*addr, ipv6_prefix};

	if (addr->family == 4 || ipv6_prefix == 0) {
		addr_format(addr, text);
		fputs(text, out);
		return;
	}
	net.addr = cidr_network(&net);
	addr_format(&net.addr, text);
	fprintf(out, "%s/%u", text, ipv6_prefix);
}

void
textform_row(FILE *out, const struct textform *form, const struct map_row *row,
	     unsigned int ipv6_prefix)
{
	const char *line = form->line;
	size_t len;

	if (row->addr.family == 6 && form->line6 != NULL)
		line = form->line6;
	if (line == NULL)
		line = "{address}";
	if (*line == '\0')
		return;
	for (const char *at = line; *at != '\0'; at += len > 0 ? len : 1) {
		len = braced(at);
		if (len == 0)
			putc(*at, out);
		else if (word_of(at, len) == ADDRESS)
			put_address(out, &row->addr, ipv6_prefix);
		else
			fprintf(out, "%lld", (long long)row->when);
	}
	putc('\n', out);
}
