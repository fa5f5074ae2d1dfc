-- Who may see what, and what the web interface keeps: accounts, groups, sessions, tokens, saved searches, the audit log.
-- Functions api_... answer one request each: an HTTP status, and the JSON of api/openapi.yaml. They trust the first
-- argument, the id of the account; whether its role may call them at all is the daemon's to decide.

CREATE TABLE account (
	id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL UNIQUE CHECK (name = lower(name) AND name <> ''),
	display_name text,
	role text NOT NULL CHECK (role IN ('administrator', 'operator', 'help_desk', 'domain_administrator', 'auditor', 'end_user')),
	addresses text[] NOT NULL DEFAULT '{}',
	password text,
	must_change bool NOT NULL DEFAULT true,
	disabled bool NOT NULL DEFAULT false,
	last_login timestamptz,
	version int8 NOT NULL DEFAULT 1
);
COMMENT ON TABLE account IS 'People who log in. password: argon2id, encoded; NULL = no login by password. addresses: of an end user, lower case.';

CREATE TABLE access_group (
	id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL UNIQUE CHECK (name <> ''),
	domains text[] NOT NULL DEFAULT '{}',
	hosts text[] NOT NULL DEFAULT '{}',
	version int8 NOT NULL DEFAULT 1
);
COMMENT ON TABLE access_group IS 'What its members may see: mails from or to the domains ("*": any) that came in at, ended on or were refused by one of the hosts (none: any).';

CREATE TABLE account_group (
	account int8 NOT NULL REFERENCES account ON DELETE CASCADE,
	access_group int8 NOT NULL REFERENCES access_group ON DELETE CASCADE,
	PRIMARY KEY (account, access_group)
);

CREATE TABLE web_session (
	hash bytea PRIMARY KEY,
	id text NOT NULL UNIQUE,
	account int8 NOT NULL REFERENCES account ON DELETE CASCADE,
	began timestamptz NOT NULL DEFAULT now(),
	last_used timestamptz NOT NULL DEFAULT now(),
	ip inet,
	agent text
);
COMMENT ON TABLE web_session IS 'hash: SHA-256 of the cookie. Ends 30 minutes after last_used, or 12 hours after it began.';

CREATE TABLE api_token (
	id text PRIMARY KEY,
	hash bytea NOT NULL,
	account int8 NOT NULL REFERENCES account ON DELETE CASCADE,
	name text NOT NULL,
	permissions text[] NOT NULL,
	networks inet[] NOT NULL DEFAULT '{}',
	made timestamptz NOT NULL DEFAULT now(),
	expires timestamptz NOT NULL,
	last_used timestamptz,
	last_ip inet
);

CREATE TABLE login_failure (t timestamptz NOT NULL DEFAULT now(), name text NOT NULL, ip inet);
CREATE INDEX login_failure_t ON login_failure (t);

CREATE TABLE saved_search (
	id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	account int8 NOT NULL REFERENCES account ON DELETE CASCADE,
	name text NOT NULL,
	q text NOT NULL,
	shared bool NOT NULL DEFAULT false
);

CREATE TABLE audit (
	id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	t timestamptz NOT NULL DEFAULT clock_timestamp(),
	actor text, role text, ip inet,
	action text NOT NULL, object text, result int2 NOT NULL, request text NOT NULL, detail jsonb,
	hash bytea NOT NULL
);
COMMENT ON TABLE audit IS 'Who read personal data, and who changed what. hash: SHA-256 of the row and the hash before it; see audit_broken.';
CREATE INDEX audit_t ON audit (t);

CREATE FUNCTION audit_hash(before bytea, a audit) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT sha256(coalesce($1, '') || convert_to(concat_ws(chr(31), extract(epoch FROM $2.t), $2.actor, $2.role, host($2.ip), $2.action, $2.object,
	$2.result, $2.request, $2.detail), 'UTF8')) $$;

CREATE FUNCTION audit_add() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(x'656c73652d617564'::bigint); -- one chain, one order
	NEW.t := clock_timestamp();
	NEW.hash := audit_hash((SELECT hash FROM audit ORDER BY id DESC LIMIT 1), NEW);
	RETURN NEW;
END $$;
CREATE TRIGGER audit_add BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_add();

CREATE FUNCTION audit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit EXECUTE FUNCTION audit_keep();

CREATE FUNCTION audit_broken() RETURNS SETOF int8 LANGUAGE sql STABLE AS
$$ SELECT a.id FROM (SELECT audit AS r, id, hash, lag(hash) OVER (ORDER BY id) AS before FROM audit) a WHERE a.hash <> audit_hash(a.before, a.r) $$;
COMMENT ON FUNCTION audit_broken() IS 'Rows of the audit log that are not what was written, or whose predecessor is gone.';

