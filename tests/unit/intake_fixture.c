#include "intake_fixture.h"

#include "base/time.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENERS_MOST = 8 };

struct intake_options options;
struct intake *intake;
struct spool *spool;

static char scratch[256];
static struct intake_listener listeners[LISTENERS_MOST];
static struct spool_reader *reader;
static pthread_t thread;
static bool running;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t position;
static struct buf log_text, log_copy, records_text;

/* ---- the disk ---- */

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

static pthread_mutex_t disk_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t disk_changed = PTHREAD_COND_INITIALIZER;
static bool gate_closed, at_gate;
static int failing, syncs;

int
__wrap_fdatasync(int fd)
{
	pthread_mutex_lock(&disk_lock);
	at_gate = true;
	pthread_cond_broadcast(&disk_changed);
	while (gate_closed)
		pthread_cond_wait(&disk_changed, &disk_lock);
	at_gate = false;
	bool fails = failing > 0;
	failing -= fails;
	syncs++;
	pthread_mutex_unlock(&disk_lock);
	if (!fails)
		return __real_fdatasync(fd);
	errno = EIO;
	return -1;
}

static void
set_gate(bool closed)
{
	pthread_mutex_lock(&disk_lock);
	gate_closed = closed;
	pthread_cond_broadcast(&disk_changed);
	pthread_mutex_unlock(&disk_lock);
}

void
disk_close_gate(void)
{
	set_gate(true);
}

void
disk_open_gate(void)
{
	set_gate(false);
}

void
disk_wait_at_gate(void)
{
	pthread_mutex_lock(&disk_lock);
	while (!at_gate)
		pthread_cond_wait(&disk_changed, &disk_lock);
	pthread_mutex_unlock(&disk_lock);
}

void
disk_fail(int count)
{
	pthread_mutex_lock(&disk_lock);
	failing = count;
	pthread_mutex_unlock(&disk_lock);
}

int
disk_syncs(void)
{
	pthread_mutex_lock(&disk_lock);
	int n = syncs;
	pthread_mutex_unlock(&disk_lock);
	return n;
}

/* ---- set-up ---- */

const char *
scratch_path(const char *name)
{
	static char path[400];
	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	return path;
}

static void
on_log(void *context, enum intake_level level, const char *text)
{
	(void)context, (void)level;
	pthread_mutex_lock(&log_lock);
	buf_add_str(&log_text, text);
	buf_add_char(&log_text, '|');
	pthread_mutex_unlock(&log_lock);
}

const char *
read_log(void)
{
	pthread_mutex_lock(&log_lock);
	buf_clear(&log_copy);
	buf_add(&log_copy, buf_slice(&log_text));
	pthread_mutex_unlock(&log_lock);
	return buf_str(&log_copy);
}

static void
open_spool(uint64_t segment_bytes, uint64_t cap_bytes)
{
	struct error err;
	struct spool_report report;
	char folder[400];
	snprintf(folder, sizeof(folder), "%s", scratch_path("spool"));
	spool = spool_open(
		&(struct spool_options){folder, segment_bytes, cap_bytes}, &report, &err);
	assert_non_null(spool);
	reader = spool_reader_open(spool, 0, &err);
	assert_non_null(reader);
}

void
reopen_spool(uint64_t segment_bytes, uint64_t cap_bytes)
{
	spool_reader_close(&reader);
	spool_close(&spool);
	open_spool(segment_bytes, cap_bytes);
}

int
intake_setup(void **state)
{
	(void)state;
	const char *base = getenv("TMPDIR");
	snprintf(scratch, sizeof(scratch), "%s/else-intake-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(scratch))
		return -1;
	options = (struct intake_options){.listeners = listeners, .log = on_log};
	buf_clear(&log_text);
	failing = 0;
	open_spool(0, 0);
	return 0;
}

static void
remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char name[700];
	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (unlink(name) != 0)
			remove_folder(name);
	}
	if (folder)
		closedir(folder);
	rmdir(path);
}

int
intake_teardown(void **state)
{
	(void)state;
	disk_open_gate();
	if (intake)
		stop_intake();
	spool_reader_close(&reader);
	spool_close(&spool);
	buf_fini(&log_text);
	buf_fini(&log_copy);
	buf_fini(&records_text);
	remove_folder(scratch);
	return 0;
}

size_t
add_listener(struct intake_listener listener)
{
	assert_true(options.listener_count < LISTENERS_MOST);
	if (!listener.address)
		listener.address = "127.0.0.1";
	listeners[options.listener_count] = listener;
	return options.listener_count++;
}

