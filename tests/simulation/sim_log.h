/* sim_log.h - what banks and operators publish, made up by chance.
 *
 * A demonstration ledger (unsigned filings, one approval) with a founding record, reference data
 * and filings of a few enterprises: good ones, refused ones, held ones with their reviews,
 * withdrawals and rate sheets, reversals, duplicates, reused ids, misplaced keys, garbage and gaps.
 * Filings are real bytes of the wire format, decided by the real core. */
#ifndef SIMULATION_SIM_LOG_H
#define SIMULATION_SIM_LOG_H

#include <stdint.h>

#include "base/bytes.h"
#include "wire/arena.h"
#include "wire/hash.h"
#include "wire/sign.h"

/* partitions_n of the ledger that is being written, and where a record goes. */
typedef void sim_put_fn(void *arg, uint32_t partition, const struct bytes *key, struct bytes value);

#define SIM_ENTERPRISES 10
#define SIM_FILED_MAX   4096

struct sim_filed {
    uint32_t enterprise;
    char filing_id[37];
    uint8_t *value; /* own */
    size_t value_n;
};

struct sim_log {
    uint64_t chance;
    uint32_t partitions_n;
    sim_put_fn *put;
    void *arg;
    struct arena arena;
    struct hash *hash;
    struct signer *signer;
    struct signing_key *key;
    struct signing_key *second; /* of another operator */
    bool is_strict;             /* no demonstration: two approvals, and filings must be signed */
    bool is_in_memory;          /* founded on a broker in memory */
    uint32_t approvals_n;       /* of each bulletin: 1 in a demonstration, else 2 */
    bool is_signing;            /* filings carry the bank's signature */
    bool spoils_signatures;     /* of whatever is published next */
    bool has_bulletin_key;      /* bulletins are published with a key, which is wrong */
    uint8_t ledger_id[LEDGER_ID_SIZE];
    uint64_t bulletin; /* number of the next one */
    uint32_t sheets;   /* rate sheets published so far */
    uint32_t filings;
    char codes[SIM_ENTERPRISES][19];
    struct sim_filed *filed;
    uint32_t filed_n;
};

void sim_log_open(struct sim_log *log, uint64_t seed, uint32_t partitions_n);
void sim_log_close(struct sim_log *log);

/* Founding record alone; then policy, rates, calendar, banks and lists, to every partition. */
void sim_log_found_only(struct sim_log *log);
void sim_log_found(struct sim_log *log);
/* One more record: usually a filing, sometimes a rate sheet for everybody. */
void sim_log_go_on(struct sim_log *log);
/* The next rate sheet, to every partition. */
void sim_log_sheet(struct sim_log *log);

/* A fdi.inflow of a known registration, for tests of cost and order. */
void sim_log_registration(struct sim_log *log, uint32_t enterprise, const char *number,
                          const char *industry);
void sim_log_inflow(struct sim_log *log, uint32_t enterprise, const char *number,
                    const char *currency);
void sim_log_inflow_on(struct sim_log *log, uint32_t enterprise, const char *number,
                       const char *currency, uint32_t day);
/* Any filing, as JSON, under the key of its enterprise. */
void sim_log_filing(struct sim_log *log, const char *json);
/* Any bulletin of one item. */
void sim_log_item(struct sim_log *log, const char *json);
void sim_log_act(struct sim_log *log, const char *event, const struct sim_filed *about,
                 const char *verdict);

#endif
