/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the brokers say of the topics, and what that means for lines. The producer is idempotent and
 * waits for all replicas in sync; how many those are is the topic's matter (min.insync.replicas),
 * and only both together say what an acknowledgement is worth. So it is said as a sentence about
 * lost lines and not as a pair of numbers.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cmd/check/check.h"
#include "cmd/check/inspect.h"
#include "cmd/check/kafka.h"
#include "conf/output.h"

/* Key, headers and framing of a usual record, above its value. */
#define RECORD_ROOM 1024
#define SERVERS "bootstrap_servers"

/* What a branch of a source is said by: the source, or one of its also. NULL: it is not there. */
static const struct conf_node *branch_group(const struct conf_node *source, unsigned branch)
{
	const struct conf_node *also = branch && source ? conf_node_find(source, "also") : NULL;

	if (!branch)
		return source;
	return also && also->kind == CONF_LIST && branch <= also->n_kids ? also->kids[branch - 1] :
									   NULL;
}

/* The setting of a source, or of one of its also, that names the topic, or NULL. */
static const struct conf_node *topic_setting(const struct conf_node *source, const char *topic)
{
	const struct conf_node *one = conf_node_find(source, "topic");
	const struct conf_node *list = conf_node_find(source, "topics");

	if (one && one->kind == CONF_TEXT && strcmp(one->text, topic) == 0)
		return one;
	if (list && list->kind == CONF_TEXT && strcmp(list->text, topic) == 0)
		return list;
	for (size_t i = 0; list && list->kind == CONF_LIST && i < list->n_kids; i++) {
		if (list->kids[i]->kind == CONF_TEXT && strcmp(list->kids[i]->text, topic) == 0)
			return list->kids[i];
	}
	return NULL;
}

/*
 * Where a source, or one of its also, names the topic; NULL: nowhere. An also may mean the
 * source's.
 */
static const struct conf_node *branch_names(const struct conf *conf, const struct conf_node *group,
					    size_t source, size_t index)
{
	const struct source *of = &conf->sources[source];

	for (unsigned branch = 0; group && branch <= of->n_also; branch++) {
		const struct conf_node *own = branch_group(group, branch);
		const struct conf_node *node = own ? topic_setting(own, conf->topics[index]) : NULL;

		if (!node && own && !conf_node_find(own, "topic"))
			node = topic_setting(group, conf->topics[index]);
		if (node && source_cluster(of, branch) == conf->topic_clusters[index])
			return node;
	}
	return NULL;
}

/* Where a source names it as that of its dead letters; NULL: it does not. */
static const struct conf_node *
letters_name(const struct check *check, const struct conf_node *group, size_t source, size_t index)
{
	const char *setting = conf_options()[CONF_DEAD_LETTER_TOPIC].name;
	const struct conf_node *own = group ? conf_node_find(group, setting) : NULL;

	if (check->conf->sources[source].letter_topic != index)
		return NULL;
	return own ? own : conf_node_find(check->load.text.root, setting);
}

/*
 * Where the topic is named first, and the longest line of the sources that name it. A name that
 * only a template gives (with an ${env:...} in it) is not found: then it is any source.
 */
static struct conf_place place_of(const struct check *check, size_t index, size_t *ret_max_line)
{
	struct conf_place place = CHECK_NOWHERE;
	const struct conf *conf = check->conf;
	struct kafka_options options;
	size_t longest = 0;

	for (size_t i = 0; i < conf->n_sources; i++) {
		const struct conf_node *group = check_group(check, CONF_SOURCES, i);
		const struct conf_node *node = branch_names(conf, group, i, index);

		node = node ? node : letters_name(check, group, i, index);
		if (!node)
			continue;
		if (!place.file)
			place = node->place;
		if (source_longest(&conf->sources[i]) > longest)
			longest = source_longest(&conf->sources[i]);
	}
	conf_kafka_options(conf, conf_topic_cluster(conf, index), &options);
	*ret_max_line = longest ? longest : options.max_line;
	return place;
}

