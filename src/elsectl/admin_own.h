/*
 * elsectl admin host, network, domain: what is ours. The database is the home of it (docs/adr/007).
 *
 * Each change goes one way: it is made in a transaction; then the stored mails of some days are
 * looked at in its light, and what would be otherwise is shown; then all of it is undone
 * (--dry-run), or kept, with the stored mails (--apply-to) or without.
 */
#ifndef ELSE_ELSECTL_ADMIN_OWN_H
#define ELSE_ELSECTL_ADMIN_OWN_H

#include "elsectl/app.h"

int admin_host(struct app *app, int argc, char **argv);
int admin_network(struct app *app, int argc, char **argv);
int admin_domain(struct app *app, int argc, char **argv);

/* ---- what the three share ---- */

struct own_change {
	struct app *app;
	bool dry;
	uint64_t days;	   /* --days, of mails that are looked at */
	uint64_t apply_to; /* --apply-to, days; 0 = new mails alone */

	/* One statement for each of the words, which is its first parameter, with `value` behind it
	 * unless that is NULL. It returns a row of one column when it did something: a text that
	 * people should know, or "". */
	const char *sql;
	char *const *words;
	int n_words;
	const char *value;
	const char *missing; /* "%s is not among ...", of a word without a row */
};

/* Options of all three; the value goes to c->days and so on. */
enum { OWN_OPTION_DRY = 500, OWN_OPTION_DAYS, OWN_OPTION_APPLY };
#define OWN_OPTIONS                                                                                \
	{"dry-run", no_argument, NULL, OWN_OPTION_DRY},                                            \
		{"days", required_argument, NULL, OWN_OPTION_DAYS},                                \
	{                                                                                          \
		"apply-to", required_argument, NULL, OWN_OPTION_APPLY                              \
	}
#define OWN_USAGE                                                                                  \
	"  --dry-run      change nothing, show which stored mails would have another way\n"        \
	"  --days N       of the newest N days that are stored (1)\n"                              \
	"  --apply-to N   set mails of the newest N days right as well; without it the\n"          \
	"                 change is for mails that are written from now on\n"

void own_take_option(struct own_change *change, int option);

/* Makes the change; the exit status. */
int own_change_run(struct own_change *change);

/* The rows of a statement without parameters as a table, or as JSON with the titles as names. */
struct table_column;
int own_list(struct app *app, const char *sql, const struct table_column *columns, size_t n);

/* A list of names that are ours: list, add NAME..., remove NAME... */
struct own_names {
	const char *usage;
	const char *add_sql, *remove_sql, *list_sql; /* as own_change.sql and own_list take them */
	const struct table_column *columns;
	size_t n_columns;
	const char *missing; /* as in own_change */
	const char *word;    /* "NAME" */
	const char *none;    /* "name a domain" */
	bool (*is_one)(struct slice word);
	const char *wrong; /* "is no domain; write it as example.com" */
};

int own_names_run(struct app *app, const struct own_names *names, int argc, char **argv);

#endif
