#include "daemon/peers/peer_entry.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char version[] = "1";
static const char letters[] = "LHR"; /* by kind */

/* The longest record. */
enum {
	LINE_MAX_BYTES =
	    2 + ADDR_TEXT_MAX + 4 + 2 * 21 + 1 + PEER_ENTRY_USER_MAX + 1
};

static bool
is_control(char c)
{
	return (unsigned char)c < 0x20;
}

/* ---- to write ---- */

void
peer_entry_begin(struct peer_entry_text *entry,
		 const struct peer_entry_head *head)
{
	int len = snprintf(
	    entry->bytes, sizeof(entry->bytes), "%s %lld %lld %" PRIu64 "\n",
	    version, (long long)head->sent, (long long)head->epoch, head->seq);

	entry->len = (size_t)len;
	entry->records = 0;
}

/* How much of the name of a user is written. */
static size_t
user_length(const struct peer_entry_record *record)
{
	size_t len = record->user != NULL ? record->user_len : 0;

	if (len > PEER_ENTRY_USER_MAX)
		len = PEER_ENTRY_USER_MAX;
	for (size_t i = 0; i < len; i++)
		if (is_control(record->user[i]))
			return 0;
	return len;
}

static size_t
format_record(char line[LINE_MAX_BYTES], const struct peer_entry_record *record)
{
	char address[ADDR_TEXT_MAX];
	size_t user = user_length(record), len;

	addr_format(&record->addr, address);
	len = (size_t)snprintf(
	    line, LINE_MAX_BYTES, "%c %s%s %lld", letters[record->kind],
	    address, record->network ? "/64" : "", (long long)record->when);
	if (record->kind != PEER_ENTRY_REMOVED)
		len += (size_t)snprintf(line + len, LINE_MAX_BYTES - len,
					" %lld", (long long)record->until);
	if (record->kind != PEER_ENTRY_REMOVED && user > 0) {
		line[len++] = ' ';
		memcpy(line + len, record->user, user);
		len += user;
	}
	line[len++] = '\n';
	return len;
}

bool
peer_entry_add(struct peer_entry_text *entry,
	       const struct peer_entry_record *record)
{
	char line[LINE_MAX_BYTES];
	size_t len = format_record(line, record);

	assert(len <= sizeof(line));
	if (entry->records == PEER_ENTRY_RECORDS_MAX ||
	    len > sizeof(entry->bytes) - entry->len)
		return false;
	memcpy(entry->bytes + entry->len, line, len);
	entry->len += len;
	entry->records++;
	return true;
}

/* ---- to read ---- */

static const char *const fault_texts[] = {
    [PEER_ENTRY_GOOD] = "good",
    [PEER_ENTRY_VERSION] = "unknown version",
    [PEER_ENTRY_TOO_LARGE] = "too large",
    [PEER_ENTRY_CONTROL] = "control byte",
    [PEER_ENTRY_MALFORMED] = "malformed",
    [PEER_ENTRY_ADDRESS] = "bad address",
    [PEER_ENTRY_AHEAD] = "clock ahead",
    [PEER_ENTRY_TOO_LONG] = "lasts too long",
};
static_assert(sizeof(fault_texts) / sizeof(fault_texts[0]) == PEER_ENTRY_FAULTS,
	      "a text for each");

const char *
peer_entry_fault_text(enum peer_entry_fault fault)
{
	return fault_texts[fault];
}

/* The rest of a line. */
struct rest {
	const char *at, *end;
};

/* Takes all up to the next blank, and that blank, or up to the end. */
static struct rest
take_word(struct rest *rest)
{
	const char *end = rest->at, *blank = NULL;
	struct rest word;

	if (end != NULL)
		blank = memchr(end, ' ', (size_t)(rest->end - end));
	word = (struct rest){rest->at, blank != NULL ? blank : rest->end};
	rest->at = blank != NULL ? blank + 1 : NULL;
	return word;
}

/* Whether the last word was taken, and no blank follows it. */
static bool
at_end(const struct rest *rest)
{
	return rest->at == NULL;
}