void check_judge_replicas(struct check_report *report, struct conf_place place, const char *topic,
			  const struct topic_facts *facts, bool letters)
{
	uint32_t n = facts->replicas, least = facts->min_insync;
	const char *who = check_who_waits(letters);

	if (n && least > n)
		check_find(
			report, CHECK_ERROR, place,
			"topic \"%s\": %u replica%s, min.insync.replicas %u: no line can be "
			"acknowledged\nIts %s wait for ever.\n"
			"Lower min.insync.replicas, or add replicas (kafka-reassign-partitions).",
			topic, n, n == 1 ? "" : "s", least, who);
	else if (n == 1)
		check_find(
			report, CHECK_WARNING, place,
			"topic \"%s\": acks=all, 1 replica: an acknowledged record is lost if its "
			"broker loses its disk\nWhile that broker is down, its %s wait.\n"
			"Give it 3 replicas and min.insync.replicas=2, unless this is a trial.",
			topic, who);
	else if (n > 1 && least == 1)
		check_find(report, CHECK_WARNING, place,
			   "topic \"%s\": acks=all, %u replicas, min.insync.replicas 1: an "
			   "acknowledged record is lost if one broker dies\n"
			   "A record counts as acknowledged when only one replica has it.\n"
			   "Set min.insync.replicas=2:\n"
			   "  kafka-configs --bootstrap-server %s --alter --topic %s "
			   "--add-config min.insync.replicas=2",
			   topic, n, check_servers(report), topic);
	else if (n > 1 && least == n)
		check_find(report, CHECK_NOTE, place,
			   "topic \"%s\": %u replicas, min.insync.replicas %u: when one broker is "
			   "down, its %s wait",
			   topic, n, least, who);
}

void check_judge_keys(struct check_report *report, struct conf_place place, const char *topic,
		      const struct topic_facts *facts, const struct route *route)
{
	if (!facts->compacted || !route_keys_may_be_null(route))
		return;
	if (!route_has_keys(route))
		check_find(report, CHECK_ERROR, place,
			   "topic \"%s\": cleanup.policy is compact, and this source gives no key\n"
			   "Each of its lines is refused, and kept as a dead letter.\n"
			   "Set key, or cleanup.policy=delete.",
			   topic);
	else
		check_find(
			report, CHECK_WARNING, place,
			"topic \"%s\": cleanup.policy is compact, and this key may be missing\n"
			"A record without one is refused with its batch; the others of the batch "
			"are sent\nagain one by one, and it is kept as a dead letter.\n"
			"Set on_missing_key = \"dead_letter\", or \"constant:...\".",
			topic);
}

void check_judge_settings(struct check_report *report, struct conf_place place, const char *topic,
			  const struct topic_facts *facts, size_t max_line, bool letters)
{
	const char *kept = letters ? "it stays in the state" : "kept as a dead letter";

	if (!facts->max_message_bytes || !facts->min_insync)
		check_find(report, CHECK_NOTE, place,
			   "topic \"%s\": its settings cannot be read (DescribeConfigs is not "
			   "allowed), so they were not judged",
			   topic);
	else if (max_line > facts->max_message_bytes)
		check_find(report, CHECK_WARNING, place,
			   "topic \"%s\": max_line is %zu bytes, the topic's max.message.bytes %u\n"
			   "A longer line that does not compress below that is refused, and %s.\n"
			   "Raise max.message.bytes to %zu, or lower max_line.",
			   topic, max_line, facts->max_message_bytes, kept, max_line + RECORD_ROOM);
	else if (max_line + RECORD_ROOM > facts->max_message_bytes)
		check_find(report, CHECK_NOTE, place,
			   "topic \"%s\": max_line (%zu) is just within max.message.bytes (%u); "
			   "with key and headers the longest line may be refused if it does not "
			   "compress",
			   topic, max_line, facts->max_message_bytes);
	if (letters && facts->compacted)
		check_find(report, CHECK_WARNING, place,
			   "topic \"%s\": cleanup.policy is compact, and dead letters go there\n"
			   "Those without a key are refused, and stay in the state.\n"
			   "Set cleanup.policy=delete.",
			   topic);
}

/* For each source that names the topic. */
static void judge_sources(struct check *check, size_t index, const struct topic_facts *facts)
{
	const char *topic = check->conf->topics[index];

	for (size_t i = 0; i < check->conf->n_sources; i++) {
		const struct conf_node *group = check_group(check, CONF_SOURCES, i);
		const struct source *source = &check->conf->sources[i];
		const struct route *route =
			source_route(source, source_branch_to(source, (uint32_t)index));
		struct conf_place time = check_place(check, CONF_SOURCES, i, CONF_TIMESTAMP);
		struct conf_place key = check_place(check, CONF_SOURCES, i, CONF_KEY);

		if (!route || !branch_names(check->conf, group, i, index))
			continue;
		check_judge_times(&check->report, time, topic, facts, route_time(route));
		check_judge_keys(&check->report, key, topic, facts, route);
	}
}

void check_judge_partitions(struct check_report *report, struct conf_place place, const char *topic,
			    int32_t n, int32_t least)
{
	if (n < least)
		check_find(
			report, CHECK_ERROR, place,
			"topic \"%s\": %d partition%s, but partitioner.rules need %d: some "
			"records have no partition to go to\n"
			"Files wait at the first such record, until the topic has more.\n"
			"Add partitions, or change the rules:\n"
			"  kafka-topics --bootstrap-server %s --alter --topic %s --partitions %d",
			topic, (int)n, n == 1 ? "" : "s", (int)least, check_servers(report), topic,
			(int)least);
}

