/* reference_file.h - objects of the rulebook's section 9 out of a file: one, or one a line, with or
 * without {"reference":...} around it; or the rate sheets of an import.
 *
 * Every object has passed reference_read(), so that its values can be compared; the first that does
 * not is STATUS_INVALID with file, line and field. */
#ifndef CTL_REFERENCE_FILE_H
#define CTL_REFERENCE_FILE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/status.h"
#include "consumers/ctl/ctl.h"
#include "form/reference.h"
#include "wire/arena.h"

struct reference_object {
    uint32_t line; /* from 1; 0 = made by an import */
    struct reference_item item;
    struct bytes encoded; /* bytes of a Reference */
    bool is_left_out;     /* in force already */
};

struct reference_file {
    const char *path;
    struct buffer text;
    struct buffer lines; /* of an import */
    struct arena arena;
    struct reference_object *objects;
    size_t objects_n, objects_max;
};

/* kind: what each object must be.  gives its parts: reference_file_close(), also after failure. */
MUST_CHECK enum status reference_file_open(struct reference_file *file, const struct ctl *ctl,
                                           enum reference_kind kind, struct failure *err);
/* The same for the objects of a file named otherwise, without imports: what-if's policy. */
MUST_CHECK enum status reference_file_read(struct reference_file *file, const char *path,
                                           enum reference_kind kind, struct failure *err);
void reference_file_close(struct reference_file *file);

/* STATUS_INVALID at an object: "FILE:LINE: FIELD: TEXT". */
enum status reference_file_fault(const struct reference_file *file,
                                 const struct reference_object *object, const struct fault *fault,
                                 struct failure *err);

#endif
