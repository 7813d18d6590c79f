#include "daemon/conf/conf_peers.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/duration.h"
#include "base/err.h"
#include "base/suggest.h"
#include "base/yamltree.h"
#include "daemon/conf/base64.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/options_policy.h"

enum {
	USER_MAX = 64, /* characters */
	VALUE_MAX = 4096,
	HOST_ADDRESSES = 100000, /* by default */
	ADDRESSES_MAX = 100000000,
	KEYS_MAX = 12, /* of one section */
};

/* ---- what is under a key ---- */

struct key;

/* Sets a value from a scalar. 0, or -1: err says what is wrong. */
typedef int set_fn(const struct key *, void *slot, const char *text,
		   struct err *);
/* Reads any other value. 0, or -1: err says "file:line: why". */
typedef int read_fn(void *slot, const struct yaml_tree *,
		    const struct yaml_node *, struct err *);

struct key {
	const char *name;
	size_t offset; /* in the struct of its section */
	set_fn *set;   /* either this or `read' */
	read_fn *read;
	bool needed;
	uint32_t min, max; /* of times and numbers; max also in characters */
};

/* The list of keys ends with one that has no name. */
struct section {
	const char *name; /* "peers: tls", for messages */
	const struct key *keys;
};

static const struct key *
find_key(const struct section *s, const struct yaml_tree *tree,
	 const struct yaml_node *node, struct err *err)
{
	const char *names[KEYS_MAX + 1] = {NULL}, *near;

	for (size_t i = 0; s->keys[i].name != NULL; i++) {
		if (strcmp(s->keys[i].name, node->text) == 0)
			return &s->keys[i];
		names[i] = s->keys[i].name;
	}
	near = suggest(node->text, names);
	yaml_err(tree, node, err,
		 near ? "%s: unknown key '%s' (did you mean '%s'?)"
		      : "%s: unknown key '%s'%s",
		 s->name, node->text, near ? near : "");
	return NULL;
}

static int
check_text(const struct yaml_node *node, struct err *err)
{
	if (node->kind != YAML_SCALAR)
		return err_set(err, "takes one value");
	if (node->text_len == 0)
		return err_set(err, "is empty");
	if (node->text_len > VALUE_MAX)
		return err_set(err, "is longer than %d bytes", VALUE_MAX);
	for (size_t i = 0; i < node->text_len; i++)
		if (iscntrl((unsigned char)node->text[i]))
			return err_set(err, "holds control characters");
	return 0;
}

static int
read_value(const struct section *s, const struct key *key, void *target,
	   const struct yaml_tree *tree, const struct yaml_node *node,
	   struct err *err)
{
	void *slot = (char *)target + key->offset;
	struct err why;

	if (key->read != NULL)
		return key->read(slot, tree, node, err);
	if (check_text(node, &why) != 0 ||
	    key->set(key, slot, node->text, &why) != 0)
		return yaml_err(tree, node, err, "%s: %s: %s", s->name,
				key->name, why.text);
	return 0;
}

static int
read_section(const struct section *s, void *target,
	     const struct yaml_tree *tree, const struct yaml_node *node,
	     struct err *err)
{
	if (node->kind != YAML_MAP)
		return yaml_err(tree, node, err,
				"%s: takes a list of `key: value'", s->name);
	for (size_t i = 0; i < node->count; i++) {
		const struct key *key = find_key(s, tree, node->keys[i], err);

		if (key == NULL ||
		    read_value(s, key, target, tree, node->items[i], err) != 0)
			return -1;
	}
	for (const struct key *key = s->keys; key->name != NULL; key++)
		if (key->needed && yaml_get(node, key->name) == NULL)
			return yaml_err(tree, node, err, "%s: needs `%s:'",
					s->name, key->name);
	return 0;
}

/* ---- kinds of value ---- */

static int
set_string(const struct key *key, void *slot, const char *text, struct err *err)
{
	if (key->max > 0 && strlen(text) > key->max)
		return err_set(err, "'%s' has more than %u characters", text,
			       key->max);
	free(*(char **)slot);
	*(char **)slot = alloc_string(text);
	return 0;
}

