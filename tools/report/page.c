#include "tools/report/page.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "tools/report/chart.h"
#include "tools/report/html.h"
#include "tools/report/page_style.h"
#include "tools/report/page_time.h"
#include "tools/report/summary.h"
#include "tools/report/words.h"

/* ---- the head ---- */

/* The policy lets nothing be loaded or run, whatever the page holds. */
static void
write_head(FILE *out, const struct summary *s)
{
	char since[WORDS_TIME], until[WORDS_TIME];

	fprintf(out,
		"<!DOCTYPE html>\n"
		"<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n"
		"<head>\n<meta charset=\"utf-8\"/>\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\""
		"default-src 'none'; style-src 'sha256-%s'; img-src data:; "
		"base-uri 'none'; form-action 'none'\"/>\n"
		"<meta name=\"viewport\" content=\"width=device-width, "
		"initial-scale=1\"/>\n"
		"<meta name=\"color-scheme\" content=\"light dark\"/>\n"
		"<meta name=\"referrer\" content=\"no-referrer\"/>\n"
		"<meta name=\"robots\" content=\"noindex\"/>\n"
		"<link rel=\"icon\" href=\"data:,\"/>\n"
		"<title>Mail logins, %s to %s</title>\n"
		"<style>%s</style>\n</head>\n<body>\n",
		page_style_hash, words_time(s->period.since, since),
		words_time(s->period.until, until), page_style);
}

static void
write_header(FILE *out, const struct summary *s)
{
	const struct material *m = &s->material;
	char since[WORDS_TIME], until[WORDS_TIME];

	fprintf(out,
		"<header><h1>Mail logins</h1>\n<p>From %s to %s</p>\n"
		"<p class=\"muted\">",
		words_time(s->period.since, since),
		words_time(s->period.until, until));
	html_number(out, m->lines);
	fputs(" lines of ", out);
	for (size_t i = 0; i < m->logs.count; i++) {
		fputs(i > 0 ? ", " : "", out);
		html_text(out, m->logs.list[i]);
	}
	if (m->headerless > 0) {
		fputs("; ", out);
		html_number(out, m->headerless);
		fputs(" of them begin like no known log", out);
	}
	fputs("</p></header>\n", out);
}

static void
write_tile(FILE *out, const char *id, const char *title, uint64_t number)
{
	fprintf(out, "<div><dt>%s</dt><dd id=\"%s\">", title, id);
	html_number(out, number);
	fputs("</dd></div>", out);
}

static void
write_tiles(FILE *out, const struct summary *s)
{
	fputs("<dl class=\"tiles\">", out);
	write_tile(out, "total-logins", "Logins", s->total.logins);
	write_tile(out, "total-addresses", "Addresses", s->total.addresses);
	write_tile(out, "total-users", "Users", s->total.users);
	write_tile(out, "total-shared", "Shared addresses", s->nshared_all);
	write_tile(out, "total-refused", "Refused logins",
		   s->material.refused.lines);
	write_tile(out, "total-doubtful", "Doubtful lines",
		   s->material.doubtful.lines);
	fputs("</dl>\n", out);
}

static void
write_problems(FILE *out, const struct strings *problems)
{
	if (problems->count == 0)
		return;
	fputs("<section class=\"problems\"><h2>Problems</h2><ul>", out);
	for (size_t i = 0; i < problems->count; i++) {
		fputs("<li>", out);
		html_text(out, problems->list[i]);
		fputs("</li>", out);
	}
	fputs("</ul></section>\n", out);
}

/* ---- tables ---- */

static void
write_cell(FILE *out, uint64_t number)
{
	fputs("<td>", out);
	html_number(out, number);
	fputs("</td>", out);
}

static void
write_tenths(FILE *out, double number)
{
	fputs("<td>", out);
	html_tenths(out, number);
	fputs("</td>", out);
}

