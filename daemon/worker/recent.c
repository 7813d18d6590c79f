#include "daemon/worker/recent.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/listing.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/table/authtab.h"

enum { RULE_MAX = 64, WHY_MAX = 128 };

struct recent_event {
	time_t when;
	struct addr addr;
	bool granted;
	int64_t seconds;		      /* granted */
	char why[WHY_MAX];		      /* refused */
	char rule[RULE_MAX];		      /* "": unknown */
	char user[AUTHTAB_USER_NAME_MAX + 1]; /* "": unknown */
};

struct recent {
	uint64_t newest;
	struct recent_event
	    ring[RECENT_MAX]; /* number N is in ring[N % RECENT_MAX] */
};

struct recent *
recent_new(void)
{
	return alloc_zero(1, sizeof(struct recent));
}

void
recent_free(struct recent **recent)
{
	free(*recent);
	*recent = NULL;
}

static void
copy(char *out, size_t size, const char *text, size_t len)
{
	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(out, text, len);
	out[len] = '\0';
}

static void
copy_string(char *out, size_t size, const char *text)
{
	copy(out, size, text, text != NULL ? strlen(text) : 0);
}

void
recent_add(struct recent *r, const struct pipeline_event *event)
{
	struct recent_event *e = &r->ring[++r->newest % RECENT_MAX];

	e->when = event->when;
	e->addr = *event->addr;
	e->granted = event->refused == NULL;
	e->seconds = event->seconds;
	copy_string(e->why, sizeof(e->why), event->refused);
	copy_string(e->rule, sizeof(e->rule), event->rule);
	copy(e->user, sizeof(e->user), event->user, event->user_len);
}

uint64_t
recent_newest(const struct recent *r)
{
	return r->newest;
}

static void
write_word(FILE *out, const char *text)
{
	fputc(' ', out);
	if (*text == '\0')
		fputc('-', out);
	else
		listing_encode(out, text);
}

static void
write_event(FILE *out, uint64_t number, const struct recent_event *e)
{
	char address[ADDR_TEXT_MAX];

	addr_format(&e->addr, address);
	fprintf(out, "%" PRIu64 " %lld %s %s", number, (long long)e->when,
		e->granted ? "granted" : "refused", address);
	if (e->granted)
		fprintf(out, " %lld", (long long)e->seconds);
	else
		write_word(out, e->why);
	write_word(out, e->rule);
	write_word(out, e->user);
	fputc('\n', out);
}

void
recent_write(const struct recent *r, uint64_t since, FILE *out)
{
	uint64_t oldest =
	    r->newest > RECENT_MAX ? r->newest - RECENT_MAX + 1 : 1;
	uint64_t number =
	    since < oldest || since > r->newest ? oldest : since + 1;

	for (; number <= r->newest; number++)
		write_event(out, number, &r->ring[number % RECENT_MAX]);
}