/* A relative path would depend on the directory in which the daemon is started.
 */
static int
set_path(const struct key *key, void *slot, const char *text, struct err *err)
{
	if (text[0] != '/')
		return err_set(err, "'%s' is relative; write the whole path",
			       text);
	return set_string(key, slot, text, err);
}

/* Such words become part of the names of streams, of lines, and of ACL rules.
 */
static int
set_word(const struct key *key, void *slot, const char *text, struct err *err)
{
	for (const char *c = text; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL)
			return err_set(
			    err,
			    "'%s' has characters other than letters, "
			    "digits and . _ -",
			    text);
	return set_string(key, slot, text, err);
}

static int
set_host_name(const struct key *key, void *slot, const char *text,
	      struct err *err)
{
	for (const char *c = text; *c != '\0'; c++)
		if (!islower((unsigned char)*c) &&
		    !isdigit((unsigned char)*c) && strchr(".-", *c) == NULL)
			return err_set(err,
				       "'%s' has characters other than a to z, "
				       "digits and . -",
				       text);
	return set_string(key, slot, text, err);
}

static int
set_user(const struct key *key, void *slot, const char *text, struct err *err)
{
	if (strchr(text, ' ') != NULL)
		return err_set(err, "'%s' has a blank", text);
	return set_string(key, slot, text, err);
}

static int
set_domain(const struct key *key, void *slot, const char *text, struct err *err)
{
	if (policy_check_domain(text, err) != 0)
		return -1;
	return set_string(key, slot, text, err);
}

/* duration_parse() does not take 0. */
static int
set_time(const struct key *key, void *slot, const char *text, struct err *err)
{
	size_t zeros = strspn(text, "0");
	bool nothing = zeros > 0 &&
		       (text[zeros] == '\0' || strcmp(text + zeros, "s") == 0);
	uint32_t seconds = 0;

	if (!nothing && duration_parse(text, &seconds) != 0)
		return err_set(err,
			       "'%s' is not a time (seconds, or with s, m, h, "
			       "d: 60, 5m)",
			       text);
	if (seconds < key->min || seconds > key->max)
		return err_set(err, "'%s' is not between %u and %u seconds",
			       text, key->min, key->max);
	*(uint32_t *)slot = seconds;
	return 0;
}

static int
set_number(const struct key *key, void *slot, const char *text, struct err *err)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end != '\0' || errno != 0 ||
	    value < key->min || value > key->max)
		return err_set(err, "'%s' is not a number from %u to %u", text,
			       key->min, key->max);
	*(size_t *)slot = value;
	return 0;
}

static int
set_public_key(const struct key *key, void *slot, const char *text,
	       struct err *err)
{
	(void)key;
	if (strncmp(text, "s1:", 3) == 0)
		return err_set(err, "is a secret key, which belongs in a file "
				    "on its own host only: make another with "
				    "`pbsctl keygen'");
	if (strncmp(text, "k1:", 3) != 0 ||
	    base64_decode(slot, PEERS_PUBLIC_KEY, text + 3, strlen(text + 3)) !=
		0)
		return err_set(err,
			       "'%s' is not a public key, \"k1:...\", as "
			       "`pbsctl keygen' prints it",
			       text);
	return 0;
}

/* ---- sections ---- */

#define AT(member) offsetof(struct peers_conf, member)

static const struct key tls_keys[] = {
    {"ca", AT(tls_ca), .set = set_path, .needed = true},
    {"cert", AT(tls_cert), .set = set_path},
    {"key", AT(tls_key), .set = set_path},
    {.name = NULL},
};

static const struct key publish_keys[] = {
    {"name", AT(name), .set = set_host_name, .needed = true,
     .max = PEERS_NAME_MAX},
    {"key", AT(key_file), .set = set_path, .needed = true},
    {.name = NULL},
};

