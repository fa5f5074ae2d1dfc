#include "spool_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[256];
static char folder[288];

static int
make_scratch(const char *base)
{
	snprintf(scratch, sizeof(scratch), "%s/else-spool-XXXXXX", base);
	if (!mkdtemp(scratch))
		return -1;
	snprintf(folder, sizeof(folder), "%s/spool", scratch);
	return 0;
}

int
spool_setup(void **state)
{
	(void)state;
	const char *base = getenv("TMPDIR");
	return make_scratch(base ? base : "/tmp");
}

int
spool_setup_in_memory(void **state)
{
	return access("/dev/shm", W_OK) == 0 ? make_scratch("/dev/shm") : spool_setup(state);
}

int
spool_teardown(void **state)
{
	(void)state;
	spool_empty_folder();
	rmdir(folder);
	return rmdir(scratch);
}

const char *
spool_folder(void)
{
	return folder;
}

const char *
spool_path(const char *name)
{
	static char path[600];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

const char *
spool_segment_path(uint64_t first)
{
	char name[SEGMENT_NAME_BYTES];
	segment_name(name, first);
	return spool_path(name);
}

void
spool_read_file(const char *path, struct buf *content)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	buf_clear(content);
	char *to = buf_room(content, (size_t)st.st_size);
	assert_true(segment_read_at(fd, to, (size_t)st.st_size, 0));
	content->n = (size_t)st.st_size;
	close(fd);
}

void
spool_write_file(const char *path, struct slice content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_true(segment_write_at(fd, content, 0));
	close(fd);
}

size_t
spool_count_files(const char *part, struct buf *name)
{
	size_t n = 0;
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.' || !strstr(entry->d_name, part))
			continue;
		n++;
		if (name) {
			buf_clear(name);
			buf_add_str(name, entry->d_name);
		}
	}
	closedir(dir);
	return n;
}

void
spool_empty_folder(void)
{
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

struct spool *
spool_start(uint64_t segment_bytes, uint64_t cap_bytes, struct spool_report *report)
{
	struct spool_report own;
	struct error err = {{0}};
	const struct spool_options options = {
		.folder = folder, .segment_bytes = segment_bytes, .cap_bytes = cap_bytes};
	struct spool *s = spool_open(&options, report ? report : &own, &err);
	if (!s)
		fail_msg("%s", err.text);
	return s;
}

void
spool_refuse(const char *part)
{
	struct spool_report report;
	struct error err = {{0}};
	struct spool *s = spool_open(&(struct spool_options){.folder = folder}, &report, &err);
	assert_null(s);
	if (!strstr(err.text, part))
		fail_msg("\"%s\" does not say \"%s\"", err.text, part);
}

/* Mostly short frames, some of some kilobytes, one in 16 empty but for its number. */
static void
make_frame(struct buf *b, uint64_t number)
{
	uint64_t random = number * 0x9e3779b97f4a7c15 + 1;
	buf_clear(b);
	buf_add_u64(b, number);
	buf_add_char(b, ' ');
	size_t fill = number % 16 == 7 ? 0 : number % 64 == 13 ? 5000 : random_below(&random, 40);
	for (size_t i = 0; i < fill; i++)
		buf_add_char(b, (char)random_next(&random));
}

static void
make_sender(struct buf *b, uint64_t number)
{
	buf_clear(b);
	buf_addf(b, "mx%llu.example.org", (unsigned long long)(number % 3));
}

static int64_t
make_time(uint64_t number)
{
	return (int64_t)(1795324899000000 + number);
}

void
spool_add_number(struct spool *s, uint64_t number)
{
	struct buf sender = {0}, frame = {0};
	make_sender(&sender, number);
	make_frame(&frame, number);
	spool_add(s, make_time(number), buf_slice(&sender), buf_slice(&frame));
	buf_fini(&sender);
	buf_fini(&frame);
}

size_t
spool_number_bytes(uint64_t number)
{
	struct buf sender = {0}, frame = {0};
	make_sender(&sender, number);
	make_frame(&frame, number);
	size_t n = record_size(buf_slice(&sender), buf_slice(&frame));
	buf_fini(&sender);
	buf_fini(&frame);
	return n;
}

void
spool_put(struct spool *s, uint64_t first, uint64_t last, uint64_t batch)
{
	struct error err = {{0}};
	for (uint64_t number = first; number <= last; number++) {
		spool_add_number(s, number);
		if ((number - first + 1) % batch != 0 && number != last)
			continue;
		if (!spool_sync(s, &err))
			fail_msg("%s", err.text);
	}
}

uint64_t
spool_number(const struct spool_record *record)
{
	struct buf sender = {0}, frame = {0};
	uint64_t number = 0;
	ptrdiff_t blank = slice_find_char(record->frame, ' ');
	assert_true(blank > 0);
	assert_true(slice_to_u64(slice_head(record->frame, (size_t)blank), &number));
	make_sender(&sender, number);
	make_frame(&frame, number);
	assert_true(slice_equal(record->sender, buf_slice(&sender)));
	assert_true(slice_equal(record->frame, buf_slice(&frame)));
	assert_int_equal(record->received_us, make_time(number));
	buf_fini(&sender);
	buf_fini(&frame);
	return number;
}

static void
note(struct spool_seen *seen, const struct spool_record *record)
{
	uint64_t number = spool_number(record);
	if (seen->records == 0) {
		seen->first = number;
		seen->first_position = record->position;
	} else {
		assert_true(number > seen->last);
		assert_true(record->position >= seen->next);
		seen->gaps += number != seen->last + 1;
	}
	assert_int_equal(record->next - record->position, spool_number_bytes(number));
	seen->records++;
	seen->last = number;
	seen->next = record->next;
}

struct spool_seen
spool_see(struct spool *s, uint64_t position)
{
	struct error err = {{0}};
	struct spool_seen seen = {.next = position};
	struct spool_reader *reader = spool_reader_open(s, position, &err);
	if (!reader)
		fail_msg("%s", err.text);
	struct spool_record record;
	enum spool_result result;
	while ((result = spool_reader_next(reader, &record)) != SPOOL_END) {
		if (result == SPOOL_FAILED)
			fail_msg("%s", spool_reader_error(reader));
		if (result == SPOOL_DAMAGED)
			seen.damaged++;
		else
			note(&seen, &record);
	}
	spool_reader_close(&reader);
	return seen;
}
