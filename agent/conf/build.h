/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_BUILD_H
#define CONF_BUILD_H

#include "base/result.h"
#include "cluster/build.h"
#include "conf/conf.h"
#include "route/route.h"
#include "settings/options.h"
#include "settings/problems.h"
#include "settings/tree.h"

/* What the files say → struct conf: semantics, without libconfig. */

/* The first source of a topic, whose settings for it those of the others must equal. */
struct conf_claim {
	const char *source; /* its name; borrowed from the conf */
	/* Of its settings, or of the source. */
	struct conf_place partitioner, topic_config;
};

/* Where the dead letters of a source go. */
struct conf_letters {
	const char *topic; /* NULL: they stay in the state; borrowed from the tree */
	struct conf_place place;
};

struct conf_build {
	struct conf *conf;
	struct conf_problems *problems;
	const struct conf_node *root; /* all files joined */
	struct conf_values main;
	struct cluster_build kafka;            /* of the cluster whose turn it is */
	const struct partitioner *partitioner; /* of the top level; NULL: it is wrong */
	struct conf_claim *claims;             /* of each topic */
	size_t n_claims;
	struct conf_letters *letters;         /* of each source: conf/letters.c */
	struct topic_settings topic_settings; /* of the top level */
	char host[256];
	const char *zone; /* that "local" is; NULL: the system's */
	bool no_secrets;
};

/*
 * Builds a conf out of the joined tree; what is wrong goes to problems. 0: *ret_conf has one
 * reference; it is usable only if no error was noted. -ENOMEM.
 */
int conf_build(const struct conf_surroundings *surroundings, const char *file,
	       const struct conf_node *root, struct conf_problems *problems, struct conf **ret_conf)
	MUSTCHECK;

struct source_build;

/*
 * The parts, each a file of the room, in the order in which they are called; each notes its
 * problems. 0 or -ENOMEM.
 */
int conf_build_clusters(struct conf_build *build) MUSTCHECK;
int conf_build_parsers(struct conf_build *build) MUSTCHECK;
int conf_build_sources(struct conf_build *build) MUSTCHECK;
int conf_build_plans(struct conf_build *build) MUSTCHECK;
int conf_finish_clusters(struct conf_build *build) MUSTCHECK;

/*
 * The index of the cluster that value names, or of the first; what is built next is judged by it.
 * An unknown one is noted; label stands before the message.
 */
uint32_t conf_find_cluster(struct conf_build *build, const struct conf_value *value,
			   const char *label);

/*
 * Compiles a partitioner group, which joins the conf's; label stands before its messages. 0:
 * *ret_partitioner is it, the default when there is no group, NULL when something is wrong with it.
 * -ENOMEM.
 */
int conf_build_partitioner(struct conf_build *build, const struct conf_node *group,
			   const char *label, const struct partitioner **ret_partitioner) MUSTCHECK;

/* Finds the links of its parser. 0 or -ENOMEM. */
int conf_find_parser(struct source_build *s) MUSTCHECK;

/* Its path_pattern, if it has one, compiled: the last link of its parser. 0 or -ENOMEM. */
int conf_build_path_pattern(struct source_build *s) MUSTCHECK;

/* Compiles it for the fields that the route wants. 0 or -ENOMEM. */
int conf_build_parser(struct source_build *s) MUSTCHECK;

/* Whether it has, or may have, a field of that name. */
bool conf_parser_may_have(const struct source_build *s, struct slice name);

/* Whether it reads the first line of a file, which is no record then. */
bool conf_parser_reads_header(const struct source_build *s);

/* How its lines end and are encoded; behind conf_build_multiline. 0 or -ENOMEM. */
int conf_build_lines(struct source_build *s) MUSTCHECK;

/* The multiline group of a source, if it has one. 0 or -ENOMEM. */
int conf_build_multiline(struct source_build *s) MUSTCHECK;

/* The partitioner of a source: compiled, or taken from the top level. 0 or -ENOMEM. */
int conf_source_partitioner(struct source_build *s) MUSTCHECK;

/*
 * The rules of `shared` (NULL: none), then those of the list (NULL: none). 0: *ret_redact is for
 * redact_deinit; rules that are wrong were noted and are left out. -ENOMEM: so it is, too.
 */
int conf_build_redact(struct conf_build *build, const char *label, const struct conf_node *list,
		      const struct redact *shared, struct redact *ret_redact) MUSTCHECK;

