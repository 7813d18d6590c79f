/*
 * The checks of a client's address: smtp.ipmap.tab, spammers.tab, block lists
 * and its name, but not for those that smtp.ipprop.tab exempts.
 *
 * XMail refuses at once (a code above 0), or lets the client go on until MAIL,
 * and refuses it there unless it has logged in (0), or slows it down (below 0),
 * which a login lifts, too. Hence there are two places in
 * smtpd_client_restrictions: before and after those who have logged in.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/integer.h"
#include "tools/postfix/netset.h"
#include "tools/xmail/blocklists.h"
#include "tools/xmail/xmail.h"

enum { SLEEP_MAX = 3600, ROWS_MAX = 1000000 };

/* A row of smtp.ipmap.tab or spammers.tab. */
struct row {
	struct netset nets;
	struct place place;
	long precedence;
	size_t order;
	bool allows;
	int code; /* of a row that does not */
};

struct rows {
	struct row *list;
	size_t count, networks;
};

struct clients {
	struct xmail *xmail;
	struct rows exempt, ipmap, spammers;
	struct maincf_value early, late; /* before and after the logins */
	struct maincf_value classes;
	int slept[64]; /* seconds of each class; the first is xmail_slow */
	size_t nslept;
	int drop_code;
};

static void
clear_rows(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		netset_clear(&rows->list[i].nets);
	free(rows->list);
	*rows = (struct rows){0};
}

static struct row *
add_row(struct rows *rows, struct netset *nets, struct place place)
{
	struct row *row;

	if ((rows->count & (rows->count - 1)) == 0)
		rows->list =
		    alloc_resize(rows->list, rows->count ? 2 * rows->count : 1,
				 sizeof(*row));
	netset_merge(nets);
	row = &rows->list[rows->count];
	*row =
	    (struct row){.nets = *nets, .place = place, .order = rows->count++};
	rows->networks += nets->count;
	*nets = (struct netset){0};
	return row;
}

/* A line that allows is left out. One that refuses may not be: whoever it
 * refuses would come in. */
static void
lose(struct clients *clients, const struct tabline *line, bool allows,
     const char *why, const char *remedy)
{
	struct remarks *remarks = &clients->xmail->remarks;
	struct shown address = shown(line->fields[0]);

	if (allows)
		remark_lost(remarks, line->place, "%s: is left out: %s",
			    address.text, why);
	else
		remark_refused(remarks, line->place,
			       "%s: cannot be refused: %s: %s", address.text,
			       why, remedy);
}

/* The networks of a line; false: see lose(). */
static bool
networks_of(struct clients *clients, const struct tabline *line,
	    const char *mask, bool allows, struct netset *nets)
{
	const char *why = xmail_filter(nets, line->fields[0], mask);

	if (why == NULL && line->cut && allows)
		why = "a line that XMail does not read to its end";
	if (why == NULL)
		return true;
	lose(clients, line, allows, why,
	     "write its networks as ADDRESS/BITS into a copy of the file");
	netset_clear(nets);
	return false;
}

static void
add_ipmap(struct clients *clients, const struct tabline *line)
{
	struct remarks *remarks = &clients->xmail->remarks;
	bool allows = strcasecmp(line->fields[2], "ALLOW") == 0;
	const char *number = line->fields[3];
	long long precedence = 0;
	struct netset nets = {0};
	struct row *row;

	if (line->count >= 4 &&
	    integer_parse(number, LONG_MIN, LONG_MAX, &precedence) != 0) {
		lose(clients, line, allows, "its precedence is not a number",
		     "correct it in a copy of the file");
		return;
	}
	if (line->count < 4 || precedence < -1) {
		remark(remarks, line->place,
		       line->count < 4
			   ? "fewer than 4 fields: XMail ignores it, too"
			   : "a precedence below -1: XMail ignores it, too");
		return;
	}
	if (!networks_of(clients, line, line->fields[1], allows, &nets))
		return;
	row = add_row(&clients->ipmap, &nets, line->place);
	row->allows = allows;
	row->precedence = (long)precedence;
	row->code = clients->drop_code;
}

static void
lose_property(struct clients *clients, const struct tabline *line,
	      const char *property)
{
	remark_lost(&clients->xmail->remarks, line->place,
		    "%s: is not carried over", shown(property).text);
}

