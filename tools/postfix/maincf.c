#include "tools/postfix/maincf.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 512, DOMAIN_MAX = 253, LABEL_MAX = 63, WIDTH = 78 };

bool
maincf_plain(const char *text)
{
	if (strlen(text) > WORD_MAX)
		return false;
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~' ||
		    strchr("$,{}\"';#\\", *text) != NULL)
			return false;
	return true;
}

bool
maincf_domain(const char *text, size_t labels)
{
	size_t count = 0, len;

	if (strlen(text) > DOMAIN_MAX)
		return false;
	for (;; text += len + 1) {
		len = strcspn(text, ".");
		if (len == 0 || len > LABEL_MAX || text[0] == '-' ||
		    text[len - 1] == '-')
			return false;
		for (size_t i = 0; i < len; i++)
			if (!isalnum((unsigned char)text[i]) &&
			    text[i] != '-' && text[i] != '_')
				return false;
		count++;
		if (text[len] == '\0')
			return count >= labels;
	}
}

static void
flush_source(struct maincf_value *value)
{
	struct place last = value->last;
	char *text;

	if (last.file == NULL)
		return;
	if (last.line == 0)
		text = alloc_string(last.file);
	else if (value->first == last.line)
		text = alloc_format("%s:%zu", last.file, last.line);
	else
		text = alloc_format("%s:%zu-%zu", last.file, value->first,
				    last.line);
	strings_add(&value->sources, shown(text).text);
	free(text);
	value->last.file = NULL;
}

void
maincf_source(struct maincf_value *value, struct place place)
{
	struct place *last = &value->last;

	if (place.file == NULL)
		return;
	if (last->file != NULL && strcmp(last->file, place.file) == 0 &&
	    place.line > 0 &&
	    (place.line == last->line || place.line == last->line + 1)) {
		last->line = place.line;
		return;
	}
	flush_source(value);
	*last = place;
	value->first = place.line;
}

void
maincf_add(struct maincf_value *value, struct place place, const char *fmt, ...)
{
	char *word = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&word, fmt, ap);
	va_end(ap);
	assert(len >= 0 && maincf_plain(word));
	strings_add(&value->words, word);
	free(word);
	maincf_source(value, place);
}

void
maincf_join(struct maincf_value *value, struct maincf_value *from)
{
	flush_source(value);
	flush_source(from);
	for (size_t i = 0; i < from->words.count; i++)
		strings_add(&value->words, from->words.list[i]);
	for (size_t i = 0; i < from->sources.count; i++)
		strings_add(&value->sources, from->sources.list[i]);
	strings_clear(&from->words);
	strings_clear(&from->sources);
}

/* Writes words; where a line gets too long, the next begins with `next'. */
static void
fold(FILE *out, size_t at, const char *next, const struct strings *words,
     const char *separator)
{
	for (size_t i = 0; i < words->count; i++) {
		const char *end = i + 1 < words->count ? separator : "";
		size_t len = strlen(words->list[i]) + strlen(end);

		if (i > 0 && at + 1 + len > WIDTH) {
			fprintf(out, "\n%s", next);
			at = strlen(next);
		} else {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%s%s", words->list[i], end);
		at += len;
	}
	fputc('\n', out);
}

void
maincf_comment(FILE *out, const char *fmt, ...)
{
	struct strings words = {0};
	char *text = NULL, *rest, *word;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	assert(len >= 0);
	rest = text;
	while ((word = strtok_r(rest, " ", &rest)) != NULL)
		strings_add(&words, shown(word).text);
	fputc('#', out);
	fold(out, 1, "# ", &words, "");
	strings_clear(&words);
	free(text);
}

void
maincf_write(FILE *out, const char *name, struct maincf_value *value,
	     bool active)
{
	flush_source(value);
	if (value->sources.count > 0) {
		fputc('#', out);
		fold(out, 1, "# ", &value->sources, ",");
	}
	fprintf(out, "%s%s =", active ? "" : "#", name);
	fold(out, strlen(name) + 2, active ? "    " : "#    ", &value->words,
	     ",");
	strings_clear(&value->words);
	strings_clear(&value->sources);
	*value = (struct maincf_value){0};
}

static void
write_number(FILE *out, const char *name, long long number, struct place place)
{
	struct maincf_value value = {0};

	maincf_add(&value, place, "%lld", number);
	maincf_write(out, name, &value, true);
}

void
maincf_message_size(FILE *out, long long bytes, struct place place)
{
	enum { MAILBOX = 51200000 }; /* Postfix's default for both */

	write_number(out, "message_size_limit", bytes, place);
	if (bytes != 0 && bytes <= MAILBOX)
		return;
	write_number(out, "mailbox_size_limit", bytes, place);
	write_number(out, "virtual_mailbox_limit", bytes, place);
}
