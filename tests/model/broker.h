/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MODEL_BROKER_H
#define MODEL_BROKER_H

#include "output/output.h"

/*
 * An output with one partition, in which records wait until broker_serve is called. What was handed
 * to it and what it has taken are kept as texts until they are fetched.
 */

struct broker_texts {
	char **at;
	size_t n, capacity;
};

struct broker_flight {
	void *slot;
	char *text;
};

struct broker {
	struct output output;
	unsigned refuse; /* so many of the next batches are refused that have several records */
	unsigned fail;   /* so many of the next batches come back */
	struct broker_flight *flights; /* oldest first */
	size_t n, capacity;
	struct report *reports;
	size_t n_reports, reports_capacity;
	struct broker_texts sent, landed;
};

void broker_init(struct broker *broker);

/* Everything that waits comes to its end, in batches; its reports can be fetched. */
void broker_serve(struct broker *broker);

/* What waits is gone; landed: into Kafka, unreported. */
void broker_drop(struct broker *broker, bool landed);

/* The texts were read. */
void broker_forget(struct broker *broker);

#endif
