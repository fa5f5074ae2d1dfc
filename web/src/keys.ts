/** Single keys: never in a field, never with Ctrl, Alt or Meta, and off where the reader does not want them. */
export interface Binding {
	keys: string;
	run: (event: KeyboardEvent) => void;
}

const stack: Binding[][] = [];
let prefix = '';

export function keysAreOn(): boolean {
	return localStorage.getItem('keys') !== 'off';
}

export function setKeys(on: boolean): void {
	localStorage.setItem('keys', on ? 'on' : 'off');
}

/** Bindings that hold until the returned function is called; the newest come first. "g o" is two keys in a row. */
export function bind(bindings: Binding[]): () => void {
	stack.unshift(bindings);
	return () => stack.splice(stack.indexOf(bindings), 1);
}

function isTyping(event: KeyboardEvent): boolean {
	const element = event.target as HTMLElement;
	return Boolean(element.closest?.('input, textarea, select, dialog, [contenteditable]'));
}

export function onKey(event: KeyboardEvent): void {
	if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event) || !keysAreOn()) return;
	const pressed = prefix ? `${prefix} ${event.key}` : event.key;
	prefix = '';
	const hit = stack.flat().find(binding => binding.keys === pressed);
	if (hit) {
		event.preventDefault();
		hit.run(event);
	} else if (stack.flat().some(binding => binding.keys.startsWith(`${pressed} `))) {
		prefix = pressed;
	}
}