-- Helpers ------------------------------------------------------------------------------------------------------
CREATE TYPE api_answer AS (status int, body jsonb);

CREATE FUNCTION api_time(t timestamptz) RETURNS text LANGUAGE sql STABLE STRICT AS
$$ SELECT to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

CREATE FUNCTION api_done() RETURNS api_answer LANGUAGE sql IMMUTABLE AS $$ SELECT ROW(204, NULL)::api_answer $$;

CREATE FUNCTION api_not_found() RETURNS api_answer LANGUAGE sql IMMUTABLE AS
$$ SELECT ROW(404, '{"type": "/problems/not-found", "title": "There is no such thing."}')::api_answer $$;

CREATE FUNCTION api_changed() RETURNS api_answer LANGUAGE sql IMMUTABLE AS
$$ SELECT ROW(412, '{"type": "/problems/changed", "title": "Somebody changed it meanwhile; read it again."}')::api_answer $$;

CREATE FUNCTION api_conflict(title text) RETURNS api_answer LANGUAGE sql IMMUTABLE AS
$$ SELECT ROW(409, jsonb_build_object('type', '/problems/conflict', 'title', $1))::api_answer $$;

CREATE FUNCTION api_invalid(pointer text, detail text) RETURNS api_answer LANGUAGE sql IMMUTABLE AS
$$ SELECT ROW(422, jsonb_build_object('type', '/problems/invalid', 'title', 'A value is not right.',
	'errors', jsonb_build_array(jsonb_build_object('pointer', '#/' || $1, 'detail', $2))))::api_answer $$;

CREATE FUNCTION api_id(id text) RETURNS int8 LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN $1 ~ '^[0-9]{1,18}$' THEN $1::int8 END $$;

-- A member of the body as text[], lower case, each once; NULL when it is no list of texts.
CREATE FUNCTION api_texts(body jsonb, key text) RETURNS text[] LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN coalesce(jsonb_typeof($1 -> $2), 'null') = 'null' THEN '{}'
	WHEN jsonb_typeof($1 -> $2) = 'array' AND NOT EXISTS (SELECT FROM jsonb_array_elements($1 -> $2) x WHERE jsonb_typeof(x) <> 'string')
	THEN ARRAY(SELECT DISTINCT lower(x) FROM jsonb_array_elements_text($1 -> $2) x ORDER BY 1) END $$;

CREATE FUNCTION api_text_ok(body jsonb, key text, most int) RETURNS bool LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce(jsonb_typeof($1 -> $2) = 'string' AND length($1 ->> $2) BETWEEN 1 AND $3 AND $1 ->> $2 !~ '[\x01-\x1f\x7f]', false) $$;

CREATE FUNCTION api_domain_ok(name text) RETURNS bool LANGUAGE sql IMMUTABLE AS
$$ SELECT length($1) <= 253 AND $1 ~ '^[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*$' $$;

CREATE FUNCTION api_address_ok(name text) RETURNS bool LANGUAGE sql IMMUTABLE AS
$$ SELECT length($1) <= 320 AND $1 ~ '^[^\x01-\x20\x7f]+@[^@]+$' AND api_domain_ok(split_part($1, '@', -1)) $$;

-- The reader's rights -------------------------------------------------------------------------------------------
CREATE VIEW api_part AS
SELECT m.account, g.id, '*' = ANY (g.domains) AS all_domains, g.domains, g.hosts,
	ARRAY(SELECT h.id FROM host h WHERE lower(h.name) = ANY (g.hosts)) AS host_ids
FROM account_group m JOIN access_group g ON g.id = m.access_group;
COMMENT ON VIEW api_part IS 'What an account may see is the union of these.';

CREATE FUNCTION api_scope(a account) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT CASE
		WHEN $1.role IN ('administrator', 'operator') THEN NULL
		WHEN $1.role IN ('help_desk', 'domain_administrator') AND EXISTS (SELECT FROM api_part p WHERE p.account = $1.id AND p.all_domains AND p.hosts = '{}') THEN NULL
		WHEN $1.role IN ('help_desk', 'domain_administrator') THEN jsonb_build_object(
			'domains', to_jsonb(ARRAY(SELECT DISTINCT unnest(p.domains) FROM api_part p WHERE p.account = $1.id ORDER BY 1)),
			'hosts', to_jsonb(ARRAY(SELECT DISTINCT unnest(p.hosts) FROM api_part p WHERE p.account = $1.id ORDER BY 1)),
			'addresses', '[]'::jsonb)
		ELSE jsonb_build_object('domains', '[]'::jsonb, 'hosts', '[]'::jsonb,
			'addresses', CASE WHEN $1.role = 'end_user' THEN to_jsonb($1.addresses) ELSE '[]'::jsonb END) END $$;

