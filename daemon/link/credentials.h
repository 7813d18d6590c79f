/*
 * access: what is needed to be let in by the engine. The password and the key
 * of our certificate are in no other process than pbs-link.
 */
#ifndef DAEMON_LINK_CREDENTIALS_H
#define DAEMON_LINK_CREDENTIALS_H

struct err;
struct peers_conf;
struct tls_context;

struct credentials {
	const struct peers_conf *peers; /* borrowed */
	char *password;			/* NULL: none */
	struct tls_context *tls;	/* NULL: no engine wants it */
};

/* Reads the files. 0, or -1 with the reason. */
int credentials_open(struct credentials *, const struct peers_conf *,
		     struct err *);
void credentials_close(struct credentials *);

#endif
