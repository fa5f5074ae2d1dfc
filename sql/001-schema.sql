-- The schema of ELSE. Plain PostgreSQL 15+; the views at the end, with their comments, are the public interface.
-- Physical tables are thrifty: see docs/adr/003-storage-layout.md for what was measured.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- 1. Index keys -------------------------------------------------------------------------------------------
-- Time-bucketed: all inserts of the moment go to one small, hot key range of every index, newest-first reading is
-- one backward range a bucket, and equal keys share one index entry.
CREATE FUNCTION else_minute(timestamptz) RETURNS int4 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT least(floor((extract(epoch FROM $1) - 1577836800) / 60), 2147483647)::int4 $$;
COMMENT ON FUNCTION else_minute(timestamptz) IS 'Minutes since 2020-01-01 00:00 UTC.';

CREATE FUNCTION else_key(h int4, m int4) RETURNS int8 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT (($2 >> 8)::int8 << 48) | (($1::int8 & 4294967295) << 16) | ($2 & 255)::int8 $$;
COMMENT ON FUNCTION else_key(int4, int4) IS
'Index key of a 32-bit hash in minute m: bucket of 256 minutes (16 bits), hash (32), minute in the bucket (8).';

CREATE FUNCTION else_id(h int8, m int4) RETURNS int8 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT (($2 >> 10)::int8 << 48) | ($1 & 281474976710655) $$;
COMMENT ON FUNCTION else_id(int8, int4) IS
'Index key of a 64-bit id in minute m: bucket of 1024 minutes (16 bits), low 48 bits of the id. Always verified against the column.';

CREATE FUNCTION else_address(addr text) RETURNS int4 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT (hashtext(split_part($1, '@', -1)) & -4096) | (hashtext($1) >> 20 & 4095) $$;
COMMENT ON FUNCTION else_address(text) IS
'Hash of an address: 20 bits of its domain, then 12 of the whole: one index answers addresses and, as a range, domains.';

CREATE FUNCTION else_net(ip inet) RETURNS int4 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT hashinet(network(set_masklen($1, 24 + 20 * (family($1) - 4)))) $$;
-- No CASE in it: a strict function with one is not inlined, and costs 10 us a row in the indexes.
COMMENT ON FUNCTION else_net(inet) IS 'Hash of the /24 (IPv4) or /64 (IPv6): one index answers addresses and networks.';

CREATE FUNCTION else_time(us int8) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT to_timestamp(nullif($1, (-9223372036854775808)::int8) / 1000000.0) $$;
COMMENT ON FUNCTION else_time(int8) IS 'Microseconds since 1970 as a time; the least number is none.';

CREATE FUNCTION else_us(t timestamptz) RETURNS int8 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT (extract(epoch FROM $1) * 1000000)::int8 $$;
COMMENT ON FUNCTION else_us(timestamptz) IS 'A time as microseconds since 1970.';

-- 2. Small tables (reference tables under Citus) -------------------------------------------------------------
CREATE TABLE host (
	id int2 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL UNIQUE,
	role text CHECK (role IN ('mx', 'submission', 'relay', 'filter', 'mailbox', 'exchange', 'other')),
	guessed_role text,
	note text,
	silent_after_s int4 CHECK (silent_after_s >= 0),
	first_seen timestamptz,
	last_seen timestamptz,
	settled bool NOT NULL DEFAULT false,
	forgotten timestamptz
);
COMMENT ON TABLE host IS 'Servers that sent logs. first_seen and last_seen are times of stored lines: what lies between may be stored already. settled: rows from before we knew that the host is ours were set right.';
COMMENT ON COLUMN host.role IS 'Set by the administrator; submission: who hands in mail there is ours.';
COMMENT ON COLUMN host.guessed_role IS 'By what the host did with the mails of a day (else_guess_roles).';
COMMENT ON COLUMN host.silent_after_s IS 'Set by the administrator: after so long without a line the host is silent; 0 = never; NULL = by its habit.';
COMMENT ON COLUMN host.forgotten IS 'When the administrator took it off the list; it is back when it logs again.';

CREATE TABLE own_domain (name text PRIMARY KEY, learned timestamptz NOT NULL DEFAULT now(), origin text NOT NULL DEFAULT 'learned');
COMMENT ON TABLE own_domain IS 'Domains whose mail ends on our servers. origin: learned from deliveries, else.conf, or admin (elsectl admin domain).';

CREATE TABLE own_network (net inet PRIMARY KEY, added timestamptz NOT NULL DEFAULT now(), origin text NOT NULL DEFAULT 'admin');
COMMENT ON TABLE own_network IS 'Networks whose clients are ours. origin: else.conf, or admin (elsectl admin network).';