-- One row for each group, at least one. Lists with LF between.
CREATE FUNCTION api_viewer(account int8) RETURNS TABLE (id int8, name text, display_name text, role text, must_change bool, addresses text, scope text,
	all_domains bool, domains text, any_host bool, host_ids text) LANGUAGE sql STABLE AS $$
	SELECT a.id, a.name, a.display_name, a.role, a.must_change, array_to_string(a.addresses, E'\n'), coalesce(api_scope(a), 'null')::text,
		p.all_domains, array_to_string(p.domains, E'\n'), p.hosts = '{}', p.host_ids::text
	FROM account a LEFT JOIN api_part p ON p.account = a.id AND a.role IN ('help_desk', 'domain_administrator')
	WHERE a.id = $1 AND NOT a.disabled $$;

CREATE FUNCTION api_of_session(h bytea) RETURNS TABLE (account int8, session text) LANGUAGE plpgsql AS $$
DECLARE
	s web_session;
BEGIN
	SELECT * INTO s FROM web_session w WHERE w.hash = h;
	IF s.hash IS NULL THEN
		RETURN;
	ELSIF s.last_used < now() - interval '30 minutes' OR s.began < now() - interval '12 hours' THEN
		DELETE FROM web_session w WHERE w.last_used < now() - interval '30 minutes' OR w.began < now() - interval '12 hours';
		RETURN;
	ELSIF s.last_used < now() - interval '1 minute' THEN
		UPDATE web_session w SET last_used = now() WHERE w.hash = h;
	END IF;
	RETURN QUERY SELECT s.account, s.id;
END $$;

CREATE FUNCTION api_of_token(token text, h bytea, addr inet) RETURNS TABLE (account int8, permissions text) LANGUAGE plpgsql AS $$
DECLARE
	k api_token;
BEGIN
	SELECT * INTO k FROM api_token x WHERE x.id = token AND x.hash = h AND x.expires > now();
	IF k.id IS NULL OR (k.networks <> '{}' AND NOT coalesce(addr <<= ANY (k.networks), false)) THEN
		RETURN;
	END IF;
	IF k.last_used IS NULL OR k.last_used < now() - interval '1 minute' OR k.last_ip IS DISTINCT FROM addr THEN
		UPDATE api_token x SET last_used = now(), last_ip = addr WHERE x.id = token;
	END IF;
	RETURN QUERY SELECT k.account, array_to_string(k.permissions, E'\n');
END $$;

-- Login -----------------------------------------------------------------------------------------------------------
-- Seconds to wait, 0 = go on. Counted by account and network, by network, and by account.
CREATE FUNCTION api_login_wait(who text, addr inet) RETURNS int LANGUAGE sql VOLATILE AS $$
	SELECT CASE WHEN count(*) FILTER (WHERE f.name = who AND f.net = mine) >= 5
			OR count(*) FILTER (WHERE f.net = mine) >= 30 OR count(*) FILTER (WHERE f.name = who) >= 50
		THEN greatest(ceil(extract(epoch FROM min(f.t) + interval '15 minutes' - now())), 1)::int ELSE 0 END
	FROM (SELECT network(set_masklen(addr, CASE family(addr) WHEN 4 THEN 32 ELSE 64 END)) AS mine) x
	LEFT JOIN LATERAL (SELECT t, name, network(set_masklen(ip, CASE family(ip) WHEN 4 THEN 32 ELSE 64 END)) AS net
		FROM login_failure WHERE t > now() - interval '15 minutes') f ON true $$;

CREATE FUNCTION api_login_failed(who text, addr inet) RETURNS void LANGUAGE sql AS $$
	DELETE FROM login_failure WHERE t < now() - interval '1 day';
	INSERT INTO login_failure (name, ip) VALUES (left(who, 200), addr) $$;

CREATE FUNCTION api_login(account int8, h bytea, session text, addr inet, agent text) RETURNS void LANGUAGE sql AS $$
	UPDATE account SET last_login = now() WHERE id = $1;
	DELETE FROM login_failure f USING account a WHERE a.id = $1 AND f.name = a.name;
	INSERT INTO web_session (hash, id, account, ip, agent) VALUES ($2, $3, $1, $4, left($5, 200)) $$;

CREATE FUNCTION api_session_json(s web_session, current text) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT jsonb_build_object('id', $1.id, 'current', $1.id = coalesce($2, ''), 'ip', host($1.ip), 'agent', $1.agent, 'began', api_time($1.began),
		'last_used', api_time($1.last_used), 'ends', api_time(least($1.last_used + interval '30 minutes', $1.began + interval '12 hours'))) $$;

