#include "elsectl/import.h"

#include "base/json.h"
#include "show/text.h"
#include "parse/parse.h"

enum { SHAPES_SHOWN = 5 };

bool
import_is_beyond_cut(const struct import *im, const struct mail *mail)
{
	if (!im->dropping)
		return false;
	for (const struct hop *hop = mail->hops; hop; hop = hop->next)
		for (uint32_t i = 0; i < hop->n_lines; i++)
			if (hop->lines[i].t_us <= im->files.cut_us[0])
				return false;
	return true;
}

static uint64_t
all_lines(const struct import *im)
{
	return im->lines[PARSE_OK] + im->lines[PARSE_IGNORED] + im->lines[PARSE_UNKNOWN];
}

static double
seconds_of(const struct import *im)
{
	double seconds = (double)(time_now_us() - im->begun_us) / 1e6;
	return seconds > 0.001 ? seconds : 0.001;
}

static void
collect_warnings(const struct import *im, struct buf *text)
{
	for (const struct import_round *round = im->files.rounds; round; round = round->next)
		for (size_t i = 0; i < round->n; i++)
			if (!round->sources[i].put_off && !round->sources[i].broken)
				input_add_warnings(round->sources[i].source, text);
	if (im->files.n_same)
		buf_addf(text, "%zu of the files were named twice: each is read once\n",
			im->files.n_same);
}

static void
say_warnings(const struct import *im, const struct buf *text)
{
	struct slice rest = buf_slice(text), line;
	while (rest.n && slice_split(&rest, '\n', &line))
		app_say(im->app, "%.*s", SLICE_ARG(line));
}

/* ---- for people ---- */

static void
print_lines(const struct import *im, struct buf *b)
{
	size_t skipped, files = import_files_count(&im->files, &skipped);
	buf_addf(b, "%zu file%s", files, files == 1 ? "" : "s");
	if (skipped)
		buf_addf(b, " (%zu read before, to the end)", skipped);
	buf_add_str(b, ", ");
	text_add_number(b, all_lines(im));
	buf_add_str(b, " new lines: ");
	text_add_number(b, im->lines[PARSE_OK]);
	buf_add_str(b, " ok, ");
	text_add_number(b, im->lines[PARSE_IGNORED]);
	buf_add_str(b, " ignored, ");
	text_add_number(b, im->lines[PARSE_UNKNOWN]);
	buf_add_str(b, " unknown\n");
}

static void
print_known(const struct import *im, struct buf *b)
{
	const struct writer_counts *counts = writer_counts(im->writer);
	buf_add_str(b, "Written    ");
	text_add_number(b, counts->mails);
	buf_add_str(b, " new mails and notices, ");
	text_add_number(b, counts->changed);
	buf_add_str(b, " completed, ");
	text_add_number(b, counts->rejects);
	buf_add_str(b, " refusals; already known: ");
	text_add_number(b, counts->known);
	buf_add_char(b, '\n');
}

static void
print_rate(const struct import *im, struct buf *b)
{
	double seconds = seconds_of(im);
	buf_add_str(b, "Time       ");
	time_add_duration(b, (int64_t)(seconds * 1000));
	buf_add_str(b, ", ");
	text_add_number(b, (uint64_t)((double)all_lines(im) / seconds));
	buf_add_str(b, " lines/s, ");
	text_add_number(b, (uint64_t)((double)im->tally.mails / seconds));
	buf_add_str(b, " mails/s");
	if (im->weeks_closed) {
		buf_addf(b, "; of it packing %u week%s: ", im->weeks_closed,
			im->weeks_closed == 1 ? "" : "s");
		time_add_duration(b, im->closing_us / 1000);
	}
	buf_add_char(b, '\n');
}

static void
print_shapes(const struct import *im, struct output *o)
{
	const struct shape *top[SHAPES_SHOWN];
	size_t n = shapes_top(&im->shapes, top, SHAPES_SHOWN);
	if (n)
		output_str(o, "\nLines of known programs in unknown forms (all of them: elsectl "
			      "parse --summary):\n");
	for (size_t i = 0; i < n; i++) {
		buf_addf(&o->text, "%8llu  ", (unsigned long long)top[i]->count);
		output_text_cut(o, top[i]->text, 10);
		output_str(o, "\n");
	}
}