/* Takes a number up to max. */
static bool
take_number(struct rest *rest, uint64_t max, uint64_t *out)
{
	struct rest word = take_word(rest);
	uint64_t number = 0, digit;

	if (word.at == NULL || word.at == word.end ||
	    (*word.at == '0' && word.end - word.at > 1))
		return false;
	for (; word.at < word.end; word.at++) {
		if (*word.at < '0' || *word.at > '9')
			return false;
		digit = (uint64_t)(*word.at - '0');
		if (number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*out = number;
	return true;
}

/* Takes a time that fits into 32 bits: into a time_t if that is as short. */
static bool
take_time(struct rest *rest, time_t *out)
{
	uint64_t number;

	if (!take_number(rest, sizeof(time_t) > 4 ? UINT32_MAX : INT32_MAX,
			 &number))
		return false;
	*out = (time_t)number;
	return true;
}

static bool
take_address(struct rest *rest, struct peer_entry_record *record)
{
	struct rest word = take_word(rest);
	char canonical[ADDR_TEXT_MAX + 3];
	struct cidr net = {.bits = 64};
	size_t len;

	if (word.at == NULL)
		return false;
	len = (size_t)(word.end - word.at);
	record->network = len > 3 && memcmp(word.end - 3, "/64", 3) == 0;
	if (addr_parse(&record->addr, word.at,
		       record->network ? len - 3 : len) != 0 ||
	    addr_is_special(&record->addr))
		return false;
	if (record->network) {
		net.addr = record->addr;
		net.addr = cidr_network(&net);
		if (record->addr.family != 6 ||
		    !addr_equal(&net.addr, &record->addr))
			return false;
	}
	addr_format(&record->addr, canonical);
	if (record->network)
		strcat(canonical, "/64");
	return strlen(canonical) == len && memcmp(canonical, word.at, len) == 0;
}

static bool
take_kind(struct rest *rest, struct peer_entry_record *record)
{
	struct rest word = take_word(rest);
	const char *letter;

	if (word.at == NULL || word.end - word.at != 1)
		return false;
	letter = strchr(letters, *word.at);
	if (letter == NULL || *letter == '\0')
		return false;
	record->kind = (enum peer_entry_kind)(letter - letters);
	return true;
}

/* What is left of the line is the user, if there is anything left. */
static bool
take_user(struct rest *rest, struct peer_entry_record *record)
{
	if (at_end(rest))
		return true;
	record->user = rest->at;
	record->user_len = (size_t)(rest->end - rest->at);
	return record->user_len > 0 && record->user_len <= PEER_ENTRY_USER_MAX;
}

/* Whether the record lasts longer than it may. */
static bool
is_lasting(const struct peer_entry *entry,
	   const struct peer_entry_record *record, uint32_t longest)
{
	if (record->kind == PEER_ENTRY_REMOVED)
		return false;
	if (record->kind == PEER_ENTRY_HELD) /* a session may be older */
		return record->until - entry->head.sent > PEER_ENTRY_LEASE_MAX;
	return record->until - record->when > (time_t)longest;
}

static enum peer_entry_fault
read_record(struct peer_entry *entry, struct rest line, uint32_t longest)
{
	struct peer_entry_record *record = &entry->records[entry->count];

	*record = (struct peer_entry_record){.user = NULL};
	if (!take_kind(&line, record))
		return PEER_ENTRY_MALFORMED;
	if (!take_address(&line, record))
		return PEER_ENTRY_ADDRESS;
	if (!take_time(&line, &record->when))
		return PEER_ENTRY_MALFORMED;
	if (record->kind == PEER_ENTRY_REMOVED) {
		if (!at_end(&line) || record->when > entry->head.sent)
			return PEER_ENTRY_MALFORMED;
	} else if (!take_time(&line, &record->until) ||
		   !take_user(&line, record) || record->until < record->when) {
		return PEER_ENTRY_MALFORMED;
	}
	if (is_lasting(entry, record, longest))
		return PEER_ENTRY_TOO_LONG;
	entry->count++;
	return PEER_ENTRY_GOOD;
}

static enum peer_entry_fault
read_head(struct peer_entry_head *head, struct rest line,
	  const struct peer_entry_limits *limits)
{
	struct rest word = take_word(&line);

	if (word.at == NULL || word.end - word.at != (int)strlen(version) ||
	    memcmp(word.at, version, strlen(version)) != 0)
		return PEER_ENTRY_VERSION;
	if (!take_time(&line, &head->sent) || !take_time(&line, &head->epoch) ||
	    !take_number(&line, UINT64_MAX, &head->seq) || !at_end(&line) ||
	    head->seq == 0)
		return PEER_ENTRY_MALFORMED;
	if (head->sent - limits->now > (time_t)limits->skew)
		return PEER_ENTRY_AHEAD;
	return PEER_ENTRY_GOOD;
}

static bool
has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_control(text[i]) && text[i] != '\n')
			return true;
	return false;
}

/* Takes a line and its newline from the text. False: there is no whole one. */
static bool
take_line(struct rest *text, struct rest *line)
{
	const char *newline =
	    memchr(text->at, '\n', (size_t)(text->end - text->at));

	if (newline == NULL)
		return false;
	*line = (struct rest){text->at, newline};
	text->at = newline + 1;
	return true;
}

enum peer_entry_fault
peer_entry_read(struct peer_entry *entry, const char *text, size_t len,
		const struct peer_entry_limits *limits)
{
	struct rest rest = {text, text + len}, line;
	enum peer_entry_fault fault;

	entry->count = 0;
	if (len > PEER_ENTRY_BYTES_MAX)
		return PEER_ENTRY_TOO_LARGE;
	if (has_control(text, len))
		return PEER_ENTRY_CONTROL;
	if (!take_line(&rest, &line))
		return PEER_ENTRY_MALFORMED;
	fault = read_head(&entry->head, line, limits);
	while (fault == PEER_ENTRY_GOOD && rest.at < rest.end) {
		if (entry->count == PEER_ENTRY_RECORDS_MAX)
			fault = PEER_ENTRY_TOO_LARGE;
		else if (!take_line(&rest, &line))
			fault = PEER_ENTRY_MALFORMED;
		else
			fault = read_record(entry, line, limits->longest);
	}
	if (fault != PEER_ENTRY_GOOD)
		entry->count = 0;
	return fault;
}