/* What the topic is to be; NULL: nobody said so. */
static const struct topic_plan *plan_of(const struct check *check, size_t index)
{
	const struct topic_plan *plans = check->conf->plans;

	return plans && plans[index].planned ? &plans[index] : NULL;
}

static void judge_not_ready(struct check *check, struct conf_place place, size_t index,
			    const struct topic_facts *facts, int32_t n_brokers)
{
	const struct topic_plan *plan = plan_of(check, index);
	const char *topic = check->conf->topics[index];
	bool letters = check->conf->topic_settings[index].letters;

	if (facts->state == TOPIC_MISSING && plan && plan->create)
		check_judge_to_make(&check->report, place, topic, plan);
	else if (facts->state == TOPIC_MISSING)
		check_judge_missing(&check->report, place, topic, n_brokers, letters);
	else if (facts->state == TOPIC_DENIED)
		check_find(&check->report, CHECK_ERROR, place,
			   "topic \"%s\": not authorized (%s)\n"
			   "Its %s wait until it is allowed; others go on.\n"
			   "The user of the kafka block needs the rights WRITE and DESCRIBE:\n"
			   "  kafka-acls --bootstrap-server %s --add --producer --topic %s "
			   "--allow-principal User:...",
			   topic, facts->reason, check_who_waits(letters),
			   check_servers(&check->report), topic);
	else
		check_find(&check->report, CHECK_ERROR, place,
			   "topic \"%s\": the brokers do not tell its partitions (%s)\n"
			   "Its %s wait until they do.",
			   topic, facts->reason[0] ? facts->reason : "no answer",
			   check_who_waits(letters));
}

void check_topic_text(const struct topic_facts *facts, char *ret_text, size_t len)
{
	char min_insync[48] = "", max_bytes[48] = "";

	if (facts->min_insync)
		snprintf(min_insync, sizeof min_insync, ", min.insync.replicas %u",
			 facts->min_insync);
	if (facts->max_message_bytes)
		snprintf(max_bytes, sizeof max_bytes, ", max.message.bytes %u",
			 facts->max_message_bytes);
	snprintf(ret_text, len, "%d partition%s, %u replica%s%s%s", (int)facts->n_partitions,
		 facts->n_partitions == 1 ? "" : "s", facts->replicas,
		 facts->replicas == 1 ? "" : "s", min_insync, max_bytes);
}

/* index: of the topic in conf. */
static void judge_topic(struct check *check, size_t index, const struct topic_facts *facts,
			int32_t n_brokers)
{
	const struct partitioner *partitioner = check->conf->topic_partitioners[index];
	const char *topic = check->conf->topics[index];
	bool letters = check->conf->topic_settings[index].letters;
	char text[192];
	size_t max_line;
	struct conf_place place = place_of(check, index, &max_line);

	if (facts->state != TOPIC_READY) {
		check_say(check, "  topic %s: not ready", topic);
		judge_not_ready(check, place, index, facts, n_brokers);
		return;
	}
	check_topic_text(facts, text, sizeof text);
	check_say(check, "  topic %s: %s", topic, text);
	/* With less than acks=all replicas do not matter, and the loader has warned. */
	if (strcmp(conf_topic_acks(check->conf, index), "all") == 0)
		check_judge_replicas(&check->report, place, topic, facts, letters);
	check_judge_settings(&check->report, place, topic, facts, max_line, letters);
	judge_sources(check, index, facts);
	if (plan_of(check, index))
		check_judge_plan(&check->report, place, topic, facts, plan_of(check, index));
	if (partitioner)
		check_judge_partitions(&check->report, place, topic, facts->n_partitions,
				       partitioner_least(partitioner));
	if (facts->n_leaderless)
		check_find(&check->report, CHECK_WARNING, place,
			   "topic \"%s\": %d of %d partitions have no leader\n"
			   "%s of keys that belong there wait%s.",
			   topic, (int)facts->n_leaderless, (int)facts->n_partitions,
			   letters ? "Dead letters" : "Lines",
			   letters ? "" : ", and files with them");
}

static void judge_leaders(struct check *check, const struct cluster *cluster,
			  const struct topics *topics)
{
	size_t max_line, n_silent = 0;

	for (size_t b = 0; b < topics->leaders.n; b++) {
		const struct broker *broker = &topics->leaders.at[b];

		n_silent += broker->silent;
		if (broker->silent)
			check_say(check, "  broker %d at %s: not reached", (int)broker->id,
				  broker->address);
		for (size_t i = 0; i < topics->n && i < cluster->n_topics; i++)
			check_judge_leader(&check->report,
					   place_of(check, cluster->numbers[i], &max_line),
					   cluster->topics[i], &topics->at[i], broker);
	}
	if (n_silent == INSPECT_SILENT_MAX && n_silent < topics->leaders.n)
		check_say(check, "  of %zu leaders the others were not asked", topics->leaders.n);
}

