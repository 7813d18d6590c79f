#include "daemon/conf/conf_socket.h"

#include <stdlib.h>

#include "base/ctlsocket.h"
#include "base/err.h"
#include "base/unixsocket.h"
#include "daemon/conf/conf.h"

char *
conf_socket(const struct conf *conf)
{
	return ctlsocket_path(conf->checkpoint);
}

int
conf_check_socket(const char *checkpoint, struct err *err)
{
	char *path = ctlsocket_path(checkpoint);
	int result = unixsocket_check(path, err);

	free(path);
	return result == 0 ? 0 : err_prefix(err, "the control socket beside it");
}