/* "addr" "mask" "code=N", or "addr/bits" "code=N". */
static void
add_spammer(struct clients *clients, const struct tabline *line)
{
	const char *second = line->fields[1], *code;
	bool masked = *second >= '0' && *second <= '9';
	struct netset nets = {0};
	long long number;
	struct row *row;

	if (!networks_of(clients, line, masked ? second : "", false, &nets))
		return;
	row = add_row(&clients->spammers, &nets, line->place);
	row->code = 1;
	for (size_t i = masked ? 2 : 1; i < line->count; i++) {
		code = line->fields[i];
		if (strncmp(code, "code=", 5) == 0 &&
		    integer_parse(code + 5, -INT_MAX, INT_MAX, &number) == 0)
			row->code = (int)number;
		else
			lose_property(clients, line, code);
	}
}

/* "addr/bits" "WhiteList=1" ... */
static void
add_exempt(struct clients *clients, const struct tabline *line)
{
	struct netset nets = {0};
	bool exempt = false;

	for (size_t i = 1; i < line->count; i++) {
		const char *property = line->fields[i];
		long long on = 1;

		if (strcmp(property, "WhiteList") == 0 ||
		    (strncmp(property, "WhiteList=", 10) == 0 &&
		     integer_parse(property + 10, INT_MIN, INT_MAX, &on) == 0))
			exempt = on != 0;
		else
			lose_property(clients, line, property);
	}
	if (exempt && networks_of(clients, line, "", true, &nets))
		add_row(&clients->exempt, &nets, line->place);
}

typedef void add_fn(struct clients *, const struct tabline *);

static int
read_rows(struct clients *clients, const char *name, add_fn *add,
	  struct tabfile **file, struct err *err)
{
	struct tabline line;
	int result = xmail_open(clients->xmail, name, file, err);

	while (result == 1 && tabfile_next(*file, &line))
		add(clients, &line);
	return result;
}

/* Which row decides: the highest precedence, then the later line. */
static int
by_precedence(const void *a, const void *b)
{
	const struct row *one = a, *other = b;

	if (one->precedence != other->precedence)
		return one->precedence > other->precedence ? -1 : 1;
	return one->order > other->order ? -1 : 1;
}

/* The class of clients that are slowed down so much. */
static char *
slow_class(struct clients *clients, int seconds)
{
	size_t i = 0;

	while (i < clients->nslept && clients->slept[i] != seconds)
		i++;
	if (i == sizeof(clients->slept) / sizeof(clients->slept[0]))
		i--;
	else if (i == clients->nslept)
		clients->slept[clients->nslept++] = seconds;
	if (i == 0)
		return alloc_string("xmail_slow");
	return alloc_format("xmail_slow_%d", clients->slept[i]);
}

static char *
action_of(struct clients *clients, const struct row *row, bool early)
{
	if (row->allows || (row->code > 0) != early)
		return alloc_string("DUNNO");
	if (row->code < -SLEEP_MAX)
		return slow_class(clients, SLEEP_MAX);
	if (row->code < 0)
		return slow_class(clients, -row->code);
	return alloc_string("554 5.7.1 Your address is not welcome here");
}

static void
write_row(FILE *out, const struct xmail *xmail, const struct row *row,
	  const char *action)
{
	struct place place = xmail_place(xmail, row->place);
	char text[NETSET_TEXT_MAX];

	fprintf(out, "# %s:%zu\n", place.file, place.line);
	for (size_t i = 0; i < row->nets.count; i++) {
		netset_format(&row->nets.list[i], false, text);
		fprintf(out, "%s %s\n", text, action);
	}
}

/* Writes a table of those rows that count early or late, if there are any, and
 * adds it to the restrictions there. */
static void
write_table(struct clients *clients, const struct rows *rows, const char *part,
	    bool early)
{
	struct maincf_value *value = early ? &clients->early : &clients->late;
	struct xmail *xmail = clients->xmail;
	bool any = false;
	char *action;
	FILE *out;

	for (size_t i = 0; i < rows->count; i++)
		any = any || (!rows->list[i].allows &&
			      (rows->list[i].code > 0) == early);
	if (!any)
		return;
	out = outset_stream(xmail->out, part);
	for (size_t i = 0; i < clients->exempt.count; i++)
		write_row(out, xmail, &clients->exempt.list[i], "DUNNO");
	for (size_t i = 0; i < rows->count; i++) {
		action = action_of(clients, &rows->list[i], early);
		write_row(out, xmail, &rows->list[i], action);
		free(action);
	}
	maincf_add(value, xmail_place(xmail, rows->list[0].place),
		   "check_client_access cidr:%s/%s", xmail->directory, part);
}

/* Those exempt skip the lists and the check of the name, too. OK ends these
 * restrictions and nothing else. */
