#include "daemon/configtest_peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/link/credentials.h"
#include "daemon/peers/sign.h"
#include "daemon/sys/secret_file.h"

enum { SECRET_MAX = 4096 }; /* bytes */

static unsigned int
failed(const char *key, const struct err *err)
{
	printf("FAILED peers: %s: %s\n", key, err->text);
	return 1;
}

static void
forget(char **text)
{
	sign_forget(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

/* Shows what other hosts need under `hosts:'. */
static unsigned int
check_own_key(const struct peers_conf *p)
{
	unsigned char secret[SIGN_SECRET];
	char *text, shown[SIGN_KEY_TEXT];
	struct err err;
	int result;

	if (sign_begin(&err) != 0)
		return failed("publish: key", &err);
	text = secret_file_read(p->key_file, SECRET_MAX, &err);
	if (text == NULL)
		return failed("publish: key", &err);
	result = sign_read_key(secret, text, &err);
	forget(&text);
	if (result != 0) {
		err_prefix(&err, "%s", p->key_file);
		return failed("publish: key", &err);
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
