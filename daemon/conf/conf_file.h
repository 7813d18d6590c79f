/*
 * conf_file: the configuration as YAML, pop-before-smtp.yaml(5).
 */
#ifndef DAEMON_CONF_CONF_FILE_H
#define DAEMON_CONF_CONF_FILE_H

struct conf;
struct err;

/* Reads conf->config_file, and changes the settings that it names. 0, or -1:
 * err names the file and line. For root, a file that others can write is an
 * error. */
int conf_read_file(struct conf *, struct err *);

/* For an error that is found later: reads the file again, and puts the file and
 * line that set the key to this value, or to any if it is NULL, before the
 * reason in err. A map may be named there without its type. Leaves err as
 * it is if no file did. Returns -1. */
int conf_blame(const struct conf *, const char *key, const char *value,
	       struct err *);

#endif
