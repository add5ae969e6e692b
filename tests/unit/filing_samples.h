/* filing_samples.h - one good filing for each event, every optional field present, as text for
 * tree.h; received and done on 2026-04-13. */
#ifndef TESTS_UNIT_FILING_SAMPLES_H
#define TESTS_UNIT_FILING_SAMPLES_H

#include "form/filing.h"

/* The whole filing; lives until the next call. */
const char *filing_sample(enum event event);

#endif
