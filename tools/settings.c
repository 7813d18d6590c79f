#include "tools/settings.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_socket.h"

static void
add_flag(struct strings *argv, const char *flag, const char *value)
{
	char *word = alloc_format("%s=%s", flag, value);

	strings_add(argv, word);
	free(word);
}

static int
load(struct conf *conf, const char *config, const struct strings *dbfiles,
     bool quickly, struct err *err)
{
	struct strings argv = {0};
	int code;

	strings_add(&argv, "pbsctl");
	strings_add(&argv, "--dumpconfig");
	if (config != NULL)
		add_flag(&argv, "--config", config);
	for (size_t i = 0; dbfiles != NULL && i < dbfiles->count; i++)
		add_flag(&argv, "--dbfile", dbfiles->list[i]);
	if (quickly)
		strings_add(&argv, "--nowrite");
	argv.list = alloc_resize(argv.list, argv.count + 1, sizeof(char *));
	argv.list[argv.count] = NULL;
	log_open("/dev/null", false, err);
	code = conf_load(conf, NULL, (int)argv.count, argv.list, err);
	strings_clear(&argv);
	return code == 0 ? 0 : -1;
}

int
settings_load(struct conf *conf, const char *config, struct err *err)
{
	return load(conf, config, NULL, false, err);
}

int
settings_load_maps(struct conf *conf, const char *config,
		   const struct strings *dbfiles, struct err *err)
{
	return load(conf, config, dbfiles, false, err);
}

char *
settings_socket(const char *socket, const char *config,
		const struct strings *dbfiles, struct err *err)
{
	struct conf conf;
	char *path;

	if (socket != NULL)
		return alloc_string(socket);
	if (load(&conf, config, dbfiles, true, err) != 0)
		return NULL;
	path = conf_socket(&conf);
	conf_clear(&conf);
	return path;
}

int
settings_use_postfix(const char *directory)
{
	char *here = *directory != '/' ? getcwd(NULL, 0) : NULL, *whole;
	int result;

	while (strncmp(directory, "./", 2) == 0)
		directory += 2;
	whole = here != NULL
		    ? alloc_format("%s/%s", strcmp(here, "/") == 0 ? "" : here,
				   directory)
		    : alloc_string(directory);
	result = setenv("MAIL_CONFIG", whole, 1);
	free(whole);
	free(here);
	return result;
}
