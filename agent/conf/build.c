/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The joined tree gets its meaning: global settings and parsers here, the kafka block in
 * kafka.c, sources in sources.c. Everything is compiled now, so a configuration that
 * loads also runs. A broken part stays in its list without its compiled half: what refers to it
 * can then be checked on its own and does not produce errors that follow from the first.
 */
#include "conf/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/listen.h"
#include "settings/read.h"
#include "settings/secret.h"

/* malloc'ed; "" where nothing is set. NULL: memory is out. */
static char *text_of(const struct conf_value *value)
{
	return strdup(value->text ? value->text : "");
}

static int build_main(struct conf_build *build, const char *file)
{
	const struct conf_value *of = build->main.of;
	struct conf *conf = build->conf;
	struct sockaddr_storage address;
	socklen_t len;

	conf->file = strdup(file);
	conf->state_dir = text_of(&of[CONF_STATE_DIR]);
	conf->control_socket = text_of(&of[CONF_CONTROL_SOCKET]);
	conf->control_group = text_of(&of[CONF_CONTROL_GROUP]);
	conf->http_listen = text_of(&of[CONF_HTTP_LISTEN]);
	if (!conf->file || !conf->state_dir || !conf->control_socket || !conf->control_group ||
	    !conf->http_listen)
		return -ENOMEM;
	if (*conf->http_listen && *conf->http_listen != '/' &&
	    listen_parse(conf->http_listen, &address, &len))
		conf_problem(
			build->problems, of[CONF_HTTP_LISTEN].node->place,
			"http_listen must be an address and a port, in numbers, or the path of "
			"a socket: \"127.0.0.1:9464\", \"[::1]:9464\", "
			"\"/run/waybill/http\"");
	if (*conf->control_socket && conf->control_socket[0] != '/')
		conf_problem(build->problems, of[CONF_CONTROL_SOCKET].node->place,
			     "control_socket must be an absolute path");
	if (conf->state_dir[0] != '/')
		conf_problem(build->problems, of[CONF_STATE_DIR].node->place,
			     "state_dir must be an absolute path");
	conf->metrics_per_file = of[CONF_METRICS_PER_FILE].number;
	conf->metrics_per_partition = of[CONF_METRICS_PER_PARTITION].number != 0;
	conf->linger_ms = of[CONF_LINGER_MS].number;
	conf->log_format = (enum log_format)of[CONF_LOG_FORMAT].number;
	conf->library_linger = of[CONF_PRODUCER_LINGER].number == 1;
	conf->shutdown_timeout_ms = of[CONF_SHUTDOWN_TIMEOUT].number;
	conf->checkpoint_interval_ms = of[CONF_CHECKPOINT_INTERVAL].number;
	conf->stall_timeout_ms = of[CONF_STALL_TIMEOUT].number;
	conf->on_partition_change = (enum kafka_on_change)of[CONF_ON_PARTITION_CHANGE].number;
	conf->certificate_warning_ms = of[CONF_CERTIFICATE_WARNING].number;
	conf->chunk_memory = of[CONF_CHUNK_MEMORY].number;
	conf->dead_letter_max = of[CONF_DEAD_LETTER_MAX].number;
	conf->max_rate = of[CONF_MAX_RATE].number;
	conf->catch_up_rate = of[CONF_CATCH_UP_RATE].number;
	conf->max_files = of[CONF_MAX_FILES].number;
	conf->max_directories = of[CONF_MAX_DIRECTORIES].number;
	conf->state_damaged = (enum conf_on_damage)of[CONF_STATE_DAMAGED].number;
	return 0;
}

static int build_all(struct conf_build *build, const char *file)
{
	int r;

	conf_values_init(&build->main);
	conf_values_read(&build->main, build->root, CONF_IN_MAIN, "", build->problems);
	r = build_main(build, file);
	if (r == 0)
		r = conf_build_clusters(build);
	if (r == 0)
		r = conf_build_parsers(build);
	if (r == 0)
		r = conf_build_partitioner(build, build->main.of[CONF_PARTITIONER].node, "",
					   &build->partitioner);
	if (r == 0)
		r = conf_build_topic_config(build, build->main.of[CONF_TOPIC_CONFIG].node, "",
					    &build->topic_settings);
	if (r == 0)
		r = conf_build_redact(build, "", build->main.of[CONF_REDACT].node, NULL,
				      &build->conf->redact);
	if (r == 0)
		r = conf_build_sources(build);
	if (r == 0)
		r = conf_build_plans(build);
	return r ? r : conf_finish_clusters(build);
}

int conf_build(const struct conf_surroundings *surroundings, const char *file,
	       const struct conf_node *root, struct conf_problems *problems, struct conf **ret_conf)
{
	struct conf_build build = {
		.problems = problems,
		.root = root,
		.zone = surroundings->zone,
		.no_secrets = surroundings->no_secrets,
	};
	int r;

	if (surroundings->host)
		snprintf(build.host, sizeof build.host, "%s", surroundings->host);
	else if (gethostname(build.host, sizeof build.host - 1) < 0)
		return -errno;
	build.conf = calloc(1, sizeof *build.conf);
	if (!build.conf)
		return -ENOMEM;
	build.conf->refs = 1;
	r = build_all(&build, file);
	free(build.claims);
	free(build.letters);
	if (r) {
		conf_unref(build.conf);
		return r;
	}
	*ret_conf = build.conf;
	return 0;
}