-- What the daemons saw of hosts as their lines came; nothing of imports.
CREATE TABLE host_live (
	host int2 PRIMARY KEY REFERENCES host ON DELETE CASCADE,
	first_received timestamptz NOT NULL,
	last_received timestamptz NOT NULL,
	last_line timestamptz,
	lag_ms int8,
	skew_ms int8,
	quiet_ms int8 NOT NULL DEFAULT 0,
	silent_since timestamptz
) WITH (fillfactor = 50);
COMMENT ON TABLE host_live IS 'One row per host whose lines came over the network or from a followed file.';
COMMENT ON COLUMN host_live.last_line IS 'Newest stamp, by the clock of the host.';
COMMENT ON COLUMN host_live.lag_ms IS 'How late lines came in the last seconds with some, the skew taken off.';
COMMENT ON COLUMN host_live.skew_ms IS 'Received minus logged, of the lines that came at once: positive when the clock of the host is behind.';
COMMENT ON COLUMN host_live.quiet_ms IS 'Longest time without a line of late; halved in two days. Of a silence a fifth counts.';
COMMENT ON COLUMN host_live.silent_since IS 'last_received of a host that is silent for longer than its limit.';

CREATE TABLE host_hour (
	hour timestamptz NOT NULL,
	host int2 NOT NULL REFERENCES host ON DELETE CASCADE,
	lines int8 NOT NULL,
	ignored int8 NOT NULL,
	unknown int8 NOT NULL,
	PRIMARY KEY (hour, host)
) WITH (fillfactor = 50);
COMMENT ON TABLE host_hour IS 'Lines received live in an hour: all, those of no interest, those in a form we do not know.';

CREATE TABLE host_boot (
	host int2 NOT NULL REFERENCES host ON DELETE CASCADE,
	boot text NOT NULL,
	first int8 NOT NULL,
	last int8 NOT NULL,
	missing int8 NOT NULL,
	last_received timestamptz NOT NULL,
	PRIMARY KEY (host, boot)
) WITH (fillfactor = 50);
COMMENT ON TABLE host_boot IS 'Numbers of the stamps (src/wire/stamp.h) of a host since its rsyslogd began: first and last that came, how many between them did not.';

CREATE TABLE host_gap (
	host int2 NOT NULL,
	boot text NOT NULL,
	first int8 NOT NULL,
	last int8 NOT NULL,
	noticed timestamptz NOT NULL,
	PRIMARY KEY (host, boot, first),
	FOREIGN KEY (host, boot) REFERENCES host_boot ON DELETE CASCADE
);
COMMENT ON TABLE host_gap IS 'Numbers first to last never came, so far; at most 1,024 stretches of a boot, the longest.';

CREATE TABLE host_unknown (
	host int2 NOT NULL REFERENCES host ON DELETE CASCADE,
	shape text NOT NULL,
	n int8 NOT NULL,
	example text NOT NULL,
	last_received timestamptz NOT NULL,
	PRIMARY KEY (host, shape)
);
COMMENT ON TABLE host_unknown IS 'Forms of lines that were not understood, with an example: the newest 20 of a host.';

CREATE TABLE host_spool (spool int8 PRIMARY KEY, position int8 NOT NULL, updated timestamptz NOT NULL DEFAULT now());
COMMENT ON TABLE host_spool IS 'Up to which position of a spool lines are in the tables host_...; written in their transaction, so that a line counts once.';

