import type {Counts, Status} from './types.js';

/** Icon and colour of each status; the word is `status.<name>` of the catalogue. */
export type Tone = 'ok' | 'wait' | 'bounce' | 'reject' | 'grey' | 'block' | 'none';

const LOOKS: Record<Status | 'mixed', [Tone, string]> = {
	delivered: ['ok', 'check'],
	relayed: ['ok', 'forward'],
	deferred: ['wait', 'clock'],
	held: ['wait', 'pause'],
	bounced: ['bounce', 'back'],
	expired: ['bounce', 'history'],
	rejected: ['reject', 'ban'],
	greylisted: ['grey', 'pause'],
	blocked: ['block', 'shield'],
	discarded: ['block', 'trash'],
	deleted: ['none', 'trash'],
	canceled: ['none', 'x'],
	unknown: ['none', 'help'],
	mixed: ['none', 'half'],
};

export function toneOf(status: string): Tone {
	return LOOKS[status as Status]?.[0] ?? 'none';
}

export function iconOf(status: string): string {
	return LOOKS[status as Status]?.[1] ?? 'help';
}

/** Series of the histogram, from below: statuses that mean the same to the reader share a colour and a name. */
export const GROUPS: {name: string; tone: Tone; of: string[]}[] = [
	{name: 'delivered', tone: 'ok', of: ['delivered', 'relayed']},
	{name: 'greylisted', tone: 'grey', of: ['greylisted']},
	{name: 'deferred', tone: 'wait', of: ['deferred', 'held']},
	{name: 'bounced', tone: 'bounce', of: ['bounced', 'expired']},
	{name: 'rejected', tone: 'reject', of: ['rejected']},
	{name: 'blocked', tone: 'block', of: ['blocked', 'discarded']},
	{name: 'unknown', tone: 'none', of: ['unknown', 'deleted', 'canceled']},
];

export function groupOf(status: string): string {
	return GROUPS.find(group => group.of.includes(status))?.name ?? status;
}

/** Statuses with their counts, most first. */
export function ranked(counts: Counts): [Status, number][] {
	return (Object.entries(counts) as [Status, number][]).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
}
