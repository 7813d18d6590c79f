/*
 * What other hosts vouch for: only what they have signed, in its place, within
 * their bounds; and in whatever order, however often it comes, the same.
 */
#include "daemon/peers/inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/peers/sign.h"
#include "tests/chance.h"
#include "tests/tap.h"

#ifdef WITHOUT_PEERS
int
main(void)
{
	tap_skip("entries of others", "built without libsodium");
	return tap_done();
}
#else

enum { START = 1700000000, GRACE = 1800, HOSTS = 2, ADDRESSES = 64 };

static unsigned char secrets[HOSTS][SIGN_SECRET];
static struct peers_host hosts[HOSTS] = {
    {.name = (char *)"pop1", .max_addresses = 100},
    {.name = (char *)"pop2",
     .max_addresses = 100,
     .user_domain = (char *)"two.example.org"},
};
static struct peers_conf conf = {
    .prefix = (char *)"pbs", .hosts = hosts, .nhosts = HOSTS, .skew = 30};
static const struct inbox_limits limits = {.longest = 86400};

/* Who would be in the table. */
struct seen {
	size_t grants, removals;
	struct peer_entry_record last;
	char user[PEER_ENTRY_USER_MAX + 1];
	int64_t until[ADDRESSES]; /* of 192.0.2.N */
	time_t removed[ADDRESSES];
	struct peers_time now;
};

static int64_t
on_grant(void *arg, const char *host, const struct peer_entry_record *record)
{
	struct seen *seen = arg;
	int n = record->addr.bytes[3] % ADDRESSES;
	int64_t until = record->until;

	(void)host;
	seen->grants++;
	seen->last = *record;
	snprintf(seen->user, sizeof(seen->user), "%.*s", (int)record->user_len,
		 record->user != NULL ? record->user : "");
	if (record->when <= seen->removed[n] || until <= peers_wall(seen->now))
		return 0;
	if (until > seen->until[n])
		seen->until[n] = until;
	return until - peers_wall(seen->now) + peers_steady(seen->now);
}

static void
on_remove(void *arg, const char *host, const struct peer_entry_record *record)
{
	struct seen *seen = arg;
	int n = record->addr.bytes[3] % ADDRESSES;

	(void)host;
	seen->removals++;
	if (record->when > seen->removed[n])
		seen->removed[n] = record->when;
	seen->until[n] = 0;
}

struct place {
	struct inbox *inbox;
	struct seen seen;
	uint64_t id;
};

static struct place *
open_place(void)
{
	struct place *p = alloc_zero(1, sizeof(*p));
	const struct inbox_ops ops = {on_grant, on_remove, &p->seen};

	p->seen.now = (struct peers_time){(int64_t)START * 1000, 5000000};
	conf.nhosts = HOSTS;
	p->inbox = inbox_new(&conf, &limits, &ops, p->seen.now);
	return p;
}

static void
close_place(struct place *p)
{
	inbox_free(&p->inbox);
	free(p);
}

static void
pass(struct place *p, int64_t ms)
{
	p->seen.now.wall_ms += ms;
	p->seen.now.steady_ms += ms;
}

static struct inbox_row
row_of(const struct place *p, size_t host)
{
	struct inbox_row row;

	inbox_get(p->inbox, host, p->seen.now, &row);
	return row;
}

/* ---- entries ---- */

/* All that is signed, and by whom; what is left out is as it should be. */
struct forgery {
	int signer;
	const char *stream, *id;
};

/* Sends an entry of pop1, under the next id. */
static void
send_as(struct place *p, const char *payload, size_t len,
	const struct forgery *forgery)
{
	struct streamid id = {.ms = ++p->id};
	unsigned char signature[SIGN_SIGNATURE];
	char text[STREAMID_SIZE];
	struct sign_entry entry = {.stream = "pbs:pop1",
				   .id = streamid_print(id, text),
				   .payload = payload,
				   .payload_len = len};
	struct inbox_message message = {.stream = "pbs:pop1",
					.id = id,
					.payload = payload,
					.payload_len = len,
					.signature = signature};

	if (forgery != NULL && forgery->stream != NULL)
		entry.stream = forgery->stream;
	if (forgery != NULL && forgery->id != NULL)
		entry.id = forgery->id;
	sign_entry(signature, &entry,
		   secrets[forgery != NULL ? forgery->signer : 0]);
	inbox_take(p->inbox, &message, p->seen.now);
}

