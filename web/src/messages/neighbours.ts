import type {Message} from '../types.js';

/** The rows of the last search, so that a journey knows the one before and the one after it. */
let back = '/messages?q=last:24h';
let ids: string[] = [];

export function keepList(path: string, rows: Message[]): void {
	back = path;
	ids = rows.map(row => row.id);
}

export function listPath(): string {
	return back;
}

export function neighbour(id: string, step: 1 | -1): string | undefined {
	const at = ids.indexOf(id);
	return at < 0 ? undefined : ids[at + step];
}
