#include "patterns/check/wrapping.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "patterns/check/payload_corpus.h"
#include "patterns/line/envelope.h"
#include "patterns/line/logline.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define STAMP "Nov 21 02:01:00"
#define ISO "2026-11-21T02:01:00.522836+00:00"

/* %t: the tag with its pid; %p: the program; %n: the pid, or "-"; %o: the pid,
 * or 1, where there must be one; %m: the text. */
static const struct form {
	const char *name, *text;
} forms[] = {
    {"", NULL},
    {"an RFC 3164 header", STAMP " mx %t: %m"},
    {"a header without host", STAMP " %t: %m"},
    {"an ISO header", ISO " mx %t: %m"},
    {"an RFC 5424 header", "<22>1 " ISO " mx %p %n - - %m"},
    {"an RFC 5424 header without priority", ISO " mx %p %n - - %m"},
    {"a header of BSD syslogd -v", STAMP " <2.6> mx %t: %m"},
    {"a header of BSD syslogd -vv", STAMP " <mail.info> mx %t: %m"},
    {"a header of busybox", STAMP " mx mail.info %t: %m"},
    {"a header of metalog", STAMP " [%p] %m"},
    {"a header with two spaces", STAMP " mx %t:  %m"},
    {"a header with a trailing blank", STAMP " mx %t: %m "},
    {"a header without colon", STAMP " mx %t %m"},
    {"a header with a relay's address", STAMP " 198.51.100.2 mx %t: %m"},
    {"a header of svlogd", "2026-11-21_02:01:00.12345 mail.info: %t: %m"},
    {"a header of socklog", "mail.info: " STAMP " %t: %m"},
    {"a header of journalctl -o short-unix",
     "1795226460.522836 mx %t: %m"},
    {"a header of syslog-ng's ts-format(unix)", "1795226460 %t: %m"},
    {"a header of syslog-ng's ts-format(full)", "2026 " STAMP " mx %t: %m"},
    {"a header of journalctl -o short-full",
     "Sat 2026-11-21 02:01:00 UTC mx %t: %m"},
    {"a header of docker logs --timestamps",
     "2026-11-21T02:01:00.522836Z " STAMP " %t: %m"},
    {"a header of AIX", STAMP " mx mail:info %t: %m"},
    {"a header that AIX forwarded",
     STAMP " Message forwarded from mx: %t: %m"},
    {"a header of macOS", STAMP " mx %p[%o] <Info>: %m"},
    {"a header of OpenWrt's logread -t",
     "Sat Nov 21 02:01:00 2026 [1795226460.123] mail.info %t: %m"},
    {"a header of rsyslog's %pri-text%", "mail.info<22>: " STAMP " mx %t: %m"},
    {"a header of rsyslog's precise", "6,2," STAMP ",mx,%t:, %m"},
    {"a header of multilog", "@400000006a00cc3c00000000 " STAMP " mx %t: %m"},
};

/* What has been written so far. */
struct text {
	char *bytes;
	size_t len, room;
};

struct wrapper {
	struct text line, wrapped, opened;
	struct envelope *envelope;
	struct envelope_export *export;
	/* Where the lines of the run that is collected begin in opened. */
	size_t begin[SAMPLE_RUN_LINES + 1];
	size_t nlines;
};

struct wrapper *
wrapper_new(void)
{
	return alloc_zero(1, sizeof(struct wrapper));
}

void
wrapper_free(struct wrapper **wp)
{
	struct wrapper *w = *wp;

	*wp = NULL;
	if (w == NULL)
		return;
	free(w->line.bytes);
	free(w->wrapped.bytes);
	free(w->opened.bytes);
	free(w);
}

/* ---- text ---- */

static void
put(struct text *out, const char *bytes, size_t len)
{
	if (out->len + len > out->room) {
		out->room = 2 * (out->len + len) + 256;
		out->bytes = alloc_resize(out->bytes, out->room, 1);
	}
	if (len > 0)
		memcpy(out->bytes + out->len, bytes, len);
	out->len += len;
}

static void
put_text(struct text *out, const char *text)
{
	put(out, text, strlen(text));
}

static void
put_json(struct text *out, const char *bytes, size_t len)
{
	char escape[8];
	size_t i;

	for (i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)bytes[i];

		if (c == '"' || c == '\\' || c < 0x20) {
			snprintf(escape, sizeof(escape), "\\u%04x", c);
			put_text(out, escape);
		} else {
			put(out, &bytes[i], 1);
		}
	}
}

/* ---- headers ---- */

static void
put_pid(struct text *out, const struct logline *l, const char *otherwise)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%ld", (long)l->pid);
	put_text(out, l->pid ? digits : otherwise);
}

