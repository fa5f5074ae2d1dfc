#include "backend/database.h"

#include <stdio.h>

#include "daemon/log.h"
#include "base/time.h"
#include "store/cluster.h"
#include "store/host.h"
#include "store/migrate.h"
#include "store/retention.h"
#include "store/weeks.h"

static void
say(void *context, const char *text)
{
	(void)context;
	log_say(LOG_LEVEL_INFO, "%s", text);
}

static bool
add_domain(struct db *db, struct slice name, struct error *err)
{
	const char *values[] = {name.p};
	return db_query_text(db,
		"INSERT INTO own_domain (name, origin) VALUES ($1, 'else.conf') ON CONFLICT DO "
		"NOTHING",
		1, values, NULL, err);
}

static bool
add_network(struct db *db, const struct ip *ip, struct error *err)
{
	struct buf text = {0};
	ip_add(&text, ip);
	const char *values[] = {buf_str(&text)};
	bool ok = db_query_text(db,
		"INSERT INTO own_network (net, origin) VALUES ($1::cidr, 'else.conf') ON CONFLICT "
		"DO NOTHING",
		1, values, NULL, err);
	buf_fini(&text);
	return ok;
}

static bool
add_own(struct db *db, const struct config *config, struct error *err)
{
	bool ok = true;
	for (size_t i = 0; ok && i < config->own_domains.n; i++)
		ok = add_domain(db, config->own_domains.items[i], err);
	for (size_t i = 0; ok && i < config->own_networks.n; i++)
		ok = add_network(db, &config->own_networks.items[i], err);
	return ok;
}

bool
database_ensure(const struct config *config, bool state, struct buf *conninfo, struct error *err)
{
	const struct cluster_notice notice = {.say = say};
	buf_clear(conninfo);
	if (config->database)
		buf_add_str(conninfo, config->database);
	else if (!cluster_ensure(config->data, &notice, conninfo, err))
		return false;
	struct db *db = db_open(buf_str(conninfo), err);
	bool ok = db && migrate(db, migrate_embedded, migrate_embedded_n, err) &&
		  (!state || add_own(db, config, err));
	db_close(&db);
	return ok;
}

/* ---- upkeep ---- */

static bool
make_next_week(struct db *db, int64_t now_us, struct error *err)
{
	struct buf text = {0};
	time_add_text(&text, now_us + 7 * TIME_DAY_US);
	const char *values[] = {buf_str(&text)};
	bool ok = db_query_text(db, "CALL else_week($1::timestamp::date)", 1, values, NULL, err);
	buf_fini(&text);
	return ok;
}

bool
database_upkeep(const struct config *config, const char *conninfo, int64_t now_us, struct buf *what,
	struct error *err)
{
	const struct retention retention = {.mail_days = (int)config->mails_days,
		.reject_days = (int)config->refusals_days,
		.now_us = now_us};
	unsigned dropped = 0, closed = 0;
	struct db *db = db_open(conninfo, err);
	bool ok = db && make_next_week(db, now_us, err) &&
		  retention_apply(db, &retention, &dropped, err) && host_upkeep(db, err);
	db_close(&db);
	ok = ok && weeks_close(conninfo, NULL, &closed, err);
	if (dropped)
		buf_addf(what, "%u partitions were older than the retention and are gone", dropped);
	if (closed)
		buf_addf(what, "%s%u weeks packed", what->n ? "; " : "", closed);
	return ok;
}
