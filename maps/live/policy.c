#include "maps/live/policy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "maps/live/rate_limit.h"
#include "maps/live/senders.h"

static const char dunno[] = "DUNNO";

struct policy {
	const struct policy_settings *settings;
	struct senders *senders; /* NULL = no file */
	struct rate_limit *users, *addresses;
	uint64_t seed;
	/* A request counts once, even if two lists of restrictions make it. */
	uint64_t last_counted; /* identity() of the request */
};

/* *out: NULL if no file is set. 0, or -1. */
static int
open_senders(struct senders **out, const struct policy_settings *settings,
	     time_t now, struct err *err)
{
	*out = NULL;
	if (settings->sender_logins == NULL)
		return 0;
	*out = senders_open(settings->sender_logins, now, err);
	return *out != NULL ? 0 : -1;
}

static void
reset_counters(struct policy *policy, uint32_t window)
{
	rate_limit_free(&policy->users);
	rate_limit_free(&policy->addresses);
	policy->users = rate_limit_new(window, POLICY_COUNTERS_MAX);
	policy->addresses = rate_limit_new(window, POLICY_COUNTERS_MAX);
}

struct policy *
policy_new(const struct policy_settings *settings, time_t now, struct err *err)
{
	struct policy *policy = alloc_zero(1, sizeof(*policy));

	policy->settings = settings;
	policy->seed = hash_seed();
	reset_counters(policy, settings->window);
	if (open_senders(&policy->senders, settings, now, err) != 0)
		policy_free(&policy);
	return policy;
}

int
policy_change(struct policy *policy, const struct policy_settings *settings,
	      time_t now, struct err *err)
{
	struct senders *senders;

	if (open_senders(&senders, settings, now, err) != 0)
		return -1;
	senders_free(&policy->senders);
	policy->senders = senders;
	if (settings->window != policy->settings->window)
		reset_counters(policy, settings->window);
	return 0;
}

void
policy_free(struct policy **policy)
{
	if (*policy == NULL)
		return;
	senders_free(&(*policy)->senders);
	rate_limit_free(&(*policy)->users);
	rate_limit_free(&(*policy)->addresses);
	free(*policy);
	*policy = NULL;
}

int
policy_refresh(struct policy *policy, time_t now, struct err *err)
{
	return policy->senders != NULL
		   ? senders_refresh(policy->senders, now, err)
		   : 0;
}

size_t
policy_senders(const struct policy *policy)
{
	return policy->senders != NULL ? senders_count(policy->senders) : 0;
}

/* ---- the owner of a sender ---- */

static bool
same(struct policy_text text, const char *word, size_t len)
{
	return text.len == len && strncasecmp(text.text, word, len) == 0;
}

/* The domain of an address; its text is NULL if it has no domain. */
static struct policy_text
domain_of(struct policy_text sender)
{
	const char *at = memrchr(sender.text, '@', sender.len);

	if (at == NULL)
		return (struct policy_text){NULL, 0};
	at++;
	return (struct policy_text){at,
				    (size_t)(sender.text + sender.len - at)};
}

static bool
is_local(const struct policy_settings *settings, struct policy_text domain)
{
	const struct strings *domains = &settings->domains;

	for (size_t i = 0; i < domains->count; i++)
		if (same(domain, domains->list[i], strlen(domains->list[i])))
			return true;
	return false;
}

static bool
has_prefix(struct policy_text text, const char *word)
{
	size_t len = strlen(word);

	return text.len >= len && strncasecmp(text.text, word, len) == 0;
}

static bool
has_suffix(struct policy_text text, const char *word)
{
	size_t len = strlen(word);

	return text.len > len &&
	       strncasecmp(text.text + text.len - len, word, len) == 0;
}

/* Names that Postfix never splits; the last two are used by mailing lists. */
static bool
is_whole(struct policy_text name)
{
	return same(name, "mailer-daemon", 13) ||
	       same(name, "double-bounce", 13) || has_prefix(name, "owner-") ||
	       has_suffix(name, "-request");
}

/* The length of an extension with its delimiter: 4 in "ann+tag", 0 without
 * one. The name before it is never empty. */
static size_t
extension_of(struct policy_text name, const char *delimiters)
{
	size_t len = 0;

	if (delimiters == NULL ||
	    (strchr(delimiters, '-') != NULL && is_whole(name)))
		return 0;
	while (len < name.len && strchr(delimiters, name.text[len]) == NULL)
		len++;
	return len > 0 ? name.len - len : 0;
}

/* Whether the user is the sender itself, or its name if the domain is ours. */
static bool
is_user_named(const char *user, struct policy_text name,
	      struct policy_text at_domain, bool local)
{
	size_t len = strlen(user);

	if (len < name.len || strncasecmp(user, name.text, name.len) != 0)
		return false;
	return len == name.len
		   ? local
		   : same(at_domain, user + name.len, len - name.len);
}

static bool
is_user(const char *user, struct policy_text name, size_t extension,
	struct policy_text at_domain, bool local)
{
	if (is_user_named(user, name, at_domain, local))
		return true;
	name.len -= extension;
	return extension > 0 && is_user_named(user, name, at_domain, local);
}

