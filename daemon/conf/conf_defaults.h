/*
 * conf_defaults: the values of settings that are not set.
 */
#ifndef DAEMON_CONF_CONF_DEFAULTS_H
#define DAEMON_CONF_CONF_DEFAULTS_H

struct conf;
struct helper;

/* Initialises *conf with the constant defaults. */
void conf_defaults_begin(struct conf *);

/* Fills what is still empty with what fits this machine: the log that exists,
 * the type of map that this Postfix reads, the installed patterns. Gives each
 * map its type. Without any map, there is no Postfix to ask for mynetworks.
 * helper: as for conf_load(). */
void conf_defaults_complete(struct conf *, struct helper *);

#endif
