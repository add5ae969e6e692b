#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/chance.h"

#define PIECE 16384

static enum status fail(struct failure *err, int os, const char *what, const char *path)
{
    enum status status = os == ENOENT                  ? STATUS_NOTFOUND
                         : os == EACCES || os == EPERM ? STATUS_DENIED
                         : os == ENOMEM                ? STATUS_NOMEM
                                                       : STATUS_IO;

    return failure_set(err, status, REMEDY_NONE, os, "cannot %s '%s': %s", what, path,
                       strerrordesc_np(os));
}

/* Until the end of fd; errno or 0. */
static int read_all(int fd, struct buffer *out)
{
    uint8_t piece[PIECE];

    while (out->status == STATUS_OK) {
        ssize_t got = read(fd, piece, sizeof(piece));

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return errno;
        }
        if (got == 0) {
            return 0;
        }
        buffer_append(out, piece, (size_t)got);
    }
    return 0;
}

enum status file_read(const char *path, struct buffer *out, struct failure *err)
{
    const bool standard = strcmp(path, "-") == 0;
    const int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int os = 0;

    if (fd < 0) {
        return fail(err, errno, "open", path);
    }
    os = read_all(fd, out);
    if (!standard) {
        (void)close(fd);
    }
    if (os) {
        return fail(err, os, "read", path);
    }
    if (buffer_check(out, err) != STATUS_OK) {
        return failure_set(err, out->status, REMEDY_NONE, 0, "cannot read '%s': %s", path,
                           out->status == STATUS_LIMIT ? "it is too large" : "out of memory");
    }
    return STATUS_OK;
}

/* errno or 0. */
static int write_all(int fd, struct bytes content)
{
    while (content.n > 0) {
        ssize_t put = write(fd, content.at, content.n);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return errno;
        }
        content.at += put;
        content.n -= (size_t)put;
    }
    return 0;
}

/* The name of a rename is durable only when its folder is. */
static int sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = !slash          ? strdup(".")
                   : slash == path ? strdup("/")
                                   : strndup(path, (size_t)(slash - path));
    int os = 0;
    int fd = -1;

    if (!folder) {
        return ENOMEM;
    }
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        os = errno;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    free(folder);
    return os;
}

/* Write and sync the temporary file; errno or 0. */
static int write_new(const char *path, struct bytes content, unsigned mode)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    int os = 0;

    if (fd < 0) {
        return errno;
    }
    os = write_all(fd, content);
    if (!os && fsync(fd) != 0) {
        os = errno;
    }
    if (close(fd) != 0 && !os) {
        os = errno;
    }
    return os;
}

enum status file_write(const char *path, struct bytes content, unsigned mode, struct failure *err)
{
    struct buffer name;
    uint8_t chance[8];
    char digits[2 * sizeof(chance) + 1];
    enum status status = chance_fill(chance, sizeof(chance), err);
    const char *what = "write";
    int os = 0;

    buffer_init(&name, PIECE);
    if (status != STATUS_OK) {
        return status;
    }
    hex_encode((struct bytes){.at = chance, .n = sizeof(chance)}, digits);
    buffer_printf(&name, "%s.%s.tmp", path, digits);
    status = buffer_check(&name, err);
    if (status != STATUS_OK) {
        goto out;
    }
    os = write_new(buffer_cstr(&name), content, mode);
    if (!os) {
        what = "replace";
        os = rename(buffer_cstr(&name), path) == 0 ? 0 : errno;
    }
    if (os) {
        (void)unlink(buffer_cstr(&name));
    } else {
        what = "make durable";
        os = sync_folder(path);
    }
    if (os) {
        status = fail(err, os, what, path);
    }

out:
    buffer_fini(&name);
    return status;
}

enum status file_check_private(const char *path, struct failure *err)
{
    struct stat about;

    if (stat(path, &about) != 0) {
        return fail(err, errno, "open", path);
    }
    if (!S_ISREG(about.st_mode)) {
        return failure_set(err, STATUS_DENIED, REMEDY_NONE, 0, "'%s' is no plain file", path);
    }
    if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return failure_set(err, STATUS_DENIED, REMEDY_NONE, 0,
                           "'%s' can be read by others (mode %04o): chmod 600 it", path,
                           (unsigned)about.st_mode & 07777u);
    }
    return STATUS_OK;
}

/* The holder's number as it wrote it, or "another process". */
static void holder(int fd, char *out, size_t size)
{
    const ssize_t n = pread(fd, out, size - 1, 0);
    const size_t digits = n > 0 ? strspn(out, "0123456789") : 0;

    if (n > 0 && digits > 0 && digits < (size_t)n) {
        out[digits] = '\0';
        return;
    }
    (void)snprintf(out, size, "unknown");
}

enum status file_lock(const char *path, int *ret_fd, struct failure *err)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    char who[32] = "";
    int n = 0;

    if (fd < 0) {
        return fail(err, errno, "open", path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int os = errno;

        holder(fd, who, sizeof(who));
        (void)close(fd);
        if (os != EWOULDBLOCK) {
            return fail(err, os, "lock", path);
        }
        return failure_set(err, STATUS_DENIED, REMEDY_RETRY, os,
                           "'%s' is locked by another process (number %s)", path, who);
    }
    /* Who holds it is for people; the lock itself does not depend on it. */
    n = snprintf(who, sizeof(who), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, who, (size_t)n, 0) != n) {
        const int os = errno;

        (void)close(fd);
        return fail(err, os, "write", path);
    }
    *ret_fd = fd;
    return STATUS_OK;
}

void file_unlock(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}
