/*
 * policy: the answer to smtpd(8) about one client, sender and recipient.
 *
 * Apart from reading the file of senders it is pure: the time is an argument,
 * and so are the users who have logged in from the client's address. In doubt
 * the answer is DUNNO, which authorizes nobody: Postfix goes on to its next
 * restriction.
 *
 *	the address is not authorized			DUNNO
 *	it is shared, and shared addresses are refused	DUNNO
 *	the sender has to be one of its users', and is not	DUNNO
 *	a limit is reached				limit_action
 *	otherwise					action
 */
#ifndef MAPS_LIVE_POLICY_H
#define MAPS_LIVE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/alloc.h"
#include "maps/live/policy_request.h"

struct err;
struct policy;
struct senders;

enum policy_binding { POLICY_BINDING_OFF, POLICY_BINDING_ALWAYS };
enum policy_shared { POLICY_SHARED_BIND, POLICY_SHARED_REFUSE };

enum {
	/* The table remembers no more than 32 users of an address. */
	POLICY_SHARED_USERS_MAX = 31,
	POLICY_COUNTERS_MAX = 128 * 1024,
	POLICY_WINDOW_MIN = 60, /* seconds */
};

struct policy_settings {
	char *action;	    /* OK */
	char *limit_action; /* DEFER ... */
	unsigned int binding;	/* enum policy_binding */
	struct strings domains; /* user "ann" owns ann@ in each of these */
	char *sender_logins;	/* file of senders; NULL = none */
	char *recipient_delimiter; /* any of these characters; NULL = none */
	bool null_sender;	/* everybody may send from <> */
	size_t shared_users;	/* more make an address shared; 0 = never */
	unsigned int shared;	/* enum policy_shared */
	size_t user_recipients; /* within the window; 0 = no limit */
	size_t address_recipients;
	uint32_t window;       /* seconds */
	unsigned int count_at; /* enum policy_state in which to count */
};

/* The users who have logged in from an address, the latest first. Borrowed. */
struct policy_users {
	bool authorized;
	const char *const *names;
	size_t count;
};

struct policy_answer {
	const char *action; /* borrowed */
	const char *why;    /* for the log; a constant */
	const char *user;   /* the user who sends; NULL = not known; borrowed */
};

/* The settings are borrowed until the policy is freed. now: wall clock, for the
 * age of the file. NULL: err says why. */
struct policy *policy_new(const struct policy_settings *, time_t now,
    struct err *);
void policy_free(struct policy **);

/* Prepares for new settings: opens their file of senders, and forgets what was
 * counted if the window differs. 0: the caller must now copy the settings into
 * those that the policy borrows, before the next decision. -1: nothing has
 * changed. */
int policy_change(struct policy *, const struct policy_settings *, time_t now,
    struct err *);

/* Reads the file of senders again if it has changed. 1: it was read; 0: it has
 * not changed; -1: it is unusable, and what was read before remains in use. */
int policy_refresh(struct policy *, time_t now, struct err *);
size_t policy_senders(const struct policy *); /* keys in the file */

/* Decides, and counts what it grants. now: seconds of the steady clock. */
struct policy_answer policy_decide(struct policy *,
    const struct policy_request *, const struct policy_users *, int64_t now);

#endif
