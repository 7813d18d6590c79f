/* Switches, codes and numbers. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tools/integer.h"
#include "tools/smap/smap.h"

bool
smap_switch(struct smap *smap, const char *attribute, struct place *place)
{
	const char *value =
	    netperm_value(smap->table, attribute, place, &smap->remarks);

	long long on = 0;

	if (value != NULL && integer_parse(value, INT_MIN, INT_MAX, &on) != 0)
		remark_lost(&smap->remarks, *place,
			    "%s: is not carried over: '%s' is not a number",
			    attribute, shown(value).text);
	return on != 0;
}

static int
code_at(struct smap *smap, const char *attribute, int otherwise,
	struct place *place)
{
	const char *value =
	    netperm_value(smap->table, attribute, place, &smap->remarks);

	if (value == NULL)
		return otherwise;
	if ((value[0] == '4' || value[0] == '5') && strlen(value) == 3 &&
	    strspn(value, "0123456789") == 3)
		return atoi(value);
	remark_lost(&smap->remarks, *place,
		    "%s: %s is not a code from 400 to 599", attribute,
		    shown(value).text);
	return otherwise;
}

int
smap_code(struct smap *smap, const char *attribute, int otherwise)
{
	struct place place;

	return code_at(smap, attribute, otherwise, &place);
}

void
smap_write_code(struct smap *smap, const char *attribute,
		const char *const *names)
{
	struct maincf_value value = {0};
	struct place place;
	int code = code_at(smap, attribute, 0, &place);

	for (; code != 0 && *names != NULL; names++) {
		maincf_add(&value, smap_place(place), "%d", code);
		maincf_write(outset_stream(smap->out, "main.cf"), *names,
			     &value, true);
	}
}

struct place
smap_place(struct place place)
{
	const char *slash =
	    place.file != NULL ? strrchr(place.file, '/') : NULL;

	if (slash != NULL)
		place.file = slash + 1;
	return place;
}

void
smap_refusal(FILE *out, const char *key, int code)
{
	fprintf(out, "%s %d %d.7.1 Mail from here is not welcome\n", key, code,
		code / 100);
}

/* The number of an attribute, which may not be less; -1: it has no
 * such number. */
static long long
number_of(struct smap *smap, const char *attribute, int least,
	  struct place *place)
{
	const char *value =
	    netperm_value(smap->table, attribute, place, &smap->remarks);
	long long number;

	if (value == NULL)
		return -1;
	if (integer_parse(value, least, 999999999, &number) == 0)
		return number;
	remark_lost(&smap->remarks, *place, "%s: %s is not such a number",
		    attribute, shown(value).text);
	return -1;
}

void
smap_limits(struct smap *smap)
{
	FILE *out = outset_stream(smap->out, "main.cf");
	struct maincf_value value = {0};
	struct place place;
	long long number = number_of(smap, "maxbytes", 0, &place);

	if (number >= 0)
		maincf_message_size(out, number, smap_place(place));
	number = number_of(smap, "maxrecip", 1, &place);
	if (number > 0) {
		maincf_add(&value, smap_place(place), "%lld", number);
		maincf_write(out, "smtpd_recipient_limit", &value, true);
	}
	number = number_of(smap, "timeout", 1, &place);
	if (number > 0) {
		maincf_add(&value, smap_place(place), "%llds", number);
		maincf_write(out, "smtpd_timeout", &value, true);
	}
}
