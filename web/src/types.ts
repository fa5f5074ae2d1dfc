/** The shapes of api/openapi.yaml that the pages use. */
export type Status =
	| 'unknown' | 'deferred' | 'bounced' | 'expired' | 'delivered' | 'relayed' | 'rejected' | 'greylisted'
	| 'blocked' | 'discarded' | 'held' | 'deleted' | 'canceled';
export type Way = 'in' | 'out' | 'internal' | 'relay';
export type Who = 'nobody' | 'sender' | 'recipient' | 'we' | 'remote_administrator';
export type Role = 'administrator' | 'operator' | 'help_desk' | 'domain_administrator' | 'auditor' | 'end_user';
export type Permission =
	| 'my:read' | 'messages:read' | 'logs:read' | 'export' | 'hosts:read' | 'users:manage' | 'admin' | 'tokens' | 'audit:read';
export type Counts = Partial<Record<Status, number>>;

export interface Range { from: string; to: string }
export interface Scope { domains: string[]; hosts: string[]; addresses: string[] }
export interface Items<T> { items: T[] }
export interface Page<T> extends Items<T> { next: string | null }

export interface Me {
	id: string; name: string; display_name: string | null; role: Role; permissions: Permission[];
	scope: Scope | null; must_change_password: boolean;
}

export interface Session {
	id: string; current: boolean; ip: string | null; agent: string | null; began: string; last_used: string; ends: string;
}

export interface Message {
	kind: 'mail' | 'reject'; id: string; time: string; way: Way; from: string | null; msgid: string | null;
	rcpts: {count: number; matched: number; first: string[]};
	status: Status | 'mixed'; counts: Counts; code: string | null; reason: string | null;
	hosts: string[]; qids: string[]; size: number | null; took_ms: number | null; tries: number | null;
	client: {ip: string | null; name: string | null};
}

export interface MessagePage extends Page<Message> {
	total: {value: number; relation: 'eq' | 'gte'} | null; complete: boolean; scanned: {from: string | null} | null;
	took_ms: number; query: {canonical: string; tree: Tree}; scope: Scope | null;
}

/** A query as the server understood it; `guessed`: the key of a bare word is a guess. */
export interface Tree { and?: Tree[]; or?: Tree[]; not?: Tree; key?: string; values?: unknown[]; guessed?: boolean }

export interface Series { step_s: number; from: string; keys: string[]; counts: number[][] }
export interface Facet { field: string; values: {v: string; n: number}[]; other: number; approx: boolean }
export interface Suggestions { at: [number, number]; items: {insert: string; kind: string; help: string | null}[] }
export interface Relaxed { items: {without: string; q: string; newest: string}[]; stored: Range | null }
export interface Saved { id: string; name: string; q: string; shared: boolean; owner: string; mine: boolean }

export interface Hop {
	n: number; host: string; role: string | null; qid: string | null; instance: string | null;
	arrived: string; left: string | null;
	client: {ip: string | null; name: string | null; helo: string | null; tls: string | null; user: string | null; orig_ip?: string};
	checks: {by: string; result: string; score: string | null; detail: string | null; quarantine?: string; stopped: boolean}[];
	next: {host: string; qid: string | null; join: Join; n: number}[];
	gap_ms: number | null; before?: number | null; join?: Join | null; entry?: boolean; notice?: boolean;
	complete?: boolean; size?: number | null; nrcpt?: number | null;
}
export type Join = 'none' | 'message_id' | 'queued_as' | 'forwarded' | 'orig_queue_id';

export interface Try {
	t: string; status: Status; code: string | null; relay: string | null; reply: string | null; delays: number[]; tls?: string;
}
export interface Delivery {
	to: string; orig_to: string | null; hop: number; status: Status; final: boolean; code: string | null;
	reply: string | null; relay: string | null; tries: Try[]; ndr: string | null; reason: string | null;
	folder?: string; stage?: string;
}
export interface Journey {
	id: string; kind: 'mail' | 'reject'; msgid: string | null; from: string | null; size: number | null; way: Way;
	first: string; last: string | null; complete: boolean; partial?: boolean;
	verdict: {key: Status | 'mixed'; text: string; who_acts: Who; counts: Counts};
	hops: Hop[]; deliveries: Delivery[]; related: {rel: 'ndr' | 'ndr_of' | 'same_msgid'; id: string; qid?: string; host?: string}[];
	explain: Explanation[];
	arrivals?: {id: string; first: string; from: string | null; way: Way; hops: number[]}[];
}
export interface Explanation {
	code: string | null; reason: string | null; who_acts: Who; retry: boolean | null; general: boolean; lang: string;
	title: string; what: string; advice: string;
}
export interface LogLines { lines: {t: string; host: string; hop: number; text: string}[]; withheld: boolean }

export interface Kpi { value: number; ref: number | null }
export interface Top { v: string; n: number; bytes: number }
export interface Attention {
	id: string; kind: 'dest_deferring' | 'bounce_rate' | 'host_silent' | 'no_mail'; severity: 'info' | 'warn' | 'bad';
	since: string | null; params: Record<string, string | number>; q: string | null;
}
export interface Overview {
	now: string; range: Range;
	kpi: {received: Kpi; delivered: Kpi; waiting: Kpi; bounced: Kpi; rejected: Kpi; took_ms: {p50: number | null; p95: number | null}};
	attention: Attention[]; series: Series; top_senders: Top[]; reject_reasons: Top[]; stale_hosts: string[]; scope: Scope | null;
}
export interface Flow { range: Range; nodes: {id: string; n: number; bytes: number}[]; links: {s: string; t: string; n: number}[] }
export interface DomainRow {
	domain: string; in: number; out: number; internal: number; bytes: number; rejected: number; bounced: number;
	waiting: number; p50_ms: number | null; p95_ms: number | null;
}
export interface Rejects {
	by: string; range: Range; items: {v: string; n: number; senders: number; last: string}[];
	suspects: {from: string; refused: number; delivered: number; reason: string | null}[];
}
export interface Host {
	name: string; role: string | null; role_set: boolean; note: string | null; first_line: string | null; last_line: string | null;
	lag_ms: number | null; skew_ms: number | null; lines_24h: number; unknown_24h: number; missing: number;
	silent_since: string | null; state: 'ok' | 'lagging' | 'silent' | 'imported' | 'never seen';
}
export interface MyMessage { id: string; t: string; direction: 'received' | 'sent'; peer: string | null; status: Status | 'mixed' }
export interface Codes {
	statuses: Status[]; ways: Way[]; reasons: {reason: string; who_acts: Who}[];
	keys: {name: string; aliases: string[]; example: string; help: string; values: string[]}[];
}
export interface User {
	id: string; name: string; display_name: string | null; role: Role; groups: {id: string; name: string}[];
	addresses: string[]; disabled: boolean; must_change_password: boolean; last_login: string | null; etag: string;
}
export interface Group { id: string; name: string; domains: string[]; hosts: string[]; users: number; etag: string }
export interface Domain { name: string; learned: string }
export interface Token {
	id: string; name: string; permissions: Permission[]; networks: string[]; made: string; expires: string;
	last_used: string | null; last_ip: string | null;
}
export interface AuditRow {
	id: string; t: string; actor: string | null; role: Role | null; ip: string | null; action: string;
	object: string | null; result: number; request: string; detail: Record<string, unknown> | null;
}
