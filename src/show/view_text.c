/* A mail for people: the verdict, then the journey server by server, then the recipients with every
 * try. */
#include "show/view.h"

#include "base/time.h"
#include "show/output.h"
#include "show/text.h"

#include <stdlib.h>

enum { SOME_HOPS = 20, SOME_RECIPIENTS = 10, SOME_TRIES = 6, LABEL = 11 };

struct printing {
	const struct view *v;
	struct output *o;
	const struct view_options *options;
	struct buf b; /* the piece at hand */
};

static size_t
limit(const struct printing *p, size_t n, size_t some)
{
	return p->options->all || n <= some + 1 ? n : some;
}

static void
say_more(struct printing *p, const char *indent, size_t left, const char *what)
{
	if (left == 0)
		return;
	buf_addf(&p->o->text, "%sand %zu more %s (--all shows them)\n", indent, left, what);
}

/* "    label     text", the text cut to the terminal. */
static void
print_labelled(struct printing *p, const char *label, struct slice text)
{
	output_str(p->o, "   ");
	output_begin(p->o, STYLE_DIM);
	buf_addf(&p->o->text, "%-*s", LABEL, label);
	output_end(p->o, STYLE_DIM);
	output_text_cut(p->o, text, 3 + LABEL);
	output_str(p->o, "\n");
}

static void
add_clock(struct buf *b, int64_t t_us)
{
	struct time_civil c = time_to_civil(t_us);
	buf_addf(b, "%02d:%02d:%02d.%03d", c.hour, c.minute, c.second, c.micro / 1000);
}

/* The day too, where it is not that of the mail. */
static void
add_when(struct printing *p, struct buf *b, int64_t t_us)
{
	if (t_us / TIME_DAY_US == p->v->first_us / TIME_DAY_US) {
		add_clock(b, t_us);
		return;
	}
	struct time_civil c = time_to_civil(t_us);
	buf_addf(b, "%04d-%02d-%02d ", c.year, c.month, c.day);
	add_clock(b, t_us);
}

/* ---- the head ---- */

/* "Why: Mailbox full. ..." */
static void
print_sentence(struct output *o, const char *label, const char *first, const char *second)
{
	struct buf b = {0};
	buf_addf(&b, "%s: %s", label, first);
	if (second)
		buf_addf(&b, ". %s", second);
	output_wrapped(o, STYLE_PLAIN, buf_slice(&b));
	buf_fini(&b);
}

/* In English, as all that is around it. */
void
view_print_why(struct output *o, const struct codes_explanation *explanation, enum codes_who who)
{
	enum codes_word word = (enum codes_word)(CODES_WORD_WHO_NOBODY + who);
	if (explanation) {
		const struct codes_text *text = &explanation->text[CODES_LANGUAGE_EN];
		print_sentence(o, explanation->general ? "Why, in general" : "Why", text->title,
			text->what);
		print_sentence(o, "What to do", text->advice, NULL);
	}
	buf_addf(&o->text, "Who can act: %s.\n", codes_word(CODES_LANGUAGE_EN, word));
}

static void
print_verdict(struct printing *p)
{
	const struct view_verdict *verdict = &p->v->verdict;
	enum status worst = STATUS_DELIVERED;
	struct codes_explanation explanation;
	for (int i = 0; i < STATUS_COUNT; i++)
		if (verdict->counts[i] && output_status_style((enum status)i) != STYLE_GOOD)
			worst = (enum status)i;
	output_wrapped(p->o, output_status_style(worst), buf_slice(&p->v->verdict.text));
	bool explained = verdict->worst && view_explain(verdict->worst, &explanation);
	view_print_why(p->o, explained ? &explanation : NULL, verdict->who);
	if (!p->v->complete)
		output_str(p->o, "The log is not complete: more may follow, or a server's log is "
				 "missing.\n");
	output_str(p->o, "\n");
}

