/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who comes from Filebeat, Fluent Bit, Vector, rsyslog or Logstash writes the words that he knows.
 * To be told that they are unknown does not help him; to be told what is meant by them does.
 */
#include "settings/foreign.h"

#include <stddef.h>
#include <strings.h>

#include "base/result.h"

static const struct {
	const char *name, *hint;
} ROWS[] = {
	{"inputs", "files to read are sources: ( { ... } )"},
	{"filebeat", "files to read are sources: ( { ... } )"},
	{"input", "files to read are sources: ( { ... } )"},
	{"output", "where lines go is the kafka block, and topic in each source"},
	{"hosts", "brokers are bootstrap_servers in the kafka block"},
	{"brokers", "brokers are bootstrap_servers in the kafka block"},
	{"bootstrap_servers", "it belongs into the kafka block"},
	{"file", "files are named by paths"},
	{"include", "files are named by paths"},
	{"exclude_files", "write exclude"},
	{"exclude_path", "write exclude"},
	{"include_lines", "write rules with action = \"keep\""},
	{"exclude_lines", "write rules with action = \"drop\""},
	{"drop_event", "write rules with action = \"drop\""},
	{"if", "write rules with action = \"keep\" or \"drop\""},
	{"grep", "write rules with action = \"keep\" or \"drop\""},
	{"throttle", "write rules with action = \"limit\""},
	{"ratelimit", "write rules with action = \"limit\""},
	{"filter", "write rules, and fields for what is computed"},
	{"filters", "write rules, and fields for what is computed"},
	{"processors", "write rules, and fields for what is computed"},
	{"transforms", "write rules, and fields for what is computed"},
	{"add_fields", "write headers, or members of json"},
	{"fields_under_root", "write members of json, where they are to stand"},
	{"tags", "write a header, or a member of json"},
	{"codec", "a parser says what lines are, value or json what records hold"},
	{"format", "a parser says what lines are, value or json what records hold"},
	{"match", "write pattern in a parser, and name it in the source"},
	{"grok", "write type = \"grok\" in a parser, and name it in the source"},
	{"template", "write value"},
	{"message_key", "write key"},
	{"topic_id", "write topic"},
	{"topic_key", "write topic with a field in it, and topics"},
	{"dynatopic", "write topic with a field in it, and topics"},
	{"partition_key", "write key"},
	{"tail_files", "write start_at = \"end\""},
	{"start_position", "write start_at"},
	{"read_from", "write start_at"},
	{"read_from_head", "write start_at"},
	{"freshstarttail", "write start_at = \"end\""},
	{"ignore_older_secs", "write ignore_older = \"...s\""},
	{"max_bytes", "write max_line"},
	{"max_line_bytes", "write max_line"},
	{"buffer_max_size", "write max_line"},
	{"registry_file", "positions are in state_dir"},
	{"data_dir", "positions are in state_dir"},
	{"db", "positions are in state_dir"},
	{"sincedb_path", "positions are in state_dir"},
	{"statefile", "positions are in state_dir"},
	{"scan_frequency", "not needed: the kernel tells of writes"},
	{"refresh_interval", "not needed: the kernel tells of writes"},
	{"stat_interval", "not needed: the kernel tells of writes"},
	{"close_inactive", "not needed: descriptors are given back by themselves"},
	{"close_removed", "not needed: a deleted file is read to its end"},
	{"close_eof", "run --until-eof reads what is there and ends"},
	{"clean_removed", "not needed: rows of files that are gone go by themselves"},
	{"queue", "there is none: the log file is the queue"},
	{"buffer", "there is none: the log file is the queue; memory is chunk_memory"},
	{"required_acks", "it is acks in the kafka block, and always \"all\""},
	{"compression", "write compression_type in the kafka block"},
	{"pipeline", "write parser, fields and rules in the source"},
};

const char *foreign_hint(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		if (strcasecmp(ROWS[i].name, name) == 0)
			return ROWS[i].hint;
	}
	return NULL;
}
