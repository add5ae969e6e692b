/* What deciding costs, without the store and the broker: an inflow into a small state, a filing
 * that is refused, a mix of both, every filing of the packs by its event, the bytes of decisions,
 * of the state and of the undo.  Prints "name value unit".
 *
 *   bench_core [PACK...]     without one, those of deploy/reference/packs
 *
 * Allocations are counted by taking malloc's place: the core is linked against nothing that could
 * go around it. */
#include <dirent.h>
#include <stdio.h>
#include <time.h>

#include "../unit/core_fixture.h"
#include "base/limits.h"
#include "consumers/store/state.h"
#include "pack_cases.h"
#include "wire/decision_codec.h"
#include "wire/hash.h"

#define ROUNDS 400000

static uint64_t allocations;

/* NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier): glibc's names */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *at, size_t n);
/* NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier) */

void *malloc(size_t n)
{
    allocations++;
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *at, size_t n)
{
    allocations++;
    return __libc_realloc(at, n);
}

static double now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct filing registration(void)
{
    static const struct fdi_investor investor = {.investor_no = {.at = "F1", .n = 2},
                                                 .country = COUNTRY_DEU,
                                                 .subscribed = {MONEY_MINOR_MAX, CURRENCY_USD},
                                                 .cash = {MONEY_MINOR_MAX, CURRENCY_USD},
                                                 .share_bp = 10000};
    struct filing filing = fixture_filing(EVENT_FDI_REGISTRATION, "r1", "2024-07-01");
    struct fdi_registration *details = &filing.details.fdi_registration;

    details->registration_no = T("REG00001");
    details->industry = T("C3011");
    details->established_on = D("2024-07-01");
    details->registered_capital = investor.subscribed;
    details->total_investment.currency = CURRENCY_NONE;
    details->investors = &investor;
    details->investors_n = 1;
    return filing;
}

static void report(const char *name, double started_ns)
{
    printf("%s %.0f ns\n", name, (now_ns() - started_ns) / ROUNDS);
}

static void decide_rounds(struct fixture *f, const char *name, const char *currency)
{
    struct filing filing = fixture_filing(EVENT_FDI_INFLOW, "i1", "2024-07-10");
    struct decide_args args;
    double started_ns;

    filing.details.fdi_inflow = (struct fdi_inflow){.registration_no = T("REG00001"),
                                                    .investor_no = T("F1"),
                                                    .money = M(currency, "1.00"),
                                                    .account = T("a"),
                                                    .remitter_country = COUNTRY_DEU};
    args = fixture_args(f, &filing, 1);
    started_ns = now_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        args.number++;
        decide_filing(&args, &f->state, &f->result);
        require(f->result.decision.outcome == OUTCOME_ACCEPTED);
    }
    f->number = args.number;
    report(name, started_ns);
}

static void refuse_rounds(struct fixture *f)
{
    struct filing filing = fixture_filing(EVENT_FDI_INFLOW, "i1", "2024-07-10");
    struct decide_args args;
    double started_ns;

    filing.details.fdi_inflow.registration_no = T("REG00009");
    filing.details.fdi_inflow.investor_no = T("F1");
    filing.details.fdi_inflow.money = M("USD", "1.00");
    args = fixture_args(f, &filing, 1);
    started_ns = now_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        decide_filing(&args, &f->state, &f->result);
    }
    report("decide_refused", started_ns);
}

/* Inflows in two currencies, every eighth without a registration. */
static void mixed_rounds(struct fixture *f)
{
    static struct form forms[8];
    struct decide_args args[8];
    const uint64_t before = allocations;
    uint64_t accepted = 0;
    double started_ns;

    for (size_t i = 0; i < 8; i++) {
        struct filing filing = fixture_filing(EVENT_FDI_INFLOW, "i1", "2024-07-10");

        filing.details.fdi_inflow =
            (struct fdi_inflow){.registration_no = i == 7 ? T("REG00009") : T("REG00001"),
                                .investor_no = T("F1"),
                                .money = M(i % 2 ? "EUR" : "USD", "1.00"),
                                .account = T("a"),
                                .remitter_country = COUNTRY_DEU};
        args[i] = fixture_args(f, &filing, 1);
        forms[i] = f->form; /* the fixture has one for all */
        args[i].form = &forms[i];
    }
    started_ns = now_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        f->number++;
        args[i % 8].number = f->number;
        decide_filing(&args[i % 8], &f->state, &f->result);
        accepted += f->result.decision.outcome == OUTCOME_ACCEPTED ? 1 : 0;
    }
    report("decide_mix", started_ns);
    printf("decide_mix_allocations %llu n\n", (unsigned long long)(allocations - before));
    require(accepted == UINT64_C(7) * (ROUNDS / 8));
}

static void encode_rounds(struct fixture *f)
{
    struct buffer bytes;
    struct enterprise *copy = NULL;
    struct failure err;
    double started_ns = now_ns();

    buffer_init(&bytes, 1u << 20);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        buffer_reset(&bytes);
        state_encode(&f->state, &bytes);
    }
    report("state_encode", started_ns);
    printf("state_bytes %zu bytes\n", bytes.n);
    require(state_new(CODE, &copy, &err) == STATUS_OK);
    started_ns = now_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        require(state_decode(buffer_bytes(&bytes), copy, &err) == STATUS_OK);
    }
    report("state_decode", started_ns);
    started_ns = now_ns();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        buffer_reset(&bytes);
        undo_encode(&f->result.undo, &bytes);
    }
    report("undo_encode", started_ns);
    printf("undo_bytes %zu bytes\n", bytes.n);
    state_free(copy);
    buffer_fini(&bytes);
}

