/* elsectl explain: what a code or an answer of a mail server means. */
#include "elsectl/commands.h"

#include "base/json.h"
#include "codes/codes.h"
#include "show/text.h"

#include <stdio.h>

static const char usage[] =
	"usage: elsectl explain [--lang en|fr] [--json] CODE|TEXT...\n"
	"       elsectl explain [--lang en|fr] --json\n"
	"\n"
	"Says what an answer of a mail server means, who can act and what to do next. Give a\n"
	"status code (4.2.2, 550), a reason (mailbox_full), or paste the answer, a line of the\n"
	"log or of a bounce; - reads it from standard input. Needs no database.\n"
	"\n"
	"  --lang  en or fr; default: LC_ALL, LC_MESSAGES or LANG, else English\n"
	"  --json  without a code: the whole table\n";

enum { LABEL = 16, TEXT_MOST = 16 * 1024 };

struct explaining {
	struct app *app;
	enum codes_language language;
};

static enum codes_language
language_of_locale(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	enum codes_language language = CODES_LANGUAGE_EN;
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		const char *locale = app_environment(variables[i]);
		if (!locale)
			continue;
		codes_language_by_name(slice_of_str(locale), &language);
		break;
	}
	return language;
}

/* ---- for people ---- */

static void
print_fact(struct explaining *x, enum codes_word label, const char *text)
{
	struct output *o = &x->app->out;
	struct slice name = slice_of_str(codes_word(x->language, label));
	output_begin(o, STYLE_DIM);
	buf_add(&o->text, name);
	output_end(o, STYLE_DIM);
	for (size_t n = text_columns(name); n < LABEL; n++)
		output_str(o, " ");
	output_str(o, text);
	output_str(o, "\n");
}

static enum style
style_of(enum codes_severity severity)
{
	return severity == CODES_SEVERITY_INFO	    ? STYLE_GOOD
	       : severity == CODES_SEVERITY_WARNING ? STYLE_WAIT
						    : STYLE_BAD;
}

static void
print_code(struct explaining *x, const struct codes_question *q)
{
	struct buf code = {0};
	buf_add(&code, q->smtp);
	if (q->smtp.n && q->dsn.n)
		buf_add_char(&code, ' ');
	buf_add(&code, q->dsn);
	if (code.n)
		print_fact(x, CODES_WORD_LABEL_CODE, buf_str(&code));
	buf_fini(&code);
}

static void
print_explanation(
	struct explaining *x, const struct codes_question *q, const struct codes_explanation *e)
{
	struct output *o = &x->app->out;
	const struct codes_text *text = &e->text[x->language];
	output_wrapped(o, style_of(e->severity), slice_of_str(text->title));
	output_str(o, "\n");
	output_wrapped(o, STYLE_PLAIN, slice_of_str(text->what));
	output_wrapped(o, STYLE_PLAIN, slice_of_str(text->advice));
	output_str(o, "\n");
	print_fact(x, CODES_WORD_LABEL_WHO,
		codes_word(x->language, (enum codes_word)(CODES_WORD_WHO_NOBODY + e->who)));
	print_fact(x, CODES_WORD_LABEL_RETRY,
		codes_word(x->language, (enum codes_word)(CODES_WORD_RETRY_UNKNOWN + e->retry)));
	print_code(x, q);
	if (e->reason)
		print_fact(x, CODES_WORD_LABEL_REASON, reason_name(e->reason));
	if (e->provider)
		print_fact(x, CODES_WORD_LABEL_PROVIDER, e->provider);
	if (e->general) {
		output_str(o, "\n");
		output_wrapped(
			o, STYLE_DIM, slice_of_str(codes_word(x->language, CODES_WORD_GENERAL)));
	}
}

/* ---- for programs ---- */

static void
add_json(struct explaining *x, const struct codes_question *q, const struct codes_explanation *e)
{
	struct buf *b = &x->app->out.text;
	buf_add_char(b, '{');
	if (q->smtp.n)
		json_add_field(b, "smtp", q->smtp);
	else
		json_add_field_str(b, "smtp", NULL);
	if (q->dsn.n)
		json_add_field(b, "dsn", q->dsn);
	else
		json_add_field_str(b, "dsn", NULL);
	codes_explanation_add_json(b, e, x->language);
	buf_add_str(b, "}\n");
}

static int
add_table(struct explaining *x)
{
	codes_add_json(&x->app->out.text, x->language);
	output_str(&x->app->out, "\n");
	return APP_DONE;
}

/* ---- what is asked ---- */

static int
explain(struct explaining *x, struct slice text)
{
	struct codes_question question;
	struct codes_explanation explanation;
	codes_read(text, &question);
	if (!codes_explain(&question, &explanation)) {
		app_say(x->app, "%s", codes_word(x->language, CODES_WORD_ASKED_NOTHING));
		return APP_NOTHING;
	}
	if (x->app->json)
		add_json(x, &question, &explanation);
	else
		print_explanation(x, &question, &explanation);
	return APP_DONE;
}

static void
read_input(struct buf *text)
{
	size_t n;
	while (text->n < TEXT_MOST &&
		(n = fread(buf_room(text, TEXT_MOST), 1, TEXT_MOST - text->n, stdin)) > 0)
		text->n += n;
}

/* Words of one answer may come without quotes around them. */
static void
join_words(struct buf *text, int n, char **words)
{
	for (int i = 0; i < n; i++) {
		if (i)
			buf_add_char(text, ' ');
		buf_add_str(text, words[i]);
	}
}

/* Lines of a bounce are one text. */
static void
join_lines(struct buf *text)
{
	for (size_t i = 0; i < text->n; i++)
		if (text->p[i] == '\n' || text->p[i] == '\r' || text->p[i] == '\t')
			text->p[i] = ' ';
}

int
cmd_explain(struct app *app, int argc, char **argv)
{
	static const struct option options[] = {
		APP_OPTIONS, {"lang", required_argument, NULL, 'l'}, {0}};
	struct explaining x = {.app = app, .language = language_of_locale()};
	struct buf text = {0};
	while (app_option(app, argc, argv, options, usage) != -1)
		if (!codes_language_by_name(slice_of_str(optarg), &x.language))
			return app_usage_error(app, "--lang takes en or fr, not \"%s\"", optarg);
	if (optind == argc && app->json)
		return add_table(&x);
	if (optind == argc)
		return app_usage_error(app, "name a code, or paste an answer in quotes");
	if (argc - optind == 1 && strcmp(argv[optind], "-") == 0)
		read_input(&text);
	else
		join_words(&text, argc - optind, argv + optind);
	join_lines(&text);
	int status = explain(&x, buf_slice(&text));
	buf_fini(&text);
	return status;
}
