/*
 * tls_module: what pbs-tls.so gives to tls.c.
 *
 * OpenSSL relocates half a megabyte in every process that loads it, and nobody
 * needs it but a process that talks to an engine by TLS. So tls_openssl.c is
 * not in the programs; it is a module that tls.c loads. The module exports one
 * symbol, its table.
 */
#ifndef DAEMON_LINK_TLS_MODULE_H
#define DAEMON_LINK_TLS_MODULE_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct tls_module;

/* First members of what the module allocates; tls.c fills them. */
struct tls_context {
	const struct tls_module *module;
};

struct tls {
	const struct tls_module *module;
};

/* The functions are those of tls.h; neither context nor tls is ever NULL. */
struct tls_module {
	const char *version; /* VERSION of the programs built with it */
	struct tls_context *(*context_new)(const char *ca, const char *cert,
					   const char *key, struct err *);
	void (*context_free)(struct tls_context *);
	struct tls *(*open)(struct tls_context *, int fd, const char *name,
			    struct err *);
	void (*close)(struct tls *);
	int (*handshake)(struct tls *, struct err *);
	ssize_t (*read)(struct tls *, void *, size_t, struct err *);
	ssize_t (*write)(struct tls *, const void *, size_t, struct err *);
};

/* Its name, for dlsym(3), and that of the file. */
extern const struct tls_module tls_module
    __attribute__((visibility("default")));
#define TLS_MODULE_SYMBOL "tls_module"
#define TLS_MODULE_FILE "pbs-tls.so"

#endif