CREATE TABLE source (
	id int8 PRIMARY KEY,
	path text NOT NULL,
	position int8 NOT NULL,
	lines int8 NOT NULL,
	head_bytes int8 NOT NULL,
	head_hash int8 NOT NULL,
	last_line timestamptz,
	updated timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE source IS 'One row per log file (id: hash of its beginning): up to which byte of the unpacked text its lines are stored. Written in the transaction of the rows.';

CREATE TABLE term (id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind int2 NOT NULL, txt text NOT NULL, UNIQUE (kind, txt));
COMMENT ON TABLE term IS 'Texts that repeat. kind 1: relay host; 2: reply of a delivery; 3: text of a refusal. In 2 and 3 the words that vary are cut out: %r recipient, %s sender, %h relay, %i client address, %n client name, %q queue id, %* another word.';

CREATE TABLE zdict (id int2 PRIMARY KEY, kind int2 NOT NULL, samples int NOT NULL, made timestamptz NOT NULL DEFAULT now(), dict bytea NOT NULL);
ALTER TABLE zdict ALTER dict SET STORAGE EXTERNAL;
COMMENT ON TABLE zdict IS 'zstd dictionaries of the lines columns (their first byte is the id, 0 = none). kind 1: made of the lines of mails; 2: of refusals. The newest of a kind is used; one made of few samples is followed by a better one. Never deleted while a row needs it.';

CREATE TABLE stat_hour (
	hour timestamptz NOT NULL, writer int2 NOT NULL, way int2 NOT NULL, host int2 NOT NULL, status int2 NOT NULL, reason int2 NOT NULL,
	kind int2 NOT NULL, mails int8 NOT NULL, n int8 NOT NULL, bytes int8 NOT NULL,
	PRIMARY KEY (hour, writer, way, host, status, reason, kind)
) WITH (fillfactor = 50);
COMMENT ON TABLE stat_hour IS 'Hourly counts. kind 0: deliveries of mails (n recipients, mails counted once), 1: refusals (n). One row set per writer, so that writers never wait for each other; readers sum.';

-- 3. Facts, in weekly partitions by t --------------------------------------------------------------------------
CREATE TABLE hop (
	t timestamptz NOT NULL,
	mail_id int8 NOT NULL,
	branch int4 NOT NULL,
	flags int4 NOT NULL,
	left_ms int4,
	m int4 NOT NULL,
	host int2 NOT NULL,
	qid text NOT NULL,
	lines bytea
) PARTITION BY RANGE (t);
ALTER TABLE hop ALTER lines SET STORAGE EXTERNAL;
COMMENT ON TABLE hop IS 'One row per queue id on a host: identity and evidence. All details are in the lines.';
COMMENT ON COLUMN hop.t IS 'Arrival at this server.';
COMMENT ON COLUMN hop.mail_id IS '64-bit hash of the Message-ID (of host, queue id and time where there is none), the same on every server; distribution column under Citus.';
COMMENT ON COLUMN hop.branch IS 'Which arrival of this Message-ID: hash of the entry hop.';
COMMENT ON COLUMN hop.flags IS 'Low 20 bits: state (see trace/hop.h); 1<<20 entry, 1<<21 notice (NDR), 1<<22 open: more lines may come, 1<<23 first hop of its arrival, 1<<24 loose: lines far from its t may belong to it.';
COMMENT ON COLUMN hop.left_ms IS 'From t until the server was done with it.';
COMMENT ON COLUMN hop.m IS 'Minute of t, for the index keys.';
COMMENT ON COLUMN hop.lines IS 'All raw lines of the arrival, byte for byte, on the row of its first hop: dictionary id, zstd frame (see src/store/evidence.h, mail_lines.h).';

CREATE TABLE delivery (
	t timestamptz NOT NULL,
	mail_id int8 NOT NULL,
	branch int4 NOT NULL,
	m int4 NOT NULL,
	took_ms int4,
	size int4,
	nrcpt int4 NOT NULL,
	relay int4,
	reply int4,
	code int4,
	smtp int2,
	flags int4 NOT NULL,
	tries int2 NOT NULL,
	host int2 NOT NULL,
	entry_host int2 NOT NULL,
	status int2 NOT NULL,
	way int2 NOT NULL,
	reason int2 NOT NULL,
	client_ip inet,
	score real,
	sender text,
	rcpt text NOT NULL,
	orig_rcpt text,
	qid text NOT NULL,
	msgid text,
	client_name text,
	helo text,
	sasl_user text,
	tls text,
	virus text,
	subject text
) PARTITION BY RANGE (t);
COMMENT ON TABLE delivery IS 'One row per arrival of a mail and final recipient: the last word on it, with everything one searches by.';
COMMENT ON COLUMN delivery.t IS 'Arrival of the mail at our first server.';
COMMENT ON COLUMN delivery.took_ms IS 'From t to the newest try.';
COMMENT ON COLUMN delivery.nrcpt IS 'Rows of this arrival of the mail.';
COMMENT ON COLUMN delivery.relay IS 'term: next server of the newest try.';
COMMENT ON COLUMN delivery.reply IS 'term: reply of the newest try.';
COMMENT ON COLUMN delivery.code IS 'Enhanced status code x.y.z as x*1000000 + y*1000 + z.';
COMMENT ON COLUMN delivery.smtp IS 'SMTP reply code.';
COMMENT ON COLUMN delivery.flags IS '1 first row of its mail, 2 counted in statistics, 4 notice (NDR), 8 probe, 16 forwarded, 32 expanded, 64 filtered, 128 incomplete, 256 has an NDR, 512 quarantined, 1024 the client is ours, 2048 the whole mail was refused, 4096 ends on our servers, 8192 this recipient was refused, 16384 delivered to a server that is not known as ours.';
COMMENT ON COLUMN delivery.host IS 'Server that has the last word; entry_host where the mail came in.';
COMMENT ON COLUMN delivery.sender IS 'Envelope sender in lower case; empty = null sender, NULL = unknown.';
COMMENT ON COLUMN delivery.rcpt IS 'Final recipient, lower case; orig_rcpt as the sender wrote it, when different.';
COMMENT ON COLUMN delivery.qid IS 'Queue id on the server that has the last word.';

CREATE TABLE reject (
	t timestamptz NOT NULL,
	m int4 NOT NULL,
	text int4,
	code int4,
	smtp int2,
	host int2 NOT NULL,
	status int2 NOT NULL,
	way int2 NOT NULL,
	reason int2 NOT NULL,
	client_ip inet,
	sender text,
	rcpt text,
	client_name text,
	helo text,
	sasl_user text,
	lines bytea NOT NULL
) PARTITION BY RANGE (t);
ALTER TABLE reject ALTER lines SET STORAGE EXTERNAL;
COMMENT ON COLUMN delivery.tls IS 'Protocol version of the client''s TLS; the cipher is in the lines.';
COMMENT ON COLUMN reject.lines IS 'The raw line; words that stand in other columns are cut out (see src/store/reject_lines.h).';
COMMENT ON TABLE reject IS 'A refusal that made no mail (NOQUEUE, postscreen, policy, failed login), or a client that left before it sent one.';

CREATE TABLE addr (t timestamptz NOT NULL, addr text NOT NULL) PARTITION BY RANGE (t);
COMMENT ON TABLE addr IS 'Distinct addresses of mails (not of refusals), about once per week and writer: for substring search.';

CREATE INDEX hop_mail ON hop (else_id(mail_id, m));
CREATE INDEX hop_qid ON hop (else_id(hashtext(qid)::int8, m));
CREATE INDEX hop_open ON hop (m) WHERE (flags & 4194304) <> 0;
CREATE INDEX hop_loose ON hop (m) WHERE (flags & 16777216) <> 0;

CREATE INDEX delivery_mail ON delivery (else_id(mail_id, m));
CREATE INDEX delivery_m ON delivery USING brin (m) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX delivery_sender ON delivery (else_key(else_address(sender), m));
CREATE INDEX delivery_rcpt ON delivery (else_key(else_address(rcpt), m));
CREATE INDEX delivery_orig ON delivery (else_key(else_address(orig_rcpt), m)) WHERE orig_rcpt IS NOT NULL;
CREATE INDEX delivery_net ON delivery (else_key(else_net(client_ip), m));
CREATE INDEX delivery_user ON delivery (else_key(hashtext(sasl_user), m)) WHERE sasl_user IS NOT NULL;
CREATE INDEX delivery_rare ON delivery (m) WHERE status NOT IN (4, 5);
CREATE INDEX delivery_slow ON delivery (m) WHERE took_ms >= 3600000; -- what may reach into a later time range

CREATE INDEX reject_m ON reject USING brin (m) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX reject_sender ON reject (else_key(else_address(sender), m));
CREATE INDEX reject_rcpt ON reject (else_key(else_address(rcpt), m));
CREATE INDEX reject_net ON reject (else_key(else_net(client_ip), m));

CREATE PROCEDURE else_week(d date) LANGUAGE plpgsql AS $$
DECLARE
	tab text;
	a timestamptz := date_trunc('week', d::timestamp) AT TIME ZONE 'UTC';
BEGIN
	FOREACH tab IN ARRAY ARRAY['hop', 'delivery', 'reject', 'addr'] LOOP
		EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L) '
			'WITH (autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 0.3, toast_tuple_target = 8160)',
			tab || '_' || to_char(a AT TIME ZONE 'UTC', 'YYYYMMDD'), tab, a, a + interval '7 days');
	END LOOP;