static void
put_part(struct text *out, const struct logline *l, char part)
{
	switch (part) {
	case 't':
		put(out, l->program, l->program_len);
		if (l->pid == 0)
			return;
		put_text(out, "[");
		put_pid(out, l, "");
		put_text(out, "]");
		return;
	case 'p':
		put(out, l->program, l->program_len);
		return;
	case 'n':
	case 'o':
		put_pid(out, l, part == 'n' ? "-" : "1");
		return;
	default:
		put(out, l->text, l->text_len);
		return;
	}
}

/* Adds the line with another header, or as it is if its own is not one of
 * syslog's. */
static void
put_header(struct text *out, unsigned int header, const char *line, size_t len)
{
	const char *form = forms[header].text;
	struct logline l;

	if (form == NULL || logline_parse(&l, line, len) != 0 ||
	    l.header != HEADER_SYSLOG) {
		put(out, line, len);
		return;
	}
	for (; *form != '\0'; form++)
		if (*form == '%')
			put_part(out, &l, *++form);
		else
			put(out, form, 1);
}

/* ---- envelopes ---- */

/* Takes what comes out of an envelope for the next line of the run. */
static void
open_line(void *arg, const char *line, size_t len)
{
	struct wrapper *w = arg;

	if (len > LINEBUF_LINE_MAX || w->nlines == SAMPLE_RUN_LINES ||
	    envelope_is_lost(envelope_open(w->envelope, &line, &len)))
		return;
	put(&w->opened, line, len);
	w->begin[++w->nlines] = w->opened.len;
}

static void
open_wrapped(struct wrapper *w)
{
	open_line(w, w->wrapped.bytes, w->wrapped.len);
	w->wrapped.len = 0;
}

typedef void envelope_fn(struct wrapper *, const char *line, size_t len,
			 bool whole);

static void
wrap_not(struct wrapper *w, const char *line, size_t len, bool whole)
{
	(void)whole;
	put(&w->wrapped, line, len);
	open_wrapped(w);
}

static void
wrap_docker(struct wrapper *w, const char *line, size_t len, bool whole)
{
	put_text(&w->wrapped, "{\"log\":\"");
	put_json(&w->wrapped, line, len);
	put_text(&w->wrapped, whole ? "\\n" : "");
	put_text(&w->wrapped, "\",\"stream\":\"stderr\",\"time\":"
			      "\"2026-11-21T02:01:00.522836Z\"}");
	open_wrapped(w);
}

static void
wrap_cri(struct wrapper *w, const char *line, size_t len, bool whole)
{
	put_text(&w->wrapped, ISO " stderr ");
	put_text(&w->wrapped, whole ? "F " : "P ");
	put(&w->wrapped, line, len);
	open_wrapped(w);
}

/* As `journalctl -o json' shows what came over /dev/log. */
static void
wrap_journal(struct wrapper *w, const char *line, size_t len, bool whole)
{
	struct logline l;

	(void)whole;
	if (logline_parse(&l, line, len) != 0 || l.header != HEADER_SYSLOG) {
		wrap_not(w, line, len, true);
		return;
	}
	put_text(&w->wrapped, "{\"__REALTIME_TIMESTAMP\":\"1795226460522836\","
			      "\"_HOSTNAME\":\"mx\",\"SYSLOG_IDENTIFIER\":\"");
	put_json(&w->wrapped, l.program, l.program_len);
	if (l.pid != 0) {
		put_text(&w->wrapped, "\",\"_PID\":\"");
		put_pid(&w->wrapped, &l, "");
	}
	put_text(&w->wrapped, "\",\"MESSAGE\":\"");
	put_json(&w->wrapped, l.text, l.text_len);
	put_text(&w->wrapped, "\"}");
	open_wrapped(w);
}

/* The size alone tells where the message ends, whatever is in it. */
static void
put_size(struct text *out, size_t size)
{
	char byte;
	int i;

	for (i = 0; i < 8; i++) {
		byte = (char)(size & 0xff);
		put(out, &byte, 1);
		size >>= 8;
	}
}

static void
wrap_export(struct wrapper *w, const char *line, size_t len, bool whole)
{
	struct logline l;

	(void)whole;
	if (logline_parse(&l, line, len) != 0 || l.header != HEADER_SYSLOG) {
		wrap_not(w, line, len, true);
		return;
	}
	put_text(&w->wrapped, "__CURSOR=s=1\n"
			      "__REALTIME_TIMESTAMP=1795226460522836\n"
			      "_HOSTNAME=mx\nSYSLOG_IDENTIFIER=");
	put(&w->wrapped, l.program, l.program_len);
	if (l.pid != 0) {
		put_text(&w->wrapped, "\n_PID=");
		put_pid(&w->wrapped, &l, "");
	}
	put_text(&w->wrapped, "\nMESSAGE\n");
	put_size(&w->wrapped, l.text_len);
	put(&w->wrapped, l.text, l.text_len);
	put_text(&w->wrapped, "\n\n");
	envelope_export_feed(w->export, w->wrapped.bytes, w->wrapped.len,
			     open_line, w);
	w->wrapped.len = 0;
}

