/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library says of these only when it makes a producer, in words about something else, or
 * not at all: a login without its protocol goes unused, one without its mechanism is Kerberos.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cluster/build.h"
#include "parsers/names.h"

struct conf_place cluster_place(const struct cluster_build *build, const char *setting)
{
	const struct conf_node *node = conf_node_find(build->block, setting);

	return node ? node->place : build->block->place;
}

/* The first property that begins so has nothing to do. */
static void warn_of_idle(const struct cluster_build *build, const char *begin, const char *cure)
{
	const struct cluster *cluster = build->cluster;
	char name[64];
	size_t i = 0;

	while (i < cluster->n_props && strncmp(cluster->props[i].name, begin, strlen(begin)) != 0)
		i++;
	if (i == cluster->n_props)
		return;
	snprintf(name, sizeof name, "%s", cluster->props[i].name);
	for (char *at = name; *at; at++)
		*at = *at == '.' ? '_' : *at;
	conf_warning(build->problems, cluster_place(build, name),
		     "%s.%s does nothing without security_protocol = %s", cluster->label, name,
		     cure);
}

/* The library tells capitals from small letters. */
static void check_name(const struct cluster_build *build, const char *setting,
		       const char *mechanism)
{
	static const char *const names[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512",
					    "OAUTHBEARER", "GSSAPI"};
	const char *near = names_nearest(mechanism, names, ARRAY_LEN(names));

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(mechanism, names[i]) == 0)
			return;
		if (strcasecmp(mechanism, names[i]) == 0)
			near = names[i];
	}
	conf_problem(build->problems, cluster_place(build, setting),
		     "%s.%s: must be \"PLAIN\", \"SCRAM-SHA-256\", \"SCRAM-SHA-512\", "
		     "\"OAUTHBEARER\" or \"GSSAPI\", not \"%.40s\"%s%s%s",
		     build->cluster->label, setting, mechanism, near ? " (did you mean \"" : "",
		     near ? near : "", near ? "\"?)" : "");
}

void cluster_check_protocol(const struct cluster_build *build)
{
	const struct cluster *cluster = build->cluster;
	const char *protocol = cluster_value(cluster, "security.protocol");
	const char *one = cluster_value(cluster, "sasl.mechanism");
	const char *mechanism = one ? one : cluster_value(cluster, "sasl.mechanisms");
	bool sasl = protocol && strncasecmp(protocol, "sasl", 4) == 0;
	bool kerberos = cluster_value(cluster, "sasl.kerberos.keytab") ||
			cluster_value(cluster, "sasl.kerberos.kinit.cmd");

	/* What was left out cannot be judged. */
	if (build->no_secrets)
		return;
	if (!sasl)
		warn_of_idle(build, "sasl.", "\"sasl_ssl\", or \"sasl_plaintext\" without TLS");
	if (!protocol || !strcasestr(protocol, "ssl"))
		warn_of_idle(build, "ssl.", "\"ssl\", or \"sasl_ssl\" with a login");
	if (mechanism && strcasecmp(mechanism, "AWS_MSK_IAM") != 0)
		check_name(build, one ? "sasl_mechanism" : "sasl_mechanisms", mechanism);
	if (sasl && !mechanism && !kerberos && !cluster->login)
		conf_problem(
			build->problems, cluster_place(build, "security_protocol"),
			"%s.sasl_mechanism is missing: \"PLAIN\", \"SCRAM-SHA-512\" or another "
			"that the brokers take; without it, it is \"GSSAPI\" (Kerberos), which "
			"needs sasl_kerberos_keytab",
			cluster->label);
}
