import type {Tree} from './types.js';

/**
 * The text of a query as pieces. The server parses; here it is only taken apart for the tokens of the search box, and
 * put together again with a condition more or less.
 */
const TIME_KEYS = ['last', 'after', 'before', 'on'];
const FIELD = /^(-?)([a-z_.-]+):(.*)$/is;

/** Words as they were typed: quotes and <...> hold blanks together, ( and ) stand alone. */
export function pieces(q: string): string[] {
	return q.match(/[()]|(?:"(?:\\.|[^"\\])*"?|<[^>\s]*>?|[^\s()"<])+/g) ?? [];
}

export interface Field {
	not: boolean;
	key: string;
	value: string;
}

export function field(piece: string): Field | null {
	const hit = FIELD.exec(piece);
	return hit ? {not: hit[1] === '-', key: hit[2]!.toLowerCase(), value: hit[3]!} : null;
}

/** A value as it must be written behind a key. */
export function quoted(value: string): string {
	if (value === '') return '<>';
	return /^[^\s()",\\<>*~=]+$/.test(value) && !value.includes('..') ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

export function term(key: string, value: string, not = false): string {
	return `${not ? '-' : ''}${key}:${quoted(value)}`;
}

function split(list: string): string[] {
	return list.match(/(?:"(?:\\.|[^"\\])*"|[^,"])+/g) ?? [];
}

/** The words that are conditions of the whole query: none where OR or parentheses make that unclear. */
function isFlat(parts: string[]): boolean {
	return !parts.some(part => part === '(' || part === ')' || part === 'OR');
}

export function hasValue(q: string, key: string, value: string): boolean {
	return pieces(q).some(part => {
		const f = field(part);
		return f !== null && !f.not && f.key === key && split(f.value).includes(quoted(value));
	});
}

/** Adds `key:value`, beside the values that the key has; takes it away where it is there already. */
export function toggled(q: string, key: string, value: string): string {
	const parts = pieces(q);
	const at = parts.findIndex(part => field(part)?.key === key && !field(part)!.not);
	if (at < 0 || !isFlat(parts)) return added(q, term(key, value));
	const values = split(field(parts[at]!)!.value);
	const rest = values.filter(v => v !== quoted(value));
	const next = rest.length < values.length ? rest : [...values, quoted(value)];
	parts.splice(at, 1, ...(next.length ? [`${key}:${next.join(',')}`] : []));
	return parts.join(' ');
}

/** One condition more; a query with OR is put in parentheses. */
export function added(q: string, condition: string): string {
	const parts = pieces(q);
	if (parts.includes(condition)) return q;
	const before = parts.includes('OR') ? `(${parts.join(' ')})` : parts.join(' ');
	return before ? `${before} ${condition}` : condition;
}

function isTime(part: string): boolean {
	return TIME_KEYS.includes(field(part)?.key ?? '');
}

/** The time of the query as it is written: "last:24h", "after:... before:...", or "". */
export function timeOf(q: string): string {
	return pieces(q).filter(isTime).join(' ');
}

export function withTime(q: string, time: string): string {
	const rest = pieces(q).filter(part => !isTime(part)).join(' ');
	return time ? added(rest, time) : rest;
}

/** A stretch of time as conditions; the end is not part of it. */
export function between(fromMs: number, toMs: number): string {
	const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');
	return `after:${iso(fromMs)} before:${iso(toMs)}`;
}

/** What the API calls `range` ("24h", "a..b") as conditions. */
export function rangeTerm(range: string): string {
	const [from, to] = range.split('..');
	return to ? between(Date.parse(from!), Date.parse(to)) : `last:${range}`;
}

/** Bare words with the key that the server took them for. */
export function guesses(tree: Tree): {key: string; word: string}[] {
	const below = [...(tree.and ?? []), ...(tree.or ?? []), ...(tree.not ? [tree.not] : [])].flatMap(guesses);
	if (!tree.guessed || !tree.key || tree.key === 'text') return below;
	return [{key: tree.key, word: String(tree.values?.[0] ?? '')}, ...below];
}

/** The query with a bare word as text to look for; null where the word stands otherwise in it. */
export function asText(q: string, word: string): string | null {
	const parts = pieces(q);
	const at = parts.indexOf(word);
	return at < 0 ? null : parts.with(at, term('text', word)).join(' ');
}

/** Path of the page of a search. */
export function searchPath(q: string): string {
	return q ? `/messages?q=${encodeURIComponent(q)}` : '/messages';
}

const encoder = new TextEncoder();

/** The API counts bytes, the browser UTF-16 units. */
export function byteAt(text: string, unit: number): number {
	return encoder.encode(text.slice(0, unit)).length;
}

export function unitAt(text: string, byte: number): number {
	return new TextDecoder().decode(encoder.encode(text).slice(0, byte)).length;
}
