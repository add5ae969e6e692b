/* The readable tables are what the projector makes of a store; so it makes them once more, of the
 * store that the log led to, and the two files are compared by SQL, table by table and column by
 * column. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "consumers/audit/verify_inside.h"
#include "consumers/store/projector.h"

#define SQL_SIZE     2048
#define COLUMNS_MAX  32
#define NAME_SIZE    64
#define BUSY_MS      5000
#define VIEWS_SUFFIX "-views.db"

struct table {
    const char *name;
    bool is_of_states; /* follows the states, which may lag behind the journal */
};

static const struct table tables[] = {
    {"decision", false},    {"reason", false},    {"posting", false},     {"limit_account", false},
    {"held_filing", false}, {"enterprise", true}, {"registration", true}, {"application", true},
    {"contract", true},     {"investor", true},
};

struct column {
    char name[NAME_SIZE];
    bool is_key;
};

struct views {
    struct verify_case *c;
    sqlite3 *db; /* made and live are attached */
    size_t columns_n;
    struct column columns[COLUMNS_MAX];
};

static enum status failed(const struct views *v, const char *what, struct failure *err)
{
    return failure_set(err, STATUS_IO, REMEDY_STOP, sqlite3_errcode(v->db), "cannot %s: %s", what,
                       sqlite3_errmsg(v->db));
}

/* ---- the projector once more ---------------------------------------------------------------- */

static enum status make_views(struct verify_case *c, const char *file, struct failure *err)
{
    struct projector *projector = NULL;
    bool more = true;
    enum status status = projector_open_on(replay_store(c->replay), file, &projector, err);

    while (more && status == STATUS_OK) {
        status = projector_step(projector, &more, err);
    }
    projector_close(projector);
    return status;
}

/* ---- comparing ------------------------------------------------------------------------------ */

static enum status read_columns(struct views *v, const char *table, struct failure *err)
{
    char sql[SQL_SIZE];
    sqlite3_stmt *stmt = NULL;

    v->columns_n = 0;
    (void)snprintf(sql, sizeof(sql), "SELECT name, pk FROM pragma_table_info('%s', 'made')", table);
    if (sqlite3_prepare_v2(v->db, sql, -1, &stmt, NULL)) {
        return failed(v, "read the columns of a readable table", err);
    }
    while (sqlite3_step(stmt) == SQLITE_ROW && v->columns_n < COLUMNS_MAX) {
        struct column *column = &v->columns[v->columns_n++];

        (void)snprintf(column->name, sizeof(column->name), "%s",
                       (const char *)sqlite3_column_text(stmt, 0));
        column->is_key = sqlite3_column_int(stmt, 1) > 0;
    }
    sqlite3_finalize(stmt);
    return STATUS_OK;
}

/* "a.x = b.x AND ..." and "a.x || ' ' || ..." over the key. */
static void key_of(const struct views *v, char *on, char *shown, size_t size)
{
    size_t on_n = 0;
    size_t shown_n = 0;

    on[0] = shown[0] = '\0';
    for (size_t i = 0; i < v->columns_n; i++) {
        const char *name = v->columns[i].name;

        if (v->columns[i].is_key) {
            on_n += (size_t)snprintf(on + on_n, size - on_n, "%sa.%s = b.%s", on_n ? " AND " : "",
                                     name, name);
            shown_n += (size_t)snprintf(shown + shown_n, size - shown_n, "%s'%s ' || a.%s",
                                        shown_n ? " || ', ' || " : "", name, name);
        }
    }
}

