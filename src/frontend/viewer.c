#include "frontend/viewer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"

#define SHARED (MAY_READ_OWN | MAY_READ_MESSAGES | MAY_READ_LOGS | MAY_EXPORT | MAY_HAVE_TOKENS)

static const struct {
	const char *role;
	unsigned permissions;
	int64_t most_rows;
} roles[] = {
	{"administrator",
		SHARED | MAY_READ_HOSTS | MAY_MANAGE_USERS | MAY_ADMINISTER | MAY_READ_AUDIT, 0},
	{"operator", SHARED | MAY_READ_HOSTS, 0},
	{"help_desk", SHARED, 10000},
	{"domain_administrator", SHARED | MAY_MANAGE_USERS, 10000},
	{"auditor", MAY_READ_AUDIT, 0},
	{"end_user", MAY_READ_OWN, 0},
};
enum { ROLES = sizeof(roles) / sizeof(roles[0]) };

static const char *const names[] = {"my:read", "messages:read", "logs:read", "export", "hosts:read",
	"users:manage", "admin", "tokens", "audit:read", "session", "public"};

const char *
permission_name(enum permission permission)
{
	size_t i = 0;
	while (1u << i != permission)
		i++;
	return names[i];
}

unsigned
permissions_of_names(struct slice list)
{
	struct slice name;
	unsigned permissions = 0;
	while (list.n && slice_split(&list, '\n', &name))
		for (unsigned i = 0; i < PERMISSIONS_NAMED; i++)
			if (slice_equal(name, slice_of_str(names[i])))
				permissions |= 1u << i;
	return permissions;
}

void
permissions_add_names(struct buf *b, unsigned permissions, char between)
{
	bool first = true;
	for (unsigned i = 0; i < PERMISSIONS_NAMED; i++) {
		if (!(permissions & 1u << i))
			continue;
		if (!first)
			buf_add_char(b, between);
		buf_add_str(b, names[i]);
		first = false;
	}
}

/* ---- scope ---- */

enum {
	ID,
	NAME,
	DISPLAY_NAME,
	ROLE,
	MUST_CHANGE,
	ADDRESSES,
	SCOPE,
	ALL_DOMAINS,
	DOMAINS,
	ANY_HOST,
	HOST_IDS
};

static const char *
keep(struct viewer *v, const PGresult *rows, int row, int column)
{
	if (PQgetisnull(rows, row, column))
		return NULL;
	return arena_copy(&v->arena,
		slice_of(PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column) + 1))
		.p;
}

static bool
is_true(const PGresult *rows, int row, int column)
{
	return *PQgetvalue(rows, row, column) == 't';
}

/* Items with LF between, in the arena. */
static const struct slice *
keep_list(struct viewer *v, const PGresult *rows, int row, int column, size_t *n)
{
	struct slice rest = slice_of_str(keep(v, rows, row, column)), item;
	size_t most = 1;
	for (size_t i = 0; i < rest.n; i++)
		most += rest.p[i] == '\n';
	struct slice *list = arena_new(&v->arena, most * sizeof(*list));
	*n = 0;
	while (rest.n && slice_split(&rest, '\n', &item))
		list[(*n)++] = item;
	return list;
}

/* A group. One whose servers are all unknown shows nothing. */
static void
add_group(struct viewer *v, const PGresult *rows, int row, struct query_scope *scope)
{
	*scope = (struct query_scope){.any_address = is_true(rows, row, ALL_DOMAINS)};
	scope->domains = keep_list(v, rows, row, DOMAINS, &scope->n_domains);
	if (!is_true(rows, row, ANY_HOST))
		scope->hosts = keep(v, rows, row, HOST_IDS);
}

/* The groups' union. Nobody's scope is empty by accident: no group, no rows. */
static void
set_scope(struct viewer *v, const PGresult *rows)
{
	static const struct query_scope nothing;
	int n = PQntuples(rows);
	if (strcmp(v->scope_json, "null") == 0)
		return;
	v->scope = strcmp(v->role, "end_user") == 0 ? &v->own : &nothing;
	if (PQgetisnull(rows, 0, ALL_DOMAINS))
		return;
	struct query_scope *groups = arena_zero(&v->arena, (size_t)n * sizeof(*groups));
	for (int i = 0; i < n; i++) {
		add_group(v, rows, i, &groups[i]);
		groups[i].also = i ? &groups[i - 1] : NULL;
	}
	v->scope = &groups[n - 1];
}

static void
take_account(struct viewer *v, const PGresult *rows)
{
	uint64_t id = 0;
	slice_to_u64(slice_of_str(PQgetvalue(rows, 0, ID)), &id);
	v->id = (int64_t)id;
	snprintf(v->id_text, sizeof(v->id_text), "%" PRId64, v->id);
	v->name = keep(v, rows, 0, NAME);
	v->display_name = keep(v, rows, 0, DISPLAY_NAME);
	v->role = keep(v, rows, 0, ROLE);
	v->scope_json = keep(v, rows, 0, SCOPE);
	v->must_change_password = is_true(rows, 0, MUST_CHANGE);
	v->own.addresses = keep_list(v, rows, 0, ADDRESSES, &v->own.n_addresses);
	v->permissions = MAY_ALWAYS | MAY_WITH_SESSION;
	for (int i = 0; i < ROLES; i++)
		if (strcmp(v->role, roles[i].role) == 0)
			v->permissions |= roles[i].permissions;
	set_scope(v, rows);
}

bool
viewer_load(struct viewer *v, struct db *db, int64_t account, struct error *err)
{
	char id[24];
	const char *values[] = {id};
	PGresult *rows;
	snprintf(id, sizeof(id), "%" PRId64, account);
	if (!db_query_text(db, "SELECT * FROM api_viewer($1::int8)", 1, values, &rows, err))
		return false;
	if (PQntuples(rows))
		take_account(v, rows);
	PQclear(rows);
	return true;
}

void
viewer_fini(struct viewer *v)
{
	arena_fini(&v->arena);
	*v = (struct viewer){0};
}

void
viewer_add_json(struct buf *b, const struct viewer *v)
{
	buf_add_char(b, '{');
	json_add_field_str(b, "id", v->id_text);
	json_add_field_str(b, "name", v->name);
	json_add_field_str(b, "display_name", v->display_name);
	json_add_field_str(b, "role", v->role);
	json_add_key(b, "permissions");
	buf_add_char(b, '[');
	for (unsigned i = 0; i < PERMISSIONS_NAMED; i++) {
		if (!(v->permissions & 1u << i))
			continue;
		json_add_comma(b);
		json_add_string(b, slice_of_str(names[i]));
	}
	buf_add_char(b, ']');
	json_add_key(b, "scope");
	buf_add_str(b, v->scope_json);
	json_add_field_bool(b, "must_change_password", v->must_change_password);
	buf_add_char(b, '}');
}

int64_t
viewer_most_rows(const struct viewer *v)
{
	for (int i = 0; i < ROLES; i++)
		if (strcmp(v->role, roles[i].role) == 0)
			return roles[i].most_rows;
	return 1;
}
