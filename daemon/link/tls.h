/*
 * tls: the client side of TLS 1.2 and later, by OpenSSL, over a non-blocking
 * socket. The engine's certificate and its name are always verified.
 *
 * OpenSSL is in a module, pbs-tls.so, loaded with the first context: from the
 * directory of the program, if it is there, as in a build tree, and else from
 * where `make install' puts it. It is not loaded if anybody can write to it, or
 * to its directory, who cannot write to the program.
 */
#ifndef DAEMON_LINK_TLS_H
#define DAEMON_LINK_TLS_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct tls_context;
struct tls;

/* ca: a file of certificates to trust; cert and key: our own, for an engine
 * that requires one, or NULL. All files are read only now, and so is the
 * module; later, a sandbox may forbid it. NULL: err. */
struct tls_context *tls_context_new(const char *ca, const char *cert,
				    const char *key, struct err *);
void tls_context_free(struct tls_context **);

/* name: the host name or address that the engine's certificate must have. fd
 * still belongs to the caller. NULL: err. */
struct tls *tls_new(struct tls_context *, int fd, const char *name,
		    struct err *);
void tls_free(struct tls **);

enum {
	TLS_FAILED = -1,  /* err says why */
	TLS_READ = -2,	  /* call it again when fd is readable */
	TLS_WRITE = -3,	  /* or writable */
	TLS_REFUSED = -4, /* failed because of a certificate, ours or the
			    * engine's */
};

/* 0: done. */
int tls_handshake(struct tls *, struct err *);
/* The number of bytes; 0: the engine has closed the connection. */
ssize_t tls_read(struct tls *, void *, size_t, struct err *);
ssize_t tls_write(struct tls *, const void *, size_t, struct err *);

#endif
