/*
 * conf_validate: settings that are valid alone but not together.
 */
#ifndef DAEMON_CONF_CONF_VALIDATE_H
#define DAEMON_CONF_CONF_VALIDATE_H

struct conf;
struct err;

/* 0; -1: err says which settings exclude each other. */
int conf_validate_flags(const struct conf *, struct err *);
/* The same for the files that are written, after the defaults are filled in. */
int conf_validate_files(const struct conf *, struct err *);

#endif
