/*
 * conf_defaults: what nobody has said.
 */
#ifndef DAEMON_CONF_CONF_DEFAULTS_H
#define DAEMON_CONF_CONF_DEFAULTS_H

struct conf;
struct helper;

/* Empties *conf and sets what is true unless something else is said. */
void conf_defaults_begin(struct conf *);

/* Fills what is still empty by looking at the machine: which log there is,
 * which type of map this Postfix reads, where the patterns lie. Gives each map
 * its type. */
void conf_defaults_complete(struct conf *, struct helper *);

#endif