static void *
run(void *context)
{
	intake_run(context);
	return NULL;
}

void
make_intake(void)
{
	struct error err = {0};
	intake = intake_new(&options, spool, &err);
	if (!intake)
		print_error("%s\n", err.text);
	assert_non_null(intake);
}

void
run_intake(void)
{
	running = pthread_create(&thread, NULL, run, intake) == 0;
	assert_true(running);
}

void
start_intake(void)
{
	make_intake();
	run_intake();
}

void
start_one(enum intake_kind kind)
{
	add_listener((struct intake_listener){.kind = kind});
	start_intake();
}

void
ask_to_stop(void)
{
	intake_stop(intake);
}

void
stop_intake(void)
{
	intake_stop(intake);
	if (running)
		pthread_join(thread, NULL);
	running = false;
	intake_free(&intake);
	assert_null(intake);
}

void
refuse_intake(const char *part)
{
	struct error err = {0};
	intake = intake_new(&options, spool, &err);
	assert_null(intake);
	if (!strstr(err.text, part))
		print_error("\"%s\" does not hold \"%s\"\n", err.text, part);
	assert_non_null(strstr(err.text, part));
}

/* ---- what came ---- */

struct intake_counters
counters_of(enum intake_kind kind)
{
	struct intake_counters counters[INTAKE_KINDS];
	intake_counters(intake, counters);
	return counters[kind];
}

void
wait_a_turn(void)
{
	poll(NULL, 0, 1);
}

static void
add_record(const struct spool_record *record)
{
	position = record->next;
	buf_add(&records_text, record->sender);
	buf_add_char(&records_text, ' ');
	buf_add(&records_text, record->frame);
	buf_add_char(&records_text, '|');
}

const char *
read_records(size_t count)
{
	struct spool_record record;
	buf_clear(&records_text);
	for (size_t n = 0; n < count; n++) {
		enum spool_result result = spool_reader_next(reader, &record);
		if (result == SPOOL_END) {
			assert_true(spool_reader_wait(reader, WAIT_MS));
			result = spool_reader_next(reader, &record);
		}
		assert_int_equal(result, SPOOL_RECORD);
		add_record(&record);
	}
	return buf_str(&records_text);
}

size_t
count_records(void)
{
	size_t n = 0;
	struct spool_record record;
	buf_clear(&records_text);
	for (; spool_reader_next(reader, &record) == SPOOL_RECORD; n++)
		position = record.next;
	return n;
}

uint64_t
records_position(void)
{
	return position;
}

/* ---- clients ---- */

int
connect_from(const char *address, size_t listener)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = {.sin_family = AF_INET}, from = {.sin_family = AF_INET};
	assert_true(fd >= 0);
	to.sin_port = htons(intake_port(intake, listener));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(inet_pton(AF_INET, address, &from.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	int at_once = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
	return fd;
}

int
connect_to(size_t listener)
{
	return connect_from("127.0.0.1", listener);
}

void
send_bytes(int fd, struct slice bytes)
{
	while (bytes.n > 0) {
		ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		assert_true(n > 0);
		bytes = slice_skip(bytes, (size_t)n);
	}
}

void
send_text(int fd, const char *text)
{
	send_bytes(fd, slice_of_str(text));
}

static bool
wait_readable(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, timeout_ms) == 1;
}

void
expect(int fd, const char *text)
{
	size_t n = strlen(text), done = 0;
	char got[8192];
	assert_true(n < sizeof(got));
	while (done < n) {
		ssize_t more = wait_readable(fd, WAIT_MS) ? recv(fd, got + done, n - done, 0) : 0;
		if (more <= 0)
			break;
		done += (size_t)more;
	}
	check_slice(slice_of(got, done), slice_of_str(text), __FILE__, __LINE__);
}

void
expect_end(int fd)
{
	char byte;
	assert_true(wait_readable(fd, WAIT_MS));
	assert_true(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
}

bool
has_bytes(int fd)
{
	return wait_readable(fd, 0);
}

int
open_relp(size_t listener)
{
	int fd = connect_to(listener);
	send_text(fd, RELP_OPEN_COMMAND);
	expect(fd, RELP_OPEN_ANSWER);
	return fd;
}

void
send_line(int fd, unsigned txnr, const char *line)
{
	struct buf frame = {0};
	buf_addf(&frame, "%u syslog %zu %s\n", txnr, strlen(line), line);
	send_bytes(fd, buf_slice(&frame));
	buf_fini(&frame);
}
