/* The key `peers:': which values are accepted, which are refused and where,
 * and what SIGHUP changes. */
#include "daemon/conf/conf_peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_reload.h"
#include "tests/tap.h"

static char file[] = "/tmp/pbs-conf-peers.XXXXXX";

static int
load(struct conf *conf, const char *text, struct err *err)
{
	char name[] = "pop-before-smtp", write[] = "--nowrite", config[64];
	char check[] = "--check", *argv[] = {name, write, check, config, NULL};
	FILE *f = fopen(file, "w");

	fputs(text, f);
	fclose(f);
	snprintf(config, sizeof(config), "--config=%s", file);
	return conf_load(conf, NULL, 4, argv, err);
}

#ifdef WITHOUT_PEERS
static void
not_built(void)
{
	struct conf conf;
	struct err err;

	is_int(load(&conf, "grace: 60\n\npeers:\n  engine: unix:/e\n", &err),
	       EX_CONFIG, "peers: in a build without it");
	ok(strstr(err.text, ":4: peers: ") != NULL &&
	       strstr(err.text, "libhiredis-dev") != NULL,
	   "says where it is, and what to install: %s", err.text);
}

int
main(void)
{
	close(mkstemp(file));
	not_built();
	unlink(file);
	return tap_done();
}
#else

#define KEY1 "k1:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define KEY2 "k1:PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="
#define SECRET "s1:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="

static const char everything[] =
    "peers:\n"
    "  engine: [tls:engine.example.org:6379, 'inet:[::1]:6380',\n"
    "           unix:/run/engine, 'sentinel:mail.1@a:26379,192.0.2.1:1']\n"
    "  user: pop1\n"
    "  password_file: /etc/engine's\n"
    "  tls: { ca: /etc/ca, cert: /etc/cert, key: /etc/key }\n"
    "  prefix: A.b_c-9\n"
    "  publish: { name: pop1.example.org, key: /etc/pop1.key }\n"
    "  hosts:\n"
    "    - { name: pop2, key: \"" KEY1 "\" }\n"
    "    - { name: pop3, key: \"" KEY2 "\", max_addresses: 5,\n"
    "        user_domain: example.org }\n"
    "  refresh: 1h\n"
    "  lease: 20\n"
    "  skew: 0\n";

static void
all_engines(const struct peers_conf *p)
{
	const struct peers_engine *e = p->engines;

	is_int((long long)p->nengines, 4, "four engines, in order");
	ok(e[0].kind == PEERS_INET && e[0].tls && e[0].places[0].port == 6379,
	   "tls:");
	is_str(e[0].places[0].host, "engine.example.org", "its host");
	ok(e[1].kind == PEERS_INET && !e[1].tls && e[1].nplaces == 1, "inet:");
	is_str(e[1].places[0].host, "::1", "an address without its brackets");
	is_int(e[1].places[0].port, 6380, "and its port");
	ok(e[2].kind == PEERS_UNIX && e[2].nplaces == 0 && !e[2].tls, "unix:");
	is_str(e[2].path, "/run/engine", "its path");
	ok(e[3].kind == PEERS_SENTINEL && e[3].nplaces == 2 && e[3].tls,
	   "sentinel: with a section tls: goes over TLS");
	is_str(e[3].service, "mail.1", "the name of the master");
	is_str(e[3].places[1].host, "192.0.2.1", "the second Sentinel");
	is_str(e[3].text, "sentinel:mail.1@a:26379,192.0.2.1:1", "as written");
}

