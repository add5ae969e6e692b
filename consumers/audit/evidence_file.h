/* evidence_file.h - a bundle of evidence as a file: sections of frames, and a signed manifest.
 *
 * The layout is that of filing/v1/evidence.proto.  Written and read in one go, so that a pipe will
 * do and memory does not grow with the file.
 *
 * Promises:
 *   F1  every byte of the file is covered: the first line is fixed; what lies in a section is in
 * its digest, sections are in the manifest, the manifest is read only in its one encoding and is
 *       signed; nothing may follow it;
 *   F2  no bytes make the reader fail but with a status; a frame is never larger than
 *       EVIDENCE_FRAME_MAX, and memory is taken as its bytes come;
 *   F3  a file gets its name when it is whole: what was begun and not finished is removed.
 *
 * Errors: STATUS_INVALID - it is no bundle; STATUS_CORRUPT - it was one: the text names section and
 * byte; STATUS_IO. */
#ifndef AUDIT_EVIDENCE_FILE_H
#define AUDIT_EVIDENCE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/engine/bus.h"
#include "wire/hash.h"
#include "wire/sign.h"

#define EVIDENCE_MAGIC "filing evidence 1\n"

/* A proof for many decisions of a long interval is the longest frame; a record is 1 MiB at most. */
#define EVIDENCE_FRAME_MAX ((size_t)64 << 20)

#define EVIDENCE_NAME_SIZE    32
#define EVIDENCE_SECTIONS_MAX (BUS_PARTITIONS_MAX + 1)

/* Field numbers of EvidenceFrame. */
enum evidence_kind {
    EVIDENCE_HEAD = 1,
    EVIDENCE_PARTITION,
    EVIDENCE_RECORD,
    EVIDENCE_DECISION,
    EVIDENCE_CHECKPOINT,
    EVIDENCE_MANIFEST,
    EVIDENCE_BULLETIN /* a record */
};

struct evidence_head {
    uint8_t ledger_id[LEDGER_ID_SIZE];
    struct text topic;
    uint32_t partitions;
    struct text enterprise; /* n 0: whole partitions */
    int64_t from_ms;        /* 0 = no bound, as the next */
    int64_t to_ms;
    struct text bank;
    struct text filing_id;
    int64_t exported_ms;
    struct text program;
};

struct evidence_partition {
    uint32_t partition;
    int64_t from_offset;
};

struct evidence_record {
    int64_t offset;
    int64_t append_ms;
    bool is_create_time;
    struct bytes key;   /* at NULL: none */
    struct bytes value; /* at NULL: none */
};

struct evidence_decision {
    struct bytes value;
    struct bytes previous_chain; /* n 0: not needed */
};

struct evidence_checkpoint {
    struct bytes value;
    struct bytes proof;
};

struct evidence_section {
    char name[EVIDENCE_NAME_SIZE];
    uint64_t bytes_n;
    uint8_t digest[DIGEST_SIZE];
    uint64_t records;
    uint64_t decisions;
    uint64_t partition_decisions;
};

/* Of the bytes of a frame; borrowed until the next one. */
struct evidence_frame {
    enum evidence_kind kind;
    union {
        struct evidence_head head;
        struct evidence_partition partition;
        struct evidence_record record;
        struct evidence_decision decision;
        struct evidence_checkpoint checkpoint;
    } of;
};

/* ---- writing ------------------------------------------------------------------------------- */

struct evidence_writer;

/* gives *ret: evidence_writer_close(), which removes what was not finished. */
MUST_CHECK enum status evidence_writer_open(const char *path, struct evidence_writer **ret,
                                            struct failure *err);
void evidence_writer_close(struct evidence_writer *writer);

/* Not a manifest.  A head or a partition begins a section. */
MUST_CHECK enum status evidence_write(struct evidence_writer *writer,
                                      const struct evidence_frame *frame, struct failure *err);

/* For the manifest's line of this partition. */
void evidence_write_count(struct evidence_writer *writer, uint64_t partition_decisions);

/* Who signs. */
struct evidence_signature {
    struct signer *signer;
    const struct signing_key *key;
    struct text key_id;
    const uint8_t *ledger_id;
};
/* The manifest; then the file has its name. */
MUST_CHECK enum status evidence_finish(struct evidence_writer *writer,
                                       const struct evidence_signature *signature,
                                       struct failure *err);

uint64_t evidence_written(const struct evidence_writer *writer); /* bytes */

/* ---- reading ------------------------------------------------------------------------------- */

struct evidence_reader;

/* Keeps the file, which stays the caller's.  gives *ret: evidence_reader_close(). */
MUST_CHECK enum status evidence_reader_open(FILE *file, struct evidence_reader **ret,
                                            struct failure *err);
void evidence_reader_close(struct evidence_reader *reader);

/* The next frame; kind EVIDENCE_MANIFEST is the last: evidence_reader_manifest() tells about it. */
MUST_CHECK enum status evidence_read(struct evidence_reader *reader, struct evidence_frame *ret,
                                     struct failure *err);

/* Sections as they were read, n of them so far; after the manifest all of them. */
const struct evidence_section *evidence_reader_sections(const struct evidence_reader *reader,
                                                        size_t *ret_n);
uint64_t evidence_reader_at(const struct evidence_reader *reader); /* bytes read */

struct evidence_manifest {
    uint8_t ledger_id[LEDGER_ID_SIZE];
    const struct evidence_section *sections;
    size_t sections_n;
    struct text key_id;
    struct bytes signature;
    struct bytes signed_part;
};
const struct evidence_manifest *evidence_reader_manifest(const struct evidence_reader *reader);

#endif