static void report(struct views *v, const struct table *table, const char *field, sqlite3_stmt *row)
{
    static const char *const places[] = {
        "readable table decision",      "readable table reason",      "readable table posting",
        "readable table limit_account", "readable table held_filing", "readable table enterprise",
        "readable table registration",  "readable table application", "readable table contract",
        "readable table investor"};
    struct finding finding = {.partition = v->c->partition, .offset = -1};
    const char *const texts[] = {(const char *)sqlite3_column_text(row, 0),
                                 (const char *)sqlite3_column_text(row, 1),
                                 (const char *)sqlite3_column_text(row, 2)};

    _Static_assert(sizeof(places) / sizeof(places[0]) == sizeof(tables) / sizeof(tables[0]),
                   "a place for each table");
    (void)snprintf(finding.place, sizeof(finding.place), "%s", places[table - tables]);
    (void)snprintf(finding.field, sizeof(finding.field), "%s", field);
    (void)snprintf(finding.key, sizeof(finding.key), "%s", texts[0] ? texts[0] : "");
    (void)snprintf(finding.expected, sizeof(finding.expected), "%s", texts[1] ? texts[1] : "none");
    (void)snprintf(finding.found, sizeof(finding.found), "%s", texts[2] ? texts[2] : "none");
    verify_report_finding(v->c, &finding);
}

/* Each row of the query is a difference: key, expected, found. */
static enum status report_rows(struct views *v, const struct table *table, const char *field,
                               const char *sql, struct failure *err)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(v->db, sql, -1, &stmt, NULL)) {
        return failed(v, "compare a readable table", err);
    }
    (void)sqlite3_bind_int64(stmt, 1, v->c->partition);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        report(v, table, field, stmt);
    }
    return sqlite3_finalize(stmt) ? failed(v, "compare a readable table", err) : STATUS_OK;
}

static enum status compare_table(struct views *v, const struct table *table, struct failure *err)
{
    char on[SQL_SIZE / 4];
    char shown[SQL_SIZE / 4];
    char sql[SQL_SIZE];
    enum status status = read_columns(v, table->name, err);

    key_of(v, on, shown, sizeof(on));
    for (size_t i = 0; i < v->columns_n && status == STATUS_OK; i++) {
        const char *name = v->columns[i].name;

        (void)snprintf(sql, sizeof(sql),
                       "SELECT %s, a.%s, b.%s FROM made.%s a JOIN live.%s b ON %s"
                       " WHERE a.partition = ?1 AND a.%s IS NOT b.%s LIMIT 5",
                       shown, name, name, table->name, table->name, on, name, name);
        status = v->columns[i].is_key ? STATUS_OK : report_rows(v, table, name, sql, err);
    }
    for (int side = 0; side < 2 && status == STATUS_OK; side++) {
        (void)snprintf(sql, sizeof(sql),
                       "SELECT %s, '%s', '%s' FROM %s.%s a WHERE a.partition = ?1 AND NOT EXISTS"
                       " (SELECT 1 FROM %s.%s b WHERE %s) LIMIT 5",
                       shown, side ? "none" : "a row", side ? "a row" : "none",
                       side ? "live" : "made", table->name, side ? "made" : "live", table->name,
                       on);
        status = report_rows(v, table, "", sql, err);
    }
    return status;
}

/* What the tables say that they are true for. */
struct true_for {
    bool is_same;        /* the same decision as those made here */
    bool is_states_same; /* and their states are as complete */
    bool is_own;         /* the last decision that they have, with its chain */
};

