/* What all parts need: the files of a MAILROOT, and server.tab. */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "base/err.h"
#include "tools/integer.h"
#include "tools/postfix/netset.h"
#include "tools/xmail/xmail.h"

int
xmail_open(struct xmail *xmail, const char *name, struct tabfile **file,
	   struct err *err)
{
	char *path = alloc_format("%s/%s", xmail->root, name);
	int result = tabfile_open(file, path, err);

	if (strchr(name, '/') == NULL)
		strings_add(&xmail->files, name);
	free(path);
	return result;
}

struct place
xmail_place(const struct xmail *xmail, struct place place)
{
	if (place.file != NULL)
		place.file += strlen(xmail->root) + 1;
	return place;
}

/* A number of bits; XMail takes a larger one as the largest. */
static const char *
read_bits(const char *text, int family, unsigned int *bits)
{
	unsigned int most = family == 4 ? 32 : 128;
	size_t len = strspn(text, "0123456789");

	if (len == 0 || text[len] != '\0' || len > 9)
		return "no number of bits";
	*bits = (unsigned int)atoi(text);
	if (*bits > most)
		*bits = most;
	return NULL;
}

static const char *
filter_bits(struct netset *set, const char *text, const char *slash)
{
	bool mapped = memchr(text, ':', (size_t)(slash - text)) != NULL;
	struct addr addr;
	unsigned int bits;
	const char *why;

	if (addr_parse(&addr, text, (size_t)(slash - text)) != 0)
		return "not an address, or a host name";
	mapped = mapped && addr.family == 4;
	why = read_bits(slash + 1, mapped ? 6 : addr.family, &bits);
	if (why != NULL)
		return why;
	/* ::ffff:192.0.2.0/120: to Postfix, such a client is IPv4. */
	if (mapped && bits < 96)
		return "a network of both IPv6 and IPv4";
	netset_add(set, &addr, mapped ? bits - 96 : bits);
	return NULL;
}

const char *
xmail_filter(struct netset *set, const char *text, const char *mask_text)
{
	const char *slash = strchr(text, '/');
	struct addr addr, mask;

	if (slash != NULL)
		return filter_bits(set, text, slash);
	if (addr_parse(&addr, text, strlen(text)) != 0)
		return "not an address, or a host name";
	if (*mask_text == '\0') {
		netset_add(set, &addr, addr.family == 4 ? 32 : 128);
		return NULL;
	}
	if (addr_parse(&mask, mask_text, strlen(mask_text)) != 0 ||
	    mask.family != 4 || addr.family != 4)
		return "not an IPv4 address and its mask";
	if (netset_add_mask(set, &addr, &mask) != 0)
		return "a mask that makes more than 4096 networks";
	return NULL;
}

int
xmail_read_server(struct xmail *xmail, struct err *err)
{
	struct tabfile *file;
	struct tabline line;
	int result = xmail_open(xmail, "server.tab", &file, err);

	if (result <= 0)
		return result;
	while (tabfile_next(file, &line)) {
		struct server_variable *v;

		xmail->variables = alloc_resize(
		    xmail->variables, xmail->variable_count + 1, sizeof(*v));
		v = &xmail->variables[xmail->variable_count++];
		*v = (struct server_variable){
		    .name = alloc_string(line.fields[0]),
		    .value = alloc_string(line.fields[1]),
		    .place = {alloc_string(line.place.file), line.place.line}};
		if (line.cut || line.count < 2)
			remark_lost(&xmail->remarks, line.place,
				    "%s: XMail does not see a whole value here",
				    shown(line.fields[0]).text);
	}
	tabfile_close(&file);
	return 1;
}

/* The first of this name, or NULL. */
static struct server_variable *
find(struct xmail *xmail, const char *name)
{
	struct server_variable *first = NULL;

	for (size_t i = 0; i < xmail->variable_count; i++) {
		struct server_variable *v = &xmail->variables[i];

		if (strcasecmp(v->name, name) != 0)
			continue;
		if (first != NULL && !v->used)
			remark_lost(&xmail->remarks, v->place,
				    "%s: only the first such line counts",
				    name);
		v->used = true;
		if (first == NULL)
			first = v;
	}
	return first;
}

const char *
xmail_variable(struct xmail *xmail, const char *name, struct place *place)
{
	const struct server_variable *v = find(xmail, name);

	*place = v != NULL ? v->place : (struct place){NULL, 0};
	return v != NULL ? v->value : NULL;
}

int
xmail_number(struct xmail *xmail, const char *name, struct place *place,
	     int *number)
{
	struct server_variable *v = find(xmail, name);
	long long value;

	*place = v != NULL ? v->place : (struct place){NULL, 0};
	if (v == NULL)
		return 0;
	if (integer_parse(v->value, -INT_MAX, INT_MAX, &value) == 0) {
		*number = (int)value;
		return 1;
	}
	if (!v->wrong)
		remark_lost(&xmail->remarks, v->place,
			    "%s: is not carried over: '%s' is not a number",
			    name, shown(v->value).text);
	v->wrong = true;
	return -1;
}

void
xmail_unused_variables(struct xmail *xmail)
{
	for (size_t i = 0; i < xmail->variable_count; i++)
		if (!xmail->variables[i].used)
			remark_lost(&xmail->remarks, xmail->variables[i].place,
				    "%s: is not carried over",
				    shown(xmail->variables[i].name).text);
}

int
xmail_pop_logins(struct xmail *xmail, struct place *place)
{
	int on = 1;

	if (xmail_number(xmail, "EnableAuthSMTP-POP3", place, &on) < 0)
		return -1;
	return on != 0;
}
