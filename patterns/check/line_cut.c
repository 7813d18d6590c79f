#include "patterns/check/line_cut.h"

static const size_t limits[] = {256, 480, 512, 1024, 2048, 4096, 8192};

size_t
line_cut_count(void)
{
	return sizeof(limits) / sizeof(limits[0]);
}

size_t
line_cut_limit(size_t number)
{
	return limits[number];
}

size_t
line_cut_text(size_t limit, size_t tag, size_t spare)
{
	const size_t header = sizeof("<2>Nov 21 02:01:00 ") - 1;

	if (header + tag + spare >= limit)
		return 0;
	return limit - header - tag - spare;
}

bool
line_cut_fits(size_t text, size_t tag)
{
	size_t i, spare;

	for (i = 0; i < line_cut_count(); i++)
		for (spare = 0; spare <= LINE_CUT_SPARE; spare++)
			if (line_cut_text(limits[i], tag, spare) == text)
				return true;
	return false;
}