/* ---- the packs ----------------------------------------------------------------------------- */

enum { COPIES = 16, BATCHES = 101 };

/* Of one event; one more for the mix of all. */
struct cost {
    double ns; /* sum over filings of the median batch, a decision */
    uint64_t filings;
    size_t bytes_max;
    uint64_t bytes;
};

struct mix {
    struct enterprise *states[COPIES];
    struct decide_result result;
    struct hash *hash;
    struct cost costs[EVENT_N + 1];
    uint64_t allocations;
};

static int by_value(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* A state for each copy, with the room that the decider would make. */
static void restore(struct mix *m, const struct pack_case *of)
{
    const struct room room = decide_room(of->form);
    struct failure err;

    for (int i = 0; i < COPIES; i++) {
        if (of->state.n > 0) {
            require(state_decode(of->state, m->states[i], &err) == STATUS_OK);
        } else {
            state_reset(m->states[i],
                        of->form->identified ? of->form->identity.enterprise.at : CODE);
        }
        require(state_reserve(m->states[i], &room, &err) == STATUS_OK);
    }
}

static void add_cost(struct cost *cost, double ns, size_t bytes)
{
    cost->ns += ns;
    cost->filings++;
    cost->bytes += bytes;
    cost->bytes_max = bytes > cost->bytes_max ? bytes : cost->bytes_max;
}

static void visit(void *arg, const struct pack_case *of)
{
    static uint8_t out[DECISION_SIZE_MAX];
    struct mix *m = arg;
    double took_ns[BATCHES];
    size_t bytes = 0;
    enum event event = EVENT_NONE;

    for (int batch = 0; batch < BATCHES; batch++) {
        uint64_t before = 0;
        double started_ns = 0;

        restore(m, of);
        before = allocations;
        started_ns = now_ns();
        for (int i = 0; i < COPIES; i++) {
            decide_filing(of->args, m->states[i], &m->result);
        }
        took_ns[batch] = (now_ns() - started_ns) / COPIES;
        m->allocations += allocations - before;
    }
    qsort(took_ns, BATCHES, sizeof(took_ns[0]), by_value);
    bytes = decision_encode(m->hash, &m->result.decision, of->chain, out);
    event = m->result.decision.event;
    add_cost(&m->costs[event], took_ns[BATCHES / 2], bytes);
    add_cost(&m->costs[EVENT_N], took_ns[BATCHES / 2], bytes);
}

static void tell_mix(const struct mix *m)
{
    const struct cost *all = &m->costs[EVENT_N];

    for (int event = 1; event < EVENT_BULLETIN; event++) {
        const struct cost *cost = &m->costs[event];

        if (cost->filings > 0) {
            printf("decide_event_%s %.0f ns\n", event_name((enum event)event),
                   cost->ns / (double)cost->filings);
            printf("decision_bytes_%s %zu bytes\n", event_name((enum event)event), cost->bytes_max);
        }
    }
    printf("decide_packs %.0f ns\n", all->ns / (double)all->filings);
    printf("decide_packs_filings %llu n\n", (unsigned long long)all->filings);
    printf("decide_packs_allocations %llu n\n", (unsigned long long)m->allocations);
    printf("decision_bytes_packs %.0f bytes\n", (double)all->bytes / (double)all->filings);
}

/* Those of the folder that are no expected decisions. */
static void visit_folder(const char *folder, struct mix *m)
{
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        size_t length = strlen(name);
        char path[512];

        if (length > 6 && strcmp(name + length - 6, ".jsonl") == 0 &&
            strstr(name, ".expected.") == NULL) {
            (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
            pack_cases(path, visit, m);
        }
        free(entries[i]);
    }
    free(entries);
}

static void pack_rounds(char **paths, int paths_n)
{
    struct mix *m = calloc(1, sizeof(*m));
    struct failure err;

    require(m != NULL && hash_open(&m->hash, &err) == STATUS_OK);
    for (int i = 0; i < COPIES; i++) {
        require(state_new(CODE, &m->states[i], &err) == STATUS_OK);
    }
    for (int i = 0; i < paths_n; i++) {
        pack_cases(paths[i], visit, m);
    }
    if (paths_n == 0) {
        visit_folder("deploy/reference/packs", m);
    }
    require(m->costs[EVENT_N].filings > 0);
    tell_mix(m);
    for (int i = 0; i < COPIES; i++) {
        state_free(m->states[i]);
    }
    hash_close(m->hash);
    free(m);
}

int main(int argc, char **argv)
{
    struct fixture *f = fixture_new();
    struct filing filing = registration();

    fixture_parameter(f, (struct row){.id = "FDI.EXCESS.USD", .value = "30000"});
    fixture_rate(f, "2024-07-10", "USD", "7.1");
    fixture_rate(f, "2024-07-10", "EUR", "7.8");
    require(fixture_file(f, &filing)->outcome == OUTCOME_ACCEPTED);
    decide_rounds(f, "decide_inflow", "USD");
    decide_rounds(f, "decide_inflow_converted", "EUR");
    encode_rounds(f);
    mixed_rounds(f);
    refuse_rounds(f);
    fixture_free(f);
    pack_rounds(argv + 1, argc - 1);
    return 0;
}
