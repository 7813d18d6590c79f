/*
 * logline_parse: takes a line apart by whichever header it has.
 */
#include "patterns/line/header.h"
#include "patterns/line/peek.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* By enum header, in the order in which they are tried. Syslog's, which is the
 * most frequent, comes first and is tried by name. */
static header_fn *const headers[] = {
    NULL,	  header_dovecot, header_qpopper,
    header_xmail, header_form,	  header_around,
    header_trailing,
};

/*
 * rsyslog ($RepeatedMsgReduction) writes "message repeated 2 times: [TEXT]" for
 * lines that were equal: each of them counts, so the last one does, at the time
 * of this line. Narrows text and end to TEXT.
 */
static const char *
take_repeated(const char *text, const char **end)
{
	static const char before[] = "message repeated ", after[] = " times: [";
	const char *p = text + strlen(before);
	int times;

	if ((size_t)(*end - text) <= strlen(before) ||
	    memcmp(text, before, strlen(before)) != 0 || (*end)[-1] != ']')
		return text;
	p = header_take_number(&times, p, *end);
	if (p == NULL || (size_t)(*end - p) <= strlen(after) ||
	    memcmp(p, after, strlen(after)) != 0)
		return text;
	--*end;
	return p + strlen(after);
}

static inline const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* Templates put more blanks before the text than the one that ends the tag. */
static const char *
skip_to_text(const char *text, const char **end)
{
	text = skip_blanks(text, *end);
	return skip_blanks(take_repeated(text, end), *end);
}

/* The levels of Dovecot's own log. */
static bool
begins_with_level(const char *text, const char *end)
{
	static const char *const levels[] = {"Info: ", "Warning: ", "Error: "};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if ((size_t)(end - text) > strlen(levels[i]) &&
		    memcmp(text, levels[i], strlen(levels[i])) == 0)
			return true;
	return false;
}

/* Whether the stamp is one of local time. */
static bool
lacks_zone(const struct logline *l)
{
	enum { SECONDS_END = 19 };

	if (l->stamp_kind != STAMP_ISO)
		return l->stamp_kind == STAMP_TRADITIONAL ||
		       l->stamp_kind == STAMP_CTIME ||
		       l->stamp_kind == STAMP_FULL;
	for (size_t i = SECONDS_END; i < l->stamp_len; i++)
		if (strchr(".,0123456789", l->stamp[i]) == NULL)
			return false;
	return true;
}

/* The names of zones that the time zone database has had since 1990, and those
 * that German users give to theirs. */
static bool
is_zone(const char *name, size_t len)
{
	static const char names[] =
	    " ACDT ACST ADT AEDT AEST AKDT AKST AST AWDT AWST BST CAT CDT CEST"
	    " CET CST ChST EAT EDT EEST EET EST GMT GST HDT HKT HST IDT IST JST"
	    " KST MDT MEST MESZ MET MEZ MSD MSK MST NDT NST NZDT NZST PDT PKST"
	    " PKT PST SAST SST UTC WAT WEST WET WIB WIT WITA ";
	const char *p = names;

	while ((p = memmem(p, strlen(p), name, len)) != NULL) {
		if (p[-1] == ' ' && p[len] == ' ')
			return true;
		p++;
	}
	return false;
}

/*
 * Dovecot's own log has no host, but log_timestamp may end in the name of a
 * zone: "2026-11-21 02:01:00 CET imap-login: Info: Login". That becomes a part
 * of the stamp. It says nothing after a supervisor's stamp in UTC, which counts
 * as it is.
 */
static void
take_zone(struct logline *l, const char *text, const char *end)
{
	const char *after = l->host + l->host_len;

	if (l->host != l->stamp + l->stamp_len + 1 ||
	    l->program != after + 1 || l->pid != 0 ||
	    !begins_with_level(text, end) || !lacks_zone(l) ||
	    !is_zone(l->host, l->host_len))
		return;
	l->stamp_len = (size_t)(after - l->stamp);
	l->host_len = 0;
}

static inline bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Whether the host may be the name of a zone: few begin with a capital. */
static inline bool
may_be_zone(const struct logline *l)
{
	return l->host_len >= 3 && l->host_len <= 5 && is_upper(*l->host) &&
	       is_upper(l->host[l->host_len - 1]);
}