static const struct key host_keys[] = {
    {"name", offsetof(struct peers_host, name), .set = set_host_name,
     .needed = true, .max = PEERS_NAME_MAX},
    {"key", offsetof(struct peers_host, key), .set = set_public_key,
     .needed = true},
    {"max_addresses", offsetof(struct peers_host, max_addresses),
     .set = set_number, .min = 1, .max = ADDRESSES_MAX},
    {"user_domain", offsetof(struct peers_host, user_domain), .set = set_domain,
     .max = 253},
    {.name = NULL},
};

static const struct section tls_section = {"peers: tls", tls_keys};
static const struct section publish_section = {"peers: publish", publish_keys};
static const struct section host_section = {"peers: hosts", host_keys};

static int
read_tls(void *slot, const struct yaml_tree *tree, const struct yaml_node *node,
	 struct err *err)
{
	const struct peers_conf *p = slot;

	if (read_section(&tls_section, slot, tree, node, err) != 0)
		return -1;
	if ((p->tls_cert == NULL) != (p->tls_key == NULL))
		return yaml_err(tree, node, err,
				"%s: `cert:' and `key:' belong together",
				tls_section.name);
	return 0;
}

static int
read_publish(void *slot, const struct yaml_tree *tree,
	     const struct yaml_node *node, struct err *err)
{
	return read_section(&publish_section, slot, tree, node, err);
}

static int
add_host(struct peers_conf *p, const struct yaml_tree *tree,
	 const struct yaml_node *node, struct err *err)
{
	struct peers_host *host;

	if (p->nhosts == PEERS_HOSTS_MAX)
		return yaml_err(tree, node, err, "%s: more than %d",
				host_section.name, PEERS_HOSTS_MAX);
	p->hosts = alloc_resize(p->hosts, p->nhosts + 1, sizeof(*p->hosts));
	host = &p->hosts[p->nhosts++];
	*host = (struct peers_host){.max_addresses = HOST_ADDRESSES};
	return read_section(&host_section, host, tree, node, err);
}

static int
read_hosts(void *slot, const struct yaml_tree *tree,
	   const struct yaml_node *node, struct err *err)
{
	if (node->kind != YAML_LIST)
		return yaml_err(tree, node, err,
				"%s: takes a list of { name: ..., key: ... }, "
				"or [] for no host",
				host_section.name);
	for (size_t i = 0; i < node->count; i++)
		if (add_host(slot, tree, node->items[i], err) != 0)
			return -1;
	return 0;
}

static int
add_engine(struct peers_conf *p, const struct yaml_tree *tree,
	   const struct yaml_node *node, struct err *err)
{
	struct peers_engine engine;
	struct err why;

	if (p->nengines == PEERS_ENGINES_MAX)
		return yaml_err(tree, node, err, "peers: engine: more than %d",
				PEERS_ENGINES_MAX);
	if (check_text(node, &why) != 0 ||
	    peers_engine_parse(&engine, node->text, &why) != 0)
		return yaml_err(tree, node, err, "peers: engine: %s", why.text);
	p->engines =
	    alloc_resize(p->engines, p->nengines + 1, sizeof(*p->engines));
	p->engines[p->nengines++] = engine;
	return 0;
}

static int
read_engines(void *slot, const struct yaml_tree *tree,
	     const struct yaml_node *node, struct err *err)
{
	if (node->kind != YAML_LIST)
		return add_engine(slot, tree, node, err);
	for (size_t i = 0; i < node->count; i++)
		if (add_engine(slot, tree, node->items[i], err) != 0)
			return -1;
	return 0;
}

/* A read function gets the whole struct: offset 0. */
static const struct key peers_keys[] = {
    {"engine", .read = read_engines, .needed = true},
    {"user", AT(user), .set = set_user, .max = USER_MAX},
    {"password_file", AT(password_file), .set = set_path},
    {"tls", .read = read_tls},
    {"prefix", AT(prefix), .set = set_word, .max = PEERS_PREFIX_MAX},
    {"publish", .read = read_publish},
    {"hosts", .read = read_hosts},
    {"refresh", AT(refresh), .set = set_time, .min = 60, .max = 3600},
    {"lease", AT(lease), .set = set_time, .min = 20, .max = 600},
    {"skew", AT(skew), .set = set_time, .min = 0, .max = 300},
    {.name = NULL},
};

