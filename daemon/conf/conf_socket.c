#include "daemon/conf/conf_socket.h"

#include "base/ctlsocket.h"
#include "daemon/conf/conf.h"

char *
conf_socket(const struct conf *conf)
{
	return ctlsocket_path(conf->checkpoint);
}
