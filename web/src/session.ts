import {get} from './api.js';
import type {Codes, Me, Permission} from './types.js';

/** Who is logged in, and the words of the server; set before any page is shown. */
let account: Me | null = null;
let words: Promise<Codes> | undefined;

export function setMe(me: Me | null): void {
	if (me?.id !== account?.id) words = undefined;
	account = me;
}

export function me(): Me | null {
	return account;
}

export function may(permission: Permission): boolean {
	return account?.permissions.includes(permission) ?? false;
}

export function codes(): Promise<Codes> {
	words ??= get<Codes>('/codes').catch(error => {
		words = undefined;
		throw error;
	});
	return words;
}
