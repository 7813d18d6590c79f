#include "daemon/journal/journal_archive.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/linebuf.h"
#include "daemon/journal/journal_header.h"
#include "daemon/journal/journal_pages.h"
#include "daemon/journal/journal_place.h"

/* The beginning of each object. */
enum { TYPE = 0, FLAGS = 1, SIZE = 8, OBJECT_LEN = 16 };
enum { TYPE_DATA = 1, TYPE_ENTRY = 3, TYPE_ARRAY = 6 };
enum { PACKED_XZ = 1 << 0, PACKED_LZ4 = 1 << 1, PACKED_ZSTD = 1 << 2 };

/* The offsets in an object of each type, and how long it is without its list or
 * its value. */
enum {
	DATA_HASH = 16,
	DATA_NEXT_HASH = 24,
	DATA_NEXT_FIELD = 32,
	DATA_ENTRY = 40,
	DATA_ARRAY = 48,
	DATA_ENTRIES = 56,
	DATA_LEN = 64,
	DATA_LEN_COMPACT = 72
};
enum {
	ENTRY_NUMBER = 16,
	ENTRY_USEC = 24,
	ENTRY_MONOTONIC = 32,
	ENTRY_BOOT = 40,
	ENTRY_HASH = 56,
	ENTRY_LEN = 64,
	ENTRY_ITEM = 16,
	ENTRY_ITEM_HASH = 8,
	ENTRY_ITEM_COMPACT = 4
};
enum { ARRAY_NEXT = 16, ARRAY_LEN = 24 };

/* libsystemd takes no time from here on as valid. */
static const uint64_t USEC_END = UINT64_C(1) << 55;

/*
 *  ARRAYS: more than a file has, since each is twice as long as the one before.
 * BUFFERED: how many offsets of entries are read at a time. SMALL: most fields
 * are shorter. NAME: the name of a field is within so many bytes. VALUE_MAX:
 * longer values make no line.
 */
enum {
	ARRAYS = 64,
	BUFFERED = 256,
	SMALL = 104,
	NAME = 512,
	VALUE_MAX = LINEBUF_LINE_MAX + 128,
	KNOWN_DATA = 4096
};

struct datum {
	uint64_t file, offset; /* file: as in journal_pages.h; 0: none */
	uint64_t size, hash;   /* of the object; of the field */
	enum journal_field kind;
	unsigned int len; /* of the text; 0: it is not here */
	char text[SMALL];
};

struct journal_archive_memory {
	bool (*keeps)(const char *field, size_t len);
	uint64_t files;
	struct journal_pages *pages;
	unsigned char scratch[DATA_LEN_COMPACT + VALUE_MAX];
	struct datum data[KNOWN_DATA]; /* where the offset says */
};

/* A list of entries' offsets, of which the file has several. */
struct array {
	uint64_t offset, first, count;
};

struct journal_archive {
	struct journal_archive_memory *memory;
	struct journal_pages_file file;
	struct journal_header header;
	size_t item, entry_item, data_len; /* lengths */
	struct array arrays[ARRAYS];
	uint64_t next; /* entry, counting from 0 */
	uint64_t buffer_first, buffer_count;
	unsigned char buffer[BUFFERED * sizeof(uint64_t)];
	uint64_t last_offset, last_number;
	size_t nitems;
	const unsigned char *entry; /* in the pages; NULL: not yet */
};

/* ---- memory ---- */

struct journal_archive_memory *
journal_archive_memory_new(bool (*keeps)(const char *field, size_t len))
{
	struct journal_archive_memory *m = alloc_zero(1, sizeof(*m));

	m->keeps = keeps;
	m->pages = journal_pages_new();
	return m;
}

void
journal_archive_memory_free(struct journal_archive_memory **mp)
{
	if (*mp != NULL)
		journal_pages_free(&(*mp)->pages);
	free(*mp);
	*mp = NULL;
}

/* ---- objects ---- */

/* Whether an object of this length may be there. */
static bool
has_room(const struct journal_archive *a, uint64_t offset, uint64_t len)
{
	return offset % 8 == 0 && offset >= a->header.start &&
	       offset <= a->file.end && len <= a->file.end - offset;
}

/* Whether the object has this type, and a list of items after its first bytes.
 * Sets the number of items. */