static void
print_suggestions(const struct import *im, struct output *o)
{
	struct buf command = {0};
	output_str(o, "\nTry next:\n");
	for (int i = 0; i < SUGGEST_COMMANDS; i++) {
		buf_clear(&command);
		suggest_add(&im->suggestion, im->app, i, &command);
		output_str(o, "  ");
		output_text(o, buf_slice(&command));
		output_str(o, "\n");
	}
	buf_fini(&command);
}

static void
print_report(const struct import *im, struct output *o)
{
	print_lines(im, &o->text);
	if (all_lines(im) || im->tally.mails || im->tally.rejects)
		tally_print(&im->tally, o);
	print_known(im, &o->text);
	print_rate(im, &o->text);
	print_shapes(im, o);
	if (app_stopped)
		output_str(o, "\nStopped. Run the same command again: it goes on from there.\n");
	else if (im->suggest && im->suggestion.score)
		print_suggestions(im, o);
}

/* ---- for programs ---- */

static void
add_file_members(const struct import *im, struct buf *b, const struct buf *warnings)
{
	size_t skipped, files = import_files_count(&im->files, &skipped);
	struct slice rest = buf_slice(warnings), line;
	json_add_field_i64(b, "files", (int64_t)files);
	json_add_field_i64(b, "files_known", (int64_t)skipped);
	json_add_field_i64(b, "files_broken", (int64_t)im->broken);
	json_add_key(b, "warnings");
	buf_add_char(b, '[');
	while (rest.n && slice_split(&rest, '\n', &line)) {
		json_add_comma(b);
		json_add_string(b, line);
	}
	buf_add_char(b, ']');
	json_add_key(b, "lines");
	buf_add_char(b, '{');
	json_add_field_i64(b, "read", (int64_t)all_lines(im));
	json_add_field_i64(b, "ok", (int64_t)im->lines[PARSE_OK]);
	json_add_field_i64(b, "ignored", (int64_t)im->lines[PARSE_IGNORED]);
	json_add_field_i64(b, "unknown", (int64_t)im->lines[PARSE_UNKNOWN]);
	buf_add_char(b, '}');
}

static void
add_written(const struct import *im, struct buf *b)
{
	const struct writer_counts *counts = writer_counts(im->writer);
	json_add_key(b, "written");
	buf_add_char(b, '{');
	json_add_field_i64(b, "mails", (int64_t)counts->mails);
	json_add_field_i64(b, "changed", (int64_t)counts->changed);
	json_add_field_i64(b, "hops", (int64_t)counts->hops);
	json_add_field_i64(b, "deliveries", (int64_t)counts->deliveries);
	json_add_field_i64(b, "rejects", (int64_t)counts->rejects);
	buf_add_char(b, '}');
	json_add_field_i64(b, "known", (int64_t)counts->known);
}

static void
add_suggestions(const struct import *im, struct buf *b)
{
	struct buf command = {0};
	json_add_key(b, "suggest");
	buf_add_char(b, '[');
	for (int i = 0; i < SUGGEST_COMMANDS && im->suggestion.score; i++) {
		buf_clear(&command);
		suggest_add(&im->suggestion, im->app, i, &command);
		json_add_comma(b);
		json_add_string(b, buf_slice(&command));
	}
	buf_add_char(b, ']');
	buf_fini(&command);
}

static void
add_report(const struct import *im, struct buf *b, const struct buf *warnings)
{
	double seconds = seconds_of(im);
	buf_add_char(b, '{');
	add_file_members(im, b, warnings);
	tally_add_json(&im->tally, b);
	add_written(im, b);
	shapes_add_json(&im->shapes, b, SHAPES_SHOWN);
	json_add_field_bool(b, "interrupted", app_stopped != 0);
	json_add_key(b, "seconds");
	buf_addf(b, "%.3f", seconds);
	json_add_field_i64(b, "weeks_packed", im->weeks_closed);
	json_add_key(b, "packing_seconds");
	buf_addf(b, "%.3f", (double)im->closing_us / 1e6);
	json_add_field_i64(b, "lines_per_s", (int64_t)((double)all_lines(im) / seconds));
	if (im->suggest)
		add_suggestions(im, b);
	buf_add_str(b, "}\n");
}

void
import_report(struct import *im)
{
	struct output *o = &im->app->out;
	struct buf warnings = {0};
	collect_warnings(im, &warnings);
	say_warnings(im, &warnings);
	if (im->app->json)
		add_report(im, &o->text, &warnings);
	else if (!im->quiet)
		print_report(im, o);
	buf_fini(&warnings);
}