/* A source while it is built. */
struct source_build {
	struct conf_build *build;
	struct source *source;
	struct conf_patterns *patterns;
	const struct conf_node *group;         /* its own, or that of a branch while it is built */
	uint32_t cluster;                      /* the same */
	struct conf_values values;             /* its own over those of the top level */
	const struct partitioner *partitioner; /* NULL: it is wrong */
	struct topic_settings topic_settings;
	bool fields_known; /* false: its parser is broken, so its fields cannot be judged */
	const struct parser_link *links[PARSER_LINKS_MAX]; /* of its parser */
	size_t n_links;
	const char **names; /* that they surely have; owned */
	size_t n_names;
	struct parser_fields fields; /* those that are used, by number */
	uint64_t reads;              /* of these, what the links read */
	/* Names that mean a computed field from here on, the last one first. */
	struct {
		const char *name;
		uint32_t number;
	} computed[COMPUTED_MAX];
	size_t n_computed;
	char label[96];
};

/*
 * Compiles a template over the fields of the source's parser, if it was given; `what` names it in
 * messages ("key"). 0: *ret_template is it, or NULL (not given, or wrong and noted). -ENOMEM.
 */
int conf_build_template(struct source_build *s, const char *what, const struct conf_value *value,
			struct template **ret_template) MUSTCHECK;

/* Warns where a template with a time in it is to give what no time is: "a number". */
void conf_warn_of_time(struct source_build *s, const char *what, const struct conf_value *value,
		       const struct template *template, const char *wanted);

/* Compiles value or json into parts. 0 or -ENOMEM. */
int conf_build_value(struct source_build *s, struct route_parts *parts) MUSTCHECK;

/*
 * Compiles topic, key, value and headers, and what comes before them unless it is of a branch. 0,
 * and *ret_route stays NULL where something is wrong and noted. -ENOMEM.
 */
int conf_build_route(struct source_build *s, bool branch, struct route **ret_route) MUSTCHECK;

/* The other places that its lines go to; behind conf_build_route. 0 or -ENOMEM. */
int conf_build_also(struct source_build *s) MUSTCHECK;

/*
 * Its parts that are about keys (key, key_type, on_missing_key) and about named partitions
 * (partition, on_bad_partition). 0 or -ENOMEM.
 */
int conf_build_key(struct source_build *s, struct route_parts *parts) MUSTCHECK;
/* The fields that it computes: before all that may be made of them. 0 or -ENOMEM. */
int conf_build_fields(struct source_build *s, struct computed *computed) MUSTCHECK;

/* Its rules, which see computed fields too. 0 or -ENOMEM. */
int conf_build_rules(struct source_build *s, struct rules *rules) MUSTCHECK;

/* The part of it that is about headers: headers.c. */
int conf_build_headers(struct source_build *s, struct route_headers *headers) MUSTCHECK;

/* Its part that is about times: timestamp, timestamp_..., on_bad_timestamp. 0 or -ENOMEM. */
int conf_build_time(struct source_build *s, struct route_parts *parts) MUSTCHECK;
int conf_build_partition(struct source_build *s, struct route_parts *parts) MUSTCHECK;

/*
 * Reads a topic_config group, which may be NULL, and notes what is wrong with it; label stands
 * before its messages. 0 or -ENOMEM.
 */
int conf_build_topic_config(struct conf_build *build, const struct conf_node *group,
			    const char *label, struct topic_settings *ret_settings) MUSTCHECK;

/* The topic_config of a source: its own, or that of the top level. 0 or -ENOMEM. */
int conf_source_topic_config(struct source_build *s) MUSTCHECK;

/*
 * Gives partitioner and topic_config of a source to one of its topics, which is at most one behind
 * those that were claimed; notes a contradiction to an earlier source. 0 or -ENOMEM.
 */
int conf_claim_topic(struct source_build *s, uint32_t topic) MUSTCHECK;

/* The same of a topic behind all that sources claimed, to which only dead letters go. */
int conf_claim_letters(struct conf_build *build, uint32_t topic, const struct conf_letters *letters)
	MUSTCHECK;

/* What is wrong with a topic's name (static), or NULL. */
const char *conf_topic_fault(const char *name, size_t len);

/* The index of a topic of the cluster in the conf's list, which it joins when it is new. */
int conf_intern_topic(struct conf *conf, uint32_t cluster, const char *name, size_t len,
		      uint32_t *ret_index) MUSTCHECK;

/* Behind all sources: the topics of their dead letters. 0 or -ENOMEM. */
int conf_build_letters(struct conf_build *build) MUSTCHECK;

/*
 * "source "orders": " or, where it has no name, "source 2: ": what stands before the messages about
 * an element of a list (kind: "source", "parser").
 */
void conf_label(const struct conf_node *list, size_t index, const char *kind, char *label,
		size_t len);

/* Notes an empty name, and one that an earlier element of the list has. */
void conf_check_name(struct conf_build *build, const struct conf_node *list, size_t index,
		     const char *kind);

#endif
