#include "daemon/metrics/exposition.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/utf8.h"
#include "daemon/metrics/histogram.h"

#define PREFIX "pop_before_smtp_"

void
exposition_begin(FILE *out, const char *name, enum exposition_type type,
		 const char *help)
{
	static const char *const types[] = {
	    [EXPOSITION_COUNTER] = "counter",
	    [EXPOSITION_GAUGE] = "gauge",
	    [EXPOSITION_HISTOGRAM] = "histogram",
	};

	fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name,
		help, name, types[type]);
}

/* ---- labels ---- */

/* Writes one character, or one byte as \xNN, and returns how many bytes that
 * were. A backslash in a value is written as two. */
static size_t
write_unit(FILE *out, const unsigned char *at, size_t left)
{
	size_t len = utf8_length(at, left);

	if (*at == '\n') {
		fputs("\\n", out);
		return 1;
	}
	if (len == 0 || utf8_is_control(at)) {
		fprintf(out, "\\\\x%02x", *at);
		return 1;
	}
	if (*at == '"' || *at == '\\')
		fputc('\\', out);
	fwrite(at, 1, len, out);
	return len;
}

static void
write_label(FILE *out, const struct exposition_label *label)
{
	const unsigned char *at = (const unsigned char *)label->value;
	size_t left = strlen(label->value), used;

	fprintf(out, "%s=\"", label->name);
	for (; left > 0; at += used, left -= used)
		used = write_unit(out, at, left);
	fputc('"', out);
}

/* ---- samples ---- */

/* "name_suffix{label="value"} "; the number follows. */
static void
begin_sample(FILE *out, const char *name, const char *suffix,
	     const struct exposition_label *label)
{
	fprintf(out, PREFIX "%s%s", name, suffix);
	if (label != NULL) {
		fputc('{', out);
		write_label(out, label);
		fputc('}', out);
	}
	fputc(' ', out);
}

void
exposition_number(FILE *out, const char *name,
		  const struct exposition_label *label, uint64_t number)
{
	begin_sample(out, name, "", label);
	fprintf(out, "%" PRIu64 "\n", number);
}

/* bound: in milliseconds; below 0: infinite. */
static void
write_bucket(FILE *out, const char *name, const struct exposition_label *label,
	     int64_t bound, uint64_t count)
{
	fprintf(out, PREFIX "%s_bucket{", name);
	if (label != NULL) {
		write_label(out, label);
		fputc(',', out);
	}
	if (bound < 0)
		fprintf(out, "le=\"+Inf\"} %" PRIu64 "\n", count);
	else
		fprintf(out, "le=\"%g\"} %" PRIu64 "\n", (double)bound / 1000,
			count);
}

void
exposition_histogram(FILE *out, const char *name,
		     const struct exposition_label *label,
		     const struct histogram *h)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= h->nbounds; i++) {
		count += h->counts[i];
		write_bucket(out, name, label,
			     i < h->nbounds ? h->bounds[i] : -1, count);
	}
	begin_sample(out, name, "_sum", label);
	fprintf(out, "%" PRId64 ".%03" PRId64 "\n", h->sum / 1000,
		h->sum % 1000);
	begin_sample(out, name, "_count", label);
	fprintf(out, "%" PRIu64 "\n", count);
}

/* ---- checking ---- */

static bool
is_printable(const char *text, size_t len)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t used;

	for (; len > 0; at += used, len -= used) {
		used = utf8_length(at, len);
		if (used == 0 || utf8_is_control(at))
			return false;
	}
	return true;
}

static bool
is_ours(const char *line, size_t len)
{
	static const char *const begins[] = {PREFIX, "# HELP " PREFIX,
					     "# TYPE " PREFIX};

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (len > strlen(begins[i]) &&
		    memcmp(line, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

int
exposition_check(const char *text, size_t len, struct err *err)
{
	unsigned int number = 1;
	const char *end;

	for (; len > 0; text = end + 1, number++) {
		end = memchr(text, '\n', len);
		if (end == NULL || !is_ours(text, (size_t)(end - text)) ||
		    !is_printable(text, (size_t)(end - text)))
			return err_set(err, "line %u is no metric of ours",
				       number);
		len -= (size_t)(end - text) + 1;
	}
	return 0;
}
