#include "producers/publish/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/signals.h"
#include "producers/formats/reader.h"
#include "wire/hash.h"

#define COPY_MODE 0600 /* filings are nobody else's business */

static enum status fail_io(const char *what, const char *path, struct failure *err)
{
    return failure_set(err, errno == ENOENT ? STATUS_NOTFOUND : STATUS_IO, REMEDY_STOP, errno,
                       "cannot %s '%s': %s", what, path, strerrordesc_np(errno));
}

static enum status write_all(int fd, struct bytes bytes, const char *path, struct failure *err)
{
    while (bytes.n > 0) {
        const ssize_t n = write(fd, bytes.at, bytes.n);

        if (n < 0 && errno != EINTR) {
            return fail_io("write", path, err);
        }
        bytes.at += n > 0 ? n : 0;
        bytes.n -= n > 0 ? (size_t)n : 0;
    }
    return STATUS_OK;
}

static uint64_t feeds(struct bytes bytes)
{
    uint64_t n = 0;

    for (size_t i = 0; i < bytes.n; i++) {
        n += bytes.at[i] == '\n' ? 1 : 0;
    }
    return n;
}

/* Everything that fd gives, to the hash and, unless it is -1, to out. */
static enum status drain(struct input *input, struct hash *hash, int out, struct failure *err)
{
    uint8_t chunk[READER_CHUNK_SIZE];

    for (;;) {
        const ssize_t n = read(input->fd, chunk, sizeof(chunk));
        const struct bytes bytes = {.at = chunk, .n = n > 0 ? (size_t)n : 0};
        enum status status = STATUS_OK;

        if (n == 0) {
            return STATUS_OK;
        }
        if (n < 0 && (errno != EINTR || signals_stop())) {
            return fail_io("read", input->name, err);
        }
        if (hash) {
            hash_add(hash, bytes.at, bytes.n);
        }
        input->lines_n += feeds(bytes);
        status = out >= 0 ? write_all(out, bytes, input->part, err) : STATUS_OK;
        if (status != STATUS_OK) {
            return status;
        }
    }
}

static enum status drain_hashed(struct input *input, int out, struct failure *err)
{
    struct hash *hash = NULL;
    enum status status = hash_open(&hash, err);

    if (status != STATUS_OK) {
        return status;
    }
    hash_begin(hash);
    status = drain(input, hash, out, err);
    if (status == STATUS_OK) {
        hash_end(hash, input->sha256);
    }
    hash_close(hash);
    return status;
}

static enum status copy(struct input *input, const char *report, struct failure *err)
{
    enum status status = STATUS_OK;
    int fd = -1;

    if (snprintf(input->copy, sizeof(input->copy), "%s.input", report) >=
            (int)sizeof(input->copy) ||
        snprintf(input->part, sizeof(input->part), "%s.input.part", report) >=
            (int)sizeof(input->part)) {
        input->part[0] = '\0';
        return failure_set(err, STATUS_USAGE, REMEDY_STOP, 0, "the report's name is too long");
    }
    fd = open(input->part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, COPY_MODE);
    if (fd < 0) {
        return fail_io("write", input->part, err);
    }
    status = drain_hashed(input, fd, err);
    if (status == STATUS_OK && (fsync(fd) || lseek(fd, 0, SEEK_SET) < 0)) {
        status = fail_io("write", input->part, err);
    }
    if (status != STATUS_OK) {
        (void)close(fd);
        return status;
    }
    input->fd = fd; /* standard input stays open: it is not ours */
    return STATUS_OK;
}

/* A plain file can be read twice. */
static bool is_plain(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

static enum status read_through(struct input *input, const struct input_conf *conf,
                                struct failure *err)
{
    enum status status = STATUS_OK;

    if (!is_plain(input->fd)) {
        return conf->report
                   ? failure_set(err, STATUS_USAGE, REMEDY_STOP, 0,
                                 "'%s' is not a plain file: give it as standard input", conf->path)
                   : STATUS_OK;
    }
    if (!conf->report && !conf->is_counted) {
        return STATUS_OK;
    }
    status = conf->report ? drain_hashed(input, -1, err) : drain(input, NULL, -1, err);
    if (status == STATUS_OK && lseek(input->fd, 0, SEEK_SET) < 0) {
        status = fail_io("read", conf->path, err);
    }
    return status;
}

enum status input_open(const struct input_conf *conf, struct input *ret, struct failure *err)
{
    *ret = (struct input){.fd = -1, .name = conf->path};
    if (strcmp(conf->path, "-") == 0) {
        ret->name = "standard input";
        ret->fd = STDIN_FILENO;
        return conf->report ? copy(ret, conf->report, err) : STATUS_OK;
    }
    ret->fd = open(conf->path, O_RDONLY | O_CLOEXEC);
    if (ret->fd < 0) {
        return fail_io("open", conf->path, err);
    }
    return read_through(ret, conf, err);
}

enum status input_keep(struct input *input, struct failure *err)
{
    if (input->part[0] == '\0') {
        return STATUS_OK;
    }
    if (rename(input->part, input->copy)) {
        return fail_io("write", input->copy, err);
    }
    input->part[0] = '\0';
    return STATUS_OK;
}

void input_close(struct input *input)
{
    if (input->part[0] != '\0') {
        (void)unlink(input->part);
        input->part[0] = '\0';
    }
    if (input->fd > STDIN_FILENO) {
        (void)close(input->fd);
    }
    input->fd = -1;
}