CREATE FUNCTION api_session(account int8, session text) RETURNS api_answer LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT ROW(200, api_session_json(s, $2))::api_answer FROM web_session s WHERE s.account = $1 AND s.id = $2), api_not_found()) $$;

CREATE FUNCTION api_sessions(account int8, session text) RETURNS api_answer LANGUAGE sql STABLE AS $$
	SELECT ROW(200, jsonb_build_object('items', coalesce(jsonb_agg(api_session_json(s, $2) ORDER BY s.began DESC), '[]')))::api_answer
	FROM web_session s WHERE s.account = $1 $$;

CREATE FUNCTION api_session_end(account int8, which text) RETURNS api_answer LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM web_session s WHERE s.account = $1 AND s.id = which;
	RETURN CASE WHEN FOUND THEN api_done() ELSE api_not_found() END;
END $$;

CREATE FUNCTION api_password_set(who int8, encoded text, once bool, keep text) RETURNS void LANGUAGE sql AS $$
	UPDATE account SET password = encoded, must_change = once WHERE id = who;
	DELETE FROM web_session s WHERE s.account = who AND s.id IS DISTINCT FROM keep $$;

-- Accounts --------------------------------------------------------------------------------------------------------
CREATE FUNCTION api_user_json(a account) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT jsonb_build_object('id', $1.id::text, 'name', $1.name, 'display_name', $1.display_name, 'role', $1.role,
		'groups', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', g.id::text, 'name', g.name) ORDER BY g.name), '[]')
			FROM account_group m JOIN access_group g ON g.id = m.access_group WHERE m.account = $1.id),
		'addresses', to_jsonb($1.addresses), 'disabled', $1.disabled, 'must_change_password', $1.must_change,
		'last_login', api_time($1.last_login), 'etag', '"' || $1.version || '"') $$;

-- A domain administrator manages the end users all of whose addresses are in his domains.
CREATE FUNCTION api_manages(manager int8, role text, addresses text[]) RETURNS bool LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT CASE m.role WHEN 'administrator' THEN true WHEN 'domain_administrator' THEN
			$2 = 'end_user' AND $3 <> '{}' AND NOT EXISTS (SELECT FROM unnest($3) x WHERE NOT EXISTS (
				SELECT FROM api_part p WHERE p.account = $1 AND (p.all_domains OR split_part(x, '@', -1) = ANY (p.domains)) AND p.hosts = '{}'))
		ELSE false END FROM account m WHERE m.id = $1), false) $$;

CREATE FUNCTION api_users(manager int8) RETURNS api_answer LANGUAGE sql STABLE AS $$
	SELECT ROW(200, jsonb_build_object('items', coalesce(jsonb_agg(api_user_json(a) ORDER BY a.name), '[]')))::api_answer
	FROM account a WHERE api_manages($1, a.role, a.addresses) $$;

CREATE FUNCTION api_user(manager int8, which text) RETURNS api_answer LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT ROW(200, api_user_json(a))::api_answer FROM account a
		WHERE a.id = api_id($2) AND api_manages($1, a.role, a.addresses)), api_not_found()) $$;

CREATE FUNCTION api_user_check(manager int8, body jsonb) RETURNS api_answer LANGUAGE plpgsql STABLE AS $$
DECLARE
	own text[] := api_texts(body, 'addresses');
	groups text[] := api_texts(body, 'groups');
BEGIN
	IF NOT api_text_ok(body, 'name', 200) THEN
		RETURN api_invalid('name', 'A name of 1 to 200 characters.');
	ELSIF coalesce(body ->> 'role', '') NOT IN ('administrator', 'operator', 'help_desk', 'domain_administrator', 'auditor', 'end_user') THEN
		RETURN api_invalid('role', 'No such role.');
	ELSIF coalesce(jsonb_typeof(body -> 'display_name'), 'null') <> 'null' AND NOT api_text_ok(body, 'display_name', 200) THEN
		RETURN api_invalid('display_name', 'At most 200 characters.');
	ELSIF own IS NULL OR EXISTS (SELECT FROM unnest(own) x WHERE NOT api_address_ok(x)) THEN
		RETURN api_invalid('addresses', 'A list of addresses, name@example.org.');
	ELSIF coalesce(jsonb_typeof(body -> 'disabled'), 'boolean') <> 'boolean' THEN
		RETURN api_invalid('disabled', 'true or false.');
	ELSIF groups IS NULL OR EXISTS (SELECT FROM unnest(groups) x WHERE NOT EXISTS (SELECT FROM access_group g WHERE g.id = api_id(x))) THEN
		RETURN api_invalid('groups', 'A list of ids of groups.');
	ELSIF NOT api_manages(manager, body ->> 'role', own) THEN
		RETURN api_invalid('addresses', 'You may manage end users of your domains only.');
	ELSIF groups <> '{}' AND (SELECT a.role FROM account a WHERE a.id = manager) <> 'administrator' THEN
		RETURN api_invalid('groups', 'Only an administrator puts people into groups.');
	END IF;
	RETURN NULL;
