#include "consumers/ctl/checkpoint_look.h"

enum status checkpoint_look(const struct ctl *ctl, const struct checkpoint_register *known,
                            struct checkpoint_book **ret, struct failure *err)
{
    struct checkpoint_book *book = NULL;
    rd_kafka_t *handle = NULL;
    enum status status = ctl_kafka_open(ctl, KAFKA_LOOK_COMMITTED, &handle, err);

    if (status != STATUS_OK) {
        return status;
    }
    status = checkpoint_book_open(&book, err);
    if (status == STATUS_OK) {
        status = checkpoint_book_read_last(book, handle, ctl->topics.checkpoints,
                                           CHECKPOINTS_LOOKED, err);
    }
    if (status == STATUS_OK) {
        status = checkpoint_book_judge(book, known, err);
    }
    rd_kafka_destroy(handle);
    if (status != STATUS_OK) {
        checkpoint_book_close(book);
        return status;
    }
    *ret = book;
    return STATUS_OK;
}

bool checkpoint_has_worker(const struct reference *reference, int64_t as_of)
{
    for (uint32_t i = 0; i < reference->operators_n; i++) {
        const struct member *member = &reference->operators[i].member;

        if ((member->roles & ROLE_WORKER) &&
            reference_operator(reference, as_of, member->id) == member) {
            return true;
        }
    }
    return false;
}
