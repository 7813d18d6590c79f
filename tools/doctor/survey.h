/*
 * survey: what the lines of a log are, counted.
 */
#ifndef TOOLS_DOCTOR_SURVEY_H
#define TOOLS_DOCTOR_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct conf;
struct err;
struct surveyor;

struct survey {
	unsigned int lines;
	unsigned int headerless; /* begin like no known log */
	unsigned int logins;	 /* by the rules that are on */
	unsigned int optional;	 /* by rules that are off ... */
	const char *rule;	 /* ... one of which is this; borrowed */
	char *strange;		 /* one without a header, or NULL */
	char *unfit; /* one of a known program that looks like a login, but
		      * fits no rule, or NULL */
	char *program;	/* its program */
	char *foreign;	/* a host that is not this one, or NULL */
	char *newlines; /* a program that logs what strangers send, or NULL */
	bool dated;	/* the last line has a stamp: */
	time_t last;
};

/* With the rules that the configuration names, which it must outlive. */
struct surveyor *surveyor_new(const struct conf *, struct err *);
void surveyor_free(struct surveyor **);

/* Counts whole lines. now: for stamps without a year. */
void survey_take(struct survey *, struct surveyor *, const char *text,
		 size_t len, time_t now);
/* The same with the last lines of a file; false: it cannot be read. */
bool survey_file(struct survey *, struct surveyor *, const char *path,
		 time_t now);
void survey_clear(struct survey *);

#endif
