#include "tools/gateway/complaints.h"

#include "base/log.h"

enum { TEXT_MAX = 80 };

void
complaint(struct complaints *complaints, size_t line, const char *why,
	  const char *text, size_t len)
{
	char printable[4 * TEXT_MAX + 1];
	size_t shown = len > TEXT_MAX ? TEXT_MAX : len;

	if (++complaints->count > COMPLAINTS_SHOWN)
		return;
	fprintf(complaints->out, "%s:%zu: %s: \"%s\"%s\n", complaints->file,
		line, why,
		log_printable(printable, sizeof(printable), text, shown),
		shown < len ? "..." : "");
}

void
complaints_end(const struct complaints *complaints)
{
	if (complaints->count > COMPLAINTS_SHOWN)
		fprintf(complaints->out, "%s: and %zu more such lines\n",
			complaints->file, complaints->count - COMPLAINTS_SHOWN);
}
