/* Messages to the service manager, sd_notify(3): a datagram to $NOTIFY_SOCKET, or nothing. */
#ifndef ELSE_DAEMON_NOTIFY_H
#define ELSE_DAEMON_NOTIFY_H

#include <stdint.h>

/* "READY=1", "RELOADING=1\nMONOTONIC_USEC=...", "STOPPING=1", "WATCHDOG=1", "STATUS=..." */
void notify(const char *state);

/* Half of the time within which it wants to hear WATCHDOG=1; 0 = it does not. */
int64_t notify_watchdog_us(void);

#endif
