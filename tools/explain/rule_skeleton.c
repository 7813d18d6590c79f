#include "tools/explain/rule_skeleton.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "patterns/line/logline.h"
#include "tools/output/yamlout.h"

/* A part of the text. */
struct part {
	const char *at;
	size_t len;
};

static const char address_bytes[] = "0123456789abcdefABCDEF.:";

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* How many of the n bytes at p are in set, up to the first that is not. */
static size_t
span(const char *p, size_t n, const char *set)
{
	size_t i = 0;

	while (i < n && p[i] != '\0' && strchr(set, p[i]) != NULL)
		i++;
	return i;
}

/* The first address, as also in "192.0.2.7:25" and "192.0.2.7.". */
static bool
find_address(const char *text, size_t len, struct part *out, struct addr *addr)
{
	size_t i, n;

	for (i = 0; i<len; i += n> 0 ? n : 1) {
		n = 0;
		if (i > 0 && is_word(text[i - 1]))
			continue;
		n = span(text + i, len - i, address_bytes);
		for (size_t k = n; k > 2; k--) {
			if ((i + k < len && is_word(text[i + k])) ||
			    addr_parse(addr, text + i, k) != 0)
				continue;
			*out = (struct part){text + i, k};
			return true;
		}
	}
	return false;
}

/* The user name at p, up to the quote, bracket or space that closes it. */
static struct part
user_at(const char *p, const char *end, char *closer)
{
	static const char openers[] = "<\"'([", closers[] = ">\"')]";
	const char *opener = p < end && *p ? strchr(openers, *p) : NULL;
	const char *start = opener ? p + 1 : p;

	*closer = opener ? closers[opener - openers] : ' ';
	for (p = start; p < end && *p != *closer; p++)
		if (!opener && strchr(",;:)]>", *p) != NULL) {
			*closer = *p;
			break;
		}
	return (struct part){start, (size_t)(p - start)};
}

/* The first occurrence of a word, in upper or lower case. */
static const char *
find_word(const char *text, size_t len, const char *word)
{
	size_t i, n = strlen(word);

	for (i = 0; i + n <= len; i++)
		if ((i == 0 || !is_word(text[i - 1])) &&
		    strncasecmp(text + i, word, n) == 0)
			return text + i;
	return NULL;
}

static struct part
find_user(const char *text, size_t len, char *closer)
{
	static const char *const words[] = {
	    "user=", "username=", "login=", "user ", "user: ", "for "};
	struct part none = {text, 0}, part;
	const char *p;
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		p = find_word(text, len, words[i]);
		if (p == NULL)
			continue;
		part = user_at(p + strlen(words[i]), text + len, closer);
		if (part.len > 0)
			return part;
	}
	return none;
}

/* Appends a byte to an expression inside single quotes. */
static void
put(FILE *out, char c)
{
	if (strchr("\\^$.[]|()?*+{}", c) != NULL)
		putc('\\', out);
	if (c == '\'')
		putc('\'', out);
	putc(c, out);
}

static void
write_match(FILE *out, const struct logline *line, const struct part *ip,
	    const struct part *user, char closer)
{
	const char *p = line->text, *end = p + line->text_len;
	size_t digits;

	putc('\'', out);
	while (p < end) {
		digits = span(p, (size_t)(end - p), "0123456789");
		if (p == ip->at) {
			fputs("(?<ip>[0-9A-Fa-f:.]++)", out);
			p += ip->len;
		} else if (p == user->at && user->len > 0) {
			fprintf(out, "(?<user>[^%s%c]++)",
				closer == ' '	 ? ""
				: closer == ']'	 ? "\\"
				: closer == '\'' ? "'"
						 : "",
				closer);
			p += user->len;
		} else if (digits > 0 && (p == line->text || !is_word(p[-1])) &&
			   (p + digits == end || !is_word(p[digits]))) {
			fputs("[0-9]++", out);
			p += digits;
		} else {
			put(out, *p++);
		}
	}
	fputs("'\n", out);
}

static void
write_field(FILE *out, const char *name, const char *text, size_t len)
{
	fprintf(out, "%s: ", name);
	yamlout_quote(out, text, len);
	putc('\n', out);
}

int
rule_skeleton_write(FILE *out, const struct logline *line)
{
	struct part ip, user;
	struct addr addr;
	char closer = ' ', text[ADDR_TEXT_MAX];

	if (!yamlout_can_quote(line->line, line->line_len) ||
	    !find_address(line->text, line->text_len, &ip, &addr))
		return -1;
	user = find_user(line->text, line->text_len, &closer);
	if (user.at < ip.at + ip.len && ip.at < user.at + user.len)
		user.len = 0;
	write_field(out, "server", line->program, line->program_len);
	if (line->header != HEADER_SYSLOG)
		fprintf(out, "header: %s\n", header_names()[line->header]);
	write_field(out, "program", line->program, line->program_len);
	fputs("rules:\n  - name: my-login\n    match: ", out);
	write_match(out, line, &ip, &user, closer);
	fputs("    accept:\n", out);
	write_field(out, "      - line", line->line, line->line_len);
	addr_format(&addr, text);
	write_field(out, "        ip", text, strlen(text));
	if (user.len > 0)
		write_field(out, "        user", user.at, user.len);
	fputs("    reject: []\n", out);
	return 0;
}
