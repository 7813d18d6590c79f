#include "patterns/line/stampform.h"

#include <string.h>

/* Y, M, D, h, m and s are digits of the fields from year to second, b is a
 * letter of a month's name; all other characters match themselves. A year of
 * two digits is one of this century. */
static const struct {
	const char *form;
	bool utc;
} forms[STAMP_KINDS] = {
    [STAMP_SLASHED] = {"YYYY/MM/DD hh:mm:ss", false},
    [STAMP_AMERICAN] = {"MM/DD/YY hh:mm:ss", false},
    [STAMP_BRACKETED] = {"[DD/bbb/YYYY hh:mm:ss]", false},
    [STAMP_DOTTED] = {"[YYYY.MM.DD] hh:mm:ss", false},
    [STAMP_W3C] = {"YYYY-MM-DD hh:mm:ss", true},
    [STAMP_CLOCK] = {"hh:mm:ss", false},
    [STAMP_SVLOGD] = {"YYYY-MM-DD_hh:mm:ss", true},
    [STAMP_SVLOGD_T] = {"YYYY-MM-DDThh:mm:ss", true},
};

static bool
is_field(char c)
{
	return c != '\0' && strchr("YMDhms", c) != NULL;
}

size_t
stampform_find(enum stamp_kind kind, const char *p, const char *end)
{
	const char *form = forms[kind].form;
	size_t i, len = strlen(form);

	if ((size_t)(end - p) < len)
		return 0;
	for (i = 0; i < len; i++) {
		if (form[i] == 'b') {
			if (stamp_month(p + i) == 0)
				return 0;
			i += 2;
		} else if (is_field(form[i])) {
			if (p[i] < '0' || p[i] > '9')
				return 0;
		} else if (p[i] != form[i])
			return 0;
	}
	return len;
}

static int *
field_of(struct stamp_fields *w, char c)
{
	switch (c) {
	case 'Y':
		return &w->year;
	case 'M':
		return &w->month;
	case 'D':
		return &w->day;
	case 'h':
		return &w->hour;
	case 'm':
		return &w->minute;
	default:
		return &w->second;
	}
}

void
stampform_read(enum stamp_kind kind, const char *p, struct stamp_fields *w)
{
	const char *form = forms[kind].form;
	size_t i;
	int *field;

	*w = (struct stamp_fields){.zoned = forms[kind].utc};
	for (i = 0; form[i] != '\0'; i++) {
		if (form[i] == 'b') {
			w->month = stamp_month(p + i);
			i += 2;
		} else if (is_field(form[i])) {
			field = field_of(w, form[i]);
			*field = *field * 10 + p[i] - '0';
		}
	}
	if (strstr(form, "YYYY") == NULL)
		w->year += 2000;
}
