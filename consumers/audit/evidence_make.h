/* evidence_make.h - one partition of a bundle of evidence, out of the two topics.
 *
 * Reads both streams once, side by side, and writes to the bundle what was asked for: the records
 * and decisions of an enterprise with every bulletin, or of everybody; the chain before each gap;
 * and each checkpoint whose interval has a decision that was written, with the way to its root.
 * Bulletins behind what was asked for go with it: they may name the keys that signed.
 * Memory: the leaves of one interval (32 bytes a decision).
 *
 * It says what the topics say.  Whether that is right is for evidence_check() to find. */
#ifndef AUDIT_EVIDENCE_MAKE_H
#define AUDIT_EVIDENCE_MAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "consumers/audit/checkpoint_book.h"
#include "consumers/audit/evidence_file.h"
#include "consumers/engine/bus.h"

/* The next record of a partition, borrowed until the next call; *ret_end at the end. */
typedef enum status evidence_next_fn(void *arg, struct bus_record *ret, bool *ret_end,
                                     struct failure *err);
struct evidence_streams {
    evidence_next_fn *next;
    void *submitted; /* the argument for this one */
    void *decided;
};

struct evidence_choice {
    uint32_t partition;
    const char *enterprise; /* NULL: all */
    int64_t from_offset;    /* of all: decisions of records below it are left out; 0 = none are */
    int64_t to_ms;          /* records appended later are left out; 0 = none are */
    uint64_t number_max;    /* the record that triggered this decision is the last; 0 = all */
    const struct checkpoint_entry *checkpoints; /* of the partition, ascending by number */
    size_t checkpoints_n;
};

struct evidence_made {
    uint64_t records;
    uint64_t decisions;
    uint64_t last_number; /* written */
    uint64_t covered_to;  /* number of the last checkpoint written */
};

/* STATUS_CONFLICT when the streams do not fit each other: a decision without its record, numbers
 * with a gap. */
MUST_CHECK enum status evidence_make(struct evidence_writer *writer,
                                     const struct evidence_choice *choice,
                                     const struct evidence_streams *streams,
                                     struct evidence_made *ret, struct failure *err);

#endif