const char *check_unreached_advice(const char *message)
{
	if (strstr(message, "resolve"))
		return "This host knows no address for that name: look at its spelling, at DNS "
		       "and at /etc/hosts.";
	return "Look at address, port and firewall, and at security_protocol: a broker that wants "
	       "TLS or SASL says nothing to others.";
}

static void judge_failure(struct check *check, const struct cluster *cluster, int r,
			  const char *servers, const char *message)
{
	struct conf_place place = check_block_place(check, cluster, SERVERS);

	if (r == INSPECT_E_PROPS)
		check_find(&check->report, CHECK_ERROR, place,
			   "librdkafka does not take the kafka block: %s\n"
			   "run would wait, and ship nothing.",
			   message);
	else if (r == INSPECT_E_AUTH)
		check_find(&check->report, CHECK_ERROR, place,
			   "the brokers (%s) do not let us in: %s\n"
			   "run would wait, and ship nothing.\n"
			   "Look at security_protocol, sasl_* and ssl_* of the kafka block.",
			   servers, message);
	else
		check_find(&check->report, CHECK_ERROR, place,
			   "no broker of bootstrap_servers (%s) answers: %s\n"
			   "run would wait, and ship nothing until one does.\n%s",
			   servers, message, check_unreached_advice(message));
}

/* Whether something in the kafka block is wrong: asking with the rest would mislead. */
static bool block_is_wrong(const struct check *check, const struct conf_node *block)
{
	const struct conf_problems *problems = &check->load.text.problems;

	for (size_t i = 0; i < problems->n && i < CONF_PROBLEMS_MAX; i++) {
		const struct conf_problem *p = &problems->items[i];

		for (size_t k = 0; block && k < block->n_kids; k++) {
			if (!p->warning && p->place.file == block->kids[k]->place.file &&
			    p->place.line == block->kids[k]->place.line)
				return true;
		}
	}
	return problems->n > CONF_PROBLEMS_MAX;
}

/* What the brokers have answered. */
static void judge_answer(struct check *check, const struct cluster *cluster,
			 const struct topics *topics)
{
	for (size_t i = 0; i < topics->n && i < cluster->n_topics; i++)
		judge_topic(check, cluster->numbers[i], &topics->at[i], topics->n_brokers);
	judge_leaders(check, cluster, topics);
	check_judge_cluster(&check->report, check_block_place(check, cluster, SERVERS),
			    topics->n_brokers);
}

/* Without a login of its own the tool waits for ever, or runs out of memory. */
static const char *servers_of_tools(const struct cluster *cluster, const char *servers, char *text,
				    size_t len)
{
	const char *protocol = cluster_value(cluster, "security.protocol");

	if (!protocol || strcasecmp(protocol, "plaintext") == 0)
		return servers;
	snprintf(text, len, "%s --command-config client.properties", servers);
	return text;
}

static int check_cluster(struct check *check, const struct cluster *cluster)
{
	const char *servers = cluster_value(cluster, "bootstrap.servers");
	const struct conf_node *block = check_block(check, cluster);
	const char *space = *cluster->name ? " " : "";
	struct topics *topics = NULL;
	struct kafka_options options;
	char message[512] = "", tools[1024];
	int r;

	if (!check->network || !servers || block_is_wrong(check, block)) {
		check_say(check, "Kafka%s%s: not asked%s", space, cluster->name,
			  !check->network ? " (--no-network)" :
			  block           ? ": mend the kafka block first" :
					    ": there is no kafka block");
		return 0;
	}
	conf_kafka_options(check->conf, cluster, &options);
	r = inspect_topics(&options, message, sizeof message, &topics);
	if (r < 0)
		return r;
	check->report.servers = servers_of_tools(cluster, servers, tools, sizeof tools);
	check_say(check, "Kafka%s%s: %s %s", space, cluster->name, servers,
		  r ? "does not answer" : "answers");
	if (r)
		judge_failure(check, cluster, r, servers, message);
	else
		judge_answer(check, cluster, topics);
	check->report.servers = NULL;
	topics_free(topics);
	return 0;
}

int check_brokers(struct check *check)
{
	int r = 0;

	for (size_t i = 0; i < check->conf->n_clusters && r == 0; i++)
		r = check_cluster(check, &check->conf->clusters[i]);
	return r;
}
