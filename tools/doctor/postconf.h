/*
 * postconf: the settings of Postfix, as postconf(1) prints them.
 *
 * main.cf and master.cf are never parsed here. Which directory they are in is
 * up to postconf, so MAIL_CONFIG in the environment selects another one.
 */
#ifndef TOOLS_DOCTOR_POSTCONF_H
#define TOOLS_DOCTOR_POSTCONF_H

#include <stdbool.h>

#include "base/alloc.h"

struct err;

struct postconf {
	struct strings expanded; /* "name = value", with all $names replaced */
	struct strings raw;	 /* as written */
	struct strings services; /* lines of master.cf */
	struct strings overrides; /* "smtp/inet/name = value" */
	struct strings warnings; /* without "postconf: warning: " */
	char *types;		 /* of maps, separated by white space */
};

/* Asks for all of it. 0; -1: Postfix is not there or its settings cannot be
 * read, see err. */
int postconf_load(struct postconf *, struct err *);
/* The same without warnings and types. */
int postconf_load_settings(struct postconf *, struct err *);
void postconf_clear(struct postconf *);

/* The value of a setting; "" if it is empty or unknown. Borrowed. */
const char *postconf_value(const struct postconf *, const char *name);
const char *postconf_raw(const struct postconf *, const char *name);
/* The value that a service ("smtp/inet") of master.cf gives it, or NULL.
 * service NULL: NULL. */
const char *postconf_override(const struct postconf *, const char *service,
			      const char *name);

/* One line of master.cf. */
struct postfix_service {
	char name[128]; /* "smtp/inet" */
	bool chroot;
};

/* Reads a line of services. False: the service is no smtpd. */
bool postconf_smtpd(const struct postconf *, const char *line,
		    struct postfix_service *);

#endif
