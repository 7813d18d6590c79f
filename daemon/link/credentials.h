/*
 * credentials: what we need to log in to the engine. No process but pbs-link
 * holds the password and the key of our certificate.
 */
#ifndef DAEMON_LINK_CREDENTIALS_H
#define DAEMON_LINK_CREDENTIALS_H

struct err;
struct peers_conf;
struct tls_context;

struct credentials {
	const struct peers_conf *peers; /* borrowed */
	char *password;			/* NULL: none */
	struct tls_context *tls;	/* NULL: no engine uses TLS */
};

/* Reads the files. 0, or -1 with the reason. */
int credentials_open(struct credentials *, const struct peers_conf *,
		     struct err *);
/* What to do when the engine has answered HELLO with these words: they, and the
 * user and the file whose password it was. For free(3). */
char *credentials_refused(const struct credentials *, const char *words);
void credentials_close(struct credentials *);

#endif
