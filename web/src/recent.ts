/** The last searches of this browser. They hold addresses, so they go when the reader logs out. */
const KEY = 'recent';
const MOST = 12;

export function recent(): string[] {
	try {
		const list: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
		return Array.isArray(list) ? list.filter(q => typeof q === 'string') : [];
	} catch {
		return [];
	}
}

export function remember(q: string): void {
	if (q) localStorage.setItem(KEY, JSON.stringify([q, ...recent().filter(other => other !== q)].slice(0, MOST)));
}

export function forget(): void {
	localStorage.removeItem(KEY);
}
