/* Datagrams as systemd reads them, at both kinds of name, and what is no place to send to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/notify.h"

/* Bind a datagram socket; '@' begins an abstract name. */
static int listen_at(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    memcpy(at.sun_path, name, strlen(name));
    if (name[0] == '@') {
        at.sun_path[0] = '\0';
    }
    assert_int_equal(bind(fd, (const struct sockaddr *)&at,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                     0);
    return fd;
}

static void expect_datagram(const char *name)
{
    char got[64] = "";
    const int fd = listen_at(name);

    assert_int_equal(notify_send_to(name, "READY=1\nSTATUS=here", NULL), STATUS_OK);
    assert_int_equal(recv(fd, got, sizeof(got) - 1, 0), 19);
    assert_string_equal(got, "READY=1\nSTATUS=here");
    (void)close(fd);
}

static void systemd_is_told_at_a_path_and_at_an_abstract_name(void **state)
{
    char name[64];

    (void)state;
    (void)snprintf(name, sizeof(name), "@test_notify.%ld", (long)getpid());
    expect_datagram(name);
    (void)snprintf(name, sizeof(name), "/tmp/test_notify.%ld", (long)getpid());
    expect_datagram(name);
    (void)unlink(name);
}

static void nobody_to_tell_is_fine_but_a_dead_socket_is_not(void **state)
{
    struct failure err = {.status = STATUS_OK};
    char name[200];

    (void)state;
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    assert_int_equal(notify_send("READY=1", &err), STATUS_OK);
    assert_int_equal(notify_send_to(NULL, "READY=1", &err), STATUS_OK);
    assert_int_equal(notify_send_to("", "READY=1", &err), STATUS_OK);
    assert_int_equal(notify_send_to("/tmp/no-such-socket", "READY=1", &err), STATUS_IO);
    assert_int_equal(notify_send_to("relative", "READY=1", &err), STATUS_INVALID);
    memset(name, '/', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(notify_send_to(name, "READY=1", &err), STATUS_INVALID);
    assert_int_equal(setenv("NOTIFY_SOCKET", "/tmp/no-such-socket", 1), 0);
    assert_int_equal(notify_send("READY=1", &err), STATUS_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(systemd_is_told_at_a_path_and_at_an_abstract_name),
        cmocka_unit_test(nobody_to_tell_is_fine_but_a_dead_socket_is_not),
    };

    return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