static void
send_text(struct place *p, int host, const char *payload)
{
	struct streamid id = {.ms = ++p->id};
	unsigned char signature[SIGN_SIGNATURE];
	char text[STREAMID_SIZE], stream[32];
	struct sign_entry entry = {.stream = stream,
				   .id = streamid_print(id, text),
				   .payload = payload,
				   .payload_len = strlen(payload)};
	struct inbox_message message = {.stream = stream,
					.id = id,
					.payload = payload,
					.payload_len = strlen(payload),
					.signature = signature};

	sprintf(stream, "pbs:pop%d", host + 1);
	sign_entry(signature, &entry, secrets[host]);
	inbox_take(p->inbox, &message, p->seen.now);
}

static const char login[] = "1 1700000000 1699990000 1\n"
			    "L 192.0.2.7 1700000000 1700001800 ann\n";

static void
genuine(void)
{
	struct place *p = open_place();
	struct addr addr = {4, {192, 0, 2, 7}};

	ok(!inbox_vouches(p->inbox, &addr, peers_steady(p->seen.now)),
	   "nobody vouches for it at first");
	send_text(p, 0, login);
	is_int((long long)p->seen.grants, 1, "a login is taken");
	is_str(p->seen.user, "ann", "with its user");
	ok(inbox_vouches(p->inbox, &addr, peers_steady(p->seen.now)),
	   "its host vouches for it");
	ok(!inbox_vouches(p->inbox, &addr, peers_steady(p->seen.now) + GRACE),
	   "until its end");
	is_int((long long)row_of(p, 0).addresses, 1, "it is counted");
	send_text(p, 1, login);
	is_str(p->seen.user, "ann@two.example.org",
	       "ann of another host is another ann");
	send_text(p, 1,
		  "1 1700000000 1699990000 2\n"
		  "L 192.0.2.8 1700000000 1700001800 bob@example.net\n");
	is_str(p->seen.user, "bob@example.net", "a domain is not added twice");
	send_text(p, 1,
		  "1 1700000000 1699990000 3\n"
		  "R 192.0.2.8 1700000000\n");
	is_int((long long)p->seen.removals, 1, "a removal is taken");
	close_place(p);
}

static void
removed(void)
{
	struct place *p = open_place();
	struct addr addr = {4, {192, 0, 2, 7}};

	send_text(p, 0, login);
	send_text(p, 1, login);
	send_text(p, 0,
		  "1 1700000000 1699990000 2\n"
		  "R 192.0.2.7 1699999999\n");
	is_int((long long)row_of(p, 0).addresses, 1,
	       "an older removal takes no login back");
	send_text(p, 0,
		  "1 1700000000 1699990000 3\n"
		  "L 192.0.2.8 1700000000 1700001800 ann\n"
		  "R 192.0.2.7 1700000000\n");
	is_int((long long)row_of(p, 0).addresses, 1,
	       "for what a host has removed it does not vouch");
	is_int((long long)row_of(p, 1).addresses, 0, "nor does another");
	ok(!inbox_vouches(p->inbox, &addr, peers_steady(p->seen.now)),
	   "nobody does");
	addr.bytes[3] = 8;
	inbox_removed(p->inbox, &addr, START);
	is_int((long long)row_of(p, 0).addresses, 0,
	       "nor for what is removed here");
	close_place(p);
}

static void
forged(void)
{
	static const struct {
		struct forgery forgery;
		const char *why;
	} rows[] = {
	    {{.signer = 1}, "signed by another host"},
	    {{.stream = "pbs:pop2"}, "of another stream"},
	    {{.stream = "pbs:pop"}, "of a stream with a shorter name"},
	    {{.stream = "other:pop1"}, "with another prefix"},
	    {{.id = "1-1"}, "with another id"},
	    {{.id = "01-0"}, "with another spelling of the id"},
	};
	struct place *p = open_place();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		send_as(p, login, strlen(login), &rows[i].forgery);
		is_int((long long)row_of(p, 0).refused[PEER_REFUSAL_SIGNATURE],
		       (long long)i + 1, "refused: %s", rows[i].why);
	}
	is_int((long long)p->seen.grants, 0, "none of them is granted");
	ok(row_of(p, 0).heard_ms < 0, "the host was not heard of");
	close_place(p);
}

