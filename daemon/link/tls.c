#include "daemon/link/tls.h"

#include <dlfcn.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/link/tls_module.h"

/* ---- where the module is ---- */

/* The path of this program, or an empty string. */
static void
find_program(char path[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);

	path[len > 0 ? len : 0] = '\0';
}

/* Beside the program, as in a build tree; else where it is installed. Nothing
 * in the environment has a say. The caller frees it. */
static char *
find_module(const char *program)
{
	char *copy = alloc_string(program);
	char *beside = alloc_format("%s/" TLS_MODULE_FILE, dirname(copy));

	free(copy);
	if (*program == '/' && access(beside, F_OK) == 0)
		return beside;
	free(beside);
	return alloc_string(MODULE_DIR "/" TLS_MODULE_FILE);
}

/* ---- whether it may be loaded ---- */

/* Whether nobody can write to it who could not write to the program as well. */
static bool
is_as_safe(const struct stat *st, const struct stat *program)
{
	if (st->st_uid != 0 && st->st_uid != program->st_uid)
		return false;
	if ((st->st_mode & S_IWGRP) != 0 &&
	    ((program->st_mode & S_IWGRP) == 0 ||
	     st->st_gid != program->st_gid))
		return false;
	return (st->st_mode & S_IWOTH) == 0;
}

static int
refuse(const char *path, const struct stat *st, struct err *err)
{
	return err_set(err,
		       "%s: not loaded: users who cannot change this program "
		       "can write to it (mode %o, owner %u, group %u)",
		       path, (unsigned int)st->st_mode & 07777, st->st_uid,
		       st->st_gid);
}

/* A directory whose entries others can change is as bad as the file itself. */
static int
check_module(const char *path, const char *program, struct err *err)
{
	struct stat file, directory, own;
	char *copy = alloc_string(path), *above = dirname(copy);
	int result = 0;

	/* Replaced since it was started: then only root's module will do. */
	if (stat(program, &own) != 0)
		own = (struct stat){.st_uid = 0};
	if (lstat(path, &file) != 0 || stat(above, &directory) != 0)
		result = err_set(err,
				 "%s: %s; TLS needs this file, a part of "
				 "pop-before-smtp",
				 path, strerror(errno));
	else if (!S_ISREG(file.st_mode))
		result = err_set(err, "%s: not a regular file", path);
	else if (!is_as_safe(&file, &own))
		result = refuse(path, &file, err);
	else if (!is_as_safe(&directory, &own))
		result = refuse(above, &directory, err);
	free(copy);
	return result;
}

/* ---- loading ---- */

/* Never unloaded: OpenSSL stays in the process anyway. */
static const struct tls_module *
load_from(const char *path, struct err *err)
{
	const struct tls_module *module = NULL;
	void *loaded = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (loaded != NULL)
		module = dlsym(loaded, TLS_MODULE_SYMBOL);
	if (module == NULL)
		err_set(err, "loading %s: %s", path, dlerror());
	else if (strcmp(module->version, VERSION) != 0) {
		err_set(
		    err,
		    "%s: of version %s, but this program is version " VERSION
		    "; after an upgrade, restart the daemon",
		    path, module->version);
		return NULL;
	}
	return module;
}

static const struct tls_module *
load(struct err *err)
{
	const struct tls_module *module = NULL;
	char program[PATH_MAX], *path;

	find_program(program);
	path = find_module(program);
	if (check_module(path, program, err) == 0)
		module = load_from(path, err);
	free(path);
	return module;
}

/* ---- calls of the module ---- */

struct tls_context *
tls_context_new(const char *ca, const char *cert, const char *key,
		struct err *err)
{
	const struct tls_module *module = load(err);
	struct tls_context *context = NULL;

	if (module != NULL)
		context = module->context_new(ca, cert, key, err);
	if (context != NULL)
		context->module = module;
	return context;
}

void
tls_context_free(struct tls_context **context)
{
	if (*context != NULL)
		(*context)->module->context_free(*context);
	*context = NULL;
}

struct tls *
tls_new(struct tls_context *context, int fd, const char *name, struct err *err)
{
	struct tls *tls = context->module->open(context, fd, name, err);

	if (tls != NULL)
		tls->module = context->module;
	return tls;
}

void
tls_free(struct tls **tls)
{
	if (*tls != NULL)
		(*tls)->module->close(*tls);
	*tls = NULL;
}

int
tls_handshake(struct tls *tls, struct err *err)
{
	return tls->module->handshake(tls, err);
}

ssize_t
tls_read(struct tls *tls, void *bytes, size_t len, struct err *err)
{
	return tls->module->read(tls, bytes, len, err);
}

ssize_t
tls_write(struct tls *tls, const void *bytes, size_t len, struct err *err)
{
	return tls->module->write(tls, bytes, len, err);
}
