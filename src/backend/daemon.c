#include "backend/daemon.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "backend/config_intake.h"
#include "backend/database.h"
#include "backend/feed.h"
#include "daemon/log.h"
#include "backend/metrics.h"
#include "base/memory.h"
#include "base/time.h"
#include "store/data_dir.h"
#include "store/pid_file.h"
#include "store/service_user.h"

#define UPKEEP_US TIME_HOUR_US
#define RECALL_US (5 * TIME_MINUTE_US) /* of records that a reconnecting sender may send again */

struct daemon {
	const struct config *config;
	int pid_file;
	struct spool *spool;
	struct intake *intake;
	struct hosts *hosts;
	struct feed *feed;
	struct metrics *metrics;
	pthread_t intake_thread, feed_thread, upkeep_thread;
	bool intake_runs, feed_runs, upkeep_runs;
	bool stated;	/* what the configuration says is ours is in the database */
	uint64_t turns; /* of the intake, at the last look */
	atomic_bool stop;
	pthread_mutex_t mutex; /* of what stands below */
	pthread_cond_t changed;
	struct buf conninfo; /* empty until the database is there */
};

/* ---- messages ---- */

static void
say_warning(void *context, const char *text)
{
	(void)context;
	log_say(LOG_LEVEL_WARNING, "%s", text);
}

static void
say_host(void *context, enum log_level level, const char *text)
{
	(void)context;
	log_say(level, "%s", text);
}

static void
say_intake(void *context, enum intake_level level, const char *text)
{
	static const enum log_level levels[] = {[INTAKE_INFO] = LOG_LEVEL_INFO,
		[INTAKE_WARNING] = LOG_LEVEL_WARNING,
		[INTAKE_ERROR] = LOG_LEVEL_ERROR};
	(void)context;
	log_say(levels[level], "%s", text);
}

/* ---- intake ---- */

static void *
run_intake(void *context)
{
	intake_run(context);
	return NULL;
}

static struct intake *
make_intake(struct daemon *d, const struct config *config, struct error *err)
{
	struct config_intake made;
	config_intake_init(&made, config);
	made.options.log = say_intake;
	made.options.context = d;
	struct intake *intake = intake_new(&made.options, d->spool, err);
	config_intake_fini(&made);
	return intake;
}

static bool
start_intake(struct daemon *d, struct error *err)
{
	d->intake_runs = pthread_create(&d->intake_thread, NULL, run_intake, d->intake) == 0;
	return d->intake_runs || error_set(err, "no thread can be made for the listeners");
}

static void
stop_intake(struct daemon *d)
{
	if (!d->intake_runs)
		return;
	intake_stop(d->intake);
	pthread_join(d->intake_thread, NULL);
	d->intake_runs = false;
}

/* What senders may send again after our restart, for it was not answered. */
static bool
recall(struct daemon *d, struct error *err)
{
	struct spool_record record;
	struct spool_reader *reader = spool_reader_look(d->spool, err);
	int64_t after_us = time_now_us() - RECALL_US;
	if (!reader)
		return false;
	for (enum spool_result r; (r = spool_reader_next(reader, &record)) != SPOOL_END;) {
		if (r == SPOOL_FAILED)
			break; /* the feeder will say so */
		if (r == SPOOL_RECORD && record.received_us > after_us)
			intake_remember(d->intake, record.sender, record.frame);
	}
	spool_reader_close(&reader);
	return true;
}

/* ---- database ---- */

static bool
find_database(void *context, struct buf *conninfo, struct error *err)
{
	struct daemon *d = context;
	if (!database_ensure(d->config, !d->stated, conninfo, err))
		return false;
	d->stated = true; /* once: what is removed meanwhile is gone */
	pthread_mutex_lock(&d->mutex);
	if (d->conninfo.n == 0)
		pthread_cond_broadcast(&d->changed);
	buf_clear(&d->conninfo);
	buf_add(&d->conninfo, buf_slice(conninfo));
	pthread_mutex_unlock(&d->mutex);
	return true;
}

static void *
run_feed(void *context)
{
	struct daemon *d = context;
	feed_run(d->feed, &d->stop);
	return NULL;
}

static void
keep_up(struct daemon *d, const char *conninfo)
{
	struct buf what = {0};
	struct error err;
	if (!database_upkeep(d->config, conninfo, time_now_us(), &what, &err))
		log_say(LOG_LEVEL_WARNING, "upkeep of the database: %s; next try in an hour",
			err.text);
	else if (what.n)
		log_say(LOG_LEVEL_INFO, "%s", buf_str(&what));
	buf_fini(&what);
}

/* Until something changes or `until_us`. */
static void
wait_for_change(struct daemon *d, int64_t until_us)
{
	const struct timespec until = {
		.tv_sec = until_us / TIME_SECOND_US, .tv_nsec = until_us % TIME_SECOND_US * 1000};
	pthread_cond_timedwait(&d->changed, &d->mutex, &until);
}