END $$;

CREATE FUNCTION api_user_groups(who int8, groups text[]) RETURNS void LANGUAGE sql AS $$
	DELETE FROM account_group WHERE account = who;
	INSERT INTO account_group SELECT who, api_id(x) FROM unnest(groups) x $$;

CREATE FUNCTION api_user_add(manager int8, body jsonb, encoded text) RETURNS api_answer LANGUAGE plpgsql AS $$
DECLARE
	wrong api_answer := api_user_check(manager, body);
	a account;
BEGIN
	IF wrong.status IS NOT NULL THEN
		RETURN wrong;
	END IF;
	INSERT INTO account (name, display_name, role, addresses, disabled, password)
	VALUES (lower(body ->> 'name'), body ->> 'display_name', body ->> 'role', api_texts(body, 'addresses'), coalesce((body ->> 'disabled')::bool, false), encoded)
	ON CONFLICT DO NOTHING RETURNING * INTO a;
	IF a.id IS NULL THEN
		RETURN api_conflict('There is an account of that name.');
	END IF;
	PERFORM api_user_groups(a.id, api_texts(body, 'groups'));
	RETURN ROW(201, api_user_json(a));
END $$;

CREATE FUNCTION api_last_administrator(who int8) RETURNS bool LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM account WHERE id = $1 AND role = 'administrator' AND NOT disabled)
		AND NOT EXISTS (SELECT FROM account WHERE id <> $1 AND role = 'administrator' AND NOT disabled) $$;

CREATE FUNCTION api_user_change(manager int8, which text, etag text, body jsonb) RETURNS api_answer LANGUAGE plpgsql AS $$
DECLARE
	wrong api_answer := api_user_check(manager, body);
	a account;
	had text[];
BEGIN
	LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE; -- two administrators who demote each other
	SELECT * INTO a FROM account x WHERE x.id = api_id(which) AND api_manages(manager, x.role, x.addresses);
	IF a.id IS NULL THEN
		RETURN api_not_found();
	ELSIF etag <> '"' || a.version || '"' THEN
		RETURN api_changed();
	ELSIF wrong.status IS NOT NULL THEN
		RETURN wrong;
	ELSIF EXISTS (SELECT FROM account x WHERE x.name = lower(body ->> 'name') AND x.id <> a.id) THEN
		RETURN api_conflict('There is an account of that name.');
	ELSIF api_last_administrator(a.id) AND (body ->> 'role' <> 'administrator' OR coalesce((body ->> 'disabled')::bool, false)) THEN
		RETURN api_conflict('This is the last administrator.');
	END IF;
	had := ARRAY(SELECT m.access_group::text FROM account_group m WHERE m.account = a.id ORDER BY 1);
	IF a.role <> body ->> 'role' OR a.addresses <> api_texts(body, 'addresses') OR had <> api_texts(body, 'groups') OR coalesce((body ->> 'disabled')::bool, false) THEN
		DELETE FROM web_session s WHERE s.account = a.id;
	END IF;
	UPDATE account x SET name = lower(body ->> 'name'), display_name = body ->> 'display_name', role = body ->> 'role',
		addresses = api_texts(body, 'addresses'), disabled = coalesce((body ->> 'disabled')::bool, false), version = x.version + 1
	WHERE x.id = a.id RETURNING * INTO a;
	PERFORM api_user_groups(a.id, api_texts(body, 'groups'));
	RETURN ROW(200, api_user_json(a));
END $$;

CREATE FUNCTION api_user_delete(manager int8, which text, etag text) RETURNS api_answer LANGUAGE plpgsql AS $$
DECLARE
	a account;
BEGIN
	LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE;
	SELECT * INTO a FROM account x WHERE x.id = api_id(which) AND api_manages(manager, x.role, x.addresses);
	IF a.id IS NULL THEN
		RETURN api_not_found();
	ELSIF etag <> '"' || a.version || '"' THEN
		RETURN api_changed();
	ELSIF api_last_administrator(a.id) THEN
		RETURN api_conflict('This is the last administrator.');
	END IF;
	DELETE FROM account WHERE id = a.id;
	RETURN api_done();
END $$;

