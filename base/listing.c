#include "base/listing.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static bool
is_plain(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '%' && c != ',';
}

void
listing_encode(FILE *out, const char *name)
{
	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;

		if (is_plain(c) && !(c == '-' && name[1] == '\0'))
			fputc(c, out);
		else
			fprintf(out, "%%%02X", c);
	}
}

static int
hex(char c)
{
	const char *digits = "0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, toupper(c)) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

char *
listing_decode(const char *text, size_t len)
{
	char *out = alloc_zero(len + 1, 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%' && i + 2 < len && hex(text[i + 1]) >= 0 &&
		    hex(text[i + 2]) >= 0) {
			c = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
			i += 2;
		}
		if (c != '\0')
			out[n++] = c;
	}
	return out;
}

void
listing_write(FILE *out, const struct listing *l)
{
	char address[ADDR_TEXT_MAX];

	addr_format(&l->addr, address);
	fprintf(out, "%s %lld %lld ", address, (long long)l->when,
		(long long)l->expires);
	for (size_t i = 0; i < l->users.count; i++) {
		if (i > 0)
			fputc(',', out);
		listing_encode(out, l->users.list[i]);
	}
	fprintf(out, "%s %s\n", l->users.count == 0 ? "-" : "",
		l->rule != NULL ? l->rule : "-");
}

static void
read_users(struct strings *users, const char *text)
{
	size_t len;

	if (strcspn(text, " ") == 1 && *text == '-')
		return;
	for (;; text += len + 1) {
		char *user;

		len = strcspn(text, ", ");
		user = listing_decode(text, len);
		strings_add(users, user);
		free(user);
		if (text[len] != ',')
			return;
	}
}

/* The daemon that runs may be of an older version, which names no rule. */
static char *
read_rule(const char *users)
{
	const char *rule = strchr(users, ' ');

	if (rule == NULL || strcmp(rule, " -") == 0)
		return NULL;
	return alloc_string(rule + 1);
}

int
listing_read(struct listing *out, const char *line)
{
	size_t len = strcspn(line, " ");
	long long when, expires;
	int at = 0;

	memset(out, 0, sizeof(*out));
	if (addr_parse(&out->addr, line, len) != 0 ||
	    sscanf(line + len, " %lld %lld %n", &when, &expires, &at) != 2 ||
	    at == 0 || line[len + (size_t)at] == '\0')
		return -1;
	out->when = (time_t)when;
	out->expires = (time_t)expires;
	read_users(&out->users, line + len + at);
	out->rule = read_rule(line + len + at);
	return 0;
}

void
listing_clear(struct listing *l)
{
	strings_clear(&l->users);
	free(l->rule);
	l->rule = NULL;
}

static void
format_time(char out[32], time_t t)
{
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(out, 32, "%Y-%m-%dT%H:%M:%S%z", &tm) == 0)
		snprintf(out, 32, "%lld", (long long)t);
}

int
listing_width(const char *lines)
{
	size_t width = strlen("255.255.255.255"), len;

	for (; *lines != '\0'; lines += strcspn(lines, "\n")) {
		lines += *lines == '\n';
		len = strcspn(lines, " \n");
		if (len > width && len < ADDR_TEXT_MAX)
			width = len;
	}
	return (int)width;
}

void
listing_print(FILE *out, const struct listing *l, int width)
{
	char address[ADDR_TEXT_MAX], when[32], expires[32];

	addr_format(&l->addr, address);
	format_time(when, l->when);
	format_time(expires, l->expires);
	fprintf(out, "%-*s  %s  %s  ", width, address, when, expires);
	for (size_t i = 0; i < l->users.count; i++) {
		char user[256];

		log_printable(user, sizeof(user), l->users.list[i],
			      strlen(l->users.list[i]));
		fprintf(out, i > 0 ? ",%s" : "%s", user);
	}
	fputs(l->users.count == 0 ? "-\n" : "\n", out);
}
