/*
 * conf_validate: settings that are valid alone but not together.
 */
#ifndef DAEMON_CONF_CONF_VALIDATE_H
#define DAEMON_CONF_CONF_VALIDATE_H

struct conf;
struct err;

/* The setting that an error is about, as for conf_blame(). */
struct culprit {
	const char *key;
	const char *value; /* NULL: whatever it is */
};

/* 0; -1: err says which settings exclude each other, without the key of the
 * culprit. */
int conf_validate_flags(const struct conf *, struct culprit *, struct err *);
/* The same for the files that are written, after the defaults are filled in. */
int conf_validate_files(const struct conf *, struct culprit *, struct err *);

#endif
