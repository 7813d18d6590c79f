#include "daemon/conf/conf_peers.h"

#include <stdio.h>

#include "daemon/conf/base64.h"
#include "daemon/conf/conf.h"

/* In single quotes only the quote itself is special. */
static void
print_text(const char *indent, const char *key, const char *text)
{
	if (text == NULL) {
		printf("%s# %s:\n", indent, key);
		return;
	}
	printf("%s%s: '", indent, key);
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			putchar('\'');
		putchar(*text);
	}
	puts("'");
}

static void
print_engines(const struct peers_conf *p)
{
	puts("  engine:");
	for (size_t i = 0; i < p->nengines; i++)
		printf("    - '%s'\n", p->engines[i].text);
}

static void
print_tls(const struct peers_conf *p)
{
	if (p->tls_ca == NULL) {
		puts("  # tls:");
		return;
	}
	puts("  tls:");
	print_text("    ", "ca", p->tls_ca);
	print_text("    ", "cert", p->tls_cert);
	print_text("    ", "key", p->tls_key);
}

static void
print_publish(const struct peers_conf *p)
{
	if (p->name == NULL) {
		puts("  # publish:");
		return;
	}
	puts("  publish:");
	print_text("    ", "name", p->name);
	print_text("    ", "key", p->key_file);
}

static void
print_hosts(const struct peers_conf *p)
{
	puts(p->nhosts == 0 ? "  hosts: []" : "  hosts:");
	for (size_t i = 0; i < p->nhosts; i++) {
		const struct peers_host *host = &p->hosts[i];
		char key[BASE64_TEXT(PEERS_PUBLIC_KEY)];

		base64_encode(key, host->key, sizeof(host->key));
		print_text("    - ", "name", host->name);
		printf("      key: 'k1:%s'\n", key);
		printf("      max_addresses: %zu\n", host->max_addresses);
		print_text("      ", "user_domain", host->user_domain);
	}
}

void
conf_peers_dump(const struct conf *conf)
{
	const struct peers_conf *p = conf->peers;

	if (p == NULL) {
		puts("# peers:");
		return;
	}
	puts("peers:");
	print_engines(p);
	print_text("  ", "user", p->user);
	print_text("  ", "password_file", p->password_file);
	print_tls(p);
	print_text("  ", "prefix", p->prefix);
	print_publish(p);
	print_hosts(p);
	printf("  refresh: %u\n  lease: %u\n  skew: %u\n", p->refresh, p->lease,
	       p->skew);
}
