#include "frontend/frontend.h"

#include <unistd.h>

#include "base/time.h"
#include "daemon/log.h"
#include "frontend/secret.h"
#include "store/cluster.h"
#include "store/migrate.h"
#include "store/pid_file.h"
#include "store/service_user.h"

static void
say(void *context, const char *text)
{
	(void)context;
	log_say(LOG_LEVEL_INFO, "%s", text);
}

/* Any number of frontends may start at once: one makes it. */
static bool
make_first_account(struct db *db, struct error *err)
{
	char password[SECRET_ONCE_BYTES], encoded[SECRET_ENCODED_BYTES];
	const char *values[] = {encoded};
	PGresult *rows;
	if (!db_query_text(db, "SELECT FROM account LIMIT 1", 0, NULL, &rows, err))
		return false;
	bool first = PQntuples(rows) == 0;
	PQclear(rows);
	if (!first)
		return true;
	secret_make_password(password);
	secret_encode_password(slice_of_str(password), encoded);
	if (!db_query_text(db,
		    "INSERT INTO account (name, role, password) SELECT 'admin', 'administrator', "
		    "$1 WHERE "
		    "NOT EXISTS (SELECT FROM account) ON CONFLICT DO NOTHING RETURNING id",
		    1, values, &rows, err))
		return false;
	if (PQntuples(rows))
		log_say(LOG_LEVEL_INFO,
			"first start: log in as \"admin\" with the one-time password %s", password);
	PQclear(rows);
	return true;
}

static bool
open_database(struct frontend *f, struct error *err)
{
	const struct cluster_notice notice = {.say = say};
	if (f->config->database)
		buf_add_str(&f->conninfo, f->config->database);
	else if ((f->pid_file = pid_file_take(f->config->data, PID_FILE_FRONTEND, err)) < 0 ||
		 !cluster_ensure(f->config->data, &notice, &f->conninfo, err))
		return false;
	struct db *db = db_open(buf_str(&f->conninfo), err);
	bool ok = db && migrate(db, migrate_embedded, migrate_embedded_n, err) &&
		  make_first_account(db, err);
	db_close(&db);
	return ok;
}

static bool
start_workers(struct frontend *f, struct error *err)
{
	const struct config *c = f->config;
	f->live = live_start(buf_str(&f->conninfo), err);
	f->workers = !f->live ? NULL
			      : workers_start(&(struct workers_options){.frontend = f,
						      .conninfo = buf_str(&f->conninfo),
						      .n = (unsigned)c->frontend_workers,
						      .limit_us = (int64_t)c->frontend_limit_s *
								  TIME_SECOND_US,
						      .done = server_answer,
						      .arg = f->server},
					err);
	return f->workers && (c->frontend_metrics_port == 0 ||
				     metrics_listen(f->metrics, (uint16_t)c->frontend_metrics_port,
					     f->workers, f->live, err));
}

bool
frontend_start(struct frontend *f, const struct config *config, struct error *err)
{
	*f = (struct frontend){.config = config, .pid_file = -1, .metrics = metrics_new()};
	f->files = files_read(config->frontend_web, err);
	if (!f->files)
		return false;
	f->server = server_new(&(struct server_options){config, f->files, f->metrics}, err);
	if (!f->server || (geteuid() == 0 && !service_user_drop(config->data, err)) ||
		!server_listen(f->server, err) || !open_database(f, err) || !start_workers(f, err))
		return false;
	server_set_workers(f->server, f->workers);
	return true;
}

void
frontend_stop(struct frontend *f)
{
	if (f->server)
		server_quiesce(f->server);
	live_stop(&f->live);
	workers_stop(&f->workers);
	server_stop(&f->server);
	metrics_free(&f->metrics);
	files_free(&f->files);
	buf_fini(&f->conninfo);
	if (f->pid_file >= 0)
		close(f->pid_file);
}
