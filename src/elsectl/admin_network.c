/* elsectl admin network: networks of our own. Whoever hands in mail from there is ours. */
#include "elsectl/admin_own.h"

#include "base/ip.h"
#include "elsectl/table.h"

#include <stdlib.h>

static const char usage[] =
	"usage: elsectl admin [--json] network list\n"
	"       elsectl admin [--json] network add|remove CIDR... [options]\n"
	"\n"
	"Networks of our own, such as 192.0.2.0/24: mail that comes from there goes out or is\n"
	"internal, and does not come in.\n"
	"\n" OWN_USAGE;

static const char add_sql[] =
	"INSERT INTO own_network (net) VALUES (network($1::inet)) ON CONFLICT "
	"(net) DO UPDATE SET net = excluded.net RETURNING ''";
static const char remove_sql[] =
	"DELETE FROM own_network WHERE net = network($1::inet) RETURNING CASE WHEN origin = "
	"'else.conf' THEN 'else.conf may state it too: then it is back when else-backend starts' "
	"ELSE '' END";
static const char list_sql[] =
	"SELECT net::text AS network, origin, to_char(added AT TIME ZONE 'UTC', "
	"'YYYY-MM-DD') AS added FROM own_network ORDER BY net";

static int
list(struct app *app)
{
	static const struct table_column columns[] = {
		{"network", TABLE_LEFT, 0}, {"from", TABLE_LEFT, 0}, {"added", TABLE_LEFT, 0}};
	return own_list(app, list_sql, columns, 3);
}

int
admin_network(struct app *app, int argc, char **argv)
{
	static const struct option options[] = {APP_OPTIONS, OWN_OPTIONS, {0}};
	struct own_change change = {
		.app = app, .days = 1, .missing = "is not among the networks of our own"};
	struct ip ip;
	int c;
	while ((c = app_option(app, argc, argv, options, usage)) != -1)
		own_take_option(&change, c);
	const char *action = optind < argc ? argv[optind] : "";
	change.words = argv + optind + 1;
	change.n_words = argc - optind - 1;
	if (strcmp(action, "list") == 0 && change.n_words == 0)
		return list(app);
	bool add = strcmp(action, "add") == 0;
	if (!add && strcmp(action, "remove") != 0)
		return app_usage_error(app, "say list, add CIDR or remove CIDR");
	for (int i = 0; i < change.n_words; i++)
		if (!ip_parse(slice_of_str(change.words[i]), true, &ip))
			return app_usage_error(app,
				"\"%s\" is no network; write it as 192.0.2.0/24", change.words[i]);
	if (change.n_words == 0)
		return app_usage_error(app, "name a network");
	change.sql = add ? add_sql : remove_sql;
	return own_change_run(&change);
}