static void
all_keys(void)
{
	struct conf conf;
	struct err err = {""};
	const struct peers_conf *p;

	if (!ok(load(&conf, everything, &err) == 0, "every key: %s", err.text))
		return;
	p = conf.peers;
	all_engines(p);
	is_str(p->user, "pop1", "user");
	is_str(p->password_file, "/etc/engine's", "password_file");
	is_str(p->tls_ca, "/etc/ca", "tls: ca");
	is_str(p->tls_cert, "/etc/cert", "tls: cert");
	is_str(p->tls_key, "/etc/key", "tls: key");
	is_str(p->prefix, "A.b_c-9", "prefix");
	is_str(p->name, "pop1.example.org", "publish: name");
	is_str(p->key_file, "/etc/pop1.key", "publish: key");
	is_int((long long)p->nhosts, 2, "two hosts");
	is_str(p->hosts[0].name, "pop2", "name");
	ok(p->hosts[0].key[0] == 0xd7 && p->hosts[0].key[31] == 0x1a, "key");
	is_int((long long)p->hosts[0].max_addresses, 100000, "max_addresses");
	ok(p->hosts[0].user_domain == NULL, "user_domain: none");
	is_int((long long)p->hosts[1].max_addresses, 5, "another number");
	is_str(p->hosts[1].user_domain, "example.org", "user_domain");
	is_int(p->refresh, 3600, "refresh");
	is_int(p->lease, 20, "lease");
	is_int(p->skew, 0, "skew");
	conf_clear(&conf);
	ok(conf.peers == NULL, "and cleared");
}

static void
defaults(void)
{
	struct conf conf;
	struct err err;
	const struct peers_conf *p;

	is_int(load(&conf, "grace: 60\n", &err), 0, "without peers:");
	ok(conf.peers == NULL, "there are none");
	conf_clear(&conf);
	is_int(load(&conf,
		    "peers:\n  engine: sentinel:m@h:1\n  password_file: /p\n"
		    "  publish: { name: a, key: /k }\n",
		    &err),
	       0, "a publisher");
	p = conf.peers;
	is_int((long long)p->nhosts, 0, "reads nothing");
	is_str(p->prefix, "pbs", "prefix");
	ok(p->refresh == 300 && p->lease == 60 && p->skew == 30,
	   "5 minutes, 60 and 30 seconds");
	is_str(p->user, "default", "the engine's default user has a password");
	ok(!p->engines[0].tls, "sentinel: without tls: is plain");
	conf_clear(&conf);
}

/* Each follows "peers:\n  engine: unix:/e\n  publish: { name: a, key: /k }\n"
 * and so begins in line 4. */