static const struct envelope_kind {
	const char *name;
	envelope_fn *wrap;   /* NULL: it only has a prefix */
	const char *prefix;
	bool splits;   /* a line may be in several parts */
	bool messages; /* and not lines: each is whole, whatever is in it */
	bool stamps;   /* its stamp makes a header of the rest of one */
} kinds[] = {
    {"", wrap_not, "", false, false, false},
    {"Docker's json-file", wrap_docker, "", true, false, true},
    {"CRI", wrap_cri, "", true, false, true},
    {"docker compose logs", NULL,
     "mail-1  | ", false, false, false},
    {"docker service logs", NULL,
     "2026-11-21T02:01:00.522836Z mail.1.hmwxvjvsiyea@node    | ",
     false, false, true},
    {"nerdctl compose logs", NULL,
     "mail_1 |", false, false, false},
    {"docker compose logs with colors", NULL,
     "\33[36mmail-1  | \33[0m", false, false, false},
    {"podman logs --names --timestamps", NULL,
     "mail 2026-11-21T02:01:00.522836123Z ", false, false, true},
    {"stern --timestamps", NULL,
     "mail-0 dovecot 2026-11-21T02:01:00.522836123Z ", false, false, true},
    {"kubectl logs --prefix", NULL,
     "[pod/mail-0/dovecot] ", false, false, false},
    {"podman-compose logs", NULL,
     "\33[1;32m[mail]  |\33[0m ", false, false, false},
    {"journalctl -o json", wrap_journal, "", false, true, false},
    {"journalctl -o export", wrap_export, "", false, true, false},
};

/* ---- both ---- */

const char *
wrapping_header(const struct wrapping *wrapping)
{
	return forms[wrapping->header].name;
}

const char *
wrapping_envelope(const struct wrapping *wrapping)
{
	return kinds[wrapping->envelope].name;
}

void
wrapping_draw(struct wrapping *wrapping, uint64_t *random)
{
	if (wrapping->joint > 0)
		wrapping->header =
		    1 + (unsigned int)random_below(random, COUNT(forms) - 1);
	if (random_below(random, 2) == 0)
		return;
	if (wrapping->joint == 0)
		wrapping->header =
		    (unsigned int)random_below(random, COUNT(forms));
	wrapping->envelope = (unsigned int)random_below(random, COUNT(kinds));
	if ((kinds[wrapping->envelope].messages && wrapping->joint > 0) ||
	    (kinds[wrapping->envelope].stamps && wrapping->stampless))
		wrapping->envelope = 0;
	wrapping->split = (unsigned int)random_below(random, 512);
}

static void
wrap_prefixed(struct wrapper *w, const char *prefix)
{
	put_text(&w->wrapped, prefix);
	put(&w->wrapped, w->line.bytes, w->line.len);
	open_wrapped(w);
}

static void
wrap(struct wrapper *w, const struct wrapping *wrapping,
     const struct sample_run_line *line, size_t joint)
{
	const struct envelope_kind *kind = &kinds[wrapping->envelope];
	size_t split = wrapping->split;

	w->line.len = 0;
	if (joint > 0)
		put_header(&w->line, wrapping->header, line->bytes, joint);
	put_header(&w->line, wrapping->header, line->bytes + joint,
		   line->len - joint);
	if (!kind->splits || split == 0 || split >= w->line.len ||
	    w->line.bytes[split - 1] == '\n') /* no part ends in one */
		split = 0;
	else
		kind->wrap(w, w->line.bytes, split, false);
	if (kind->wrap != NULL)
		kind->wrap(w, w->line.bytes + split, w->line.len - split, true);
	else
		wrap_prefixed(w, kind->prefix);
}

void
wrapping_collect(struct wrapper *w, const struct wrapping *wrapping,
		 const struct sample_run *run, struct recognizer *recognizer,
		 time_t now, struct sample_run_addrs *out)
{
	struct sample_run opened;
	size_t i;

	if (wrapping->header == 0 && wrapping->envelope == 0) {
		sample_run_collect(run, recognizer, now, out);
		return;
	}
	w->envelope = envelope_new();
	w->export = envelope_export_new();
	w->nlines = w->opened.len = w->wrapped.len = 0;
	for (i = 0; i < run->nlines; i++)
		wrap(w, wrapping, &run->lines[i],
		     i == wrapping->line ? wrapping->joint : 0);
	opened.nlines = w->nlines;
	for (i = 0; i < w->nlines; i++) {
		opened.lines[i].bytes = w->opened.bytes + w->begin[i];
		opened.lines[i].len = w->begin[i + 1] - w->begin[i];
	}
	sample_run_collect(&opened, recognizer, now, out);
	envelope_free(&w->envelope);
	envelope_export_free(&w->export);
}