static void
refused(void)
{
	static const struct {
		unsigned int why;
		const char *text;
	} rows[] = {
	    {PEER_ENTRY_VERSION, "2 1700000000 1 1\n"},
	    {PEER_ENTRY_MALFORMED, "1 1700000000 1 1\nL 192.0.2.7 1\n"},
	    {PEER_ENTRY_CONTROL, "1 1700000000 1 1\n\a"},
	    {PEER_ENTRY_ADDRESS, "1 1700000000 1 1\nL 127.0.0.1 1 2\n"},
	    {PEER_ENTRY_AHEAD, "1 1700000095 1 1\nL 192.0.2.7 1 2\n"},
	    {PEER_ENTRY_TOO_LONG, "1 1700000000 1 1\nL 192.0.2.7 1 99999\n"},
	    {PEER_REFUSAL_NETWORK,
	     "1 1700000000 1 1\nL 2001:db8:7::/64 1699999999 1700001799\n"},
	};
	static char large[PEER_ENTRY_BYTES_MAX + 8];
	struct inbox_message torn = {
	    .stream = "pbs:pop1", .id = {99, 0}, .malformed = true};
	struct place *p = open_place();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		send_text(p, 0, rows[i].text);
		is_int((long long)row_of(p, 0).refused[rows[i].why], 1,
		       "refused: %s", peer_refusal_text(rows[i].why));
	}
	is_int((long long)row_of(p, 0).ahead, 95, "how far its clock is ahead");
	memset(large, '1', sizeof(large));
	send_as(p, large, sizeof(large), NULL);
	is_int((long long)row_of(p, 0).refused[PEER_ENTRY_TOO_LARGE], 1,
	       "refused: %s", peer_refusal_text(PEER_ENTRY_TOO_LARGE));
	inbox_take(p->inbox, &torn, p->seen.now);
	is_int((long long)row_of(p, 0).refused[PEER_REFUSAL_FIELDS], 1,
	       "refused: %s", peer_refusal_text(PEER_REFUSAL_FIELDS));
	torn.stream = "pbs:pop3";
	inbox_take(p->inbox, &torn, p->seen.now);
	is_int((long long)p->seen.grants, 0, "none of them is granted");
	close_place(p);
}

static void
bounded(void)
{
	struct place *p = open_place();
	char text[128];

	for (int i = 0; i < 150; i++) {
		snprintf(text, sizeof(text),
			 "1 1700000000 1 %d\n"
			 "L 198.51.100.%d 1700000000 1700000060\n",
			 i + 1, i);
		send_text(p, 0, text);
	}
	is_int((long long)row_of(p, 0).addresses, 100,
	       "no more addresses than the host may vouch for");
	is_int((long long)row_of(p, 0).refused[PEER_REFUSAL_BOUND], 50,
	       "the others are refused");
	snprintf(text, sizeof(text),
		 "1 1700000000 1 151\n"
		 "L 198.51.100.3 1700000001 1700000061\n");
	send_text(p, 0, text);
	is_int((long long)p->seen.grants, 101, "what is there still counts");
	pass(p, 60000);
	snprintf(text, sizeof(text),
		 "1 1700000060 1 152\n"
		 "L 198.51.100.200 1700000060 1700000120\n");
	send_text(p, 0, text);
	is_int((long long)p->seen.grants, 102,
	       "when some have ended, there is room again");
	for (int i = 0; i < 13; i++) {
		pass(p, 5000);
		inbox_look(p->inbox, true, p->seen.now);
	}
	is_int((long long)row_of(p, 0).addresses, 0,
	       "what has ended is forgotten");
	close_place(p);
}