END $$;
COMMENT ON PROCEDURE else_week(date) IS 'Makes the partitions of the week of this day.';

CREATE TABLE week_closed (week date PRIMARY KEY, closed timestamptz NOT NULL DEFAULT now());
COMMENT ON TABLE week_closed IS 'Weeks (by their Monday) that were packed: indexes rebuilt, rows frozen, trigram index on addr made.';

CREATE TABLE hop_default PARTITION OF hop DEFAULT;
CREATE TABLE delivery_default PARTITION OF delivery DEFAULT;
CREATE TABLE reject_default PARTITION OF reject DEFAULT;
CREATE TABLE addr_default PARTITION OF addr DEFAULT;

-- 4. What is learned later -------------------------------------------------------------------------------
CREATE FUNCTION else_own(addr text, domains text[]) RETURNS bool LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT coalesce(split_part($1, '@', -1) = ANY ($2), false) $$;

CREATE FUNCTION else_settle_rows() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	ANALYZE settle;
	UPDATE delivery d SET way = s.new_way, flags = s.new_flags
	FROM settle s WHERE else_id(d.mail_id, d.m) = else_id(s.mail_id, s.m) AND d.t = s.t AND d.mail_id = s.mail_id
		AND d.branch = s.branch AND d.rcpt = s.rcpt AND d.orig_rcpt IS NOT DISTINCT FROM s.orig_rcpt;
	INSERT INTO stat_hour AS x (hour, writer, way, host, status, reason, kind, mails, n, bytes)
	SELECT date_trunc('hour', t), 0, w, host, status, reason, (flags & 10240 <> 0)::int,
		sum(CASE WHEN flags & 2049 = 1 THEN sign ELSE 0 END), sum(sign),
		sum(CASE WHEN flags & 2049 = 1 THEN sign * size ELSE 0 END)
	FROM (SELECT *, way AS w, -1 AS sign FROM settle UNION ALL SELECT *, new_way, 1 FROM settle) y
	WHERE way <> new_way AND flags & 2 <> 0
	GROUP BY 1, 3, 4, 5, 6, 7
	ON CONFLICT (hour, writer, way, host, status, reason, kind) DO UPDATE
	SET mails = x.mails + excluded.mails, n = x.n + excluded.n, bytes = x.bytes + excluded.bytes;
