/* verify_base.c - beginning from a backup that a signed checkpoint proves.
 *
 * The backup becomes the scratch store: its states, filing ids, undos and held filings are what the
 * log before it led to, as far as anybody says.  From where it stands everything is decided as
 * always; at the checkpoint chain and states must be those that were signed, and from there on
 * decisions are compared.  So the log before the backup is not needed.  What no checkpoint signs,
 * the filing ids and undos, is told as not looked at. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "consumers/audit/verify_inside.h"

#define PIECE ((size_t)64 << 20)

static enum status failed(const char *what, const char *file, struct failure *err)
{
    const int os = errno;
    char text[96] = "";

    return failure_set(err, STATUS_IO, REMEDY_STOP, os, "cannot %s '%s': %s", what, file,
                       strerror_r(os, text, sizeof(text)));
}

static bool copy_all(int from, int to)
{
    ssize_t n;

    do {
        n = sendfile(to, from, NULL, PIECE);
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n == 0;
}

/* A store that a worker writes has its last batches in a file beside it. */
static enum status check_backup(const char *base, struct failure *err)
{
    char wal[VERIFY_PATH_SIZE];
    struct stat stat_of;

    (void)snprintf(wal, sizeof(wal), "%.4000s-wal", base);
    if (stat(wal, &stat_of) == 0 && stat_of.st_size > 0) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "'%s' is a store in use: make a copy with 'filingctl ledger backup'",
                           base);
    }
    return STATUS_OK;
}

enum status verify_base_copy(const struct verify_case *c, const char *file, struct failure *err)
{
    const char *base = c->conf->base;
    char part[VERIFY_PATH_SIZE];
    enum status status = check_backup(base, err);
    int from;
    int to;

    if (status != STATUS_OK) {
        return status;
    }
    verify_work_file(c->thread->shared->work, c->partition, ".part", part);
    from = open(base, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
        return failed("read the base", base, err);
    }
    to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (to < 0 || !copy_all(from, to) || rename(part, file)) {
        status = failed("copy the base to", file, err);
    }
    if (to >= 0) {
        (void)close(to);
    }
    (void)close(from);
    return status;
}

static void say(struct verify_case *c, const char *expected, const char *found)
{
    struct finding finding = {.place = "base",
                              .partition = c->partition,
                              .offset = -1,
                              .number = c->conf->base_checkpoint};

    (void)snprintf(finding.expected, sizeof(finding.expected), "%s", expected);
    (void)snprintf(finding.found, sizeof(finding.found), "%s", found);
    verify_report_finding(c, &finding);
    c->is_refuted = true;
}

/* There has to be a good one of this number, and the base must not stand behind it. */
void verify_base_check(struct verify_case *c)
{
    const struct store_position *at = decider_position(replay_decider(c->replay));
    const uint64_t number = c->conf->base_checkpoint;
    const int64_t recovers_from = replay_recovers_from(c->replay);
    const int64_t from = recovers_from >= 0 ? recovers_from : at->next_offset;
    char found[FINDING_TEXT_SIZE] = "none";
    bool is_good = false;

    verify_skip(c, VERIFY_SKIP_BASE);
    for (size_t i = 0; i < c->checkpoints_n && !is_good; i++) {
        const struct checkpoint_entry *entry = &c->checkpoints[i];

        if (entry->number == number) {
            is_good = entry->verdict == CHECKPOINT_GOOD && !entry->is_forked;
            (void)snprintf(found, sizeof(found), "%s",
                           entry->is_forked ? "two that cannot both be true"
                                            : checkpoint_verdict_text(entry->verdict));
        }
    }
    if (!is_good) {
        say(c, "a good checkpoint of this number", found);
    } else if (at->number > number && !c->is_comparing) {
        (void)snprintf(found, sizeof(found), "one of decision %" PRIu64, at->number);
        say(c, "a base at or before the checkpoint", found);
    } else if (c->ends.first > from) {
        (void)snprintf(found, sizeof(found), "nothing below offset %" PRId64, c->ends.first);
        say(c, "the log from the base on", found);
    }
}

void verify_base_unreached(struct verify_case *c)
{
    char found[FINDING_TEXT_SIZE];

    (void)snprintf(found, sizeof(found), "decision %" PRIu64,
                   decider_position(replay_decider(c->replay))->number);
    say(c, "a log that leads from the base to the checkpoint", found);
}
