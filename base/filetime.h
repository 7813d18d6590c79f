/*
 * filetime: compares the times of files, stat(2).
 */
#ifndef BASE_FILETIME_H
#define BASE_FILETIME_H

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
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

/* When the file was created; zero if its file system does not tell. Of the
 * directory itself, or any other file that is open, if path is empty. */
static inline struct timespec
filetime_birth(int directory, const char *path)
{
	struct timespec time = {0};
	struct statx st;

	if (statx(directory, path, AT_EMPTY_PATH, STATX_BTIME, &st) == 0 &&
	    (st.stx_mask & STATX_BTIME) != 0) {
		time.tv_sec = st.stx_btime.tv_sec;
		time.tv_nsec = st.stx_btime.tv_nsec;
	}
	return time;
}

#endif
