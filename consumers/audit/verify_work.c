/* The work folder of a run: its manifest, a lock, and a scratch store of each partition.
 *
 * Nothing in it is forced to the disk (store_scratch.h, X2), so it counts until the machine starts
 * again: the boot's id stands in the manifest.  So does the program's digest, because what another
 * program decided is no proof by this one. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "consumers/audit/verify_inside.h"

#define MANIFEST_MAX ((size_t)64 << 10)
#define PROGRAM_MAX  ((size_t)256 << 20)
#define MANIFEST     "verify.manifest"
#define LOCK         "verify.lock"
/* Not /tmp, which is memory in many places. */
#define TEMPORARY "/var/tmp/filing-verify-XXXXXX"

static enum status put_program(struct buffer *out, struct failure *err)
{
    struct buffer program;
    struct hash *hash = NULL;
    uint8_t digest[DIGEST_SIZE];
    char text[2 * DIGEST_SIZE + 1];
    enum status status;

    buffer_init(&program, PROGRAM_MAX);
    status = file_read("/proc/self/exe", &program, err);
    if (status == STATUS_OK) {
        status = hash_open(&hash, err);
    }
    if (status == STATUS_OK) {
        hash_sha256(hash, program.at, program.n, digest);
        hex_encode((struct bytes){.at = digest, .n = sizeof(digest)}, text);
        buffer_printf(out, "program %s\n", text);
    }
    hash_close(hash);
    buffer_fini(&program);
    return status;
}

static enum status put_boot(struct buffer *out, struct failure *err)
{
    struct buffer boot;
    enum status status;

    buffer_init(&boot, MANIFEST_MAX);
    status = file_read("/proc/sys/kernel/random/boot_id", &boot, err);
    buffer_printf(out, "boot %.36s\n", buffer_cstr(&boot));
    buffer_fini(&boot);
    return status;
}

enum status verify_manifest(const struct verify_conf *conf, const uint8_t ledger_id[LEDGER_ID_SIZE],
                            struct buffer *out, struct failure *err)
{
    const struct verify_bounds *b = &conf->bounds;
    char ledger[2 * LEDGER_ID_SIZE + 1];
    enum status status;

    hex_encode((struct bytes){.at = ledger_id, .n = LEDGER_ID_SIZE}, ledger);
    buffer_printf(out, "ledger %s\n", ledger);
    buffer_printf(out, "topic %s\n", conf->topics->submitted);
    buffer_printf(out, "store %s\n", conf->store ? conf->store : "none");
    buffer_printf(out, "partition %" PRId64 "\n", conf->partition);
    buffer_printf(out, "enterprise %s\n", conf->enterprise ? conf->enterprise : "all");
    buffer_printf(out, "from %" PRId64 " %" PRId64 "\n", b->from_ms, b->from_offset);
    buffer_printf(out, "to %" PRId64 " %" PRId64 "\n", b->to_ms, b->to_offset);
    buffer_printf(out, "base %s %" PRIu64 "\n", conf->base ? conf->base : "none",
                  conf->base_checkpoint);
    status = put_program(out, err);
    if (status == STATUS_OK) {
        status = put_boot(out, err);
    }
    return status == STATUS_OK ? buffer_check(out, err) : status;
}

static enum status failed(const char *what, const char *folder, struct failure *err)
{
    return failure_set(err, STATUS_IO, REMEDY_STOP, errno, "cannot %s '%s': %s", what, folder,
                       strerror(errno)); /* NOLINT(concurrency-mt-unsafe): before any thread */
}

/* The name of the first line that differs. */
static void name_line(const char *is, const char *was, int *ret_n, const char **ret)
{
    const char *line = is;

    for (; *is && *is == *was; is++, was++) {
        line = *is == '\n' ? is + 1 : line;
    }
    *ret = line;
    *ret_n = (int)strcspn(line, " \n");
}

static enum status check_manifest(const struct verify_work *work, struct bytes manifest,
                                  struct failure *err)
{
    char path[VERIFY_PATH_SIZE + sizeof(MANIFEST)];
    struct buffer was;
    const char *line = "";
    int line_n = 0;
    enum status status;

    (void)snprintf(path, sizeof(path), "%s/" MANIFEST, work->folder);
    buffer_init(&was, MANIFEST_MAX);
    status = file_read(path, &was, err);
    if (status == STATUS_NOTFOUND) {
        status = file_write(path, manifest, 0644, err);
    } else if (status == STATUS_OK && !bytes_equal(buffer_bytes(&was), manifest)) {
        name_line((const char *)manifest.at, buffer_cstr(&was), &line_n, &line);
        status = failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                             "the work folder '%s' is of another %.*s: give another folder, or "
                             "remove it to begin anew",
                             work->folder, line_n, line);
    }
    buffer_fini(&was);
    return status;
}

static enum status open_kept(struct verify_work *work, const char *folder, struct bytes manifest,
                             struct failure *err)
{
    char path[VERIFY_PATH_SIZE + sizeof(LOCK)];
    enum status status;

    if (strlen(folder) >= sizeof(work->folder) - 64) {
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                           "the name of the work folder is too "
                           "long");
    }
    (void)snprintf(work->folder, sizeof(work->folder), "%s", folder);
    work->is_kept = true;
    if (mkdir(folder, 0755) && errno != EEXIST) {
        return failed("make the work folder", folder, err);
    }
    (void)snprintf(path, sizeof(path), "%s/" LOCK, folder);
    status = file_lock(path, &work->lock_fd, err);
    return status == STATUS_OK ? check_manifest(work, manifest, err) : status;
}

enum status verify_work_open(const char *folder, struct bytes manifest, struct verify_work *ret,
                             struct failure *err)
{
    *ret = (struct verify_work){.lock_fd = -1};
    if (folder) {
        return open_kept(ret, folder, manifest, err);
    }
    (void)snprintf(ret->folder, sizeof(ret->folder), TEMPORARY);
    if (!mkdtemp(ret->folder)) {
        ret->folder[0] = '\0';
        return failed("make a folder for the work (name one with --work)", TEMPORARY, err);
    }
    return STATUS_OK;
}

void verify_work_close(struct verify_work *work)
{
    char path[2 * VERIFY_PATH_SIZE];
    const struct dirent *entry;
    DIR *folder;

    file_unlock(work->lock_fd);
    if (!work->folder[0] || work->is_kept) {
        return;
    }
    folder = opendir(work->folder);
    while (folder && (entry = readdir(folder)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        (void)snprintf(path, sizeof(path), "%s/%s", work->folder, entry->d_name);
        (void)unlink(path); /* not the two that are folders */
    }
    if (folder) {
        (void)closedir(folder);
    }
    (void)rmdir(work->folder);
}

void verify_work_file(const struct verify_work *work, uint32_t partition, const char *end,
                      char out[VERIFY_PATH_SIZE])
{
    (void)snprintf(out, VERIFY_PATH_SIZE, "%.4000s/%" PRIu32 "%s", work->folder, partition, end);
}