static void
add_exempt_table(struct clients *clients)
{
	struct xmail *xmail = clients->xmail;
	FILE *out;

	if (clients->exempt.count == 0)
		return;
	out = outset_stream(xmail->out, "whitelist");
	for (size_t i = 0; i < clients->exempt.count; i++)
		write_row(out, xmail, &clients->exempt.list[i], "OK");
	maincf_add(&clients->early,
		   xmail_place(xmail, clients->exempt.list[0].place),
		   "check_client_access cidr:%s/whitelist", xmail->directory);
}

static void
add_name_check(struct clients *clients)
{
	struct place place;
	int check = 0;

	xmail_number(clients->xmail, "SMTP-RDNSCheck", &place, &check);
	if (check > 0)
		maincf_add(&clients->late, xmail_place(clients->xmail, place),
			   "reject_unknown_reverse_client_hostname");
	if (check < 0)
		remark_lost(&clients->xmail->remarks, place,
			    "SMTP-RDNSCheck: Postfix cannot slow down clients "
			    "without a name");
}

/* The exemptions, block lists and the check of the name. */
static void
add_lookups(struct clients *clients)
{
	struct maincf_value early = {0}, late = {0};
	size_t before = clients->late.words.count;

	blocklists(clients->xmail, &early, &late);
	maincf_join(&clients->late, &late);
	add_name_check(clients);
	if (early.words.count > 0 || clients->late.words.count > before)
		add_exempt_table(clients);
	maincf_join(&clients->early, &early);
}

static void
write_classes(const struct clients *clients, FILE *out)
{
	struct maincf_value names = {0}, value = {0};
	struct place nowhere = {NULL, 0};

	for (size_t i = 0; i < clients->nslept; i++) {
		char *name =
		    i == 0 ? alloc_string("xmail_slow")
			   : alloc_format("xmail_slow_%d", clients->slept[i]);

		maincf_add(&names, nowhere, "%s", name);
		maincf_add(&value, nowhere, "sleep %d", clients->slept[i]);
		maincf_write(out, name, &value, true);
		free(name);
	}
	if (clients->nslept > 0)
		maincf_write(out, "smtpd_restriction_classes", &names, true);
}

static void
write_restrictions(struct clients *clients)
{
	struct xmail *xmail = clients->xmail;
	FILE *out = outset_stream(xmail->out, "main.cf");
	struct maincf_value *value = &clients->early;
	struct place place;

	if (clients->late.words.count > 0) {
		bool pop = xmail_pop_logins(xmail, &place) > 0;

		place = xmail_place(xmail, place);
		maincf_add(value, place, "permit_sasl_authenticated");
		if (pop)
			maincf_add(value, place, "check_client_access %s",
				   xmail->map);
		maincf_join(value, &clients->late);
	}
	if (value->words.count == 0)
		return;
	maincf_write(out, "smtpd_client_restrictions", value, true);
	write_classes(clients, out);
}

static void
write_all(struct clients *clients)
{
	if (clients->ipmap.count > 0)
		qsort(clients->ipmap.list, clients->ipmap.count,
		      sizeof(struct row), by_precedence);
	write_table(clients, &clients->ipmap, "clients",
		    clients->drop_code > 0);
	write_table(clients, &clients->spammers, "spammers", true);
	write_table(clients, &clients->spammers, "spammers-late", false);
	add_lookups(clients);
	write_restrictions(clients);
}

int
xmail_clients(struct xmail *xmail, struct err *err)
{
	/* Without a drop code, or one that can be read: refused at once. */
	struct clients clients = {.xmail = xmail, .drop_code = 1};
	struct place place;
	struct tabfile *exempt = NULL, *ipmap = NULL, *spammers = NULL;
	int result = -1;

	xmail_number(xmail, "SMTP-IpMapDropCode", &place, &clients.drop_code);
	/* The rows borrow the names of the files. */
	if (read_rows(&clients, "smtp.ipprop.tab", add_exempt, &exempt, err) >=
		0 &&
	    read_rows(&clients, "smtp.ipmap.tab", add_ipmap, &ipmap, err) >=
		0 &&
	    read_rows(&clients, "spammers.tab", add_spammer, &spammers, err) >=
		0) {
		write_all(&clients);
		result = 0;
	}
	clear_rows(&clients.exempt);
	clear_rows(&clients.ipmap);
	clear_rows(&clients.spammers);
	tabfile_close(&exempt);
	tabfile_close(&ipmap);
	tabfile_close(&spammers);
	return result;
}
