#include "daemon/link/reports.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "daemon/link/sender.h"

/* Enough for two engines, each with problems of its own. More are rare, and
 * cause a repeated line in the log now and then. */
enum { LOGGED_MAX = 16, CHANNELS = 2 };

struct heard {
	bool wanted, works;
	enum ipc_link_state state; /* CONNECTED or LOST; 0: none yet */
	char *text;
};

struct reports {
	struct sender *sender;
	struct heard channels[CHANNELS];
	uint64_t logged[LOGGED_MAX]; /* hashes of problems since all worked */
	size_t nlogged;
	bool complained; /* an ERROR or a WARNING was among them */
	uint64_t engine; /* hash of the last one logged */
};

struct reports *
reports_new(struct sender *sender)
{
	struct reports *r = alloc_zero(1, sizeof(*r));

	r->sender = sender;
	return r;
}

void
reports_free(struct reports **r)
{
	if (*r == NULL)
		return;
	for (size_t i = 0; i < CHANNELS; i++)
		free((*r)->channels[i].text);
	free(*r);
	*r = NULL;
}

static struct heard *
heard_of(struct reports *r, enum ipc_link_channel channel)
{
	return &r->channels[channel - IPC_LINK_WRITER];
}

/* Whether it has not been logged yet; marks it as logged. */
static bool
is_news(struct reports *r, const char *text)
{
	uint64_t hash = hash_bytes(0, text, strlen(text));

	for (size_t i = 0; i < r->nlogged; i++)
		if (r->logged[i] == hash)
			return false;
	if (r->nlogged == LOGGED_MAX)
		r->nlogged = 0;
	r->logged[r->nlogged++] = hash;
	return true;
}

/* Two connections to the same engine are logged as one. After a problem, they
 * are logged only when all works: an engine may let us in, and then refuse our
 * commands. */
static bool
is_new_engine(struct reports *r, const char *text)
{
	uint64_t hash = hash_bytes(1, text, strlen(text));
	bool same = r->engine == hash;

	r->engine = hash;
	return !same;
}

void
reports_tell(struct reports *r, enum ipc_link_channel channel,
	     enum ipc_link_state state, const char *text)
{
	struct heard *heard = heard_of(r, channel);
	bool news;

	if (state == IPC_LINK_CONNECTED) {
		news = r->nlogged == 0 && is_new_engine(r, text);
	} else {
		news = is_news(r, text);
		heard->works = false;
	}
	if (state == IPC_LINK_LOST && news)
		r->engine = 0;
	if (state == IPC_LINK_CONNECTED || state == IPC_LINK_LOST) {
		free(heard->text);
		heard->text = alloc_string(text);
		heard->state = state;
	} else {
		r->complained = true;
	}
	sender_state(r->sender, channel, state, !news, text);
}

void
reports_want(struct reports *r, enum ipc_link_channel channel, bool wanted)
{
	struct heard *heard = heard_of(r, channel);

	heard->wanted = wanted;
	if (wanted)
		return;
	free(heard->text);
	heard->text = NULL;
}

static void
report_recovery(struct reports *r)
{
	for (unsigned int i = 0; i < CHANNELS; i++) {
		const char *text = r->channels[i].text;

		if (r->channels[i].wanted && text != NULL &&
		    is_new_engine(r, text))
			sender_state(r->sender, IPC_LINK_WRITER + i,
				     IPC_LINK_CONNECTED, false, text);
	}
	if (r->complained)
		sender_state(r->sender, IPC_LINK_WRITER, IPC_LINK_NOTICE, false,
			     "the engine accepts our commands again");
}

void
reports_works(struct reports *r, enum ipc_link_channel channel)
{
	struct heard *heard = heard_of(r, channel);

	if (heard->works)
		return;
	heard->works = true;
	for (size_t i = 0; i < CHANNELS; i++)
		if (r->channels[i].wanted && !r->channels[i].works)
			return;
	if (r->nlogged > 0)
		report_recovery(r);
	r->nlogged = 0;
	r->complained = false;
}

void
reports_begin(struct reports *r)
{
	r->nlogged = 0;
	r->engine = 0;
	r->complained = false;
	for (size_t i = 0; i < CHANNELS; i++) {
		struct heard *heard = &r->channels[i];
		char *text = heard->text;

		heard->works = false;
		heard->text = NULL;
		if (text != NULL)
			reports_tell(r, IPC_LINK_WRITER + (unsigned int)i,
				     heard->state, text);
		free(text);
	}
}
