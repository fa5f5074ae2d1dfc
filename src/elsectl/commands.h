/* The commands; see app.h for what they share. */
#ifndef ELSE_ELSECTL_COMMANDS_H
#define ELSE_ELSECTL_COMMANDS_H

#include "elsectl/app.h"

int cmd_admin(struct app *app, int argc, char **argv);
int cmd_doctor(struct app *app, int argc, char **argv);
int cmd_explain(struct app *app, int argc, char **argv);
int cmd_hosts(struct app *app, int argc, char **argv);
int cmd_import(struct app *app, int argc, char **argv);
int cmd_parse(struct app *app, int argc, char **argv);
int cmd_search(struct app *app, int argc, char **argv);
int cmd_stats(struct app *app, int argc, char **argv);
int cmd_tail(struct app *app, int argc, char **argv);
int cmd_trace(struct app *app, int argc, char **argv);

#endif