static const struct wrong {
	const char *text, *said;
} wrongs[] = {
    {"  engin: x\n", ":4: peers: unknown key 'engin' (did you mean 'engine'?)"},
    {"  user: u\n", ":4: peers: user: needs `password_file:'"},
    {"  user: ''\n", ":4: peers: user: is empty"},
    {"  user: a b\n", ":4: peers: user: 'a b' has a blank"},
    {"  user: [a]\n", ":4: peers: user: takes one value"},
    {"  user: \"a\\nb\"\n", ":4: peers: user: holds control characters"},
    {"  user: \"a\\0b\"\n", ":4: peers: user: holds control characters"},
    {"  password_file: pw\n", ":4: peers: password_file: 'pw' is relative"},
    {"  tls: /ca\n", ":4: peers: tls: takes a list of `key: value'"},
    {"  tls: { cert: /c, key: /k }\n", ":4: peers: tls: needs `ca:'"},
    {"  tls: { ca: /c, cert: /c }\n",
     ":4: peers: tls: `cert:' and `key:' belong together"},
    {"  tls: { ca: /c, verify: no }\n", ":4: peers: tls: unknown key 'verify'"},
    {"  prefix: a:b\n", ":4: peers: prefix: 'a:b' has characters other"},
    {"  prefix: 123456789-123456789-123456789-123\n",
     ":4: peers: prefix: '123456789-123456789-123456789-123' has more than 32"},
    {"  refresh: 59\n", ":4: peers: refresh: '59' is not between 60 and 3600"},
    {"  refresh: 61m\n", ":4: peers: refresh: '61m' is not between"},
    {"  refresh: soon\n", ":4: peers: refresh: 'soon' is not a time"},
    {"  lease: 19\n", ":4: peers: lease: '19' is not between 20 and 600"},
    {"  lease: 601\n", ":4: peers: lease: '601' is not between"},
    {"  skew: 301\n", ":4: peers: skew: '301' is not between 0 and 300"},
    {"  skew: -1\n", ":4: peers: skew: '-1' is not a time"},
    {"  hosts: pop2\n", ":4: peers: hosts: takes a list of"},
    {"  hosts: [pop2]\n", ":4: peers: hosts: takes a list of `key: value'"},
    {"  hosts:\n  - name: b\n", ":5: peers: hosts: needs `key:'"},
    {"  hosts:\n  - key: \"" KEY1 "\"\n", ":5: peers: hosts: needs `name:'"},
    {"  hosts:\n  - { name: B, key: \"" KEY1 "\" }\n",
     ":5: peers: hosts: name: 'B' has characters other than a to z"},
    {"  hosts:\n  - { name: a, key: \"" KEY1 "\" }\n",
     ":5: peers: hosts: a is this host itself"},
    {"  hosts:\n  - { name: b, key: \"" KEY1 "\" }\n"
     "  - { name: b, key: \"" KEY2 "\" }\n",
     ":6: peers: hosts: b: twice"},
    {"  hosts:\n  - { name: b, key: \"" KEY1 "\" }\n"
     "  - { name: c, key: \"" KEY1 "\" }\n",
     ":6: peers: hosts: c has the key of b"},
    {"  hosts:\n  - { name: b, key: \"" SECRET "\" }\n",
     ":5: peers: hosts: key: is a secret key"},
    {"  hosts:\n  - { name: b, key: k1:short }\n",
     ":5: peers: hosts: key: 'k1:short' is not a public key"},
    {"  hosts:\n  - { name: b, key: \"" KEY1 "\", max_adresses: 1 }\n",
     ":5: peers: hosts: unknown key 'max_adresses' (did you mean "
     "'max_addresses'?)"},
    {"  hosts:\n  - { name: b, key: \"" KEY1 "\", max_addresses: 0 }\n",
     ":5: peers: hosts: max_addresses: '0' is not a number from 1"},
    {"  hosts:\n  - { name: b, key: \"" KEY1 "\", max_addresses: 1x }\n",
     ":5: peers: hosts: max_addresses: '1x' is not a number"},
    {"  hosts:\n  - { name: b, key: \"" KEY1 "\", user_domain: a@b }\n",
     ":5: peers: hosts: user_domain: 'a@b' is not a domain"},
};

static void
refuses(const char *text, const char *said)
{
	struct conf conf;
	struct err err = {""};

	is_int(load(&conf, text, &err), EX_CONFIG, "refused: %s", said);
	if (!ok(strncmp(err.text, file, strlen(file)) == 0 &&
		    strstr(err.text, said) != NULL,
		"and its place is named"))
		printf("# %s\n", err.text);
}

static void
bad_keys(void)
{
	static const struct wrong alone[] = {
	    {"peer: {}\n", ":1: unknown key 'peer' (did you mean 'peers'?)"},
	    {"peers: yes\n", ":1: peers: takes a list of `key: value'"},
	    {"peers: {}\n", ":1: peers: needs `engine:'"},
	    {"peers: { engine: [] }\n", ":1: peers: needs `engine:'"},
	    {"peers: { engine: unix:/e }\n",
	     ":1: peers: needs `publish:', `hosts:' or both"},
	    {"peers: { engine: unix:/e, publish: { name: a } }\n",
	     ":1: peers: publish: needs `key:'"},
	    {"peers: { engine: unix:/e, publish: { name: a, key: k } }\n",
	     ":1: peers: publish: key: 'k' is relative"},
	};

	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
		refuses(alone[i].text, alone[i].said);
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		char *text = alloc_format("peers:\n  engine: unix:/e\n"
					  "  publish: { name: a, key: /k }\n%s",
					  wrongs[i].text);

		refuses(text, wrongs[i].said);
		free(text);
	}
}

