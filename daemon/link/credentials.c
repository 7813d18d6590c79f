#include "daemon/link/credentials.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/readfile.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/link/engine.h"
#include "daemon/link/tls.h"
#include "daemon/sys/secret_file.h"

enum { PASSWORD_MAX = 4096, KEY_MAX = 64 * 1024, CERTIFICATES_MAX = 1 << 24 };

static void
forget(char **text)
{
	if (*text != NULL)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static int
read_password(struct credentials *credentials, const char *file,
	      struct err *err)
{
	char *text = secret_file_read(file, PASSWORD_MAX, err);
	size_t line;
	int result = 0;

	if (text == NULL)
		return -1;
	line = strcspn(text, "\r\n");
	if (line == 0)
		result = err_set(err, "%s: there is no password in it", file);
	else if (text[line + strspn(text + line, "\r\n")] != '\0')
		result = err_set(err, "%s: not one line", file);
	else
		credentials->password = alloc_bytes(text, line);
	forget(&text);
	return result;
}

/* OpenSSL reads the file again, but does not check the mode of a key, nor
 * report why a file cannot be opened. */
static int
check_tls_file(const char *file, bool secret, struct err *err)
{
	size_t len;
	char *text = secret ? secret_file_read(file, KEY_MAX, err)
			    : readfile(file, CERTIFICATES_MAX, &len, err);

	if (text == NULL)
		return -1;
	forget(&text);
	return 0;
}

static int
open_tls(struct credentials *credentials, const struct peers_conf *p,
	 struct err *err)
{
	if (check_tls_file(p->tls_ca, false, err) != 0)
		return err_prefix(err, "tls: ca");
	if (p->tls_cert != NULL && check_tls_file(p->tls_cert, false, err) != 0)
		return err_prefix(err, "tls: cert");
	if (p->tls_key != NULL && check_tls_file(p->tls_key, true, err) != 0)
		return err_prefix(err, "tls: key");
	credentials->tls =
	    tls_context_new(p->tls_ca, p->tls_cert, p->tls_key, err);
	return credentials->tls != NULL ? 0 : err_prefix(err, "tls");
}

int
credentials_open(struct credentials *credentials,
		 const struct peers_conf *peers, struct err *err)
{
	*credentials = (struct credentials){.peers = peers};
	if (peers->password_file != NULL &&
	    read_password(credentials, peers->password_file, err) != 0)
		return err_prefix(err, "password_file");
	if (peers->tls_ca == NULL || open_tls(credentials, peers, err) == 0)
		return 0;
	credentials_close(credentials);
	return -1;
}

char *
credentials_refused(const struct credentials *credentials, const char *words)
{
	const struct peers_conf *p = credentials->peers;

	if (engine_error_of(words) != ENGINE_NO_AUTH)
		return alloc_string(words);
	if (p->password_file == NULL)
		return alloc_format("%s; the engine wants a user and a "
				    "password: set user: and password_file: "
				    "of peers:",
				    words);
	return alloc_format("%s; this was user %s with the password in %s: "
			    "correct the file and reload, or the user in the "
			    "engine's ACL",
			    words, p->user, p->password_file);
}

void
credentials_close(struct credentials *credentials)
{
	tls_context_free(&credentials->tls);
	forget(&credentials->password);
}
