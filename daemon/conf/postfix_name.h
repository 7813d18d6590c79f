/*
 * postfix_name: a map of ours as Postfix's settings name it.
 *
 * The daemon keeps "hash:/var/lib/x/map", which Postfix may also be given as
 * "proxy:hash:/var/lib/x/map". A socket is named in another way: our
 * "socketmap:unix:/var/spool/postfix/pbs/socket" is "socketmap:unix:
 * pbs/socket:NAME" to Postfix, and our "policy:unix:PATH" is "unix:PATH".
 */
#ifndef DAEMON_CONF_POSTFIX_NAME_H
#define DAEMON_CONF_POSTFIX_NAME_H

#include <stdbool.h>

/* Whether a table or service that Postfix's settings name is our map. */
bool postfix_name_is(const char *map, const char *name);

/* The name that Postfix should use, to be freed: relative to its queue
 * directory for a socket below that. */
char *postfix_name_of(const char *map, const char *queue_directory);

#endif
