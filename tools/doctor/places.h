/*
 * places: the paths of the settings, and what must be done before the daemon can
 * use them.
 */
#ifndef TOOLS_DOCTOR_PLACES_H
#define TOOLS_DOCTOR_PLACES_H

#include <stdbool.h>

struct conf;
struct service;

enum place_condition {
	PLACE_FINE,
	PLACE_RELATIVE,	    /* it depends on where the daemon was started */
	PLACE_MISSING,	    /* there is no such directory ... */
	PLACE_NO_DIRECTORY, /* ... but something else in its place */
	PLACE_CLOSED,	    /* the daemon's user may not write there */
};

/* A path that the daemon cannot use. All is borrowed until the callback returns. */
struct bad_place {
	enum place_condition condition;
	const char *key, *value;     /* of the settings */
	const char *path;	     /* in the value */
	const char *dir;	     /* its directory */
	bool own; /* the daemon's user creates it, and not root */
};

typedef void bad_place_fn(void *arg, const struct bad_place *);
/* Calls fn for each of them, but once for a directory. The service may create
 * what is missing. user: whom the daemon runs as, NULL: root. */
void places_each_bad(const struct conf *, const struct service *,
		     const char *user, bad_place_fn *, void *arg);

/*
 * What precedes the command that starts the daemon, to be freed: it creates the
 * user and the directories that are missing, and gives them to that user. "": all
 * of it is there. config: the file of settings.
 */
char *places_prepare(const struct conf *, const struct service *,
		     const char *user, const char *config);

/* The command that lets the user write in the directory of the path, to be
 * freed. */
char *places_open(const char *user, const char *path, const char *dir);

#endif
