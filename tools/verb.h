/*
 * verb: what the files that implement `pbsctl VERB ...' share. The table of
 * verbs is in pbsctl.c.
 *
 * Exit codes are those of sysexits(3); 0 means yes and 1 means no.
 */
#ifndef TOOLS_VERB_H
#define TOOLS_VERB_H

struct option; /* of getopt_long(3) */

struct verb {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *summary;
	int (*run)(int argc, char **argv); /* argv[0] is the verb */
};

extern const struct verb verb_match, verb_check, verb_explain, verb_import_perl;
extern const struct verb verb_recipients, verb_relay_check;
extern const struct verb verb_import_xmail, verb_import_smap;
extern const struct verb verb_doctor, verb_report, verb_top, verb_setup;
extern const struct verb verb_status, verb_list, verb_show, verb_add,
    verb_remove, verb_metrics;
extern const struct verb verb_keygen, verb_peers;

/* Prints "pbsctl: VERB: fmt" on standard error. verb NULL: no verb is known. */
void verb_error(const struct verb *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Reports an unknown word and names the nearest of words, which ends with
 * NULL. what: "verb", "option". Returns EX_USAGE. */
int verb_unknown(const struct verb *, const char *what, const char *word,
		 const char *const *words);

/*
 * The next option, as from getopt_long(3) without short options; -1: the
 * arguments from optind on are no options. '?': it is unknown or lacks its
 * value, which has been reported; exit with EX_USAGE.
 */
int verb_option(const struct verb *, int argc, char **argv,
		const struct option *);

/* Flushes standard output. Returns status, or EX_IOERR after reporting that
 * not all could be written. */
int verb_finish(const struct verb *, int status);

#endif
