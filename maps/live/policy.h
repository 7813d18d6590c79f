/*
 * policy: what smtpd(8) is told of one client, sender and recipient.
 *
 * Pure but for the file of senders: now is an argument, and so is what the
 * table of logins says of the client's address. In doubt the answer is DUNNO,
 * which authorizes nobody: the restrictions that follow decide.
 *
 *	the address is not authorized			DUNNO
 *	it is shared, and shared addresses are refused	DUNNO
 *	a binding is asked for and not there		DUNNO
 *	a limit is reached				limit_action
 *	else						action
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
	/* Of an address no more than 32 users are remembered. */
	POLICY_SHARED_USERS_MAX = 31,
	POLICY_TALLIES_MAX = 128 * 1024,
	POLICY_WINDOW_MIN = 60, /* seconds */
};

struct policy_settings {
	char *action;	    /* OK */
	char *limit_action; /* DEFER ... */
	unsigned int binding;	/* enum policy_binding */
	struct strings domains; /* a user "ann" is ann@ each of these */
	char *sender_logins;	/* the file; NULL = none */
	char *recipient_delimiter; /* of them each one; NULL = none */
	bool null_sender;	/* <> is everybody's */
	size_t shared_users;	/* more make an address shared; 0 = none is */
	unsigned int shared;	/* enum policy_shared */
	size_t user_recipients; /* within the window; 0 = no limit */
	size_t address_recipients;
	uint32_t window;       /* seconds */
	unsigned int count_at; /* enum policy_state: the only one that counts */
};

/* Who has logged in from an address, the latest first. Borrowed. */
struct policy_users {
	bool authorized;
	const char *const *names;
	size_t count;
};

struct policy_answer {
	const char *action; /* borrowed */
	const char *why;    /* for people; never changes */
	const char *user;   /* who sends, as far as is known; borrowed */
};

/* The settings are borrowed for the life of the policy. now: wall clock, for
 * the age of the file. NULL: err says why. */
struct policy *policy_new(const struct policy_settings *, time_t now,
    struct err *);
void policy_free(struct policy **);

/* Other settings are to come: opens their file of senders; what was counted
 * stays, unless the window is another. 0: the caller moves them to where the
 * policy borrows its own, before anything is decided. -1: all is as it was. */
int policy_change(struct policy *, const struct policy_settings *, time_t now,
    struct err *);

/* Reads the file of senders anew if it has changed: 1 = it did, 0, or -1 and
 * err: it has become unusable, and what was known stays. */
int policy_refresh(struct policy *, time_t now, struct err *);
size_t policy_senders(const struct policy *); /* keys in the file */

/* now: seconds of the steady clock. Counts what it grants. */
struct policy_answer policy_decide(struct policy *,
    const struct policy_request *, const struct policy_users *, int64_t now);

#endif
