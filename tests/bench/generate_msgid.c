/* Message-ids in the shapes that the programs of the world give them. */
#include "generate.h"

static void
id_uuid(struct generate *g, struct slice domain, struct text *id)
{
	struct text h;
	random_text(g, HEX, 32, &h);
	TEXT(id, S("<"), slice_of(h.p, 8), S("-"), slice_of(h.p + 8, 4), S("-4"),
		slice_of(h.p + 13, 3), S("-a"), slice_of(h.p + 17, 3), S("-"),
		slice_of(h.p + 20, 12), S("@"), domain, S(">"));
}

static void
id_webmail(struct generate *g, struct slice domain, struct text *id)
{
	struct text a;
	random_text(g, BASE64, 44, &a);
	TEXT(id, S("<CA"), slice_of(a.p, 5), S("="), slice_of(a.p + 5, 28), S("+"),
		slice_of(a.p + 33, 11), S("@mail."), domain, S(">"));
}

static void
id_exchange(struct generate *g, struct slice domain, struct text *id)
{
	struct text a, b;
	random_text(g, UPPER, 4, &a);
	random_text(g, UPPER, 20, &b);
	(void)domain;
	TEXT(id, S("<AM0PR04MB"), text_slice(&a), text_slice(&b), S("@AM0PR04MB"), text_slice(&a),
		S(".eurprd04.prod.officemail.example>"));
}

static void
id_java(struct generate *g, struct slice domain, struct text *id)
{
	TEXT(id, S("<"), number(g, below(g, 2000000000)), S("."), number(g, below(g, 90000)),
		S("."), number(g, (uint64_t)g->now_us / 1000), S(".JavaMail.app@web"),
		number(g, below(g, 12)), S("."), domain, S(">"));
}

static void
id_exim(struct generate *g, struct slice domain, struct text *id)
{
	struct text a;
	random_text(g, S("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), 13, &a);
	TEXT(id, S("<E1t"), slice_of(a.p, 4), S("-0000"), slice_of(a.p + 4, 7), S("-"),
		slice_of(a.p + 11, 2), S("@mail."), domain, S(">"));
}

static void
id_postfix(struct generate *g, struct slice domain, struct text *id)
{
	struct text a;
	struct time_civil c = time_to_civil(g->now_us);
	char stamp[32];
	int n = snprintf(stamp, sizeof(stamp), "%04d%02d%02d%02d%02d%02d", c.year, c.month, c.day,
		c.hour, c.minute, c.second);
	random_text(g, UPPER, 11, &a);
	TEXT(id, S("<"), slice_of(stamp, (size_t)n), S("."), text_slice(&a), S("@mail."), domain,
		S(">"));
}

static void
id_bulk(struct generate *g, struct slice domain, struct text *id)
{
	struct text a;
	random_text(g, HEX, 44, &a);
	(void)domain;
	TEXT(id, S("<0102019"), slice_of(a.p, 9), S("-"), slice_of(a.p + 9, 8), S("-"),
		slice_of(a.p + 17, 4), S("-"), slice_of(a.p + 21, 4), S("-"), slice_of(a.p + 25, 4),
		S("-"), slice_of(a.p + 29, 12), S("-000000@eu-west-1.mailcloud.example>"));
}

static void
id_desktop(struct generate *g, struct slice domain, struct text *id)
{
	struct text a;
	random_text(g, UPPER, 16, &a);
	TEXT(id, S("<00"), slice_of(a.p, 4), S("01dc"), slice_of(a.p + 4, 4), S("$"),
		slice_of(a.p, 8), S("$"), slice_of(a.p + 8, 8), S("$@"), domain, S(">"));
}

/* Three of a thousand have none; the receiving Postfix adds none for strangers. */
void
message_id(struct generate *g, const struct address *from, struct text *id)
{
	static void (*const shapes[12])(struct generate *, struct slice, struct text *) = {id_uuid,
		id_uuid, id_webmail, id_exchange, id_java, id_exim, id_exim, id_postfix, id_postfix,
		id_postfix, id_bulk, id_desktop};
	struct text domain;
	if (permille(g, 3)) {
		id->n = 0;
		return;
	}
	domain_name(from->domain, &domain);
	if (from->domain < 2) /* the two largest providers have a shape of their own */
		(from->domain == 0 ? id_webmail : id_exchange)(g, text_slice(&domain), id);
	else
		shapes[below(g, 12)](g, text_slice(&domain), id);
}
