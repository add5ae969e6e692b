/* settings.h - how each kind of librdkafka handle is configured, in one table.
 *
 * What is set here is what the protocol rests on (design, section 4) and cannot be changed by
 * -X name=value: such a property is refused by name.  Everything else may be passed through.
 * librdkafka 2.0.2 is the floor; newer versions take the same settings. */
#ifndef KAFKA_SETTINGS_H
#define KAFKA_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include <librdkafka/rdkafka.h>

#include "base/conf.h"
#include "base/status.h"

/* transaction.timeout.ms of every transactional producer: the time-outs of the worker are reckoned
 * from it. */
#define KAFKA_TRANSACTION_MS 15000

enum kafka_role {
    KAFKA_GROUP_CONSUMER,   /* the worker's member of the group */
    KAFKA_LOOK_COMMITTED,   /* assign() only, read_committed, tells ends of partitions */
    KAFKA_LOOK_UNCOMMITTED, /* the same, read_uncommitted */
    KAFKA_TRANSACTIONAL,    /* the producer of decisions, of bulletins */
    KAFKA_IDEMPOTENT,       /* the banks' producer */
    KAFKA_ADMIN,            /* requests only */
    KAFKA_ROLE_N
};

struct kafka_options {
    const char *bootstrap;                  /* host:port, several with commas */
    const struct conf_property *properties; /* from -X and the configuration file */
    size_t properties_n;
    const char *client_id;
    const char *group;            /* KAFKA_GROUP_CONSUMER; others may leave it NULL */
    const char *instance_id;      /* KAFKA_GROUP_CONSUMER: group.instance.id, required */
    const char *transactional_id; /* KAFKA_TRANSACTIONAL */
};

/* A configuration for one handle, to which callbacks may still be added.  gives *ret:
 * rd_kafka_new() takes it, or rd_kafka_conf_destroy().  STATUS_USAGE names a property that is
 * unknown, malformed or not to be changed. */
MUST_CHECK enum status kafka_conf(enum kafka_role role, const struct kafka_options *options,
                                  rd_kafka_conf_t **ret, struct failure *err);

/* A handle from conf, whose log lines go to the program's log.  takes conf, also on failure. */
MUST_CHECK enum status kafka_open(enum kafka_role role, rd_kafka_conf_t *conf, rd_kafka_t **ret,
                                  struct failure *err);

#endif