CREATE FUNCTION api_user_password(manager int8, which text, encoded text) RETURNS api_answer LANGUAGE plpgsql AS $$
DECLARE
	a account;
BEGIN
	SELECT * INTO a FROM account x WHERE x.id = api_id(which) AND api_manages(manager, x.role, x.addresses);
	IF a.id IS NULL THEN
		RETURN api_not_found();
	END IF;
	PERFORM api_password_set(a.id, encoded, true, NULL);
	SELECT * INTO a FROM account x WHERE x.id = a.id;
	RETURN ROW(200, api_user_json(a));
END $$;

-- Groups and domains -----------------------------------------------------------------------------------------------
CREATE FUNCTION api_group_json(g access_group) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT jsonb_build_object('id', $1.id::text, 'name', $1.name, 'domains', to_jsonb($1.domains), 'hosts', to_jsonb($1.hosts),
		'users', (SELECT count(*) FROM account_group m WHERE m.access_group = $1.id), 'etag', '"' || $1.version || '"') $$;

CREATE FUNCTION api_groups() RETURNS api_answer LANGUAGE sql STABLE AS $$
	SELECT ROW(200, jsonb_build_object('items', coalesce(jsonb_agg(api_group_json(g) ORDER BY g.name), '[]')))::api_answer FROM access_group g $$;

CREATE FUNCTION api_group(which text) RETURNS api_answer LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT ROW(200, api_group_json(g))::api_answer FROM access_group g WHERE g.id = api_id($1)), api_not_found()) $$;

CREATE FUNCTION api_group_check(body jsonb) RETURNS api_answer LANGUAGE plpgsql STABLE AS $$
DECLARE
	domains text[] := api_texts(body, 'domains');
	hosts text[] := api_texts(body, 'hosts');
BEGIN
	IF NOT api_text_ok(body, 'name', 100) THEN
		RETURN api_invalid('name', 'A name of 1 to 100 characters.');
	ELSIF domains IS NULL OR EXISTS (SELECT FROM unnest(domains) x WHERE x <> '*' AND NOT api_domain_ok(x)) THEN
		RETURN api_invalid('domains', 'A list of domains, example.org, or *.');
	ELSIF hosts IS NULL OR EXISTS (SELECT FROM unnest(hosts) x WHERE NOT api_domain_ok(x)) THEN
		RETURN api_invalid('hosts', 'A list of names of servers.');
	END IF;
	RETURN NULL;
END $$;

CREATE FUNCTION api_group_add(body jsonb) RETURNS api_answer LANGUAGE plpgsql AS $$
DECLARE
	wrong api_answer := api_group_check(body);
	g access_group;
BEGIN
	IF wrong.status IS NOT NULL THEN
		RETURN wrong;
	END IF;
	INSERT INTO access_group (name, domains, hosts) VALUES (body ->> 'name', api_texts(body, 'domains'), api_texts(body, 'hosts'))
	ON CONFLICT DO NOTHING RETURNING * INTO g;
	RETURN CASE WHEN g.id IS NULL THEN api_conflict('There is a group of that name.') ELSE ROW(201, api_group_json(g))::api_answer END;
END $$;

CREATE FUNCTION api_group_change(which text, etag text, body jsonb) RETURNS api_answer LANGUAGE plpgsql AS $$
DECLARE
	wrong api_answer := api_group_check(body);
	g access_group;
BEGIN
	SELECT * INTO g FROM access_group x WHERE x.id = api_id(which) FOR UPDATE;
	IF g.id IS NULL THEN
		RETURN api_not_found();
	ELSIF etag <> '"' || g.version || '"' THEN
		RETURN api_changed();
	ELSIF wrong.status IS NOT NULL THEN
		RETURN wrong;
	ELSIF EXISTS (SELECT FROM access_group x WHERE x.name = body ->> 'name' AND x.id <> g.id) THEN
		RETURN api_conflict('There is a group of that name.');
	END IF;
	UPDATE access_group x SET name = body ->> 'name', domains = api_texts(body, 'domains'), hosts = api_texts(body, 'hosts'), version = x.version + 1
	WHERE x.id = g.id RETURNING * INTO g;
	RETURN ROW(200, api_group_json(g));
END $$;

CREATE FUNCTION api_group_delete(which text, etag text) RETURNS api_answer LANGUAGE plpgsql AS $$
DECLARE
	g access_group;
BEGIN
	SELECT * INTO g FROM access_group x WHERE x.id = api_id(which) FOR UPDATE;
	IF g.id IS NULL THEN
		RETURN api_not_found();
	ELSIF etag <> '"' || g.version || '"' THEN
		RETURN api_changed();
	END IF;
	DELETE FROM access_group WHERE id = g.id;
	RETURN api_done();
