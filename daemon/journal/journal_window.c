#include "daemon/journal/journal_window.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>

#include "base/alloc.h"
#include "daemon/journal/journal_breaks.h"
#include "daemon/journal/journal_files.h"
#include "daemon/journal/journal_history.h"
#include "daemon/journal/journal_open.h"
#include "daemon/journal/journal_place.h"

/* after: the cursor's, if there is one. */
static bool
is_needed(const struct journal_file *file, const struct journal_begin *begin,
	  const struct journal_place *after)
{
	if (file->fd < 0)
		return true;
	if (begin->cursor != NULL)
		return journal_header_reaches(&file->header, after);
	return file->header.tail_usec >= begin->usec;
}

/* paths: of what has to be opened. False: those are all, or none; or in another
 * file, a line was cut that may continue after the beginning. */
static bool
choose(const struct journal_files *files, const struct journal_begin *begin,
       const struct journal_place *after, const char **paths)
{
	const struct journal_file *file = files->list;
	size_t npaths = 0;

	for (; file < files->list + files->count; file++)
		if (is_needed(file, begin, after))
			paths[npaths++] = file->path;
		else if (journal_breaks_may_cut(&file->header, file->fd))
			return false;
	return npaths > 0 && npaths < files->count;
}

/* Whether no file has taken the name of another since they were found: journald
 * may have begun a new one, and archived what has the last entries. */
static bool
are_in_place(const struct journal_files *files)
{
	const struct journal_file *file = files->list;
	struct stat st;

	for (; file < files->list + files->count; file++)
		if (stat(file->path, &st) != 0 ||
		    st.st_dev != file->header.device ||
		    st.st_ino != file->header.inode)
			return false;
	return true;
}

static int
open_chosen(const struct journal_files *files,
	    const struct journal_begin *begin, sd_journal **journal)
{
	const char **paths = alloc_zero(files->count + 1, sizeof(*paths));
	struct journal_place after = {0};
	bool chosen =
	    begin->cursor == NULL || journal_place_parse(&after, begin->cursor);

	chosen = chosen && choose(files, begin, &after, paths) &&
		 sd_journal_open_files(journal, paths, 0) >= 0;
	free(paths);
	if (chosen && are_in_place(files))
		return 0;
	if (chosen)
		sd_journal_close(*journal);
	return -1;
}

/* -1: all files have to be opened. */
static int
open_window(const struct journal_spec *spec, const struct journal_begin *begin,
	    sd_journal **journal)
{
	struct journal_files files = {0};
	int result = -1;

	/* With words, all of the journal is asked whether it has them. */
	if (spec->nwords == 0 && journal_files_find(&files, spec) == 0)
		result = open_chosen(&files, begin, journal);
	journal_files_clear(&files);
	if (result == 0)
		sd_journal_set_data_threshold(*journal, 0);
	return result;
}

int
journal_window_open(const struct journal_spec *spec,
		    const struct journal_begin *begin, sd_journal **journal,
		    sd_journal **whole, struct err *err)
{
	if (open_window(spec, begin, journal) != 0)
		return journal_open_matching(spec, journal, err);
	if (whole == NULL)
		return 0;
	return journal_open_matching(spec, whole, err);
}
