#include "tools/settings.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"

static int
load(struct conf *conf, const char *config, bool quickly, struct err *err)
{
	char name[] = "pbsctl", action[] = "--dumpconfig";
	char nowrite[] = "--nowrite";
	char *argv[5] = {name, action};
	char *file = config ? alloc_format("--config=%s", config) : NULL;
	int argc = 2, code;

	if (file != NULL)
		argv[argc++] = file;
	if (quickly)
		argv[argc++] = nowrite;
	log_open("/dev/null", false, err);
	code = conf_load(conf, NULL, argc, argv, err);
	free(file);
	return code == 0 ? 0 : -1;
}

int
settings_load(struct conf *conf, const char *config, struct err *err)
{
	return load(conf, config, false, err);
}

int
settings_load_quickly(struct conf *conf, const char *config, struct err *err)
{
	return load(conf, config, true, err);
}
