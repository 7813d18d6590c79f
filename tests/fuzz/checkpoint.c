/*
 * Any text at all is a checkpoint, also one whose sum is right: it is read
 * whole or not at all, and what is read can be kept.
 */
#include "daemon/worker/checkpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "daemon/table/sessions.h"

enum { SESSION_MAX = 86400 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
granted(void *arg, const struct checkpoint_login *login)
{
	size_t *rows = arg;
	char text[ADDR_TEXT_MAX];

	addr_format(login->addr, text);
	assert(text[0] != '\0');
	assert(login->user != NULL || login->user_len == 0);
	assert(login->user == NULL ||
	       memchr(login->user, '\n', login->user_len) == NULL);
	assert(login->rule == NULL || login->rule[0] != '\0');
	++*rows;
}

/* With the sum of the lines after it, as no accident would. */
static void
write_summed(FILE *file, const uint8_t *data, size_t size)
{
	uint64_t hash = 0;

	while (size > 0) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end != NULL ? (size_t)(end - data) : size;

		hash = hash_bytes(hash, data, len);
		fwrite(data, 1, len, file);
		putc('\n', file);
		size -= len + (end != NULL);
		data += len + (end != NULL);
	}
	fprintf(file, "end %016" PRIx64 "\n", hash);
}

static void
load(const char *path)
{
	struct sessions *holds = sessions_new(SESSION_MAX, SESSIONS_MAX);
	struct logpos *pos = NULL;
	size_t npos = 0, rows = 0;
	struct err err = {""};
	struct checkpoint_also also = {.sessions = holds};
	int result = checkpoint_load(path, NULL, granted, &rows, &also, &pos,
				     &npos, &err);

	assert(result == 1 ||
	       (result == -1 && rows == 0 && npos == 0 && err.text[0] != '\0'));
	for (size_t i = 0; i < npos; i++) {
		assert(pos[i].path != NULL);
		logpos_clear(&pos[i]);
	}
	free(pos);
	sessions_free(&holds);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("checkpoint", MFD_CLOEXEC);
	char *path = alloc_format("/proc/self/fd/%d", fd);
	FILE *file = fdopen(fd, "r+");

	assert(file != NULL);
	fwrite(data, 1, size, file);
	fflush(file);
	load(path);
	rewind(file);
	assert(ftruncate(fd, 0) == 0);
	write_summed(file, data, size);
	fflush(file);
	load(path);
	fclose(file);
	free(path);
	return 0;
}
