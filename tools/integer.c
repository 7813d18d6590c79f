#include "tools/integer.h"

#include <errno.h>
#include <stdlib.h>

int
integer_parse(const char *text, long long least, long long most,
	      long long *number)
{
	const char *digits = *text == '-' ? text + 1 : text;
	long long value;
	char *end;

	if (*digits < '0' || *digits > '9')
		return -1;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || value < least || value > most)
		return -1;
	*number = value;
	return 0;
}
