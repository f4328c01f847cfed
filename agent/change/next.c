/* SPDX-License-Identifier: Apache-2.0 */
#include "change/next.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "conf/load.h"

void next_log(struct log *log, char *text, bool wrong)
{
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n"));) {
		if (*line && wrong)
			log_say(log, LOG_ERR, "configuration-wrong", "%s", line);
		else if (*line)
			log_say(log, LOG_WARNING, "configuration-doubtful", "%s", line);
	}
}

/* A changed state_dir would take us away from all positions: that is nobody's reload. */
static bool keeps_state(struct log *log, const char *state_dir, const struct conf *conf)
{
	if (!state_dir || strcmp(conf->state_dir, state_dir) == 0)
		return true;
	log_say(log, LOG_ERR, "reload-state-dir",
		"state_dir: it is %s now, and a reload does not change it to %s: restart waybill",
		state_dir, conf->state_dir);
	return false;
}

struct conf *next_load(struct log *log, const char *file, const char *state_dir, bool warns)
{
	struct conf *conf = NULL;
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);
	int r = stream ? conf_load(file, stream, &conf) : -ENOMEM;

	if (stream && fclose(stream))
		r = r ? r : -ENOMEM;
	if (r < 0)
		log_say(log, LOG_ERR, "configuration-unreadable", "%s: %s", file, strerror(-r));
	else if (r || warns)
		next_log(log, text, r);
	if (!r && !keeps_state(log, state_dir, conf))
		r = -EINVAL;
	free(text);
	return r ? conf_unref(conf) : conf;
}