END $$;

CREATE FUNCTION api_domains() RETURNS api_answer LANGUAGE sql STABLE AS $$
	SELECT ROW(200, jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('name', name, 'learned', api_time(learned)) ORDER BY name), '[]')))::api_answer
	FROM own_domain $$;

CREATE FUNCTION api_domain_add(body jsonb) RETURNS api_answer LANGUAGE plpgsql AS $$
DECLARE
	d own_domain;
BEGIN
	IF NOT api_text_ok(body, 'name', 253) OR NOT api_domain_ok(lower(body ->> 'name')) THEN
		RETURN api_invalid('name', 'A domain, example.org.');
	END IF;
	INSERT INTO own_domain (name, origin) VALUES (lower(body ->> 'name'), 'admin') ON CONFLICT DO NOTHING RETURNING * INTO d;
	RETURN CASE WHEN d.name IS NULL THEN api_conflict('The domain is there already.')
		ELSE ROW(201, jsonb_build_object('name', d.name, 'learned', api_time(d.learned)))::api_answer END;
END $$;

CREATE FUNCTION api_domain_delete(which text) RETURNS api_answer LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM own_domain WHERE name = lower(which);
	RETURN CASE WHEN FOUND THEN api_done() ELSE api_not_found() END;
END $$;

CREATE FUNCTION api_ms(i interval) RETURNS int8 LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT (extract(epoch FROM $1) * 1000)::int8 $$;

CREATE FUNCTION api_hosts() RETURNS api_answer LANGUAGE sql STABLE AS $$
	SELECT ROW(200, jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('name', h.name, 'role', h.role, 'role_set', h.role_set, 'note', h.note,
		'first_line', api_time(h.first_line), 'last_line', api_time(h.last_line), 'lag_ms', api_ms(h.lag), 'skew_ms', api_ms(h.skew),
		'lines_24h', h.lines_24h, 'unknown_24h', h.unknown_24h, 'missing', h.missing, 'silent_since', api_time(h.silent_since),
		'state', h.state) ORDER BY h.name), '[]')))::api_answer
	FROM v_host h $$;

-- Saved searches, tokens, audit --------------------------------------------------------------------------------------
CREATE FUNCTION api_saved_json(s saved_search, me int8) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT jsonb_build_object('id', $1.id::text, 'name', $1.name, 'q', $1.q, 'shared', $1.shared,
		'owner', (SELECT name FROM account WHERE id = $1.account), 'mine', $1.account = $2) $$;

CREATE FUNCTION api_saved(me int8) RETURNS api_answer LANGUAGE sql STABLE AS $$
	SELECT ROW(200, jsonb_build_object('items', coalesce(jsonb_agg(api_saved_json(s, $1) ORDER BY s.name, s.id), '[]')))::api_answer
	FROM saved_search s WHERE s.account = $1 OR s.shared AND EXISTS (
		SELECT FROM account_group a JOIN account_group b USING (access_group) WHERE a.account = $1 AND b.account = s.account) $$;

CREATE FUNCTION api_saved_check(body jsonb) RETURNS api_answer LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN NOT api_text_ok($1, 'name', 100) THEN api_invalid('name', 'A name of 1 to 100 characters.')
		WHEN coalesce(jsonb_typeof($1 -> 'q'), '') <> 'string' OR length($1 ->> 'q') > 16384 THEN api_invalid('q', 'A query.')
		WHEN coalesce(jsonb_typeof($1 -> 'shared'), 'boolean') <> 'boolean' THEN api_invalid('shared', 'true or false.') END $$;

CREATE FUNCTION api_saved_add(me int8, body jsonb) RETURNS api_answer LANGUAGE plpgsql AS $$
DECLARE
	wrong api_answer := api_saved_check(body);
	s saved_search;
BEGIN
	IF wrong.status IS NOT NULL THEN
		RETURN wrong;
	ELSIF (SELECT count(*) FROM saved_search x WHERE x.account = me) >= 500 THEN
		RETURN api_conflict('There are 500 saved searches already.');
	END IF;
	INSERT INTO saved_search (account, name, q, shared) VALUES (me, body ->> 'name', body ->> 'q', coalesce((body ->> 'shared')::bool, false)) RETURNING * INTO s;
	RETURN ROW(201, api_saved_json(s, me));
END $$;

CREATE FUNCTION api_saved_change(me int8, which text, body jsonb) RETURNS api_answer LANGUAGE plpgsql AS $$
DECLARE
	wrong api_answer := api_saved_check(body);
	s saved_search;