static void
write_servers(FILE *out, const struct summary *s)
{
	fputs("<section><h2>Servers</h2><div class=\"scroll\">"
	      "<table id=\"servers\"><thead><tr><th scope=\"col\">Server</th>"
	      "<td></td><th scope=\"col\">Logins</th>"
	      "<th scope=\"col\">Addresses</th><th scope=\"col\">Users</th>"
	      "</tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < s->nservers; i++) {
		const struct server_tally *server = &s->servers[i];

		fputs("<tr><th scope=\"row\">", out);
		html_text(out, server->name);
		fputs("</th><td class=\"bar\">", out);
		chart_row_bar(
		    out, server->tally.logins, s->servers[0].tally.logins,
		    i < SERVERS_APART ? (unsigned int)i : SERVERS_APART);
		fputs("</td>", out);
		write_cell(out, server->tally.logins);
		write_cell(out, server->tally.addresses);
		write_cell(out, server->tally.users);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div></section>\n", out);
}

static void
write_grace_row(FILE *out, const struct summary *s, const struct grace *g)
{
	bool configured = g->seconds == s->material.grace;
	char text[WORDS_TIME];

	fprintf(out, "<tr%s><th scope=\"row\">%s%s</th>",
		configured ? " class=\"mark\"" : "",
		words_duration(g->seconds, text),
		configured ? " (configured)" : "");
	write_cell(out, g->peak);
	write_tenths(out, graces_mean(g, &s->period));
	write_cell(out, g->grants);
	write_cell(out, g->renewals);
	fprintf(out, "<td>%u%%</td>",
		words_percent(g->renewals, (uint64_t)g->grants + g->renewals));
	write_tenths(out, graces_hours(g));
	fputs("</tr>\n", out);
}

static void
write_graces(FILE *out, const struct summary *s)
{
	fputs("<section class=\"wide\"><h2>What another grace period would "
	      "have meant</h2>\n<p class=\"muted\">Addresses authorized at "
	      "once. A short grace authorizes fewer addresses; but if few "
	      "logins come while it lasts, clients must fetch mail again "
	      "before they can send.</p>\n",
	      out);
	page_time_peaks(out, s);
	fputs("<div class=\"scroll\"><table id=\"graces\"><thead><tr>"
	      "<th scope=\"col\">Grace</th><th scope=\"col\">Peak</th>"
	      "<th scope=\"col\">Mean</th><th scope=\"col\">Granted</th>"
	      "<th scope=\"col\">Renewed</th><th scope=\"col\">Share</th>"
	      "<th scope=\"col\">Address-hours</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < s->ngraces; i++)
		write_grace_row(out, s, &s->graces[i]);
	fputs("</tbody></table></div></section>\n", out);
}

/* Each name in a direction of its own, whatever letters it has. */
static void
write_names(FILE *out, const struct summary *s, const struct shared *shared)
{
	char user[WORDS_NAME];

	fputs("<p class=\"names\">", out);
	for (size_t i = 0; i < shared->nusers; i++) {
		fputs(i > 0 ? ", <bdi>" : "<bdi>", out);
		html_text(out, words_user(s, shared->users[i], user));
		fputs("</bdi>", out);
	}
	if (shared->tally.users > shared->nusers) {
		fputs(" and ", out);
		html_number(out, shared->tally.users - shared->nusers);
		fputs(" more", out);
	}
	fputs("</p>", out);
}

/* A narrow page breaks between date and time, and nowhere else. */
static void
write_moment(FILE *out, time_t when)
{
	char text[WORDS_TIME];
	char *space = strchr(words_time(when, text), ' ');

	*space = '\0';
	fprintf(out, "<td class=\"when\"><span>%s</span> <span>%s</span></td>",
		text, space + 1);
}

static void
write_shared_row(FILE *out, const struct summary *s,
		 const struct shared *shared)
{
	char text[WORDS_ADDRESS];

	fputs("<tr><th scope=\"row\"><span class=\"address\">", out);
	html_text(out, words_address(s, shared->addr, text));
	fputs("</span>", out);
	write_names(out, s, shared);
	fputs("</th>", out);
	write_cell(out, shared->tally.users);
	write_cell(out, shared->tally.logins);
	write_moment(out, shared->last);
	fputs("</tr>\n", out);
}

static void
write_shared(FILE *out, const struct summary *s)
{
	fputs("<section class=\"wide\"><h2>Addresses that several users "
	      "share</h2>\n",
	      out);
	if (s->nshared == 0) {
		fputs("<p>No address had logins of more than one user.</p>"
		      "</section>\n",
		      out);
		return;
	}
	fputs("<div class=\"scroll\"><table id=\"shared\"><thead><tr>"
	      "<th scope=\"col\">Address and users</th>"
	      "<th scope=\"col\">Users</th><th scope=\"col\">Logins</th>"
	      "<th scope=\"col\">Last login</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < s->nshared; i++)
		write_shared_row(out, s, &s->shared[i]);
	fputs("</tbody></table></div>\n", out);
	if (s->nshared_all > s->nshared) {
		fputs("<p class=\"muted\">and ", out);
		html_number(out, s->nshared_all - s->nshared);
		fputs(" more</p>\n", out);
	}
	fputs("</section>\n", out);
}

static void
write_reasons(FILE *out, const char *id, const char *title, const char *none,
	      const struct reasons *reasons)
{
	fprintf(out, "<section><h2>%s</h2>\n", title);
	if (reasons->count == 0) {
		fprintf(out, "<p>%s</p></section>\n", none);
		return;
	}
	fprintf(out,
		"<table id=\"%s\"><thead><tr><th scope=\"col\">Reason</th>"
		"<th scope=\"col\">Lines</th></tr></thead><tbody>\n",
		id);
	for (size_t i = 0; i < reasons->count; i++) {
		fputs("<tr><td class=\"text names\">", out);
		html_text(out, reasons->list[i].text);
		fputs("</td>", out);
		write_cell(out, reasons->list[i].lines);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></section>\n", out);
}

/* ---- all ---- */

static void
write_logins(FILE *out, const struct summary *s)
{
	if (s->total.logins == 0) {
		fputs("<section class=\"wide\"><h2>No logins</h2><p>The logs "
		      "have no login of this period that would authorize an "
		      "address.</p></section>\n",
		      out);
		return;
	}
	page_time_logins(out, s);
	page_time_hours(out, s);
	write_servers(out, s);
	write_graces(out, s);
	write_shared(out, s);
}

static void
write_footer(FILE *out, const struct summary *s)
{
	char now[WORDS_TIME];

	fprintf(out,
		"<footer><p>Made at %s by pbsctl report, "
		"pop-before-smtp " VERSION ". Times are local.</p>\n"
		"<p>Logins are those that would authorize an address. Refused "
		"logins came from networks that are never authorized. Doubtful "
		"lines look like a login, but are not safe to read. Peak and "
		"mean are addresses authorized at once. A login that comes "
		"while its address is authorized renews that; all others are "
		"granted. Address-hours are the time for which addresses were "
		"authorized, summed up.</p></footer>\n",
		words_time(s->period.now, now));
}

void
page_print(FILE *out, const struct summary *s)
{
	write_head(out, s);
	write_header(out, s);
	fputs("<main>\n", out);
	write_tiles(out, s);
	write_problems(out, &s->material.problems);
	write_logins(out, s);
	write_reasons(out, "refusals", "Refused logins",
		      "No login was refused.", &s->material.refused);
	write_reasons(out, "doubts", "Doubtful lines", "No line was doubtful.",
		      &s->material.doubtful);
	fputs("</main>\n", out);
	write_footer(out, s);
	fputs("</body>\n</html>\n", out);
}
