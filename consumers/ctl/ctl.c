#include "consumers/ctl/ctl.h"

#include <string.h>

#include "base/clock.h"
#include "form/date.h"
#include "kafka/admin.h"

#define DAY_MS    INT64_C(86400000)
#define OFFSET_MS INT64_C(28800000) /* Asia/Shanghai, all year */

struct kafka_options ctl_kafka(const struct ctl *ctl)
{
    return (struct kafka_options){.bootstrap = ctl->common->bootstrap_server,
                                  .properties = ctl->common->properties,
                                  .properties_n = ctl->common->properties_n,
                                  .client_id = "filingctl",
                                  .transactional_id = ctl->topics.reference_txn};
}

enum status ctl_kafka_open(const struct ctl *ctl, enum kafka_role role, rd_kafka_t **ret,
                           struct failure *err)
{
    const struct kafka_options options = ctl_kafka(ctl);
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *handle = NULL;
    enum status status = kafka_conf(role, &options, &conf, err);

    if (status == STATUS_OK) {
        status = kafka_open(role, conf, &handle, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = admin_reach(handle, options.bootstrap, CTL_TIMEOUT_MS, err);
    if (status != STATUS_OK) {
        rd_kafka_destroy(handle);
        return status;
    }
    *ret = handle;
    return STATUS_OK;
}

bool ctl_is_in_memory(rd_kafka_t *handle)
{
    char *id = rd_kafka_clusterid(handle, CTL_TIMEOUT_MS);
    const bool is_mock = id && strncmp(id, "mockCluster", strlen("mockCluster")) == 0;

    if (id) {
        rd_kafka_mem_free(handle, id);
    }
    return is_mock;
}

enum status ctl_date(const char *option, const char *text, int32_t *ret, struct failure *err)
{
    if (!text) {
        *ret = DATE_NONE;
        return STATUS_OK;
    }
    return date_parse(text, strlen(text), ret)
               ? STATUS_OK
               : failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "%s wants YYYY-MM-DD, not '%s'",
                             option, text);
}

enum status ctl_time(const char *option, const char *text, enum day_end day_end, int64_t *ret_ms,
                     struct failure *err)
{
    int32_t on = 0;

    if (!text || clock_parse(text, strlen(text), ret_ms)) {
        return STATUS_OK;
    }
    if (!date_parse(text, strlen(text), &on)) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "%s wants YYYY-MM-DD or a time of RFC 3339, not '%s'", option, text);
    }
    *ret_ms = on * DAY_MS - OFFSET_MS + (day_end == DAY_ENDS ? DAY_MS - 1 : 0);
    return STATUS_OK;
}

enum status ctl_ledger_id(const char *text, uint8_t out[LEDGER_ID_SIZE], struct failure *err)
{
    return strlen(text) == (size_t)2 * LEDGER_ID_SIZE && hex_decode(text, strlen(text), out)
               ? STATUS_OK
               : failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                             "--ledger wants the %d hexadecimal digits of a ledger id, not '%s'",
                             2 * LEDGER_ID_SIZE, text);
}
