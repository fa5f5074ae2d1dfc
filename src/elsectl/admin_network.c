/* elsectl admin network: networks of our own. Whoever hands in mail from there is ours. */
#include "elsectl/admin_own.h"

#include "base/ip.h"
#include "elsectl/table.h"

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

static bool
is_network(struct slice word)
{
	struct ip ip;
	return ip_parse(word, true, &ip);
}

int
admin_network(struct app *app, int argc, char **argv)
{
	static const struct table_column columns[] = {
		{"network", TABLE_LEFT, 0}, {"from", TABLE_LEFT, 0}, {"added", TABLE_LEFT, 0}};
	static const struct own_names names = {.usage = usage,
		.add_sql = add_sql,
		.remove_sql = remove_sql,
		.list_sql = list_sql,
		.columns = columns,
		.n_columns = 3,
		.missing = "is not among the networks of our own",
		.word = "CIDR",
		.none = "name a network",
		.is_one = is_network,
		.wrong = "is no network; write it as 192.0.2.0/24"};
	return own_names_run(app, &names, argc, argv);
}