static void
flooded(void)
{
	const struct forgery forgery = {.signer = 1};
	struct place *p = open_place();

	for (int i = 0; i < INBOX_FORGED_MAX - 1; i++)
		send_as(p, login, strlen(login), &forgery);
	ok(inbox_ignored(p->inbox) == NULL, "a stream is read in spite of "
					    "some bad signatures");
	for (int i = INBOX_FORGED_MAX - 1; i < 200; i++)
		send_as(p, login, strlen(login), &forgery);
	is_int((long long)row_of(p, 0).refused[PEER_REFUSAL_SIGNATURE],
	       INBOX_FORGED_MAX, "so many bad signatures are verified");
	is_int((long long)row_of(p, 0).refused[PEER_REFUSAL_IGNORED],
	       200 - INBOX_FORGED_MAX, "the others are not");
	is_str(inbox_ignored(p->inbox), "pbs:pop1", "its stream is ignored");
	ok(inbox_ignored(p->inbox) == NULL, "and returned once");
	send_text(p, 1, login);
	is_int((long long)p->seen.grants, 1, "other hosts are heard");
	pass(p, 60000);
	send_text(p, 0, login);
	is_int((long long)p->seen.grants, 2, "after a minute this one, too");
	close_place(p);
}

/* What has no signature to verify costs time, too. */
static void
flooded_with_malformed(void)
{
	struct inbox_message message = {.stream = "pbs:pop1",
					.malformed = true};
	struct place *p = open_place();

	for (uint64_t i = 1; i <= INBOX_FORGED_MAX; i++) {
		message.id = (struct streamid){i, 0};
		inbox_take(p->inbox, &message, p->seen.now);
	}
	is_str(inbox_ignored(p->inbox), "pbs:pop1",
	       "malformed entries have their stream ignored, too");
	close_place(p);
}

static void
numbered(void)
{
	struct place *p = open_place();

	send_text(p, 0, "1 1700000000 1699990000 5\n");
	send_text(p, 0, "1 1700000000 1699990000 6\n");
	is_int((long long)row_of(p, 0).missing, 0, "none is missing");
	send_text(p, 0, "1 1700000000 1699990000 5\n");
	send_text(p, 0, "1 1700000000 1699990000 7\n");
	is_int((long long)row_of(p, 0).missing, 0, "nor after a repetition");
	send_text(p, 0, "1 1700000000 1699990000 10\n");
	is_int((long long)row_of(p, 0).missing, 2, "two are");
	send_text(p, 0, "1 1700000000 1699999000 1\n");
	send_text(p, 0, "1 1700000000 1699999000 2\n");
	is_int((long long)row_of(p, 0).missing, 2, "each start counts from 1");
	p->id = 3;
	send_text(p, 0, login);
	is_int((long long)p->seen.grants, 0, "an old id was taken before");
	inbox_rewound(p->inbox, "pbs:pop1");
	send_text(p, 0, login);
	is_int((long long)p->seen.grants, 1, "unless the stream is read again");
	close_place(p);
}

static void
departed(void)
{
	struct place *p = open_place();
	struct addr seven = {4, {192, 0, 2, 7}};
	int64_t now = peers_steady(p->seen.now);

	send_text(p, 0, login);
	ok(!inbox_set(p->inbox, &conf, &limits, p->seen.now),
	   "a reload without changes");
	ok(inbox_vouches(p->inbox, &seven, now), "... changes nothing");
	send_text(p, 1, login);
	conf.nhosts = 1;
	ok(inbox_set(p->inbox, &conf, &limits, p->seen.now), "one goes");
	ok(inbox_vouches(p->inbox, &seven, now), "the other still vouches");
	send_text(p, 1,
		  "1 1700000000 1 2\nL 192.0.2.9 1700000000 1700001800\n");
	is_int((long long)p->seen.grants, 2, "who is gone is not heard");
	hosts[0].key[0] ^= 1;
	ok(inbox_set(p->inbox, &conf, &limits, p->seen.now),
	   "another key is another host");
	hosts[0].key[0] ^= 1;
	ok(!inbox_vouches(p->inbox, &seven, now), "nobody vouches any more");
	close_place(p);
}

/* ---- by chance ---- */

/* Forged by another host, changed by a bit, of another place, replayed: as many
 * as asked for, so far apart that so many of them are verified. */