BEGIN
	IF NOT EXISTS (SELECT FROM saved_search x WHERE x.id = api_id(which) AND x.account = me) THEN
		RETURN api_not_found();
	ELSIF wrong.status IS NOT NULL THEN
		RETURN wrong;
	END IF;
	UPDATE saved_search x SET name = body ->> 'name', q = body ->> 'q', shared = coalesce((body ->> 'shared')::bool, false)
	WHERE x.id = api_id(which) AND x.account = me RETURNING * INTO s;
	RETURN ROW(200, api_saved_json(s, me));
END $$;

CREATE FUNCTION api_saved_delete(me int8, which text) RETURNS api_answer LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM saved_search x WHERE x.id = api_id(which) AND x.account = me;
	RETURN CASE WHEN FOUND THEN api_done() ELSE api_not_found() END;
END $$;

CREATE FUNCTION api_token_json(k api_token) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT jsonb_build_object('id', $1.id, 'name', $1.name, 'permissions', to_jsonb($1.permissions), 'networks', to_jsonb($1.networks::text[]),
		'made', api_time($1.made), 'expires', api_time($1.expires), 'last_used', api_time($1.last_used), 'last_ip', host($1.last_ip)) $$;

CREATE FUNCTION api_tokens(me int8) RETURNS api_answer LANGUAGE sql STABLE AS $$
	SELECT ROW(200, jsonb_build_object('items', coalesce(jsonb_agg(api_token_json(k) ORDER BY k.made DESC), '[]')))::api_answer FROM api_token k WHERE k.account = $1 $$;

-- may: permissions of the owner, with LF between.
CREATE FUNCTION api_token_add(me int8, body jsonb, token text, h bytea, may text) RETURNS api_answer LANGUAGE plpgsql AS $$
DECLARE
	wanted text[] := api_texts(body, 'permissions');
	nets text[] := api_texts(body, 'networks');
	k api_token;
BEGIN
	IF NOT api_text_ok(body, 'name', 100) THEN
		RETURN api_invalid('name', 'A name of 1 to 100 characters.');
	ELSIF coalesce(wanted, '{}') = '{}' OR NOT wanted <@ string_to_array(may, E'\n') THEN
		RETURN api_invalid('permissions', 'Some of your own permissions.');
	ELSIF coalesce(jsonb_typeof(body -> 'days'), '') <> 'number' OR (body ->> 'days')::numeric NOT BETWEEN 1 AND 366 THEN
		RETURN api_invalid('days', '1 to 366.');
	ELSIF nets IS NULL OR EXISTS (SELECT FROM unnest(nets) x WHERE x !~ '^[0-9a-f.:]+(/[0-9]{1,3})?$') THEN
		RETURN api_invalid('networks', 'A list of networks, 192.0.2.0/24.');
	END IF;
	BEGIN
		INSERT INTO api_token (id, hash, account, name, permissions, networks, expires)
		VALUES (token, h, me, body ->> 'name', wanted, nets::inet[], now() + (body ->> 'days')::numeric::int * interval '1 day') RETURNING * INTO k;
	EXCEPTION WHEN invalid_text_representation THEN
		RETURN api_invalid('networks', 'A list of networks, 192.0.2.0/24.');
	END;
	RETURN ROW(201, api_token_json(k));
END $$;

CREATE FUNCTION api_token_delete(me int8, which text) RETURNS api_answer LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM api_token k WHERE k.account = me AND k.id = which;
	RETURN CASE WHEN FOUND THEN api_done() ELSE api_not_found() END;
END $$;

CREATE FUNCTION api_audit(who text, what text, since timestamptz, until timestamptz, most int, below text) RETURNS api_answer LANGUAGE sql STABLE AS $$
	WITH page AS (
		SELECT a.* FROM audit a WHERE ($1 IS NULL OR a.actor = lower($1))
			AND ($2 IS NULL OR a.action = $2 OR right($2, 1) = '*' AND starts_with(a.action, left($2, -1)))
			AND ($3 IS NULL OR a.t >= $3) AND ($4 IS NULL OR a.t < $4) AND ($6 IS NULL OR a.id < api_id($6))
		ORDER BY a.id DESC LIMIT $5 + 1),
	shown AS (SELECT * FROM page ORDER BY id DESC LIMIT $5)
	SELECT ROW(200, jsonb_build_object(
		'items', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id::text, 't', api_time(t), 'actor', actor, 'role', role, 'ip', host(ip), 'action', action,
			'object', object, 'result', result, 'request', request, 'detail', detail) ORDER BY id DESC), '[]') FROM shown),
		'next', CASE WHEN (SELECT count(*) FROM page) > $5 THEN (SELECT min(id)::text FROM shown) END))::api_answer $$;
