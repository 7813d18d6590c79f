/*
 * Each form is read from the first byte on, with exact words.
 */
#include "patterns/line/envelope_prefix.h"

#include <string.h>

#include "patterns/line/header.h"
#include "patterns/line/stamp.h"

enum { NAME_MAX_BYTES = 128, POD_MAX = 253, PADDING_MAX = 128 };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c);
}

static const bool name_bytes[256] = {
    ['-'] = true,	  ['.'] = true, ['0' ... '9'] = true,
    ['A' ... 'Z'] = true, ['_'] = true, ['a' ... 'z'] = true,
};

/* After a name of at most so many bytes, or NULL. */
static const char *
skip_name(const char *p, const char *end, ptrdiff_t max)
{
	const char *q = p;

	if (p == NULL)
		return NULL;
	if (end - p > max)
		end = p + max;
	while (q < end && name_bytes[(unsigned char)*q])
		q++;
	return q > p ? q : NULL;
}

/* After at least so many spaces, or NULL. */
static const char *
skip_spaces(const char *p, const char *end, ptrdiff_t min)
{
	const char *q = p;

	while (p != NULL && q < end && *q == ' ' && q - p < PADDING_MAX)
		q++;
	return p != NULL && q - p >= min ? q : NULL;
}

/* After a stamp that says its zone, and the space after it; or NULL. */
static const char *
take_stamp(struct envelope_text *t, const char *p, const char *end)
{
	enum stamp_kind kind;
	size_t len = stamp_find(p, end, &kind);

	if (len < 20 || kind != STAMP_ISO || p + len == end || p[len] != ' ' ||
	    (p[len - 1] != 'Z' && p[len - 6] != '+' && p[len - 6] != '-'))
		return NULL;
	t->stamp = p;
	t->stamp_len = len;
	return p + len + 1;
}

/* What follows the prefix is the text, perhaps after a stamp. */
static bool
take_text(struct envelope_text *t, const char *p, const char *end)
{
	const char *q = take_stamp(t, p, end);

	t->bytes = q != NULL ? q : p;
	t->len = (size_t)(end - t->bytes);
	t->doubtful = true;
	return true;
}

/* ---- CRI ---- */

/* After a list of tags, of which the first says whether the text is whole: "F",
 * "P", "F:tag" (kubelet: kuberuntime/logs/logs.go, parseCRILog()). */
static const char *
take_tags(struct envelope_text *t, const char *p, const char *end)
{
	const char *q;

	if (p == NULL || p == end || (*p != 'P' && *p != 'F'))
		return NULL;
	t->partial = *p++ == 'P';
	for (q = p; q < end && *q == ':'; q = p) {
		p = skip_name(q + 1, end, NAME_MAX_BYTES);
		if (p == NULL)
			return NULL;
	}
	return p < end && *p == ' ' ? p + 1 : NULL;
}

/* In the journal, the name of the container follows: daemon/journal/
 * journal_entry.c writes "stdout@NAME". */
static const char *
take_writer(struct envelope_text *t, const char *p, const char *end)
{
	const char *q = header_skip_word(p, end, "stdout");

	t->writer.stream = q == NULL;
	if (q == NULL && (q = header_skip_word(p, end, "stderr")) == NULL)
		return NULL;
	if (q < end && *q == '@') {
		t->writer.name = q + 1;
		q = skip_name(q + 1, end, ENVELOPE_WRITER_MAX);
		if (q == NULL)
			return NULL;
		t->writer.len = (size_t)(q - t->writer.name);
	}
	return header_skip_word(q, end, " ");
}

/* STAMP stdout|stderr F|P TEXT */
static bool
take_cri(struct envelope_text *t, const char *p, const char *end)
{
	enum stamp_kind kind;
	size_t stamp = stamp_find(p, end, &kind);

	if (stamp == 0 || kind != STAMP_ISO)
		return false;
	t->stamp = p;
	t->stamp_len = stamp;
	p = header_skip_word(p + stamp, end, " ");
	if (p != NULL)
		p = take_writer(t, p, end);
	p = take_tags(t, p, end);
	t->bytes = p;
	t->len = p != NULL ? (size_t)(end - p) : 0;
	return p != NULL;
}

/* ---- what commands print; none of them has parts ---- */

/* docker compose logs: "NAME-1  | TEXT"; nerdctl compose logs: "NAME_1  |TEXT"
 * (nerdctl: pkg/composer/pipetagger/pipetagger.go, Run()). */
static bool
take_compose(struct envelope_text *t, const char *p, const char *end)
{
	p = skip_name(p, end, NAME_MAX_BYTES);
	p = header_skip_word(skip_spaces(p, end, 1), end, "|");
	if (p == NULL)
		return false;
	return take_text(t, p < end && *p == ' ' ? p + 1 : p, end);
}

/* Whether it has nanoseconds, as those that Go programs add to lines. */
static bool
has_nanoseconds(const char *stamp, size_t len)
{
	static const char form[] = "2026-11-21T02:01:00.123456789";
	size_t end = sizeof(form) - 1;

	return len > end && stamp[10] == 'T' && stamp[19] == '.' &&
	       (stamp[end] == 'Z' || stamp[end] == '+' || stamp[end] == '-');
}

/*
 * podman logs --names --timestamps: "NAME STAMP TEXT"; stern --timestamps: "POD
 * CONTAINER STAMP TEXT", perhaps after the namespace. Without a stamp, any word
 * of a line could be such a name.
 */
