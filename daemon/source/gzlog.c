#include "daemon/source/gzlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/fingerprint.h"

struct gzlog {
	gzFile file;
};

bool
gzlog_is_compressed(int fd)
{
	unsigned char magic[3];

	return fingerprint_pread(&fd, magic, sizeof(magic), 0) ==
		   (int64_t)sizeof(magic) &&
	       magic[0] == 0x1f && magic[1] == 0x8b && magic[2] == 8;
}

struct gzlog *
gzlog_open(int fd)
{
	struct gzlog *log;
	gzFile file;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return NULL;
	if (lseek(copy, 0, SEEK_SET) < 0 ||
	    (file = gzdopen(copy, "rb")) == NULL) {
		close(copy);
		return NULL;
	}
	gzbuffer(file, 64 * 1024);
	log = alloc_zero(1, sizeof(*log));
	log->file = file;
	return log;
}

void
gzlog_close(struct gzlog **log)
{
	if (*log == NULL)
		return;
	gzclose_r((*log)->file);
	free(*log);
	*log = NULL;
}

int64_t
gzlog_read(void *arg, void *buf, uint64_t len, uint64_t offset)
{
	struct gzlog *log = arg;
	int got;

	if (len > INT32_MAX)
		len = INT32_MAX;
	if (gztell(log->file) != (z_off_t)offset &&
	    gzseek(log->file, (z_off_t)offset, SEEK_SET) < 0) {
		errno = EIO;
		return -1;
	}
	got = gzread(log->file, buf, (unsigned int)len);
	if (got < 0)
		errno = EIO;
	return got;
}
