/*
 * conf_check: settings that are right by themselves, but not together.
 */
#ifndef DAEMON_CONF_CHECK_H
#define DAEMON_CONF_CHECK_H

struct conf;
struct err;

/* 0; -1: err says which exclude each other. */
int conf_check_flags(const struct conf *, struct err *);
/* The same of the files that are written, defaults included. */
int conf_check_files(const struct conf *, struct err *);

#endif
