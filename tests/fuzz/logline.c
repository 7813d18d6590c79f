/*
 * Any bytes at all are a line with or without a header: nothing is read that
 * is not the line, what is found lies within it, and its stamp is a time or
 * none.
 */
#include "patterns/line/logline.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_part(const char *line, size_t len, const char *part, size_t part_len)
{
	assert(part >= line && part + part_len <= line + len);
}

static void
check_line(const struct logline *l, const char *line, size_t size)
{
	struct stampclock clock = {0};
	time_t when, again;

	assert(l->header < HEADER_COUNT && l->line == line &&
	       l->line_len == size && l->program_len > 0 && l->pid >= 0);
	check_part(line, size, l->stamp, l->stamp_len);
	check_part(line, size, l->text, l->text_len);
	if (l->host_len > 0)
		check_part(line, size, l->host, l->host_len);
	if (l->header == HEADER_SYSLOG) {
		check_part(line, size, l->program, l->program_len);
		assert(l->program + l->program_len <= l->text);
	}
	if (logline_time(l, &clock, 1795226400, &when) != 0)
		return;
	assert(logline_time(l, &clock, 1795226400, &again) == 0);
	assert(when == again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data;
	struct logline l;

	if (logline_bare(&l, line, size) == 0)
		check_line(&l, line, size);
	if (logline_parse(&l, line, size) != 0)
		return 0;
	check_line(&l, line, size);
	if (logline_may_reread(&l) && logline_reread(&l))
		check_line(&l, line, size);
	return 0;
}
