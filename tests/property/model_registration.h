/* model_registration.h - an FDI registration as the model follows it. */
#ifndef TESTS_PROPERTY_MODEL_REGISTRATION_H
#define TESTS_PROPERTY_MODEL_REGISTRATION_H

#include "model_inside.h"

enum { HOLDERS_MAX = 64 };

struct holder {
    struct text investor_no;
    int32_t country;
    wide subscribed;
    int64_t share_bp;
};

/* A registration followed from its opening through all that stands. */
struct company {
    const struct fdi_registration *of;
    int32_t currency;
    wide registered;
    struct holder holders[HOLDERS_MAX];
    size_t holders_n;
};

struct company follow_company(const struct model *m, const struct fact *opener);
void step_company(struct company *c, const struct fact *fact);
/* NULL when it is none of the company's. */
struct holder *holder_of(struct company *c, struct text investor_no);
bool is_foreign(const struct holder *holder);
int64_t foreign_share(const struct company *c);

struct name registration(struct text number);
/* The negative list for a foreign share. */
void check_list(struct trial *t, struct text industry, int64_t share_bp, const char *field);

#endif
