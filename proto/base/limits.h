/* limits.h - every cap of the pipeline, with its reason.
 *
 * Promise: no buffer, queue or loop that foreign bytes can fill is without a cap, and the caps fit
 * each other: what is stored fits the broker, what is decided fits a decision. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* Bytes of one record's filing before it is unpacked: 200 investors with long names take half of
 * it (design, section 2). */
#define FILING_SIZE_MAX 65536

/* Bytes of one bulletin before it is unpacked: 900 KiB leave room for two approvals, headers and
 * the batch's own bytes below MESSAGE_SIZE_MAX. */
#define BULLETIN_SIZE_MAX 921600

/* max.message.bytes of every topic: Kafka's default, so no broker has to be told. */
#define MESSAGE_SIZE_MAX 1048588

/* Memory that unpacking may take.  A hostile record grows up to 68 times in protobuf-c; the cap,
 * not the size of the record, is the defence. */
#define ARENA_FILING_MAX   (4u << 20)
#define ARENA_BULLETIN_MAX (64u << 20)

/* Bytes of one decision: below the broker's cap by far, and a batch of them fits in memory. */
#define DECISION_SIZE_MAX 65536

#define REASONS_MAX  64  /* listed in one decision; the rest is counted (design, section 2) */
#define POSTINGS_MAX 256 /* of one decision; more is SCHEMA (design, section 2) */

/* Of one enterprise: rulebook section 2 (held) and S14 (objects). */
#define HELD_MAX    256
#define OBJECTS_MAX 4096

#define INVESTORS_MAX 200 /* of one registration: rulebook F1 */

/* One store transaction: large enough that its fsync is noise, small enough that a claim never
 * waits long for it (design, section 4). */
#define BATCH_RECORDS    5000
#define STATES_PER_BATCH 1000 /* enterprise states written with a batch */
#define DIRTY_BATCHES_MAX                                                                          \
    50 /* no state stays unwritten longer: bounds what recovery decides again */

/* Lengths of identifiers in characters, without NUL: rulebook sections 1 and 2. */
#define CODE_SIZE       18 /* unified social credit code */
#define BANK_SIZE       12
#define UUID_CHARS      36
#define NUMBER_SIZE_MAX 28 /* registration and contract numbers */
#define INVESTOR_NO_MAX 32

/* Configuration: a line of the file (inih as Debian builds it holds 200 with line feed and NUL), a
 * list option, the librdkafka properties of one program. */
#define CONF_LINE_MAX       198
#define CONF_LIST_MAX       16
#define CONF_PROPERTIES_MAX 128

/* A log line: below PIPE_BUF, so lines of several threads and processes never mix. */
#define LOG_LINE_MAX 2048

#endif
