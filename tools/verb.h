/*
 * verb: what `pbsctl VERB ...` can do. The table is in pbsctl.c.
 *
 * Exit codes are sysexits(3)'s; 0 is yes, 1 is no.
 */
#ifndef TOOLS_VERB_H
#define TOOLS_VERB_H

struct verb {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *summary;
	int (*run)(int argc, char **argv); /* argv[0] is the verb */
};

extern const struct verb verb_match, verb_check, verb_explain,
    verb_import_perl;
extern const struct verb verb_status, verb_list, verb_show, verb_add,
    verb_remove;

/* Says "pbsctl: VERB: fmt" on standard error. */
void verb_complain(const struct verb *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Says that option is unknown, names the nearest of words; EX_USAGE. */
int verb_unknown(const struct verb *, const char *what, const char *word,
    const char *const *words);

#endif