/* Once an hour, from when there is a database. */
static void *
run_upkeep(void *context)
{
	struct daemon *d = context;
	struct buf conninfo = {0};
	int64_t due_us = 0;
	pthread_mutex_lock(&d->mutex);
	while (!atomic_load(&d->stop)) {
		if (d->conninfo.n == 0 || time_now_us() < due_us) {
			wait_for_change(d, d->conninfo.n ? due_us : time_now_us() + UPKEEP_US);
			continue;
		}
		buf_clear(&conninfo);
		buf_add(&conninfo, buf_slice(&d->conninfo));
		pthread_mutex_unlock(&d->mutex);
		keep_up(d, buf_str(&conninfo));
		due_us = time_now_us() + UPKEEP_US;
		pthread_mutex_lock(&d->mutex);
	}
	pthread_mutex_unlock(&d->mutex);
	buf_fini(&conninfo);
	return NULL;
}

/* ---- start, reload, stop ---- */

static bool
claim(struct daemon *d, struct error *err)
{
	if (geteuid() != 0 && !data_dir_make(d->config->data, err))
		return false;
	d->pid_file = pid_file_take(d->config->data, PID_FILE_BACKEND, err);
	return d->pid_file >= 0;
}

static bool
open_spool(struct daemon *d, struct error *err)
{
	const struct spool_options options = {.folder = d->config->spool_folder,
		.segment_bytes = d->config->spool_segment_bytes,
		.cap_bytes = d->config->spool_cap_bytes};
	struct spool_report report;
	d->spool = spool_open(&options, &report, err);
	if (d->spool && report.cut.text[0])
		log_say(LOG_LEVEL_WARNING, "%s", report.cut.text);
	return d->spool != NULL;
}

static bool
start_threads(struct daemon *d, struct error *err)
{
	d->hosts = hosts_new(&(struct hosts_options){.since_us = time_now_us(), .say = say_host});
	d->feed = feed_new(&(struct feed_options){.name = d->config->spool_folder,
				   .database = find_database,
				   .say = say_warning,
				   .context = d,
				   .hosts = d->hosts},
		d->spool);
	d->feed_runs = pthread_create(&d->feed_thread, NULL, run_feed, d) == 0;
	d->upkeep_runs = pthread_create(&d->upkeep_thread, NULL, run_upkeep, d) == 0;
	if (!d->feed_runs || !d->upkeep_runs)
		return error_set(err, "no thread can be made for the database");
	return start_intake(d, err);
}

static bool
start_metrics(struct daemon *d, struct error *err)
{
	const struct metrics_sources sources = {
		d->intake, d->spool, feed_counters(d->feed), d->hosts};
	if (d->config->metrics_address)
		d->metrics = metrics_start(d->config->metrics_address,
			(uint16_t)d->config->metrics_port, &sources, err);
	return d->metrics || !d->config->metrics_address;
}

struct daemon *
daemon_start(const struct config *config, struct error *err)
{
	struct daemon *d = memory_zero(1, sizeof(*d));
	d->config = config;
	pthread_mutex_init(&d->mutex, NULL);
	pthread_cond_init(&d->changed, NULL);
	d->pid_file = -1;
	bool ok = service_user_drop(config->data, err) && claim(d, err) && open_spool(d, err) &&
		  (d->intake = make_intake(d, config, err)) && recall(d, err) &&
		  start_threads(d, err) && start_metrics(d, err);
	if (!ok)
		daemon_stop(&d);
	return d;
}

/* The old listeners must be closed before the new ones can be opened at the same ports. */
bool
daemon_reload(struct daemon *d, const struct config *config, struct error *err)
{
	struct error again;
	metrics_stop(&d->metrics);
	stop_intake(d);
	intake_free(&d->intake);
	d->intake = make_intake(d, config, err);
	bool ok = d->intake != NULL;
	if (ok)
		d->config = config;
	else
		d->intake = make_intake(d, d->config, &again);
	if (!d->intake)
		return error_set(err,
			"neither the new listeners nor the old ones can be opened: %s", again.text);
	bool runs = recall(d, &again) && start_intake(d, &again) && start_metrics(d, &again);
	if (!runs && ok)
		*err = again;
	return ok && runs;
}

bool
daemon_listens(const struct daemon *d)
{
	return d->intake_runs;
}

bool
daemon_is_alive(struct daemon *d)
{
	if (!d->intake_runs)
		return false;
	uint64_t turns = intake_turns(d->intake);
	bool alive = turns != d->turns;
	d->turns = turns;
	return alive;
}

void
daemon_stop(struct daemon **daemon)
{
	struct daemon *d = *daemon;
	if (!d)
		return;
	metrics_stop(&d->metrics);
	stop_intake(d);
	pthread_mutex_lock(&d->mutex);
	atomic_store(&d->stop, true);
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->mutex);
	if (d->feed_runs)
		pthread_join(d->feed_thread, NULL);
	if (d->upkeep_runs)
		pthread_join(d->upkeep_thread, NULL);
	feed_free(&d->feed);
	hosts_free(&d->hosts);
	intake_free(&d->intake);
	spool_close(&d->spool);
	if (d->pid_file >= 0)
		close(d->pid_file);
	buf_fini(&d->conninfo);
	pthread_cond_destroy(&d->changed);
	pthread_mutex_destroy(&d->mutex);
	free(d);
	*daemon = NULL;
}
