/* The running daemon: spool, intake, feeder, upkeep and metrics, each in its thread. */
#ifndef ELSE_BACKEND_DAEMON_H
#define ELSE_BACKEND_DAEMON_H

#include "config/config.h"
#include "base/error.h"

struct daemon;

/* Opens the spool, listens, and starts everything. As root it becomes the service user before;
 * ports below 1024 then need CAP_NET_BIND_SERVICE, which the systemd unit gives. The config stays
 * the caller's and lives as long as the daemon, or until daemon_reload has taken another. */
struct daemon *daemon_start(const struct config *config, struct error *err);

/* Takes new settings of listeners, senders, certificates and limits: connections are closed in
 * order, nothing is lost. False: the old ones go on (the listeners of the new ones could not be
 * opened, ...). The spool's folder, the database and the data folder need a restart. */
bool daemon_reload(struct daemon *daemon, const struct config *config, struct error *err);

/* False after a reload that failed so that not even the old listeners are there: stop, and start
 * again. */
bool daemon_listens(const struct daemon *daemon);

/* Whether the intake has made a turn since the last call: for the watchdog. (The feeder may well
 * wait for a database.) */
bool daemon_is_alive(struct daemon *daemon);

/* Stops listening, answers what has arrived, brings what is spooled into the database, and ends. */
void daemon_stop(struct daemon **daemon);

#endif