static void
print_facts(struct printing *p)
{
	const struct view *v = p->v;
	const struct hop *sender = view_sender(v, 0);
	int64_t size = view_size_bytes(v);
	print_labelled(p, "message", v->j.msgid.n ? v->j.msgid : S("(no Message-ID)"));
	print_labelled(p, "from",
		!sender		 ? S("(not in the log)")
		: sender->from.n ? sender->from
				 : S("<>"));
	buf_clear(&p->b);
	time_add_text(&p->b, v->first_us);
	buf_add_str(&p->b, " UTC, ");
	buf_add_str(&p->b, way_name(v->arrivals[0].way));
	if (size >= 0) {
		buf_add_str(&p->b, ", ");
		text_add_bytes(&p->b, (uint64_t)size);
	}
	print_labelled(p, "arrived", buf_slice(&p->b));
	if (v->n_arrivals == 1)
		print_labelled(p, "id", slice_of_str(v->arrivals[0].id));
}

static void
print_arrivals(struct printing *p)
{
	const struct view *v = p->v;
	if (v->n_arrivals < 2)
		return;
	size_t some = limit(p, v->n_arrivals, SOME_RECIPIENTS);
	buf_addf(&p->o->text, "\nThis Message-ID came %zu times:\n", v->n_arrivals);
	for (size_t i = 0; i < some; i++) {
		const struct view_arrival *a = &v->arrivals[i];
		const struct hop *sender = view_sender(v, i);
		buf_clear(&p->b);
		time_add_text(&p->b, a->entry->jh->hop->arrived_us);
		buf_addf(&p->b, "  %s  ", a->id);
		buf_add(&p->b, a->entry->jh->hop->host);
		buf_add_str(&p->b, "  from ");
		buf_add(&p->b, sender ? sender->from : S("?"));
		output_str(p->o, "   ");
		output_text_cut(p->o, buf_slice(&p->b), 3);
		output_str(p->o, "\n");
	}
	say_more(p, "   ", v->n_arrivals - some, "arrivals");
}

/* ---- hops ---- */

static void
print_gap(struct printing *p, const struct view_hop *h)
{
	buf_clear(&p->b);
	if (h->has_gap && h->gap_ms >= 0) {
		time_add_duration(&p->b, h->gap_ms);
		buf_add_str(&p->b, " on the way");
	} else if (h->has_gap) {
		buf_add_str(&p->b, "came before it was sent: the clocks differ by ");
		time_add_duration(&p->b, -h->gap_ms);
	}
	if (h->before && h->jh->join == JOIN_MESSAGE_ID)
		buf_add_str(&p->b, p->b.n ? "; joined by the Message-ID alone"
					  : "joined by the Message-ID alone");
	if (h->before && h->before->n != h->n - 1)
		buf_addf(&p->b, "%sfrom %u", p->b.n ? "; " : "", (unsigned)h->before->n);
	if (p->b.n == 0)
		return;
	output_str(p->o, "   ");
	output_styled(p->o, STYLE_DIM, buf_slice(&p->b));
	output_str(p->o, "\n");
}

static void
print_hop_title(struct printing *p, const struct view_hop *h)
{
	const struct hop *hop = h->jh->hop;
	struct output *o = p->o;
	buf_addf(&o->text, "%2u ", (unsigned)h->n);
	output_styled(o, STYLE_BOLD, hop->host);
	output_str(o, "  ");
	output_text(o, hop->qid);
	if (h->role)
		buf_addf(&o->text, "  (%s)", h->role);
	output_str(o, "  ");
	buf_clear(&p->b);
	add_when(p, &p->b, hop->arrived_us);
	buf_addf(&p->b, " %.*s ", SLICE_ARG(output_arrow(o)));
	if (h->left_us) {
		add_when(p, &p->b, h->left_us);
		buf_add_str(&p->b, "  ");
		time_add_duration(&p->b, (h->left_us - hop->arrived_us) / 1000);
	} else {
		buf_add_str(&p->b, "still there, as far as the log goes");
	}
	output_text(o, buf_slice(&p->b));
	output_str(o, h->jh->notice ? "  notice\n" : "\n");
}

static bool
is_loopback(const struct hop *hop)
{
	struct ip ip;
	return ip_parse(hop->client_ip, false, &ip) && ip_is_loopback(&ip);
}