static bool
has_list(const struct journal_archive *a, uint64_t offset,
	 const unsigned char *object, int type, size_t len, size_t item,
	 uint64_t *count)
{
	uint64_t size = journal_u64(object + SIZE);

	if (object[TYPE] != type || object[FLAGS] != 0 || size < len + item ||
	    (size - len) % item != 0 || !has_room(a, offset, size))
		return false;
	*count = (size - len) / item;
	return true;
}

/* The offset that is an item of an array or of an entry. */
static uint64_t
item_offset(const struct journal_archive *a, const unsigned char *item)
{
	return a->header.compact ? journal_u32(item) : journal_u64(item);
}

/* ---- the list of entries ---- */

static int
read_array(struct journal_archive *a, struct array *array, uint64_t *next)
{
	unsigned char bytes[ARRAY_LEN];

	if (!has_room(a, array->offset, sizeof(bytes)) ||
	    journal_pread(a->file.fd, bytes, sizeof(bytes), array->offset) !=
		0 ||
	    !has_list(a, array->offset, bytes, TYPE_ARRAY, ARRAY_LEN, a->item,
		      &array->count))
		return -1;
	*next = journal_u64(bytes + ARRAY_NEXT);
	if (*next == 0)
		return 0;
	return *next > array->offset && has_room(a, *next, 0) ? 0 : -1;
}

/* Reads where all arrays are, so that any entry is found at once. Each array
 * has a higher offset than the one before it, so there is no circle. */
static int
read_arrays(struct journal_archive *a)
{
	uint64_t first = 0, next = a->header.array;
	struct array *array = a->arrays;

	for (; first < a->header.entries; array++) {
		if (array == a->arrays + ARRAYS)
			return -1;
		*array = (struct array){.offset = next, .first = first};
		if (read_array(a, array, &next) != 0)
			return -1;
		first += array->count;
	}
	return 0;
}

static int
fill_buffer(struct journal_archive *a, uint64_t n)
{
	const struct array *array = a->arrays;
	uint64_t skipped, left;

	while (n - array->first >= array->count)
		array++;
	skipped = n - array->first;
	left = array->count - skipped;
	a->buffer_first = n;
	a->buffer_count = left < BUFFERED ? left : BUFFERED;
	if (journal_pread(a->file.fd, a->buffer, a->buffer_count * a->item,
			  array->offset + ARRAY_LEN + skipped * a->item) == 0)
		return 0;
	a->buffer_count = 0;
	return -1;
}

/* 0: in doubt. No entry has the offset 0. */
static uint64_t
entry_offset(struct journal_archive *a, uint64_t n)
{
	if (n - a->buffer_first >= a->buffer_count && fill_buffer(a, n) != 0)
		return 0;
	return item_offset(a, a->buffer + (n - a->buffer_first) * a->item);
}

/* ---- entries ---- */

/* False: a value is out of range, so the file is in doubt. */
static bool
read_place(const struct journal_archive *a, const unsigned char *entry,
	   struct journal_place *p)
{
	p->number = journal_u64(entry + ENTRY_NUMBER);
	p->usec = journal_u64(entry + ENTRY_USEC);
	p->monotonic = journal_u64(entry + ENTRY_MONOTONIC);
	p->hash = journal_u64(entry + ENTRY_HASH);
	memcpy(p->boot, entry + ENTRY_BOOT, JOURNAL_ID_BYTES);
	memcpy(p->sequence, a->header.sequence, JOURNAL_ID_BYTES);
	return p->number > 0 && p->usec > 0 && p->usec < USEC_END &&
	       p->monotonic < USEC_END;
}

int
journal_archive_next(struct journal_archive *a, struct journal_place *p)
{
	struct journal_pages *pages = a->memory->pages;
	const unsigned char *entry;
	uint64_t offset, count;

	if (a->next >= a->header.entries)
		return 0;
	offset = entry_offset(a, a->next);
	if (offset <= a->last_offset || !has_room(a, offset, ENTRY_LEN))
		return -1;
	entry = journal_pages_at(pages, &a->file, offset, ENTRY_LEN);
	if (entry == NULL || !has_list(a, offset, entry, TYPE_ENTRY, ENTRY_LEN,
				       a->entry_item, &count))
		return -1;
	if (!read_place(a, entry, p) || p->number <= a->last_number)
		return -1;
	a->nitems = (size_t)count;
	a->entry = NULL;
	a->last_offset = offset;
	a->last_number = p->number;
	a->next++;
	return 1;
}

