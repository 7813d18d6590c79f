#include "daemon/link/access.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/link/tls.h"
#include "daemon/sys/secret_file.h"

enum { PASSWORD_MAX = 4096 };

static int
read_password(struct access *access, const char *file, struct err *err)
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
		access->password = alloc_bytes(text, line);
	explicit_bzero(text, strlen(text));
	free(text);
	return result;
}

int
access_open(struct access *access, const struct peers_conf *peers,
	    struct err *err)
{
	*access = (struct access){.peers = peers};
	if (peers->password_file != NULL &&
	    read_password(access, peers->password_file, err) != 0)
		return -1;
	if (peers->tls_ca == NULL)
		return 0;
	access->tls = tls_context_new(peers->tls_ca, peers->tls_cert,
				      peers->tls_key, err);
	if (access->tls != NULL)
		return 0;
	access_close(access);
	return -1;
}

void
access_close(struct access *access)
{
	tls_context_free(&access->tls);
	free(access->password);
	access->password = NULL;
}