/* The first of the users who owns the sender. NULL: none of them does. */
static const char *
owner(const struct policy *policy, struct policy_text sender,
      const struct policy_users *users)
{
	struct policy_text domain, name = sender, at_domain;
	const char *listed = NULL;
	size_t extension;
	bool local;

	if (sender.text == NULL)
		return NULL;
	domain = domain_of(sender);
	/* Postfix adds a domain to it later, and we do not know which. */
	if (sender.len > 0 && domain.len == 0)
		return NULL;
	local = is_local(policy->settings, domain);
	name.len = sender.len > 0 ? sender.len - domain.len - 1 : 0;
	at_domain =
	    (struct policy_text){sender.text + name.len, sender.len - name.len};
	extension = extension_of(name, policy->settings->recipient_delimiter);
	if (policy->senders != NULL)
		listed = senders_find(policy->senders, sender.text, sender.len,
				      extension, local);
	if (sender.len == 0 && listed == NULL)
		return policy->settings->null_sender && users->count > 0
			   ? users->names[0]
			   : NULL;
	for (size_t i = 0; i < users->count; i++)
		if (listed != NULL ? senders_lists(listed, users->names[i])
				   : is_user(users->names[i], name, extension,
					     at_domain, local))
			return users->names[i];
	return NULL;
}

/* ---- limits ---- */

/* How many recipients the request adds if it is granted. */
static uint32_t
recipients(const struct policy *policy, const struct policy_request *request)
{
	if (request->state != policy->settings->count_at)
		return 0;
	return request->state == POLICY_RCPT ? 1 : request->recipient_count;
}

static uint64_t
hash_text(uint64_t seed, struct policy_text text)
{
	return hash_bytes(seed, text.text != NULL ? text.text : "", text.len);
}

/* Identifies the message and the recipient that a request is about. */
static uint64_t
identity(const struct policy *policy, const struct policy_request *request)
{
	uint64_t hash = policy->seed;

	hash = hash_text(hash, request->instance);
	return hash_text(hash, request->recipient);
}

/* A client that has one address of a /64 has them all, and may send from
 * another one each time. */
static uint64_t
address_key(const struct policy *policy, const struct addr *client)
{
	struct addr network = *client;

	if (network.family == 6)
		memset(network.bytes + 8, 0, 8);
	return hash_bytes(policy->seed, &network, sizeof(network));
}

static uint64_t
user_key(const struct policy *policy, const char *user)
{
	char folded[256];
	size_t len = 0;

	for (; user[len] != '\0' && len < sizeof(folded); len++)
		folded[len] = user[len] >= 'A' && user[len] <= 'Z'
				  ? (char)(user[len] - 'A' + 'a')
				  : user[len];
	return hash_bytes(policy->seed, folded, len);
}

static bool
exceeds(const struct rate_limit *counted, uint64_t who, uint64_t more,
	size_t limit, int64_t now)
{
	uint64_t sum;

	if (limit == 0)
		return false;
	sum = rate_limit_sum(counted, who, now);
	/* If nothing is left, refuse now what would only be counted later. */
	return sum + (more > 0 ? more : 1) > limit;
}

/* NULL: the request is within the limits and has been counted. Otherwise names
 * the limit that is reached. */
static const char *
check_limits(struct policy *policy, const struct policy_request *request,
	     const char *user, int64_t now)
{
	const struct policy_settings *settings = policy->settings;
	uint64_t address = address_key(policy, &request->client);
	uint64_t name = user != NULL ? user_key(policy, user) : 0;
	uint64_t request_id = identity(policy, request);
	uint32_t more = recipients(policy, request);

	if (more > 0 && request->instance.len > 0 &&
	    request_id == policy->last_counted)
		return NULL;
	if (exceeds(policy->addresses, address, more,
		    settings->address_recipients, now))
		return "limit of the address";
	if (user != NULL &&
	    exceeds(policy->users, name, more, settings->user_recipients, now))
		return "limit of the user";
	if (more == 0)
		return NULL;
	policy->last_counted = request_id;
	if (settings->address_recipients > 0)
		rate_limit_add(policy->addresses, address, more, now);
	if (user != NULL && settings->user_recipients > 0)
		rate_limit_add(policy->users, name, more, now);
	return NULL;
}

/* ---- the decision ---- */

static bool
is_shared(const struct policy_settings *settings,
	  const struct policy_users *users)
{
	return settings->shared_users > 0 &&
	       users->count > settings->shared_users;
}

/* The user who sends: with a binding the owner of the sender, otherwise whoever
 * logged in last. Sets *why if the request must be refused. */
static const char *
find_user(const struct policy *policy, const struct policy_request *request,
	  const struct policy_users *users, const char **why)
{
	const struct policy_settings *settings = policy->settings;
	bool shared = is_shared(settings, users);
	const char *user;

	*why = NULL;
	if (shared && settings->shared == POLICY_SHARED_REFUSE) {
		*why = "shared address";
		return NULL;
	}
	if (!shared && settings->binding == POLICY_BINDING_OFF)
		return users->count > 0 ? users->names[0] : NULL;
	user = owner(policy, request->sender, users);
	if (user == NULL)
		*why = shared ? "shared address, and its users may not use "
				"this sender"
			      : "its users may not use this sender";
	return user;
}

struct policy_answer
policy_decide(struct policy *policy, const struct policy_request *request,
	      const struct policy_users *users, int64_t now)
{
	const struct policy_settings *settings = policy->settings;
	const char *user, *why;

	if (!users->authorized)
		return (struct policy_answer){dunno, "not authorized", NULL};
	user = find_user(policy, request, users, &why);
	if (why != NULL)
		return (struct policy_answer){dunno, why, user};
	why = check_limits(policy, request, user, now);
	if (why != NULL)
		return (struct policy_answer){settings->limit_action, why,
					      user};
	return (struct policy_answer){settings->action, "authorized", user};
}
