#ifndef TOOLS_INTEGER_H
#define TOOLS_INTEGER_H
/*
 * integer: parses "900" or "-1", and nothing that strtol(3) would take for it,
 * such as "15m", "abc" or "".
 */

/* 0 and *number, which is from least to most; or -1, and *number is as before.
 */
int integer_parse(const char *text, long long least, long long most,
		  long long *number);

#endif
