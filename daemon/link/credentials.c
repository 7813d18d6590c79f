#include "daemon/link/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/link/tls.h"
#include "daemon/sys/secret_file.h"

enum { PASSWORD_MAX = 4096 };

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
	explicit_bzero(text, strlen(text));
	free(text);
	return result;
}

int
credentials_open(struct credentials *credentials,
		 const struct peers_conf *peers, struct err *err)
{
	*credentials = (struct credentials){.peers = peers};
	if (peers->password_file != NULL &&
	    read_password(credentials, peers->password_file, err) != 0)
		return -1;
	if (peers->tls_ca == NULL)
		return 0;
	credentials->tls = tls_context_new(peers->tls_ca, peers->tls_cert,
					   peers->tls_key, err);
	if (credentials->tls != NULL)
		return 0;
	credentials_close(credentials);
	return -1;
}

void
credentials_close(struct credentials *credentials)
{
	tls_context_free(&credentials->tls);
	free(credentials->password);
	credentials->password = NULL;
}
