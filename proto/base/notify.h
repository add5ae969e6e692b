/* notify.h - tell systemd how the service is (sd_notify's protocol), without its library.
 *
 * The protocol is one datagram of NAME=VALUE lines to the socket that NOTIFY_SOCKET names; a name
 * that begins with '@' is in the abstract name space.  Never blocks. */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include "base/status.h"

/* state: "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…"; several with line feeds between.
 * Without NOTIFY_SOCKET nothing is sent and that is fine.  STATUS_INVALID: no such socket name;
 * STATUS_IO: nobody listens. */
MUST_CHECK enum status notify_send(const char *state, struct failure *err);

/* The same to a socket of the caller's choice; NULL or "" = nothing to do. */
MUST_CHECK enum status notify_send_to(const char *socket_name, const char *state,
                                      struct failure *err);

#endif
