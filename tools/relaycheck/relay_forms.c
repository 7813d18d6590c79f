#include "tools/relaycheck/relay_forms.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/relaycheck/relay_names.h"

/*
 * In a template, {u} is the local part of sender and recipient, {S}
 * and {F} their domains; {H} is the server's name and {I} its address; {O} is
 * each domain of the server in turn. A row without a sender or a recipient has
 * that of the plain form.
 */
#define SENDER "<{u}@{S}>"
#define RECIPIENT "<{u}@{F}>"

static const struct row {
	const char *group, *helo, *sender, *recipient, *tail;
} rows[] = {
    {.group = "plain"},
    {.group = "sender", .sender = "<{u}@{F}>"},
    {.group = "sender", .sender = "<>"},
    {.group = "sender", .sender = "<{u}@{O}>"},
    {.group = "sender", .sender = "<{u}@{H}>"},
    {.group = "sender", .sender = "<{u}@localhost>"},
    {.group = "sender", .sender = "<{u}@{I}>"},
    {.group = "sender", .sender = "<{u}>"},
    {.group = "sender", .sender = "<{S}!{u}>"},
    {.group = "sender", .sender = "<postmaster@{O}>"},
    {.group = "helo", .helo = "{H}"},
    {.group = "helo", .helo = "{O}"},
    {.group = "helo", .helo = "localhost"},
    {.group = "helo", .helo = "[127.0.0.1]"},
    {"percent", NULL, NULL, "<{u}%{F}@{O}>", "@{O}"},
    {"percent", NULL, NULL, "<{u}%{F}@{H}>", "@{H}"},
    {"percent", NULL, NULL, "<{u}%{F}@{I}>", "@{I}"},
    {"percent", NULL, NULL, "<{u}%{F}>", ""},
    {"percent", NULL, NULL, "<{u}%{F}@localhost>", "@localhost"},
    {"quoted", NULL, NULL, "<\"{u}@{F}\">", ""},
    {"quoted", NULL, NULL, "<\"{u}%{F}\">", ""},
    {"quoted", NULL, NULL, "<\"{u}@{F}\"@{O}>", "@{O}"},
    {"quoted", NULL, NULL, "<\"{u}@{F}\"@{I}>", "@{I}"},
    {"two @", NULL, NULL, "<{u}@{F}@{O}>", "@{O}"},
    {"two @", NULL, NULL, "<{u}@{F}@{H}>", "@{H}"},
    {"two @", NULL, NULL, "<{u}@{F}@{I}>", "@{I}"},
    {"route", NULL, NULL, "<@{O}:{u}@{F}>", NULL},
    {"route", NULL, NULL, "<@{H}:{u}@{F}>", NULL},
    {"route", NULL, NULL, "<@{I}:{u}@{F}>", NULL},
    {"bang", NULL, NULL, "<{F}!{u}>", ""},
    {"bang", NULL, NULL, "<{F}!{u}@{O}>", "@{O}"},
    {"bang", NULL, NULL, "<{F}!{u}@{H}>", "@{H}"},
    {"bang", NULL, NULL, "<{F}!{u}@{I}>", "@{I}"},
    {"bang", NULL, NULL, "<{O}!{u}@{F}>", NULL},
    {"syntax", NULL, NULL, "{u}@{F}", NULL},
    {"syntax", NULL, NULL, " <{u}@{F}>", NULL},
    {"syntax", NULL, NULL, "<{u}@{F}.>", NULL},
    {"syntax", NULL, NULL, "<{u}@[192.0.2.1]>", NULL},
    {"pattern", NULL, NULL, "<{u}@evil{O}>", NULL},
    {"pattern", NULL, NULL, "<{u}@{O}.{F}>", NULL},
};

static const char *
name_of(char letter, const struct relay_names *names, const char *own)
{
	switch (letter) {
	case 'u':
		return names->user;
	case 'S':
		return names->other;
	case 'F':
		return names->foreign;
	case 'H':
		return names->host;
	case 'I':
		return names->literal;
	default:
		return own;
	}
}

static size_t
put(char *out, size_t len, const char *text, size_t text_len)
{
	if (out != NULL)
		memcpy(out + len, text, text_len);
	return len + text_len;
}

/* Writes the template with its names into out, if that is not NULL, and
 * returns the length. */
static size_t
expand_into(char *out, const char *form, const struct relay_names *names,
	    const char *own)
{
	size_t len = 0;
	const char *name;

	for (; *form != '\0'; form++) {
		if (*form != '{') {
			len = put(out, len, form, 1);
			continue;
		}
		name = name_of(form[1], names, own);
		len = put(out, len, name, strlen(name));
		form += 2;
	}
	return len;
}

static char *
expand(const char *form, const struct relay_names *names, const char *own)
{
	char *out;

	if (form == NULL)
		return NULL;
	out = alloc_zero(expand_into(NULL, form, names, own) + 1, 1);
	expand_into(out, form, names, own);
	return out;
}

static bool
uses(const struct row *row, const char *name)
{
	return (row->helo != NULL && strstr(row->helo, name) != NULL) ||
	       (row->sender != NULL && strstr(row->sender, name) != NULL) ||
	       (row->recipient != NULL && strstr(row->recipient, name) != NULL);
}

static void
add(struct relay_forms *forms, const struct row *row,
    const struct relay_names *names, const char *own, bool relayed)
{
	struct relay_form *form;

	forms->list =
	    alloc_resize(forms->list, forms->count + 1, sizeof(*forms->list));
	form = &forms->list[forms->count++];
	*form = (struct relay_form){
	    .group = row->group,
	    .any_sender = row->sender == NULL && row != rows,
	    .helo = expand(row->helo, names, own),
	    .sender = expand(row->sender ? row->sender : SENDER, names, own),
	    .recipient =
		expand(row->recipient ? row->recipient : RECIPIENT, names, own),
	    .tail = relayed ? NULL : expand(row->tail, names, own),
	};
}

static void
add_row(struct relay_forms *forms, const struct row *row,
	const struct relay_names *names)
{
	size_t i;

	if (uses(row, "{H}") && names->host[0] == '\0')
		return;
	if (!uses(row, "{O}")) {
		add(forms, row, names, NULL, false);
		return;
	}
	for (i = 0; i < names->own.count; i++)
		add(forms, row, names, names->own.list[i], false);
	for (i = 0; i < names->relayed.count; i++)
		add(forms, row, names, names->relayed.list[i], true);
}

void
relay_forms_make(struct relay_forms *forms, const struct relay_names *names)
{
	*forms = (struct relay_forms){0};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		add_row(forms, &rows[i], names);
}

void
relay_forms_clear(struct relay_forms *forms)
{
	for (size_t i = 0; i < forms->count; i++) {
		free(forms->list[i].helo);
		free(forms->list[i].sender);
		free(forms->list[i].recipient);
		free(forms->list[i].tail);
	}
	free(forms->list);
	*forms = (struct relay_forms){0};
}

char *
relay_mailbox(const char *name, const char *tail)
{
	return alloc_format("<%s%s>", name, tail);
}
