/* Messages to the service manager, sd_notify(3): a datagram to $NOTIFY_SOCKET, or nothing. */
#ifndef ELSE_DAEMON_NOTIFY_H
#define ELSE_DAEMON_NOTIFY_H

#include <signal.h>

/* "READY=1", "RELOADING=1\nMONOTONIC_USEC=...", "STOPPING=1", "WATCHDOG=1", "STATUS=..." */
void notify(const char *state);

/* Takes the next signal of the set, which is blocked: its number. 0 when it is time for
 * notify_alive; then call again. */
int notify_wait(const sigset_t *set);

/* "WATCHDOG=1" when the manager wants to hear it. */
void notify_alive(void);

#endif