static inline void
set_text(struct logline *l, const char *text, const char *end)
{
	/* A final newline may have become a blank (inetutils-syslogd). */
	if (end > text && end[-1] == ' ')
		end--;
	if (l->header == HEADER_SYSLOG && text < end &&
	    (*text == ' ' || *text == '\t' || *text == 'm'))
		text = skip_to_text(text, &end);
	if (may_be_zone(l))
		take_zone(l, text, end);
	l->text = text;
	l->text_len = (size_t)(end - text);
}

int
logline_next(struct logline *out, struct linestart *start, const char *line,
	     size_t len)
{
	const char *end = line + len, *text;
	size_t i = 0;

	if (len == 0)
		return -1;
	out->host = NULL;
	out->host_len = 0;
	out->pid = 0;
	text = header_syslog_next(out, start, line, end);
	while (text == NULL) {
		if (++i == sizeof(headers) / sizeof(headers[0]))
			return -1;
		out->host = NULL;
		out->host_len = 0;
		out->pid = 0;
		out->header = (enum header)i;
		text = headers[i](out, line, end);
	}
	out->line = line;
	out->line_len = len;
	set_text(out, text, end);
	return 0;
}

void
peek_take(struct logline *out, const struct linestart *start,
	  const struct peek *peek, const char *line, size_t len)
{
	const char *program = line + start->len;
	const char *after = program + peek->name_len;
	const char *text = program + peek->len;

	*out = (struct logline){.header = HEADER_SYSLOG,
				.stamp_kind = start->stamp_kind,
				.line = line,
				.line_len = len,
				.stamp = line,
				.stamp_len = start->stamp_len,
				.host = line + start->host_at,
				.host_len = start->host_len,
				.program = program,
				.program_len = peek->name_len};
	if (*after == '[')
		header_take_number(&out->pid, after + 1, text);
	set_text(out, text, line + len);
}

int
logline_parse(struct logline *out, const char *line, size_t len)
{
	struct linestart none;

	none.len = 0;
	return logline_next(out, &none, line, len);
}

/* ---- read otherwise ---- */

/* Whether "dovecot" is a part of the tag by itself, as in the names that
 * containers have: "mailcow-dovecot-1". */
bool
logline_tag_may_reread(const char *program, size_t len)
{
	static const char name[] = "dovecot";
	const char *end = program + len;
	const char *p = memmem(program, len, name, strlen(name));

	if (p == NULL)
		return false;
	return (p == program || !isalnum((unsigned char)p[-1])) &&
	       (p + strlen(name) == end ||
		!isalnum((unsigned char)p[strlen(name)]));
}

/*
 * A whole line of Dovecot's own log as the text: a container's output through
 * Docker's syslog or journald driver, or standard error of a service. The outer
 * stamp counts: the container may be in another time zone.
 */
static bool
take_nested(struct logline *l)
{
	struct logline inner;

	if (!logline_tag_may_reread(l->program, l->program_len) ||
	    logline_parse(&inner, l->text, l->text_len) != 0 ||
	    inner.header > HEADER_DOVECOT ||
	    (inner.header == HEADER_SYSLOG && inner.stamp != l->text) ||
	    logline_is_torn(&inner))
		return false;
	l->header = inner.header;
	l->program = inner.program;
	l->program_len = inner.program_len;
	l->pid = inner.pid;
	l->text = inner.text;
	l->text_len = inner.text_len;
	return true;
}

int
logline_bare(struct logline *out, const char *line, size_t len)
{
	const char *text = len > 0 ? header_bare(out, line, line + len) : NULL;

	if (text == NULL)
		return -1;
	out->line = line;
	out->line_len = len;
	set_text(out, text, line + len);
	return 0;
}

/* A form that fits almost anything may have hidden one of syslog's. */
static bool
take_hidden(struct logline *l)
{
	const char *end = l->line + l->line_len;
	const char *text = header_around(l, l->line, end);

	if (text == NULL)
		return logline_bare(l, l->line, l->line_len) == 0;
	set_text(l, text, end);
	return true;
}

/* "STAMP mail.info: ": no tag, but what socklog puts before a line. */
static bool
names_priority(const struct logline *l)
{
	const char *end = l->program + l->program_len;

	return l->host_len == 0 &&
	       header_skip_priority_names(l->program, end) == end;
}

bool
logline_reread(struct logline *l)
{
	if (l->header == HEADER_SYSLOG && !names_priority(l))
		return take_nested(l);
	return take_hidden(l);
}