static enum status read_true_for(struct views *v, struct true_for *ret, struct failure *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(
        v->db,
        "SELECT a.number = b.number, a.states_number = b.states_number,"
        " b.number IS (SELECT max(number) FROM live.decision WHERE partition = ?1)"
        " AND (a.number IS NOT b.number OR a.chain = b.chain)"
        " FROM made.true_for a LEFT JOIN live.true_for b USING (partition) WHERE partition = ?1",
        -1, &stmt, NULL);

    *ret = (struct true_for){.is_own = true};
    if (rc == SQLITE_OK) {
        (void)sqlite3_bind_int64(stmt, 1, v->c->partition);
        rc = sqlite3_step(stmt);
    }
    if (rc == SQLITE_ROW) {
        ret->is_same = sqlite3_column_int(stmt, 0) != 0;
        ret->is_states_same = sqlite3_column_int(stmt, 1) != 0;
        ret->is_own = sqlite3_column_int(stmt, 2) != 0;
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? STATUS_OK
                                                 : failed(v, "read the readable tables", err);
}

static void not_own(struct views *v)
{
    struct finding finding = {
        .place = "readable table true_for", .partition = v->c->partition, .offset = -1};

    (void)snprintf(finding.expected, sizeof(finding.expected),
                   "the last decision of the tables, with its chain");
    (void)snprintf(finding.found, sizeof(finding.found), "another");
    verify_report_finding(v->c, &finding);
}

static enum status attach(struct views *v, const char *name, const char *file, struct failure *err)
{
    char *sql = sqlite3_mprintf("ATTACH 'file:%q?mode=ro' AS %s", file, name);
    const int rc = sql ? sqlite3_exec(v->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

    sqlite3_free(sql);
    return rc ? failed(v, "open the readable tables", err) : STATUS_OK;
}

static enum status compare_all(struct views *v, const char *made, const char *live,
                               struct failure *err)
{
    struct true_for of;
    enum status status = attach(v, "made", made, err);

    if (status == STATUS_OK) {
        status = attach(v, "live", live, err);
    }
    if (status == STATUS_OK) {
        status = read_true_for(v, &of, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!of.is_own) {
        not_own(v);
    }
    if (!of.is_same) {
        verify_skip(v->c, VERIFY_SKIP_VIEWS);
        return STATUS_OK;
    }
    v->c->part->views++;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && status == STATUS_OK; i++) {
        if (!tables[i].is_of_states || of.is_states_same) {
            status = compare_table(v, &tables[i], err);
        }
    }
    return status;
}

static enum status compare_files(struct verify_case *c, const char *made, const char *live,
                                 struct failure *err)
{
    struct views v = {.c = c};
    enum status status = STATUS_OK;

    if (sqlite3_open_v2(":memory:", &v.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL)) {
        status = failed(&v, "open a database in memory", err);
    }
    /* The first to open a WAL that nobody closed well keeps the others out for a moment. */
    (void)sqlite3_busy_timeout(v.db, BUSY_MS);
    if (status == STATUS_OK) {
        status = compare_all(&v, made, live, err);
    }
    sqlite3_close(v.db);
    return status;
}

static bool views_file(const struct verify_case *c, char out[VERIFY_PATH_SIZE])
{
    static const char prefix[] = "sqlite:";

    if (!c->live || strncmp(c->conf->store, prefix, strlen(prefix)) != 0) {
        return false;
    }
    (void)snprintf(out, VERIFY_PATH_SIZE, "%.4000s%s", c->conf->store + strlen(prefix),
                   VIEWS_SUFFIX);
    return access(out, R_OK) == 0;
}

bool verify_has_views(const struct verify_case *c)
{
    char file[VERIFY_PATH_SIZE];

    return views_file(c, file);
}

enum status verify_views(struct verify_case *c, struct failure *err)
{
    static const char *const ends[] = {"-views.db", "-views.db-wal", "-views.db-shm",
                                       "-views.db-journal"};
    const struct verify_work *work = c->thread->shared->work;
    char made[VERIFY_PATH_SIZE];
    char live[VERIFY_PATH_SIZE];
    char path[VERIFY_PATH_SIZE];
    enum status status;

    if (!views_file(c, live) || c->conf->enterprise || c->part->first_number > 1 ||
        decider_position(replay_decider(c->replay))->number != c->row.position.number) {
        verify_skip(c, VERIFY_SKIP_VIEWS); /* the worker ran without them, or not all is compared */
        return STATUS_OK;
    }
    verify_work_file(work, c->partition, ends[0], made);
    status = make_views(c, made, err);
    if (status == STATUS_OK) {
        status = compare_files(c, made, live, err);
    }
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        verify_work_file(work, c->partition, ends[i], path);
        (void)unlink(path);
    }
    return status;
}
