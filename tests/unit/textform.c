/* The text that the format of a text: map makes of a row, and formats that are
 * refused. */
#include "maps/textform.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "maps/map.h"
#include "tests/tap.h"

/* The line, "" = none. Valid until the next call. */
static const char *
line_of(struct textform form, const char *text, unsigned int prefix)
{
	static char *line;
	struct map_row row = {.when = 1700000000, .present = true};
	size_t size;
	FILE *out;

	free(line);
	out = open_memstream(&line, &size);
	addr_parse(&row.addr, text, strlen(text));
	textform_row(out, &form, &row, prefix);
	fclose(out);
	return line;
}

static void
lines(void)
{
	char nft[] = "add element ip t s { {address} }",
	     all[] = "{login}:{address}";
	char odd[] = "{{address}} {} {Address} { address", none[] = "";

	is_str(line_of((struct textform){0}, "192.0.2.7", 64), "192.0.2.7\n",
	       "the address alone");
	is_str(line_of((struct textform){0}, "2001:db8::1:2:3:4", 64),
	       "2001:db8::/64\n", "a prefix");
	is_str(line_of((struct textform){0}, "2001:db8::1:2:3:4", 0),
	       "2001:db8::1:2:3:4\n", "no prefix");
	is_str(line_of((struct textform){.line = nft}, "192.0.2.7", 0),
	       "add element ip t s { 192.0.2.7 }\n", "braces stay");
	is_str(line_of((struct textform){.line = all}, "192.0.2.7", 0),
	       "1700000000:192.0.2.7\n", "both words");
	is_str(line_of((struct textform){.line = odd}, "192.0.2.7", 0),
	       "{192.0.2.7} {} {Address} { address\n", "what is no word stays");
	is_str(line_of((struct textform){.line = nft, .line6 = none},
		       "2001:db8::1", 0),
	       "", "no line for IPv6");
	is_str(line_of((struct textform){.line = none, .line6 = all},
		       "2001:db8::1", 64),
	       "1700000000:2001:db8::/64\n", "a line of its own for IPv6");
	is_str(line_of((struct textform){.line = none, .line6 = all},
		       "192.0.2.7", 64),
	       "", "no line for IPv4");
}

static void
wrong_lines(void)
{
	struct err err = {""};

	is_int(textform_check("{address}", &err), 0, "{address}");
	is_int(textform_check("", &err), 0, "none");
	is_int(textform_check("x {login}", &err), -1, "no {address}");
	ok(strstr(err.text, "has no {address}") != NULL,
	   "and it is reported: %s", err.text);
	is_int(textform_check("{adress}", &err), -1, "a slip");
	ok(strstr(err.text, "did you mean {address}?") != NULL, "%s", err.text);
	is_int(textform_check("{address} {x123456789012345678901234567890123456"
			      "789}",
			      &err),
	       -1, "nonsense");
	ok(strstr(err.text, "known: {address}, {login})") != NULL, "%s",
	   err.text);
}

int
main(void)
{
	lines();
	wrong_lines();
	return tap_done();
}
