/*
 * filetime: compares the times of files, stat(2).
 */
#ifndef BASE_FILETIME_H
#define BASE_FILETIME_H

#include <stdbool.h>
#include <time.h>

/* Less than, equal to or greater than 0, as strcmp(3). */
static inline int
filetime_compare(struct timespec a, struct timespec b)
{
	if (a.tv_sec != b.tv_sec)
		return a.tv_sec < b.tv_sec ? -1 : 1;
	return (a.tv_nsec > b.tv_nsec) - (a.tv_nsec < b.tv_nsec);
}

/* Whether a is before b. If a has whole seconds only, as bzip2(1) and some file
 * systems keep them, it is not before another time of its second. */
static inline bool
filetime_is_older(struct timespec a, struct timespec b)
{
	if (a.tv_nsec == 0)
		return a.tv_sec < b.tv_sec;
	return filetime_compare(a, b) < 0;
}

#endif