/* It stays in the pages until the next one is read. */
static bool
fetch_entry(struct journal_archive *a)
{
	size_t len = ENTRY_LEN + a->nitems * a->entry_item;

	a->entry =
	    journal_pages_at(a->memory->pages, &a->file, a->last_offset, len);
	return a->entry != NULL;
}

/* ---- fields ---- */

/* The bytes of a field, from the pages or else from the scratch: to read a
 * distant page would drop one with neighbours. NULL: they are not in the file.
 */
static const unsigned char *
data_bytes(struct journal_archive *a, uint64_t offset, size_t len)
{
	struct journal_archive_memory *m = a->memory;
	const unsigned char *bytes =
	    journal_pages_find(m->pages, &a->file, offset, len);

	if (bytes != NULL)
		return bytes;
	return journal_pread(a->file.fd, m->scratch, len, offset) == 0
		   ? m->scratch
		   : NULL;
}

static bool
links_are_sound(const unsigned char *object)
{
	uint64_t entry = journal_u64(object + DATA_ENTRY);
	uint64_t entries = journal_u64(object + DATA_ENTRIES);

	return journal_u64(object + DATA_NEXT_HASH) % 8 == 0 &&
	       journal_u64(object + DATA_NEXT_FIELD) % 8 == 0 &&
	       journal_u64(object + DATA_ARRAY) % 8 == 0 && entry % 8 == 0 &&
	       entry > 0 && entries > 0;
}

/* d has the offset. len: how much of the object is there. */
static enum journal_field
look_at(const struct journal_archive *a, struct datum *d,
	const unsigned char *object, size_t len)
{
	const char *text = (const char *)object + a->data_len;
	unsigned char flags = object[FLAGS];

	d->size = journal_u64(object + SIZE);
	d->hash = journal_u64(object + DATA_HASH);
	if (object[TYPE] != TYPE_DATA || d->size <= a->data_len ||
	    !has_room(a, d->offset, d->size) || !links_are_sound(object))
		return JOURNAL_FIELD_DOUBT;
	if (flags == PACKED_XZ || flags == PACKED_LZ4 || flags == PACKED_ZSTD)
		return JOURNAL_FIELD_PACKED;
	if (flags != 0)
		return JOURNAL_FIELD_DOUBT;
	if (d->size < len)
		len = (size_t)d->size;
	len -= a->data_len;
	if (!a->memory->keeps(text, len))
		return JOURNAL_FIELD_USELESS;
	if (d->size - a->data_len <= SMALL) {
		d->len = (unsigned int)len;
		memcpy(d->text, text, len);
	}
	return JOURNAL_FIELD_KEPT;
}

static struct datum *
find_datum(struct journal_archive *a, uint64_t offset)
{
	uint64_t left, slot = (offset / 8 * 31 + a->file.id) % KNOWN_DATA;
	struct datum *d = &a->memory->data[slot];
	const unsigned char *object;
	size_t len = NAME;

	if (d->file == a->file.id && d->offset == offset)
		return d;
	d->file = 0;
	if (!has_room(a, offset, a->data_len + 1))
		return NULL;
	left = a->file.end - offset;
	if (left < len)
		len = (size_t)left;
	object = data_bytes(a, offset, len);
	if (object == NULL)
		return NULL;
	d->file = a->file.id;
	d->offset = offset;
	d->len = 0;
	d->kind = look_at(a, d, object, len);
	return d;
}

/* The hash is in the entry, too, except in a compact file. */
static bool
hash_fits(const struct journal_archive *a, const unsigned char *item,
	  const struct datum *d)
{
	return a->header.compact ||
	       journal_u64(item + ENTRY_ITEM_HASH) == d->hash;
}

static enum journal_field
value_of(struct journal_archive *a, const struct datum *d, const char **text,
	 size_t *len)
{
	const unsigned char *object;

	*text = d->text;
	*len = d->len;
	if (d->len > 0)
		return JOURNAL_FIELD_KEPT;
	*len = d->size - a->data_len < VALUE_MAX
		   ? (size_t)(d->size - a->data_len)
		   : VALUE_MAX;
	object = data_bytes(a, d->offset, a->data_len + *len);
	if (object == NULL)
		return JOURNAL_FIELD_DOUBT;
	*text = (const char *)object + a->data_len;
	return JOURNAL_FIELD_KEPT;
}

