/* model_contract.h - a financing contract as the model follows it. */
#ifndef TESTS_PROPERTY_MODEL_CONTRACT_H
#define TESTS_PROPERTY_MODEL_CONTRACT_H

#include "model_inside.h"

/* A contract followed from its signing. */
struct followed {
    const struct fact *signing;
    const struct financing_contract *of;
    wide weight;
    wide amount;
    wide undrawn;
    wide outstanding;
    wide frozen;
    wide drawn; /* `used` of the contract's limit */
    int32_t unit;
    int32_t matures_on;
    bool was_drawn; /* ever, by what stands */
};

struct use {
    wide reserved;
    wide used;
};

/* A contract before and after what is decided, what is added to its mode's limit (L1), and the
 * field that is tested. */
struct changed {
    const struct followed *before;
    const struct followed *after;
    wide limit;
    const char *field;
};

const char *mode_limit(int32_t mode);
bool is_long(int32_t value_on, int32_t matures_on);
wide weight_of(struct trial *t, const struct financing_contract *d, int32_t matures_on);
struct followed follow_contract(const struct model *m, const struct fact *signing);
void step_contract(struct followed *c, const struct fact *fact);
void draw(struct followed *c, wide minor, wide unit_minor);
void repay(struct followed *c, wide minor, bool revolves);
wide reserved_of(const struct followed *c);
wide used_of(const struct followed *c);
struct use use_of(const struct followed *c);
wide set_limit(struct trial *t, const char *id);
void post_use(struct trial *t, const struct followed *c, struct use before, wide limit);
/* 301 on the mode's limit. */
void test_use(struct trial *t, const struct changed *by, bool may_be_grandfathered);
/* Checks of a filing on a contract; NULL when those that need it are left out.  money of no
 * currency is not compared. */
const struct fact *named_contract(struct trial *t, struct text number, struct money money);

#endif
