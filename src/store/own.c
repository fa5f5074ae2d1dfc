#include "store/own.h"

#include "base/ip.h"

static void
add_names(const PGresult *rows, int column, struct topology *topology,
	bool (*add)(struct topology *, struct slice, bool))
{
	for (int i = 0; i < PQntuples(rows); i++)
		if (!PQgetisnull(rows, i, column))
			add(topology, slice_of_str(PQgetvalue(rows, i, column)), false);
}

bool
own_load(struct db *db, struct topology *topology, struct error *err)
{
	PGresult *rows;
	if (!db_query_text(db, "SELECT name FROM own_domain", 0, NULL, &rows, err))
		return false;
	add_names(rows, 0, topology, topology_add_domain);
	PQclear(rows);
	if (!db_query_text(db, "SELECT name FROM host", 0, NULL, &rows, err))
		return false;
	add_names(rows, 0, topology, topology_add_host);
	PQclear(rows);
	if (!db_query_text(
		    db, "SELECT name FROM host WHERE role = 'submission'", 0, NULL, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++)
		topology_set_submission(topology, slice_of_str(PQgetvalue(rows, i, 0)));
	PQclear(rows);
	if (!db_query_text(db, "SELECT net::text FROM own_network", 0, NULL, &rows, err))
		return false;
	for (int i = 0; i < PQntuples(rows); i++) {
		struct ip ip;
		if (ip_parse(slice_of_str(PQgetvalue(rows, i, 0)), true, &ip))
			topology_add_network(topology, &ip);
	}
	PQclear(rows);
	return true;
}