enum journal_field
journal_archive_field(struct journal_archive *a, size_t n, const char **text,
		      size_t *len)
{
	const unsigned char *item;
	const struct datum *d;

	if (n >= a->nitems)
		return JOURNAL_FIELD_NONE;
	if (a->entry == NULL && !fetch_entry(a))
		return JOURNAL_FIELD_DOUBT;
	item = a->entry + ENTRY_LEN + n * a->entry_item;
	d = find_datum(a, item_offset(a, item));
	if (d == NULL || !hash_fits(a, item, d))
		return JOURNAL_FIELD_DOUBT;
	return d->kind == JOURNAL_FIELD_KEPT ? value_of(a, d, text, len)
					     : d->kind;
}

/* ---- seeking ---- */

/* Reads the place of entry n without the pages. 0, or -1: in doubt. */
static int
place_at(struct journal_archive *a, uint64_t n, struct journal_place *p)
{
	unsigned char entry[ENTRY_LEN];
	uint64_t offset = entry_offset(a, n);

	if (!has_room(a, offset, sizeof(entry)) ||
	    journal_pread(a->file.fd, entry, sizeof(entry), offset) != 0 ||
	    entry[TYPE] != TYPE_ENTRY)
		return -1;
	return read_place(a, entry, p) ? 0 : -1;
}

/* Whether entry n came at usec or later, and has this number or a higher one: 1
 * or 0; -1: the file is in doubt. */
static int
is_late_enough(struct journal_archive *a, uint64_t n, uint64_t usec,
	       uint64_t number)
{
	struct journal_place p;

	if (place_at(a, n, &p) != 0)
		return -1;
	return p.usec >= usec && p.number >= number;
}

/* The bounds of the first array whose last entry is late enough. libsystemd
 * searches in the same array; where a clock was set back, the times are not in
 * order, and another array would give another result. */
static int
narrow(struct journal_archive *a, uint64_t usec, uint64_t number, uint64_t *low,
       uint64_t *high)
{
	const struct array *array = a->arrays;
	int late = 0;

	*low = *high = 0;
	for (; late == 0 && *high < a->header.entries; array++) {
		*low = *high;
		*high = array->first + array->count;
		if (*high > a->header.entries)
			*high = a->header.entries;
		late = is_late_enough(a, *high - 1, usec, number);
	}
	if (late == 0)
		*low = *high;
	return late < 0 ? -1 : 0;
}

static int
seek(struct journal_archive *a, uint64_t usec, uint64_t number)
{
	uint64_t low, high;
	int late;

	if (narrow(a, usec, number, &low, &high) != 0)
		return -1;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		late = is_late_enough(a, middle, usec, number);
		if (late < 0)
			return -1;
		if (late)
			high = middle;
		else
			low = middle + 1;
	}
	a->next = low;
	a->last_offset = a->last_number = 0;
	return 0;
}

int
journal_archive_seek_usec(struct journal_archive *a, uint64_t usec)
{
	return seek(a, usec, 0);
}

int
journal_archive_seek_number(struct journal_archive *a, uint64_t number)
{
	return seek(a, 0, number);
}

/* ---- life ---- */

struct journal_archive *
journal_archive_open(int fd, const struct journal_header *header,
		     struct journal_archive_memory *memory)
{
	struct journal_archive *a = alloc_zero(1, sizeof(*a));

	a->memory = memory;
	a->header = *header;
	a->file = (struct journal_pages_file){
	    .fd = fd, .id = ++memory->files, .end = header->end};
	a->item = header->compact ? sizeof(uint32_t) : sizeof(uint64_t);
	a->entry_item = header->compact ? ENTRY_ITEM_COMPACT : ENTRY_ITEM;
	a->data_len = header->compact ? DATA_LEN_COMPACT : DATA_LEN;
	if (!header->archived || !header->known || read_arrays(a) != 0)
		journal_archive_close(&a);
	return a;
}

void
journal_archive_close(struct journal_archive **ap)
{
	if (*ap != NULL)
		close((*ap)->file.fd);
	free(*ap);
	*ap = NULL;
}
