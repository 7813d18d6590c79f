#include "daemon/configtest_peers.h"

#include <stdio.h>

#include "base/err.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/link/credentials.h"
#include "daemon/peers/sign_file.h"

/* Shows what other hosts need under `hosts:'. */
static unsigned int
check_own_key(const struct peers_conf *p)
{
	unsigned char secret[SIGN_SECRET];
	char shown[SIGN_KEY_TEXT];
	struct err err;

	if (sign_begin(&err) != 0 ||
	    sign_file_read(secret, p->key_file, &err) != 0) {
		printf("FAILED peers: publish: key: %s\n", err.text);
		return 1;
	}
	sign_public_text(shown, secret);
	sign_forget(secret, sizeof(secret));
	printf("ok peers: publishes as %s, with the key %s\n", p->name, shown);
	return 0;
}

/* As pbs-link reads them when it starts. */
static unsigned int
check_credentials(const struct peers_conf *p)
{
	struct credentials credentials;
	struct err err;

	if (credentials_open(&credentials, p, &err) != 0) {
		printf("FAILED peers: %s\n", err.text);
		return 1;
	}
	credentials_close(&credentials);
	for (size_t i = 0; i < p->nengines; i++)
		printf("ok peers: engine %s, not connected to here; "
		       "pbsctl peers --test tries it, and the password\n",
		       p->engines[i].text);
	return 0;
}

unsigned int
configtest_peers(const struct peers_conf *p)
{
	unsigned int failures = 0;

	if (p->key_file != NULL)
		failures += check_own_key(p);
	failures += check_credentials(p);
	if (p->nhosts > 0)
		printf("ok peers: reads the logins of %zu host%s\n", p->nhosts,
		       p->nhosts == 1 ? "" : "s");
	return failures;
}