static void
print_client(struct printing *p, const struct hop *hop)
{
	struct buf *b = &p->b;
	buf_clear(b);
	if (hop->flags & HOP_LOCAL)
		buf_addf(b, "a program on this server, uid %.*s", SLICE_ARG(hop->uid));
	else
		buf_add(b, hop->client_name);
	if (hop->client_ip.n)
		buf_addf(b, "[%.*s]", SLICE_ARG(hop->client_ip));
	if (hop->sasl_user.n)
		buf_addf(b, ", user %.*s", SLICE_ARG(hop->sasl_user));
	if (hop->helo.n)
		buf_addf(b, ", HELO %.*s", SLICE_ARG(hop->helo));
	if (hop->tls.n)
		buf_addf(b, ", %.*s", SLICE_ARG(slice_head(hop->tls, 60)));
	else if (hop->client_ip.n && (hop->flags & HOP_STARTED) && !is_loopback(hop))
		buf_add_str(b, ", no TLS");
	if (b->n)
		print_labelled(p, "client", buf_slice(b));
	if (hop->orig_client_ip.n) {
		buf_clear(b);
		buf_addf(b, "%.*s[%.*s]", SLICE_ARG(hop->orig_client_name),
			SLICE_ARG(hop->orig_client_ip));
		print_labelled(p, "for", buf_slice(b));
	}
}

static void
print_checks(struct printing *p, const struct hop *hop)
{
	for (const struct check *c = hop->checks; c; c = c->next) {
		struct buf *b = &p->b;
		buf_clear(b);
		buf_add(b, c->by);
		buf_add_str(b, ": ");
		buf_add(b, c->result);
		if (c->stopped)
			buf_add_str(b, ", stopped");
		if (c->score.n)
			buf_addf(b, ", score %.*s", SLICE_ARG(c->score));
		if (c->detail.n && !slice_equal(c->detail, c->result))
			buf_addf(b, " (%.*s)", SLICE_ARG(slice_head(c->detail, 200)));
		print_labelled(p, "check", buf_slice(b));
	}
}

/* Who it was handed to, each next server once. */
static void
print_next(struct printing *p, const struct view_hop *h)
{
	for (size_t i = 0; i < p->v->n_hops; i++) {
		const struct view_hop *next = &p->v->hops[i];
		if (next->before != h)
			continue;
		buf_clear(&p->b);
		buf_addf(&p->b, "%u %.*s  %.*s", (unsigned)next->n, SLICE_ARG(next->jh->hop->host),
			SLICE_ARG(next->jh->hop->qid));
		print_labelled(p, "next", buf_slice(&p->b));
	}
}

static void
print_hops(struct printing *p)
{
	const struct view *v = p->v;
	size_t some = limit(p, v->n_hops, SOME_HOPS);
	output_str(p->o, "\n");
	for (size_t i = 0; i < some; i++) {
		const struct view_hop *h = &v->hops[i];
		if (i > 0 && !h->before)
			output_str(p->o, "\n");
		print_gap(p, h);
		print_hop_title(p, h);
		print_client(p, h->jh->hop);
		print_checks(p, h->jh->hop);
		print_next(p, h);
		output_flush_some(p->o);
	}
	say_more(p, "   ", v->n_hops - some, "servers");
}

/* ---- recipients ---- */

/* The reply says the most: where it would be cut, it gets a line of its own. */
static void
print_try(struct printing *p, const struct view_delivery *d, uint32_t i)
{
	const struct attempt *a = &d->delivery->tries[i];
	struct slice reply = view_reply(a);
	struct buf *b = &p->b;
	size_t indent = 5;
	buf_clear(b);
	add_when(p, b, a->t_us);
	buf_addf(b, "  %-9s  ", view_try_status(d, i));
	view_add_relay(b, a);
	buf_addf(b, "  %.*s", SLICE_ARG(view_code(a)));
	bool fits =
		!p->o->width || indent + text_columns(buf_slice(b)) + 2 + reply.n <= p->o->width;
	if (fits) {
		buf_add_str(b, "  ");
		buf_add(b, reply);
	}
	output_str(p->o, "     ");
	output_text_cut(p->o, buf_slice(b), indent);
	output_str(p->o, "\n");
	if (fits || reply.n == 0)
		return;
	output_str(p->o, "       ");
	output_text_cut(p->o, reply, indent + 2);
	output_str(p->o, "\n");
}

/* The first tries are seldom of interest, the newest are. */
static void
print_tries(struct printing *p, const struct view_delivery *d)
{
	uint32_t n = d->delivery ? d->delivery->n_tries : 0;
	uint32_t shown = (uint32_t)limit(p, n, SOME_TRIES);
	if (shown < n) {
		print_try(p, d, 0);
		buf_addf(&p->o->text, "     %u tries between (--all shows them)\n",
			(unsigned)(n - shown));
		shown--;
	}
	for (uint32_t i = n - shown; i < n; i++)
		print_try(p, d, i);
}

