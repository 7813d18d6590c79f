#include "daemon/journal/journal_pages.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "daemon/journal/journal_header.h"

/* BEFORE: fields are before the first entry that has them. */
enum { PAGES = 8, PAGE_BYTES = 64 * 1024, BEFORE = 4096 };

struct page {
	uint64_t id, offset, used; /* used: when, as a count */
	size_t len;
	unsigned char bytes[PAGE_BYTES];
};

struct journal_pages {
	struct page list[PAGES];
	struct page *last; /* that something was found in */
	uint64_t uses;
};

struct journal_pages *
journal_pages_new(void)
{
	struct journal_pages *p = alloc_zero(1, sizeof(*p));

	p->last = p->list;
	return p;
}

void
journal_pages_free(struct journal_pages **pp)
{
	free(*pp);
	*pp = NULL;
}

static const unsigned char *
bytes_in(const struct page *page, uint64_t id, uint64_t offset, size_t len)
{
	if (page->id != id || offset < page->offset || len > page->len ||
	    offset - page->offset > page->len - len)
		return NULL;
	return page->bytes + (offset - page->offset);
}

const unsigned char *
journal_pages_find(struct journal_pages *p,
		   const struct journal_pages_file *file, uint64_t offset,
		   size_t len)
{
	const unsigned char *bytes = bytes_in(p->last, file->id, offset, len);
	struct page *page = p->list;

	for (; bytes == NULL && page < p->list + PAGES; page++)
		if ((bytes = bytes_in(page, file->id, offset, len)) != NULL)
			p->last = page;
	if (bytes != NULL)
		p->last->used = ++p->uses;
	return bytes;
}

static struct page *
oldest(struct journal_pages *p)
{
	struct page *page = p->list;

	for (int i = 1; i < PAGES; i++)
		if (p->list[i].used < page->used)
			page = &p->list[i];
	return page;
}

const unsigned char *
journal_pages_at(struct journal_pages *p, const struct journal_pages_file *file,
		 uint64_t offset, size_t len)
{
	const unsigned char *bytes = journal_pages_find(p, file, offset, len);
	struct page *page;

	if (bytes != NULL)
		return bytes;
	if (len > JOURNAL_PAGES_OBJECT_MAX || offset > file->end ||
	    len > file->end - offset)
		return NULL;
	page = oldest(p);
	page->id = 0;
	page->offset = offset - offset % BEFORE;
	page->len = file->end - page->offset < PAGE_BYTES
			? (size_t)(file->end - page->offset)
			: PAGE_BYTES;
	if (journal_pread(file->fd, page->bytes, page->len, page->offset) != 0)
		return NULL;
	page->id = file->id;
	return journal_pages_find(p, file, offset, len);
}