static bool
take_named(struct envelope_text *t, const char *p, const char *end)
{
	enum { NAMES_MAX = 3 };
	const char *q;

	for (int i = 0; i < NAMES_MAX; i++) {
		p = header_skip_word(skip_name(p, end, POD_MAX), end, " ");
		if (p == NULL)
			return false;
		q = p < end && is_digit(*p) ? take_stamp(t, p, end) : NULL;
		if (q == NULL)
			continue;
		t->bytes = q;
		t->len = (size_t)(end - q);
		return has_nanoseconds(t->stamp, t->stamp_len);
	}
	return false;
}

/* After ".1", or ".1.hmwxvjvsiyea": the slot and the id of a task, which may be
 * cut to 12 bytes. The name of the service, which may have dots, ends there. */
static bool
ends_in_task(const char *name, const char *end)
{
	const char *dot = memrchr(name, '.', (size_t)(end - name));
	const char *p;

	if (dot == NULL)
		return false;
	if (end - dot - 1 == 12 || end - dot - 1 == 25) {
		for (p = dot + 1; p < end; p++)
			if (!is_lower_or_digit(*p))
				return false;
		end = dot;
		dot = memrchr(name, '.', (size_t)(end - name));
	}
	if (dot == NULL || dot == name || end - dot > 8)
		return false;
	for (p = dot + 1; p < end; p++)
		if (!is_digit(*p))
			return false;
	return p > dot + 1;
}

/*
 * docker service logs: "NAME.1.TASK@NODE    | TEXT", and with --timestamps the
 * stamp before that (docker/cli: cli/command/service/logs.go, format() and
 * Write()).
 */
static bool
take_service(struct envelope_text *t, const char *p, const char *end)
{
	const char *q = take_stamp(t, p, end);

	if (q != NULL)
		p = q;
	q = skip_name(p, end, NAME_MAX_BYTES);
	if (q == NULL || q == end || *q != '@' || !ends_in_task(p, q))
		return false;
	p = skip_name(q + 1, end, NAME_MAX_BYTES);
	p = header_skip_word(skip_spaces(p, end, 4), end, "| ");
	t->bytes = p;
	t->len = p != NULL ? (size_t)(end - p) : 0;
	return p != NULL;
}

/* kubectl logs --prefix: "[pod/NAME/CONTAINER] TEXT"; a stamp follows it
 * (kubectl: pkg/cmd/logs/logs.go, addPrefixIfNeeded()). */
static bool
take_kubectl(struct envelope_text *t, const char *p, const char *end)
{
	p = header_skip_word(p, end, "[pod/");
	if (p == NULL || (p = skip_name(p, end, POD_MAX)) == NULL ||
	    (p = header_skip_word(p, end, "/")) == NULL ||
	    (p = skip_name(p, end, NAME_MAX_BYTES)) == NULL)
		return false;
	p = header_skip_word(p, end, "] ");
	return p != NULL && take_text(t, p, end);
}

/* After the escape sequence of a colour, as "\33[1;32m"; or NULL. */
static const char *
skip_colour(const char *p, const char *end)
{
	enum { COLOUR_MAX = 8 };
	const char *q = header_skip_word(p, end, "\33[");

	for (; q != NULL && q < end && q - p < COLOUR_MAX; q++)
		if (*q == 'm')
			return q + 1;
		else if (!is_digit(*q) && *q != ';')
			return NULL;
	return NULL;
}

/* The line of `podman logs --color' has one from its first byte to its last.
 * Returns where the line inside begins, and narrows the end. */
static const char *
take_colour(const char *p, const char **end)
{
	static const char reset[] = "\33[0m";
	const char *q = skip_colour(p, *end);
	size_t len = strlen(reset);

	if (q == NULL || (size_t)(*end - q) < len ||
	    memcmp(*end - len, reset, len) != 0)
		return p;
	*end -= len;
	return q;
}

/* docker compose --ansi=always and docker-compose: "NAME-1  | TEXT", of which
 * all but the text has a colour. It ends after the space, or, in the latter,
 * before it. */
static bool
take_coloured(struct envelope_text *t, const char *p, const char *end)
{
	const char *q;

	p = skip_name(skip_colour(p, end), end, NAME_MAX_BYTES);
	p = skip_spaces(p, end, 1);
	q = header_skip_word(p, end, "| \33[0m");
	p = q != NULL ? q : header_skip_word(p, end, "|\33[0m ");
	return p != NULL && take_text(t, p, end);
}

/* podman-compose: "[NAME]  | TEXT", of which all but the text has a colour
 * (podman_compose.py: log_formatter); Podman may have given that another. */
static bool
take_podman_compose(struct envelope_text *t, const char *p, const char *end)
{
	p = header_skip_word(skip_colour(p, end), end, "[");
	if (p == NULL || (p = skip_name(p, end, NAME_MAX_BYTES)) == NULL)
		return false;
	p = skip_spaces(header_skip_word(p, end, "]"), end, 1);
	p = take_colour(header_skip_word(p, end, "|\33[0m "), &end);
	return p != NULL && take_text(t, p, end);
}

bool
envelope_prefix_take(struct envelope_text *t, const char *line, const char *end)
{
	static bool (*const forms[])(struct envelope_text *, const char *,
				     const char *) = {
	    take_cri,	take_compose,  take_service,	    take_kubectl,
	    take_named, take_coloured, take_podman_compose,
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		*t = (struct envelope_text){.writer = {.name = ""}};
		if (forms[i](t, line, end))
			return true;
	}
	return false;
}
