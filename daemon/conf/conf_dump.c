/* --dumpconfig and --help. */
#include <stdio.h>
#include <string.h>

#include "daemon/conf/conf.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/conf/conf_text.h"
#include "daemon/conf/options.h"
#include "maps/map.h"

/* In single quotes only the quote itself is special. */
static void
print_quoted(const char *text)
{
	putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			putchar('\'');
		putchar(*text);
	}
	putchar('\'');
}

static const char *
indent(const struct option *o)
{
	return o->section != NULL ? "  " : "";
}

static void
print_list(const struct option *o, const struct conf *conf)
{
	const struct strings *strings = option_value(o, conf);

	if (strings->count == 0) {
		bool none = strings == &conf->logfiles ||
			    strings == &conf->maps;

		printf("%s: %s\n", o->name, none ? CONF_NONE : "[]");
		return;
	}
	printf("%s:\n", o->name);
	for (size_t i = 0; i < strings->count; i++) {
		printf("%s  - ", indent(o));
		print_quoted(strings->list[i]);
		putchar('\n');
	}
}

static void
print_networks(const struct option *o, const struct conf *conf)
{
	printf(conf->nexclude == 0 ? "%s: []\n" : "%s:\n", o->name);
	for (size_t i = 0; i < conf->nexclude; i++) {
		char text[ADDR_TEXT_MAX];

		addr_format(&conf->exclude[i].addr, text);
		printf("  - '%s/%u'\n", text, conf->exclude[i].bits);
	}
}

static void
print_string(const struct option *o, const struct conf *conf)
{
	const char *text = *(char **)option_value(o, conf);

	if (text == NULL) {
		printf("# %s:\n", o->name);
		return;
	}
	printf("%s: ", o->name);
	print_quoted(text);
	putchar('\n');
}

static void
print_option(const struct option *o, const struct conf *conf)
{
	const void *value = option_value(o, conf);

	fputs(indent(o), stdout);
	switch (o->kind) {
	case OPTION_BOOL:
		printf("%s: %s\n", o->name,
		       *(const bool *)value ? "yes" : "no");
		break;
	case OPTION_STRING:
		print_string(o, conf);
		break;
	case OPTION_LIST:
	case OPTION_MAPS:
		print_list(o, conf);
		break;
	case OPTION_NETWORKS:
		print_networks(o, conf);
		break;
	case OPTION_TIME:
		printf("%s: %u\n", o->name, *(const uint32_t *)value);
		break;
	case OPTION_NUMBER:
		printf("%s: %zu\n", o->name, *(const size_t *)value);
		break;
	case OPTION_WORD:
		printf("%s: ", o->name);
		print_quoted(o->words[*(const unsigned int *)value]);
		putchar('\n');
		break;
	case OPTION_PREFIX:
		printf("%s: %u\n", o->name, *(const unsigned int *)value);
		break;
	case OPTION_ACTION:
		break;
	}
}

void
conf_dump(const struct conf *conf)
{
	const char *section = NULL;

	puts("# pop-before-smtp " VERSION);
	for (const struct option *o = options; o->name != NULL; o++) {
		if (o->flag_only)
			continue;
		if (o->section != NULL && o->section != section)
			printf("%s:\n", o->section);
		section = o->section;
		print_option(o, conf);
	}
	conf_text_dump(conf);
	conf_peers_dump(conf);
}

static void
print_flag(const struct option *o)
{
	char flag[40];
	int len =
	    snprintf(flag, sizeof(flag), "--%s%s%s%s",
		     o->kind == OPTION_BOOL ? "[no]" : "", o->name,
		     o->argument ? "=" : "", o->argument ? o->argument : "");

	for (char *p = flag; *p != '\0' && *p != '='; p++)
		if (*p == '_')
			*p = '-';
	if (len < 24)
		printf("  %-24s%s\n", flag, o->help);
	else
		printf("  %s\n  %24s%s\n", flag, "", o->help);
}

void
conf_usage(void)
{
	const char *const *types = map_types();

	puts("usage: pop-before-smtp [FLAG...]\n\n"
	     "Follows the mail log and allows clients that have just logged "
	     "in with POP or\nIMAP to relay through Postfix.\n");
	for (const struct option *o = options; o->name != NULL; o++)
		if (o->section == NULL)
			print_flag(o);
	printf("\nTypes of maps:");
	for (size_t i = 0; types[i] != NULL; i++)
		printf(" %s", types[i]);
	puts("\nEvery flag except those that print and exit is also a key of "
	     "the "
	     "YAML file;\nthe flag takes precedence. See pop-before-smtp(8).");
}
