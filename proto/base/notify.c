#include "base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum status notify_send(const char *state, struct failure *err)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in the process sets the environment */
    return notify_send_to(getenv("NOTIFY_SOCKET"), state, err);
}

enum status notify_send_to(const char *socket_name, const char *state, struct failure *err)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const size_t n = socket_name ? strlen(socket_name) : 0;
    ssize_t sent = -1;
    int fd = -1;
    int os = 0;

    if (n == 0) {
        return STATUS_OK;
    }
    if ((socket_name[0] != '/' && socket_name[0] != '@') || n >= sizeof(to.sun_path)) {
        return failure_set(err, STATUS_INVALID, REMEDY_NONE, 0, "no socket can be named '%s'",
                           socket_name);
    }
    memcpy(to.sun_path, socket_name, n);
    if (socket_name[0] == '@') {
        to.sun_path[0] = '\0';
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return failure_set(err, STATUS_IO, REMEDY_NONE, errno, "cannot open a socket: %s",
                           strerrordesc_np(errno));
    }
    sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    os = errno;
    (void)close(fd);
    if (sent < 0) {
        return failure_set(err, STATUS_IO, REMEDY_NONE, os, "cannot tell '%s': %s", socket_name,
                           strerrordesc_np(os));
    }
    return STATUS_OK;
}