static void
bad_engines(void)
{
	static const struct wrong engines[] = {
	    {"redis:h:1", "'redis:h:1' is not unix:/PATH"},
	    {"h:6379", "'h:6379' is not"},
	    {"unix:e", "'e' is relative"},
	    {"inet:h", "'h' is not HOST:PORT"},
	    {"inet:h:", "'' is not a port"},
	    {"inet:h:0", "'0' is not a port"},
	    {"inet:h:65536", "'65536' is not a port"},
	    {"inet:h:99999999999999999999", "is not a port"},
	    {"inet:h:6x", "'6x' is not a port"},
	    {"inet::1", "'' is not a host"},
	    {"inet:::1:6379", "is written in brackets"},
	    {"inet:[h]:6379", "'[h]' is not a host"},
	    {"inet:a b:6379", "'a b' is not a host"},
	    {"inet:a/b:6379", "'a/b' is not a host"},
	    {"tls:h:6379", "tls:h:6379 needs `tls:'"},
	    {"sentinel:h:26379", "is not NAME@HOST:PORT"},
	    {"sentinel:@h:26379", "'' is not a name"},
	    {"sentinel:m@", "'' is not HOST:PORT"},
	    {"sentinel:m@h:1,", "'' is not HOST:PORT"},
	    {"sentinel:m@a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,"
	     "a:1,a:1,a:1,a:1",
	     "more than 16 places"},
	};

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		char *text =
		    alloc_format("peers:\n  publish: { name: a, key: /k }\n"
				 "  engine: '%s'\n",
				 engines[i].text);

		refuses(text, engines[i].said);
		free(text);
	}
	refuses("peers:\n  engine: [unix:/a, unix:/b, unix:/c, unix:/d,\n"
		"    unix:/e, unix:/f, unix:/g, unix:/h, unix:/i]\n",
		":3: peers: engine: more than 8");
}

static void
many_hosts(void)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fputs("peers:\n  engine: unix:/e\n  hosts:\n", f);
	for (int i = 0; i < PEERS_HOSTS_MAX + 1; i++)
		fprintf(f,
			"  - { name: h%d, key: \"k1:%02dqYAYKxCrfVS/7TyWQHOg"
			"7hcvPapiMlrwIaaPcHURo=\" }\n",
			i, i + 10);
	fclose(f);
	refuses(text, ":67: peers: hosts: more than 63");
	free(text);
}

static char noted[200];

static void
note(const char *key)
{
	snprintf(noted + strlen(noted), sizeof(noted) - strlen(noted), "%s; ",
		 key);
}

static void
reload(void)
{
	static const char changed[] =
	    "peers:\n  engine: unix:/other\n  prefix: other\n"
	    "  publish: { name: other, key: /k }\n"
	    "  hosts: [{ name: pop9, key: \"" KEY2 "\" }]\n"
	    "  refresh: 2m\n  lease: 2m\n  skew: 2m\n";
	struct conf running, new;
	struct err err;

	load(&running, everything, &err);
	load(&new, everything, &err);
	ok(conf_peers_compare(running.peers, new.peers, NULL) == 0,
	   "nothing has changed");
	conf_clear(&new);
	load(&new, changed, &err);
	ok(conf_peers_compare(running.peers, new.peers, note) == 9 &&
	       strcmp(noted,
		      "engine; user; password_file; tls: ca; tls: cert; "
		      "tls: key; prefix; publish: name; publish: key; ") == 0,
	   "each key that takes a restart is named: %s", noted);
	conf_reload_adopt(&running, &new);
	ok(running.peers->nhosts == 1 &&
	       strcmp(running.peers->hosts[0].name, "pop9") == 0,
	   "hosts are taken over");
	ok(running.peers->refresh == 120 && running.peers->lease == 120 &&
	       running.peers->skew == 120,
	   "and refresh, lease, skew");
	is_str(running.peers->prefix, "A.b_c-9", "the prefix is not");
	is_str(running.peers->name, "pop1.example.org", "nor the own name");
	conf_clear(&new);
	conf_clear(&running);
}

int
main(void)
{
	close(mkstemp(file));
	all_keys();
	defaults();
	bad_keys();
	bad_engines();
	many_hosts();
	reload();
	unlink(file);
	return tap_done();
}
#endif
