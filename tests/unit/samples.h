/* samples.h - the example filings and reference objects of tests/data, for tests of the wire layer.
 *
 * tests/data/filings.jsonl has one filing of every event in the order of events.def,
 * tests/data/reference.jsonl one object of every kind.  Both are in canonical JSON. */
#ifndef TESTS_SAMPLES_H
#define TESTS_SAMPLES_H

#include "base/bytes.h"
#include "wire/arena.h"

#define FILING_SAMPLES    49
#define REFERENCE_SAMPLES 7

/* The lines of a file without line feed; text owns them.  The test fails when there is no file. */
struct samples {
    char *text;
    size_t n;
    struct bytes lines[64];
};

void samples_open(struct samples *samples, const char *path);
void samples_close(struct samples *samples);

/* The protobuf bytes of one filing line. */
struct bytes sample_encode(struct bytes line, struct arena *arena);

#endif
