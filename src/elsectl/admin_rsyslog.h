/* elsectl admin rsyslog-config: the configuration of rsyslog on a mail host that sends its log to
 * ELSE. The text itself is deploy/rsyslog/else.conf.in. */
#ifndef ELSE_ELSECTL_ADMIN_RSYSLOG_H
#define ELSE_ELSECTL_ADMIN_RSYSLOG_H

#include "elsectl/app.h"

int admin_rsyslog_config(struct app *app, int argc, char **argv);

#endif
