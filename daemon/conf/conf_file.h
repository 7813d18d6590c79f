/*
 * conf_file: the configuration as YAML, pop-before-smtp.yaml(5).
 */
#ifndef DAEMON_CONF_CONF_FILE_H
#define DAEMON_CONF_CONF_FILE_H

struct conf;
struct err;

/* Sets in conf what its config_file sets. 0; -1: err names the file and line.
 * Root's configuration must not be writable for others. */
int conf_read_file(struct conf *, struct err *);

/* Prefixes the reason in err with the file and line that set the key to this
 * value, if a file did. Reads the file again for that. Returns -1. */
int conf_blame(const struct conf *, const char *key, const char *value,
	       struct err *);

#endif
