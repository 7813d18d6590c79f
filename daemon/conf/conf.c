#include "daemon/conf/conf.h"

#include "maps/map.h"

struct map_settings
conf_map_settings(const struct conf *conf)
{
	return (struct map_settings){
	    .value = conf->value,
	    .flock = conf->flock,
	    .ipv6_prefix = conf->ipv6_prefix == 128 ? 0 : conf->ipv6_prefix,
	    .textforms = conf->textforms,
	    .ntextforms = conf->ntextforms,
	    .policy = &conf->policy,
	};
}

uint32_t
conf_hold(const struct conf *conf)
{
	return conf->sessions ? conf->session_max : 0;
}

uint32_t
conf_longest(const struct conf *conf)
{
	uint32_t hold = conf_hold(conf);

	return hold > conf->grace ? hold : conf->grace;
}