static const struct section peers_section = {"peers", peers_keys};

/* ---- all together ---- */

static int
check_hosts(const struct peers_conf *p, const struct yaml_tree *tree,
	    const struct yaml_node *node, struct err *err)
{
	for (size_t i = 0; i < p->nhosts; i++) {
		const struct peers_host *host = &p->hosts[i];
		const struct yaml_node *at = node->items[i];

		if (p->name != NULL && strcmp(host->name, p->name) == 0)
			return yaml_err(tree, at, err,
					"peers: hosts: %s is this host itself, "
					"named in `publish:'",
					host->name);
		for (size_t k = 0; k < i; k++) {
			if (strcmp(p->hosts[k].name, host->name) == 0)
				return yaml_err(tree, at, err,
						"peers: hosts: %s: twice",
						host->name);
			if (memcmp(p->hosts[k].key, host->key,
				   sizeof(host->key)) == 0)
				return yaml_err(tree, at, err,
						"peers: hosts: %s has the key "
						"of %s; each host needs a key "
						"of its own",
						host->name, p->hosts[k].name);
		}
	}
	return 0;
}

static int
check_engines(struct peers_conf *p, const struct yaml_tree *tree,
	      const struct yaml_node *node, struct err *err)
{
	for (size_t i = 0; i < p->nengines; i++) {
		if (p->engines[i].tls && p->tls_ca == NULL)
			return yaml_err(tree, node, err,
					"peers: %s needs `tls:', with `ca:'",
					p->engines[i].text);
		if (p->engines[i].kind == PEERS_SENTINEL)
			p->engines[i].tls = p->tls_ca != NULL;
	}
	if (p->user != NULL && p->password_file == NULL)
		return yaml_err(tree, yaml_get(node, "user"), err,
				"peers: user: needs `password_file:'");
	return 0;
}

static int
read_peers(struct peers_conf *p, const struct yaml_tree *tree,
	   const struct yaml_node *node, struct err *err)
{
	if (read_section(&peers_section, p, tree, node, err) != 0)
		return -1;
	if (p->nengines == 0)
		return yaml_err(tree, node, err, "peers: needs `engine:'");
	if (p->name == NULL && yaml_get(node, "hosts") == NULL)
		return yaml_err(tree, node, err,
				"peers: needs `publish:', `hosts:' or both");
	if (check_engines(p, tree, node, err) != 0)
		return -1;
	return check_hosts(p, tree, yaml_get(node, "hosts"), err);
}

int
conf_peers_read(struct conf *conf, const struct yaml_tree *tree,
		const struct yaml_node *node, struct err *err)
{
	struct peers_conf *p;

#ifdef WITHOUT_PEERS
	return yaml_err(tree, node, err,
			"peers: pop-before-smtp was built without it; install "
			"hiredis, libsodium and OpenSSL (on Debian: "
			"libhiredis-dev libsodium-dev libssl-dev) and build it "
			"again");
#endif
	p = conf->peers = alloc_zero(1, sizeof(*p));
	p->prefix = alloc_string("pbs");
	p->refresh = 300;
	p->lease = 60;
	p->skew = 30;
	if (read_peers(p, tree, node, err) != 0)
		return -1;
	if (p->password_file != NULL && p->user == NULL)
		p->user = alloc_string("default");
	return 0;
}

static void
clear_hosts(struct peers_conf *p)
{
	for (size_t i = 0; i < p->nhosts; i++) {
		free(p->hosts[i].name);
		free(p->hosts[i].user_domain);
	}
	free(p->hosts);
}

void
conf_peers_clear(struct conf *conf)
{
	struct peers_conf *p = conf->peers;

	if (p == NULL)
		return;
	for (size_t i = 0; i < p->nengines; i++)
		peers_engine_clear(&p->engines[i]);
	free(p->engines);
	clear_hosts(p);
	free(p->user);
	free(p->password_file);
	free(p->tls_ca);
	free(p->tls_cert);
	free(p->tls_key);
	free(p->prefix);
	free(p->name);
	free(p->key_file);
	free(p);
	conf->peers = NULL;
}
