/* elsectl admin domain: domains of our own, besides those that are learned from deliveries. */
#include "elsectl/admin_own.h"

#include "elsectl/table.h"

static const char usage[] =
	"usage: elsectl admin [--json] domain list\n"
	"       elsectl admin [--json] domain add|remove NAME... [options]\n"
	"\n"
	"Domains whose mail ends on our servers: it comes in, or is internal. Domains that are\n"
	"delivered into a mailbox here are learned, and are back after the next such delivery\n"
	"when they are removed.\n"
	"\n" OWN_USAGE;

static const char add_sql[] = "INSERT INTO own_domain (name, origin) VALUES (lower($1), 'admin') "
			      "ON CONFLICT (name) DO UPDATE "
			      "SET origin = 'admin' RETURNING ''";
static const char remove_sql[] =
	"DELETE FROM own_domain WHERE name = lower($1) RETURNING CASE origin WHEN 'else.conf' THEN "
	"'else.conf may state it too: then it is back when else-backend starts' WHEN 'learned' "
	"THEN "
	"'it was learned: the next delivery to a mailbox here brings it back' ELSE '' END";
static const char list_sql[] =
	"SELECT name AS domain, origin, to_char(learned AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS added "
	"FROM own_domain ORDER BY name";

/* As it may stand behind the @ of an address: a name of letters, digits, dots, - and _, or UTF-8.
 */
static bool
is_domain(struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = slice_lower_char(name.p[i]);
		if (!(c >= 'a' && c <= 'z') && !slice_is_digit(c) && c != '-' && c != '_' &&
			c != '.' && (unsigned char)c < 0x80)
			return false;
	}
	return name.n > 0 && name.n <= 253 && name.p[0] != '.' && name.p[name.n - 1] != '.';
}

int
admin_domain(struct app *app, int argc, char **argv)
{
	static const struct table_column columns[] = {
		{"domain", TABLE_SHRINKS, 20}, {"from", TABLE_LEFT, 0}, {"added", TABLE_LEFT, 0}};
	static const struct own_names names = {.usage = usage,
		.add_sql = add_sql,
		.remove_sql = remove_sql,
		.list_sql = list_sql,
		.columns = columns,
		.n_columns = 3,
		.missing = "is not among the domains of our own",
		.word = "NAME",
		.none = "name a domain",
		.is_one = is_domain,
		.wrong = "is no domain; write it as example.com"};
	return own_names_run(app, &names, argc, argv);
}