END $$;
COMMENT ON FUNCTION else_settle_rows() IS 'Rows of the temporary table settle get their new way and flags, and the statistics follow.';

CREATE FUNCTION else_settle(domains text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	first int4; -- buckets of the keys
	last int4;
BEGIN
	INSERT INTO own_domain (name) SELECT unnest(domains) ON CONFLICT DO NOTHING;
	UPDATE host SET settled = true WHERE NOT settled;
	IF cardinality(domains) = 0 THEN
		RETURN;
	END IF;
	SELECT else_minute(min(first_seen)) >> 8, else_minute(max(last_seen)) >> 8 INTO first, last FROM host;
	CREATE TEMP TABLE touched (mail_id int8, branch int4, t timestamptz, m int4) ON COMMIT DROP;
	IF cardinality(domains) * (last - first + 1)::int8 <= 20000 THEN
		INSERT INTO touched
		SELECT DISTINCT d.* FROM unnest(domains) x (name), generate_series(first, last) b,
		LATERAL (SELECT else_key(hashtext(x.name) & -4096, b * 256) AS low, else_key(hashtext(x.name) | 4095, b * 256 + 255) AS high,
			to_timestamp(1577836800 + b * 15360::float8) AS from_t, to_timestamp(1577836800 + (b + 1) * 15360::float8) AS to_t) k,
		LATERAL (
			SELECT mail_id, branch, t, m FROM delivery WHERE else_key(else_address(rcpt), m) BETWEEN low AND high
				AND t >= from_t AND t < to_t AND split_part(rcpt, '@', -1) = x.name AND flags & 4096 = 0
			UNION ALL
			SELECT mail_id, branch, t, m FROM delivery WHERE else_key(else_address(orig_rcpt), m) BETWEEN low AND high
				AND orig_rcpt IS NOT NULL AND t >= from_t AND t < to_t AND split_part(orig_rcpt, '@', -1) = x.name AND flags & 4096 = 0
			UNION ALL
			SELECT mail_id, branch, t, m FROM delivery WHERE else_key(else_address(sender), m) BETWEEN low AND high
				AND t >= from_t AND t < to_t AND split_part(sender, '@', -1) = x.name AND way = 3) d;
	ELSE
		INSERT INTO touched
		SELECT DISTINCT mail_id, branch, t, m FROM delivery
		WHERE (else_own(rcpt, domains) OR else_own(orig_rcpt, domains)) AND flags & 4096 = 0
			OR way = 3 AND else_own(sender, domains);
	END IF;
	ANALYZE touched;
	CREATE TEMP TABLE settle ON COMMIT DROP AS
	WITH own AS (SELECT array_agg(name) AS all FROM own_domain),
	leaf AS (
		SELECT d.*, d.flags & 4096 <> 0 OR else_own(d.rcpt, own.all) OR else_own(d.orig_rcpt, own.all) AS here,
			else_own(d.sender, own.all) AS from_here
		FROM touched x JOIN delivery d ON else_id(d.mail_id, d.m) = else_id(x.mail_id, x.m) AND d.t = x.t
			AND d.mail_id = x.mail_id AND d.branch = x.branch, own),
	mail AS (
		SELECT mail_id, branch, CASE
			WHEN bool_or(flags & 1028 <> 0) THEN CASE WHEN bool_or(NOT here) THEN 1 ELSE 2 END
			WHEN bool_or(here) THEN 0 WHEN bool_or(from_here) THEN 1 ELSE 3 END AS new_way
		FROM leaf GROUP BY mail_id, branch)
	SELECT l.t, l.m, l.mail_id, l.branch, l.rcpt, l.orig_rcpt, l.way, l.host, l.status, l.reason, l.flags,
		coalesce(l.size, 0) AS size, m.new_way, l.flags | CASE WHEN l.here THEN 4096 ELSE 0 END AS new_flags
	FROM leaf l JOIN mail m USING (mail_id, branch)
	WHERE l.way <> m.new_way OR l.here AND l.flags & 4096 = 0;
	PERFORM else_settle_rows();
END $$;
COMMENT ON FUNCTION else_settle(text[]) IS
'Own domains that were learned in a run: rows stored before get the way they have in this light.';

CREATE FUNCTION else_reclass(days int4) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	since timestamptz := (SELECT least(max(last_seen), now()) FROM host) - days * interval '1 day';
	domains text[] := ARRAY(SELECT name FROM own_domain);
	networks inet[] := ARRAY(SELECT net FROM own_network UNION VALUES ('127.0.0.0/8'::inet), ('::1'));
	submission int2[] := ARRAY(SELECT id FROM host WHERE role = 'submission');
BEGIN
	CREATE TEMP TABLE settle ON COMMIT DROP AS
	WITH leaf AS (
		SELECT d.*, else_own(d.rcpt, domains) OR else_own(d.orig_rcpt, domains)
				OR d.flags & 20480 = 4096 AND d.status = 4 AS here,
			else_own(d.sender, domains) AS from_here,
			d.sasl_user IS NOT NULL OR d.flags & 4 <> 0 OR d.flags & 1024 <> 0 AND d.client_ip IS NULL
				OR coalesce(d.client_ip <<= ANY (networks), false) OR d.entry_host = ANY (submission) AS ours
		FROM delivery d WHERE d.t >= since),
	mail AS (
		SELECT mail_id, branch, CASE
			WHEN bool_or(ours) THEN CASE WHEN bool_or(NOT here) THEN 1 ELSE 2 END
			WHEN bool_or(here) THEN 0 WHEN bool_or(from_here) THEN 1 ELSE 3 END AS new_way
		FROM leaf GROUP BY mail_id, branch),
	fresh AS (
		SELECT l.*, m.new_way, l.flags & ~5120 | CASE WHEN l.here THEN 4096 ELSE 0 END | CASE WHEN l.ours THEN 1024 ELSE 0 END AS new_flags
		FROM leaf l JOIN mail m USING (mail_id, branch))
	SELECT t, m, mail_id, branch, sender, rcpt, orig_rcpt, way, host, status, reason, flags, coalesce(size, 0) AS size, new_way, new_flags
	FROM fresh WHERE way <> new_way OR flags <> new_flags;
END $$;
COMMENT ON FUNCTION else_reclass(int4) IS
'Makes the temporary table settle: deliveries of the newest days stored that have another way or other flags in the light of own_domain, own_network and hosts of role submission as they are now. else_settle_rows sets them right; docs/adr/007.';

CREATE FUNCTION else_guess_roles() RETURNS void LANGUAGE sql AS $$
	WITH span AS (SELECT max(last_seen) - interval '1 day' AS since FROM host WHERE last_seen < now() + interval '1 day'),
	hops AS (
		SELECT p.host, count(*) AS n, count(*) FILTER (WHERE p.flags & 262144 <> 0) AS filter,
			count(*) FILTER (WHERE p.flags & 131072 <> 0) AS mailbox,
			count(*) FILTER (WHERE p.qid ~ '^[0-9]{6,}$') AS exchange
		FROM hop p, span WHERE p.t >= span.since GROUP BY 1),
	entries AS (
		SELECT d.entry_host AS host, count(*) FILTER (WHERE d.flags & 1028 = 0) AS outside, count(*) FILTER (WHERE d.flags & 1028 = 1024) AS ours
		FROM delivery d, span WHERE d.t >= span.since AND d.flags & 1 <> 0 GROUP BY 1),
	ends AS (
		SELECT d.host, count(*) AS n FROM delivery d, span
		WHERE d.t >= span.since AND d.flags & 20480 = 4096 AND d.status = 4 GROUP BY 1)
	UPDATE host h SET guessed_role = g.role FROM (
		SELECT hops.host, CASE
			WHEN hops.exchange * 10 > hops.n * 9 THEN 'exchange'
			WHEN hops.filter * 2 > hops.n THEN 'filter'
			WHEN hops.mailbox * 2 > hops.n THEN 'mailbox'
			WHEN e.outside * 4 >= hops.n AND e.outside >= e.ours THEN 'mx'
			WHEN ends.n * 2 >= hops.n THEN 'mailbox'
			WHEN e.ours * 4 >= hops.n THEN 'submission'
			ELSE 'relay' END AS role
		FROM hops LEFT JOIN entries e ON e.host = hops.host LEFT JOIN ends ON ends.host = hops.host) g
	WHERE g.host = h.id AND h.guessed_role IS DISTINCT FROM g.role
$$;
COMMENT ON FUNCTION else_guess_roles() IS
'What each host is for, by its part in the mails of the newest day that is stored.';

-- 5. Hosts that are silent --------------------------------------------------------------------------------
CREATE FUNCTION else_silent_after(limit_s int4, quiet_ms int8) RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN $1 = 0 THEN NULL WHEN $1 > 0 THEN $1 * interval '1 s'
	ELSE least(greatest($2 * interval '10 ms', interval '15 min'), interval '1 day') END $$;
COMMENT ON FUNCTION else_silent_after(int4, int8) IS
'After how long a host is silent: as set, else ten times its longest quiet time of late, from 15 minutes to a day. NULL: never.';

CREATE FUNCTION else_watch_hosts(up_to timestamptz, since timestamptz)
RETURNS TABLE (name text, silent bool, quiet interval) LANGUAGE sql AS $$
	WITH seen AS (
		SELECT h.id, h.name, l.last_received, l.silent_since, else_silent_after(h.silent_after_s, l.quiet_ms) AS most
		FROM host_live l JOIN host h ON h.id = l.host),
	changed AS (
		SELECT id, s.name, last_received, silent_since, silent_since IS NULL AS silent FROM seen s
		WHERE CASE WHEN silent_since IS NULL THEN coalesce(up_to - greatest(last_received, since) > most, false)
			ELSE last_received > silent_since OR coalesce(up_to - last_received <= most, true) END)
	UPDATE host_live l SET silent_since = CASE WHEN c.silent THEN c.last_received END
	FROM changed c WHERE l.host = c.id AND l.silent_since IS NOT DISTINCT FROM c.silent_since
	RETURNING c.name, c.silent, CASE WHEN c.silent THEN up_to ELSE c.last_received END - coalesce(c.silent_since, c.last_received)
$$;
COMMENT ON FUNCTION else_watch_hosts(timestamptz, timestamptz) IS
'Hosts that are silent now, or no more. All that was received before the first time is known here; who could not send before the second one was not silent. Of several daemons one gets the row.';

-- 6. Public views --------------------------------------------------------------------------------------------
CREATE TABLE status_name (id int2 PRIMARY KEY, name text NOT NULL);
INSERT INTO status_name VALUES (0, 'unknown'), (1, 'deferred'), (2, 'bounced'), (3, 'expired'), (4, 'delivered'), (5, 'relayed'),
	(6, 'rejected'), (7, 'greylisted'), (8, 'blocked'), (9, 'discarded'), (10, 'held'), (11, 'deleted'), (12, 'canceled');
CREATE TABLE way_name (id int2 PRIMARY KEY, name text NOT NULL);
INSERT INTO way_name VALUES (0, 'in'), (1, 'out'), (2, 'internal'), (3, 'relay');
CREATE TABLE reason_name (id int2 PRIMARY KEY, name text NOT NULL);
COMMENT ON TABLE reason_name IS 'Filled by the program from its own table of reasons.';

CREATE FUNCTION else_code(code int4) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT ($1 / 1000000) || '.' || ($1 / 1000 % 1000) || '.' || ($1 % 1000) $$;
COMMENT ON FUNCTION else_code(int4) IS 'Enhanced status code as text, 5001001 -> 5.1.1.';

CREATE FUNCTION else_text(txt text, rcpt text, sender text, relay text, ip inet, name text, qid text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT replace(replace(replace(replace(replace(replace(replace(replace(replace($1, '%%', chr(1)), '%r', coalesce($2, '')), '%s', coalesce($3, '')),
	'%h', coalesce($4, '')), '%i', coalesce(host($5), '')), '%n', coalesce($6, '')), '%q', coalesce($7, '')), '%*', '…'), chr(1), '%') $$;
COMMENT ON FUNCTION else_text(text, text, text, text, inet, text, text) IS 'A term as text again: known words put back, others as an ellipsis (the raw lines have them).';

CREATE VIEW v_delivery AS
SELECT d.t AS arrived, d.t + d.took_ms * interval '1 ms' AS last_try, d.mail_id, d.branch, h.name AS host, e.name AS entry_host, d.qid,
	d.msgid, d.sender, d.rcpt, d.orig_rcpt, s.name AS status, w.name AS way, n.name AS reason, else_code(d.code) AS dsn, d.smtp AS code,
	r.txt AS relay, else_text(p.txt, d.rcpt, d.sender, r.txt, d.client_ip, d.client_name, d.qid) AS reply,
	d.size, d.nrcpt, d.tries, d.client_ip, d.client_name, d.helo, d.sasl_user, d.tls, d.score, d.virus, d.subject,
	(d.flags & 2) <> 0 AS counted, (d.flags & 4) <> 0 AS notice, (d.flags & 128) <> 0 AS incomplete
FROM delivery d
LEFT JOIN host h ON h.id = d.host LEFT JOIN host e ON e.id = d.entry_host
LEFT JOIN status_name s ON s.id = d.status LEFT JOIN way_name w ON w.id = d.way LEFT JOIN reason_name n ON n.id = d.reason
LEFT JOIN term r ON r.id = d.relay LEFT JOIN term p ON p.id = d.reply;
COMMENT ON VIEW v_delivery IS 'Public: one row per arrival of a mail and final recipient, with readable words.';

CREATE VIEW v_hop AS
SELECT p.t AS arrived, p.t + p.left_ms * interval '1 ms' AS left_at, p.mail_id, p.branch, h.name AS host, p.qid,
	(p.flags & 1048576) <> 0 AS entry, (p.flags & 2097152) <> 0 AS notice, (p.flags & 4194304) <> 0 AS open
FROM hop p LEFT JOIN host h ON h.id = p.host;
COMMENT ON VIEW v_hop IS 'Public: one row per queue id on a server.';

CREATE VIEW v_reject AS
SELECT r.t, h.name AS host, s.name AS status, n.name AS reason, else_code(r.code) AS dsn, r.smtp AS code,
	else_text(p.txt, r.rcpt, r.sender, NULL, r.client_ip, r.client_name, NULL) AS text,
	r.client_ip, r.client_name, r.helo, r.sasl_user, r.sender, r.rcpt
FROM reject r
LEFT JOIN host h ON h.id = r.host LEFT JOIN status_name s ON s.id = r.status LEFT JOIN reason_name n ON n.id = r.reason
LEFT JOIN term p ON p.id = r.text;
COMMENT ON VIEW v_reject IS 'Public: refusals, with readable words.';

CREATE VIEW v_host AS
SELECT h.id, h.name, coalesce(h.role, h.guessed_role) AS role, h.role IS NOT NULL AS role_set, h.note,
	least(h.first_seen, l.first_received) AS first_line, coalesce(l.last_received, h.last_seen) AS last_line, l.last_line AS last_logged,
	CASE WHEN l.lag_ms < 0 THEN 0 ELSE l.lag_ms END * interval '1 ms' AS lag, l.skew_ms * interval '1 ms' AS skew,
	coalesce(d.lines, 0)::int8 AS lines_24h, coalesce(d.unknown, 0)::int8 AS unknown_24h,
	coalesce((SELECT sum(missing) FROM host_boot b WHERE b.host = h.id), 0)::int8 AS missing,
	else_silent_after(h.silent_after_s, coalesce(l.quiet_ms, 0)) AS silent_after, h.silent_after_s IS NOT NULL AS silent_after_set,
	l.silent_since,
	CASE WHEN l.host IS NULL AND h.last_seen IS NULL THEN 'never seen' WHEN l.host IS NULL THEN 'imported'
		WHEN l.silent_since IS NOT NULL THEN 'silent' WHEN l.lag_ms > 60000 THEN 'lagging' ELSE 'ok' END AS state
FROM host h LEFT JOIN host_live l ON l.host = h.id
LEFT JOIN (SELECT host, sum(lines) AS lines, sum(unknown) AS unknown FROM host_hour
	WHERE hour > now() - interval '24 hours' GROUP BY 1) d ON d.host = h.id
WHERE h.forgotten IS NULL OR coalesce(greatest(h.last_seen, l.last_received) > h.forgotten, false);
COMMENT ON VIEW v_host IS 'Public: one row per server that sent logs, and how it is with it.';
COMMENT ON COLUMN v_host.role IS 'mx, submission, relay, filter, mailbox, exchange, other; guessed unless role_set.';
COMMENT ON COLUMN v_host.last_line IS 'When its last line came; of a host known from imports alone, the newest stamp.';
COMMENT ON COLUMN v_host.lag IS 'How late its lines came, when the last ones did, beyond what its clock explains.';
COMMENT ON COLUMN v_host.skew IS 'Received minus logged of lines that came at once: positive when its clock is behind.';
COMMENT ON COLUMN v_host.lines_24h IS 'Received live in the last 24 hours, by whole hours; unknown_24h of them in a form we do not know.';
COMMENT ON COLUMN v_host.missing IS 'Lines that never came, by the numbers that the sender gives them.';
COMMENT ON COLUMN v_host.silent_after IS 'So long without a line, and it is silent; NULL = never.';
COMMENT ON COLUMN v_host.state IS 'ok; lagging: lines come more than a minute late; silent; imported: known from files alone; never seen.';

CREATE VIEW v_host_gap AS
SELECT h.name AS host, g.boot, g.first, g.last, g.last - g.first + 1 AS lines, g.noticed
FROM host_gap g JOIN host h ON h.id = g.host;
COMMENT ON VIEW v_host_gap IS 'Public: lines that never came, as stretches of the numbers that the sender gave them since its rsyslogd began (boot).';

CREATE VIEW v_host_unknown AS
SELECT h.name AS host, u.shape, u.n, u.example, u.last_received
FROM host_unknown u JOIN host h ON h.id = u.host;
COMMENT ON VIEW v_host_unknown IS 'Public: forms of lines of a host that were not understood, each with an example.';
