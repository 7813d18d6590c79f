/*
 * conf_validate: settings that are right by themselves, but not together.
 */
#ifndef DAEMON_CONF_CONF_VALIDATE_H
#define DAEMON_CONF_CONF_VALIDATE_H

struct conf;
struct err;

/* 0; -1: err says which exclude each other. */
int conf_validate_flags(const struct conf *, struct err *);
/* The same of the files that are written, defaults included. */
int conf_validate_files(const struct conf *, struct err *);

#endif