static void
print_recipient(struct printing *p, const struct view_delivery *d)
{
	struct output *o = p->o;
	const char *status = d->final ? status_name(d->status) : "on its way";
	output_str(o, "   ");
	output_begin(o, d->final ? output_status_style(d->status) : STYLE_DIM);
	buf_addf(&o->text, "%-*s", LABEL, status);
	output_end(o, d->final ? output_status_style(d->status) : STYLE_DIM);
	buf_clear(&p->b);
	buf_add_char(&p->b, ' ');
	buf_add(&p->b, d->to.n ? d->to : S("(no recipient in the log)"));
	if (d->orig_to.n)
		buf_addf(&p->b, " (as %.*s)", SLICE_ARG(d->orig_to));
	buf_addf(&p->b, "  on %u", (unsigned)d->at->n);
	if (d->reason)
		buf_addf(&p->b, "  %s", reason_name(d->reason));
	if (d->delivery && d->delivery->folder.n)
		buf_addf(&p->b, "  folder %.*s", SLICE_ARG(d->delivery->folder));
	output_text_cut(o, buf_slice(&p->b), 3 + LABEL);
	output_str(o, "\n");
	print_tries(p, d);
	if (!d->delivery && d->last && d->last->reply.n)
		print_labelled(p, "", d->last->reply);
	output_flush_some(o);
}

/* Of interest: the last words, and what had to be tried again on the way. */
static bool
is_shown(const struct view_delivery *d)
{
	return d->final || (d->delivery && d->delivery->n_tries > 1);
}

static size_t
print_some(struct printing *p, bool good, size_t room)
{
	size_t shown = 0;
	for (size_t i = 0; i < p->v->n_deliveries && shown < room; i++) {
		const struct view_delivery *d = &p->v->deliveries[i];
		if (!is_shown(d) || (output_status_style(d->status) == STYLE_GOOD) != good)
			continue;
		print_recipient(p, d);
		shown++;
	}
	return shown;
}

static void
print_recipients(struct printing *p)
{
	size_t n = 0;
	for (size_t i = 0; i < p->v->n_deliveries; i++)
		n += is_shown(&p->v->deliveries[i]);
	if (n == 0)
		return;
	buf_addf(&p->o->text, "\nRecipients, times in UTC:\n");
	size_t some = limit(p, n, SOME_RECIPIENTS);
	size_t shown = print_some(p, false, some);
	shown += print_some(p, true, some - shown);
	say_more(p, "   ", n - shown, "recipients");
}

static void
print_related(struct printing *p)
{
	const struct view *v = p->v;
	size_t some = limit(p, v->n_related, SOME_RECIPIENTS);
	if (some)
		output_str(p->o, "\nRelated:\n");
	for (size_t i = 0; i < some; i++) {
		const struct view_related *r = &v->related[i];
		const char *what = strcmp(r->rel, "ndr") == 0 ? "notice to the sender"
				   : strcmp(r->rel, "ndr_of") == 0
					   ? "the mail that this is the notice of"
					   : "the same Message-ID once more";
		buf_addf(&p->o->text, "   %s  %s  ", r->id, what);
		output_text(p->o, r->qid);
		output_str(p->o, "\n");
	}
	say_more(p, "   ", v->n_related - some, "");
}

static void
print_lines(struct printing *p)
{
	size_t n;
	const struct hop_line **lines = view_lines(p->v, &n);
	output_str(p->o, "\n");
	for (size_t i = 0; i < n; i++) {
		text_add_safe_line(&p->o->text, lines[i]->raw);
		buf_add_char(&p->o->text, '\n');
		output_flush_some(p->o);
	}
	free(lines);
}

void
view_print(const struct view *v, struct output *o, const struct view_options *options)
{
	struct printing p = {.v = v, .o = o, .options = options};
	print_verdict(&p);
	print_facts(&p);
	print_arrivals(&p);
	print_hops(&p);
	print_recipients(&p);
	print_related(&p);
	if (options->lines)
		print_lines(&p);
	buf_fini(&p.b);
}
