/* Files in a folder of the test's own: read with a cap, replaced whole, checked and locked. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/chance.h"
#include "base/file.h"

struct fixture {
    char folder[64];
    char path[96];
    struct buffer read;
    struct failure err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (!f) {
        return -1;
    }
    *state = f;
    buffer_init(&f->read, 100000);
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/test_file.XXXXXX");
    if (!mkdtemp(f->folder)) {
        return -1;
    }
    (void)snprintf(f->path, sizeof(f->path), "%s/f", f->folder);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    (void)unlink(f->path);
    (void)rmdir(f->folder);
    buffer_fini(&f->read);
    free(f);
    return 0;
}

static int entries_of(const char *folder)
{
    DIR *dir = opendir(folder);
    int n = 0;

    assert_non_null(dir);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread, a stream of its own */
    while (readdir(dir)) {
        n++;
    }
    (void)closedir(dir);
    return n - 2; /* "." and ".." */
}

static void what_was_written_is_read(void **state)
{
    struct fixture *f = *state;
    uint8_t content[40000];
    struct stat about;

    assert_int_equal(chance_fill(content, sizeof(content), NULL), STATUS_OK);
    assert_int_equal(
        file_write(f->path, (struct bytes){.at = content, .n = sizeof(content)}, 0600, &f->err),
        STATUS_OK);
    assert_int_equal(file_read(f->path, &f->read, &f->err), STATUS_OK);
    assert_int_equal(f->read.n, sizeof(content));
    assert_memory_equal(f->read.at, content, sizeof(content));
    assert_int_equal(stat(f->path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

static void reading_adds_to_what_is_there(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(file_write(f->path, bytes_of("b"), 0644, &f->err), STATUS_OK);
    buffer_text(&f->read, "a");
    assert_int_equal(file_read(f->path, &f->read, &f->err), STATUS_OK);
    assert_int_equal(file_read(f->path, &f->read, &f->err), STATUS_OK);
    assert_string_equal(buffer_cstr(&f->read), "abb");
}

static void a_file_above_the_cap_is_refused(void **state)
{
    struct fixture *f = *state;
    struct buffer small;

    buffer_init(&small, 4);
    assert_int_equal(file_write(f->path, bytes_of("1234"), 0644, &f->err), STATUS_OK);
    assert_int_equal(file_read(f->path, &small, &f->err), STATUS_OK);
    buffer_reset(&small);
    assert_int_equal(file_write(f->path, bytes_of("12345"), 0644, &f->err), STATUS_OK);
    assert_int_equal(file_read(f->path, &small, &f->err), STATUS_LIMIT);
    assert_non_null(strstr(f->err.text, "it is too large"));
    buffer_fini(&small);
}

static void replacing_leaves_nothing_but_the_new_file(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(file_write(f->path, bytes_of("old and longer"), 0644, &f->err), STATUS_OK);
    assert_int_equal(file_write(f->path, bytes_of("new"), 0644, &f->err), STATUS_OK);
    assert_int_equal(entries_of(f->folder), 1);
    assert_int_equal(file_read(f->path, &f->read, &f->err), STATUS_OK);
    assert_string_equal(buffer_cstr(&f->read), "new");
}

static void failing_to_replace_leaves_no_temporary_file(void **state)
{
    struct fixture *f = *state;
    char inner[128];

    assert_int_equal(mkdir(f->path, 0755), 0); /* a folder cannot be replaced by a file */
    (void)snprintf(inner, sizeof(inner), "%s/x", f->path);
    assert_int_equal(file_write(inner, bytes_of("x"), 0644, &f->err), STATUS_OK);
    assert_int_equal(file_write(f->path, bytes_of("new"), 0644, &f->err), STATUS_IO);
    assert_non_null(strstr(f->err.text, "cannot replace"));
    assert_int_equal(entries_of(f->folder), 1);
    assert_int_equal(unlink(inner), 0);
    assert_int_equal(rmdir(f->path), 0);
}

static void what_is_not_there_is_not_found(void **state)
{
    struct fixture *f = *state;
    int fd = -1;

    assert_int_equal(file_read(f->path, &f->read, &f->err), STATUS_NOTFOUND);
    assert_int_equal(f->err.os, ENOENT);
    assert_non_null(strstr(f->err.text, "cannot open '/tmp/test_file."));
    assert_int_equal(file_check_private(f->path, &f->err), STATUS_NOTFOUND);
    assert_int_equal(file_write("/no/such/folder/f", bytes_of("x"), 0644, &f->err),
                     STATUS_NOTFOUND);
    assert_int_equal(file_lock("/no/such/folder/f", &fd, &f->err), STATUS_NOTFOUND);
    assert_int_equal(fd, -1);
    assert_int_equal(file_read(f->folder, &f->read, &f->err), STATUS_IO);
}

static void only_the_owner_may_read_a_private_file(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(file_write(f->path, bytes_of("key"), 0600, &f->err), STATUS_OK);
    assert_int_equal(file_check_private(f->path, &f->err), STATUS_OK);
    assert_int_equal(chmod(f->path, 0400), 0);
    assert_int_equal(file_check_private(f->path, &f->err), STATUS_OK);
    for (unsigned bit = 1; bit <= 040; bit <<= 1) {
        assert_int_equal(chmod(f->path, (mode_t)(0600 | bit)), 0);
        assert_int_equal(file_check_private(f->path, &f->err), STATUS_DENIED);
    }
    assert_non_null(strstr(f->err.text, "mode 0640"));
    assert_int_equal(file_check_private(f->folder, &f->err), STATUS_DENIED);
}

/* The exit status of a process that tries to lock. */
static int lock_elsewhere(const char *path)
{
    struct failure err = {.status = STATUS_OK};
    int status = 0;
    const pid_t child = fork();

    if (child == 0) {
        int fd = -1;
        enum status got = file_lock(path, &fd, &err);
        char want[32];

        (void)snprintf(want, sizeof(want), "(number %ld)", (long)getppid());
        _exit(got == STATUS_OK ? 0
              : got == STATUS_DENIED && err.remedy == REMEDY_RETRY && strstr(err.text, want) != NULL
                  ? 1
                  : 2);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void one_process_holds_the_lock_and_is_named(void **state)
{
    struct fixture *f = *state;
    int fd = -1;

    assert_int_equal(lock_elsewhere(f->path), 0);
    assert_int_equal(file_lock(f->path, &fd, &f->err), STATUS_OK);
    assert_true(fd >= 0);
    assert_int_equal(lock_elsewhere(f->path), 1);
    file_unlock(fd);
    assert_int_equal(lock_elsewhere(f->path), 0);
    file_unlock(-1);
}

int main(void)
{
#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        UNIT(what_was_written_is_read),
        UNIT(reading_adds_to_what_is_there),
        UNIT(a_file_above_the_cap_is_refused),
        UNIT(replacing_leaves_nothing_but_the_new_file),
        UNIT(failing_to_replace_leaves_no_temporary_file),
        UNIT(what_is_not_there_is_not_found),
        UNIT(only_the_owner_may_read_a_private_file),
        UNIT(one_process_holds_the_lock_and_is_named),
    };

    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
