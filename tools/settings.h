/*
 * settings: the configuration that the daemon would run with.
 */
#ifndef TOOLS_SETTINGS_H
#define TOOLS_SETTINGS_H

struct conf;
struct err;
struct strings;

/*
 * Loads it from a file; config NULL: from the usual one, if that exists. What
 * the daemon would log meanwhile is dropped, here and in what is called later
 * with this configuration. 0, and conf_clear() frees it; -1: err says what is
 * wrong.
 */
int settings_load(struct conf *, const char *config, struct err *);

/* The same with the daemon's flags --dbfile, which take precedence. */
int settings_load_maps(struct conf *, const char *config,
		       const struct strings *dbfiles, struct err *);

/* Where the daemon with these settings listens for pbsctl; Postfix is not
 * asked. socket takes precedence, and may be NULL. The caller frees it. NULL:
 * err. */
char *settings_socket(const char *socket, const char *config,
		      const struct strings *dbfiles, struct err *);

/* Has Postfix's own commands use this directory of main.cf, which may be relative:
 * they change to another one. 0 or -1. */
int settings_use_postfix(const char *directory);

#endif
