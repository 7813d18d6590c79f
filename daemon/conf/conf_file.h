/*
 * conf_file: the configuration as YAML, pop-before-smtp.yaml(5).
 */
#ifndef DAEMON_CONF_CONF_FILE_H
#define DAEMON_CONF_CONF_FILE_H

struct conf;
struct err;

/* Sets in conf what its config_file says. 0; -1: err names file and line. As
 * root it refuses one that others may write. */
int conf_read_file(struct conf *, struct err *);

/* Puts before the reason where in the file this value of a key stands; nothing
 * if it is not from there. The file is read for that once more. -1. */
int conf_blame(const struct conf *, const char *key, const char *value,
    struct err *);

#endif
