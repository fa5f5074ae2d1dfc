import {html, type TemplateResult} from 'lit';
import {badge, countsBadge, wayMark} from '../components/badge.js';
import {columns, type Column} from '../components/table.js';
import {duration, fullTime, isToday, number, shortTime} from '../format.js';
import {known, t} from '../i18n.js';
import {address, plain} from '../text.js';
import type {Message} from '../types.js';

export function reasonWords(reason: string): string {
	return known(`reason.${reason}`) ? t(`reason.${reason}`) : reason;
}

export function statusBadge(row: Message): TemplateResult {
	if (row.status === 'mixed') return countsBadge(row.counts);
	const n = row.rcpts.matched;
	const waits = row.status === 'deferred' && (row.tries ?? 0) > 1;
	return badge(row.status, waits ? t('messages.tries', {n: row.tries!}) : n > 1 ? number(n) : '');
}

function recipients(row: Message): TemplateResult {
	const {count, matched, first} = row.rcpts;
	if (!first.length) return html`<span class="soft">${t('address.unknown')}</span>`;
	const more = count > matched ? t('messages.of', {n: matched, all: count}) : matched > 1 ? `+ ${number(matched - 1)}` : '';
	return html`<span title=${plain(first.slice(0, 8).join(', ').slice(0, 600))}>${address(first[0])} ${more ? html`<span class="soft">${more}</span>` : ''}</span>`;
}

/** "mx-in-1 → store-2", without the domain that all of them share. */
function path(row: Message): TemplateResult {
	const names = row.hosts.map(host => host.split('.')[0]!);
	const shown = names.length > 3 ? [names[0], '…', names[names.length - 1]] : names;
	return html`<span class="soft" title=${plain(row.hosts.join(' → '))}>${plain(shown.join(' → '))}</span>`;
}

function why(row: Message): TemplateResult | string {
	const words = [row.code ?? '', row.reason ? reasonWords(row.reason) : ''].filter(Boolean).join(' ');
	return words && html`<span class="soft" title=${plain(words)}>${plain(words)}</span>`;
}

let list: Column<never>[] | undefined;

export function messageColumns(): Column<never>[] {
	return (list ??= columns<Message>([
		{key: 'time', title: t('col.time'), cell: row => html`<a class="mono ${isToday(row.time) ? '' : 'with-day'}" href="/messages/${encodeURIComponent(row.id)}" title=${fullTime(row.time)}>${shortTime(row.time)}</a>`},
		{key: 'way', title: t('col.way'), cell: row => wayMark(row.way)},
		{key: 'from', title: t('col.from'), cell: row => html`<span title=${plain((row.from ?? '').slice(0, 300))}>${address(row.from)}</span>`},
		{key: 'to', title: t('col.to'), cell: recipients},
		{key: 'status', title: t('col.status'), cell: statusBadge},
		{key: 'path', title: t('col.path'), cell: path},
		{key: 'took', title: t('col.took'), num: true, cell: row => duration(row.took_ms)},
		{key: 'why', title: t('col.reason'), cell: why},
	]));
}
