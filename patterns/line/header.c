#include "patterns/line/header.h"

const char *
header_take_short(int *number, const char *p, const char *end)
{
	char text[8] = {0};

	memcpy(text, p, (size_t)(end - p));
	end = header_take_number(number, text, text + sizeof(text));
	return end != NULL ? p + (end - text) : NULL;
}
