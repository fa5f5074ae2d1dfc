import {language, t} from './i18n.js';

/** Calls of the API (api/openapi.yaml). Whatever fails comes out as a Problem. */
export interface Fault {
	pointer: string;
	pos?: number;
	detail?: string;
	hint?: string;
}

export class Problem extends Error {
	constructor(
		readonly status: number,
		readonly type: string,
		readonly title: string,
		readonly detail = '',
		readonly errors: Fault[] = [],
		readonly retryAfter = 0,
	) {
		super(title);
	}

	faultOf(pointer: string): Fault | undefined {
		return this.errors.find(fault => fault.pointer === pointer);
	}
}

export type Query = Record<string, string | number | null | undefined>;

const BASE = '/api/v1';
export const LOGGED_OUT = 'else-logged-out';

/** The address of an API path, parameters that are undefined or empty left out. */
export function address(path: string, query: Query = {}): string {
	const search = new URLSearchParams();
	for (const [name, value] of Object.entries(query))
		if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
	const text = search.toString();
	return `${BASE}${path}${text ? `?${text}` : ''}`;
}

async function problemOf(response: Response): Promise<Problem> {
	const retryAfter = Number(response.headers.get('Retry-After') ?? 0);
	try {
		const body = (await response.json()) as Partial<Problem>;
		return new Problem(response.status, body.type ?? '', body.title ?? '', body.detail, body.errors, retryAfter);
	} catch {
		return new Problem(response.status, '', response.statusText || `HTTP ${response.status}`, '', [], retryAfter);
	}
}

async function call(url: string, init: RequestInit): Promise<Response> {
	let response: Response;
	try {
		response = await fetch(url, {credentials: 'same-origin', ...init});
	} catch (error) {
		if (init.signal?.aborted) throw error;
		throw new Problem(0, '/problems/unreachable', '');
	}
	if (response.ok) return response;
	if (response.status === 401 && !url.endsWith('/auth/login')) window.dispatchEvent(new Event(LOGGED_OUT));
	throw await problemOf(response);
}

async function jsonOf<T>(response: Response): Promise<T> {
	try {
		return (await response.json()) as T;
	} catch (error) {
		if (!(error instanceof SyntaxError)) throw error;
		throw new Problem(response.status, '/problems/unreadable', t('problem.unreadable'));
	}
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
	const response = await call(address(path, query), {signal, headers: {Accept: 'application/json', 'Accept-Language': language}});
	return jsonOf<T>(response);
}

export async function getText(path: string, query: Query = {}, signal?: AbortSignal): Promise<string> {
	return (await call(address(path, query), {signal, headers: {Accept: 'text/plain', 'Accept-Language': language}})).text();
}


/** Every method that changes something. `etag`: If-Match. */
export async function send<T = void>(
	method: 'POST' | 'PUT' | 'DELETE',
	path: string,
	body?: unknown,
	etag?: string,
): Promise<T> {
	const headers: Record<string, string> = {'X-CSRF': '1', Accept: 'application/json', 'Accept-Language': language};
	if (body !== undefined) headers['Content-Type'] = 'application/json';
	if (etag) headers['If-Match'] = etag;
	const response = await call(BASE + path, {method, headers, body: body === undefined ? undefined : JSON.stringify(body)});
	return response.status === 204 ? (undefined as T) : jsonOf<T>(response);
}
