#include "consumers/core/negative_list.h"

void negative_list_check(struct context *c, struct text industry, int64_t foreign_bp,
                         const char *field)
{
    const struct list list = reference_negative(c->args->reference, c->as_of);
    bool is_refused = false;
    bool is_for_review = false;

    if (foreign_bp == 0) {
        return;
    }
    for (uint32_t i = 0; i < list.rows_n; i++) {
        const struct list_row *row = &list.rows[i];

        if (list_row_hits(row, industry, c->business_on)) {
            is_refused = is_refused || row->rule == LIST_PROHIBITED ||
                         (row->rule == LIST_CAP && foreign_bp > row->cap_bp);
            is_for_review = is_for_review || row->rule == LIST_REVIEW;
        }
    }
    if (is_refused) {
        context_reason(c, CODE_NEGATIVE_LIST, field);
    } else if (is_for_review) {
        context_review(c, field);
    }
}