static void
attacked(int attacks, int64_t apart_ms)
{
	static char payload[sizeof(login)];
	unsigned char signatures[HOSTS][SIGN_SIGNATURE];
	unsigned char changed[SIGN_SIGNATURE];
	const struct sign_entry entry = {"pbs:pop1", "1-0", login,
					 sizeof(login) - 1};
	struct inbox_message message = {.payload = payload,
					.payload_len = sizeof(login) - 1};
	struct place *p = open_place();

	for (int i = 0; i < HOSTS; i++)
		sign_entry(signatures[i], &entry, secrets[i]);
	send_text(p, 0, login); /* 1-0 */
	for (int i = 0; i < attacks; i++) {
		memcpy(payload, login, sizeof(login));
		memcpy(changed, signatures[0], sizeof(changed));
		message.stream = "pbs:pop1";
		message.signature = signatures[0];
		message.id = (struct streamid){1, 0};
		switch (i % 5) {
		case 0:
			message.signature = signatures[1];
			message.id.ms = 2;
			break;
		case 1:
			inbox_rewound(p->inbox, "pbs:pop1");
			payload[chance(sizeof(login) - 1)] ^= (char)(1 << chance(8));
			break;
		case 2:
			inbox_rewound(p->inbox, "pbs:pop1");
			changed[chance(SIGN_SIGNATURE)] ^=
			    (unsigned char)(1 << chance(8));
			message.signature = changed;
			break;
		case 3:
			message.stream = "pbs:pop2";
			break;
		case 4:
			message.id.seq = (uint64_t)i;
			break;
		}
		inbox_take(p->inbox, &message, p->seen.now);
		pass(p, apart_ms);
	}
	is_int(
	    (long long)p->seen.grants, 1,
	    "%d attacks: no grant; %llu signatures were verified", attacks,
	    (unsigned long long)(row_of(p, 0).refused[PEER_REFUSAL_SIGNATURE] +
				 row_of(p, 1).refused[PEER_REFUSAL_SIGNATURE]));
	close_place(p);
}

enum { STEPS = 10000, KEPT = 64 };

/* Random logins and removals of two hosts, each entry sent again now and then:
 * a reader of both streams knows what was said. */
static void
by_chance(void)
{
	struct place *p = open_place();
	static char kept[KEPT][128];
	int64_t until[ADDRESSES] = {0};
	time_t removed[ADDRESSES] = {0};
	bool good = true;

	for (int i = 0; i < KEPT; i++)
		strcpy(kept[i], login);
	until[7] = 1700001800;
	for (int i = 0; i < STEPS && good; i++) {
		char *text = kept[chance(KEPT)];
		time_t now = (time_t)peers_wall(p->seen.now);
		int n = chance(ADDRESSES);
		long when = (long)now - chance(40), end = when + GRACE - chance(900);

		if (chance(3) > 0 && chance(50) == 0) {
			snprintf(text, sizeof(kept[0]),
				 "1 %ld 1 %d\nR 192.0.2.%d %ld\n", (long)now,
				 i + 2, n, when);
			if (when > removed[n])
				removed[n] = when;
			until[n] = 0;
		} else if (chance(3) > 0) {
			snprintf(text, sizeof(kept[0]),
				 "1 %ld 1 %d\nL 192.0.2.%d %ld %ld\n",
				 (long)now, i + 2, n, when, end);
			if (when > removed[n] && end > now && end > until[n])
				until[n] = end;
		}
		inbox_rewound(p->inbox, "pbs:pop1");
		send_text(p, chance(HOSTS), text);
		pass(p, chance(3000));
		now = (time_t)peers_wall(p->seen.now);
		for (int j = 0; j < ADDRESSES; j++)
			if (until[j] > now && p->seen.removed[j] == 0 &&
			    p->seen.until[j] != until[j])
				good = false;
	}
	ok(good,
	   "%d entries by chance, many of them again: what was said is "
	   "known",
	   STEPS);
	close_place(p);
}

int
main(void)
{
	struct err err;

	log_open("/dev/null", false, &err);
	if (sign_begin(&err) != 0)
		return 1;
	for (int i = 0; i < HOSTS; i++) {
		char text[SIGN_KEY_TEXT];

		sign_new_key(secrets[i], text);
		/* The second half of a secret key is the public key. */
		memcpy(hosts[i].key, secrets[i] + SIGN_SEED, SIGN_PUBLIC);
	}
	genuine();
	removed();
	forged();
	refused();
	bounded();
	flooded();
	flooded_with_malformed();
	numbered();
	departed();
	attacked(1000000, 1);
	attacked(10000, 700);
	by_chance();
	return tap_done();
}
#endif
