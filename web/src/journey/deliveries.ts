import {html, svg, type TemplateResult} from 'lit';
import {badge} from '../components/badge.js';
import {columns, type Column} from '../components/table.js';
import '../components/table.js';
import {clock, day, hourMinute, number, shortTime} from '../format.js';
import {t} from '../i18n.js';
import {toneOf} from '../status.js';
import {address, short} from '../text.js';
import type {Delivery, Journey, Status} from '../types.js';

interface Row {
	id: string;
	to: TemplateResult;
	delivery: Delivery;
}

const MOST_ROWS = 50;
const WIDTH = 240;

/** Tries as dots on one axis of time for all rows. */
function timeline(delivery: Delivery, from: number, to: number): TemplateResult {
	const x = (time: string): number => 8 + ((Date.parse(time) - from) / Math.max(1, to - from)) * (WIDTH - 16);
	const words = delivery.tries.map(one => `${shortTime(one.t)} ${t(`status.${one.status}`)}`).join(', ');
	return html`<svg class="tries" viewBox="0 0 ${WIDTH} 20" role="img" aria-label=${words}>
		<line x1="4" x2=${WIDTH - 4} y1="10" y2="10"></line>
		${delivery.tries.map(one => svg`<circle class="tone-${toneOf(one.status)}" cx=${x(one.t)} cy="10" r="5"><title>${shortTime(one.t)} ${t(`status.${one.status}`)}</title></circle>`)}
	</svg>`;
}

function answer(delivery: Delivery): TemplateResult {
	return html`<span class="mono small wrap">${short(delivery.reply ?? '', 300)}</span>
		${delivery.relay ? html`<div class="soft small wrap">${short(delivery.relay, 100)}</div>` : ''}`;
}

function recipient(delivery: Delivery): TemplateResult {
	const orig = delivery.orig_to && delivery.orig_to !== delivery.to;
	return html`<span class="wrap">${address(delivery.to)}</span>
		${orig ? html`<div class="soft small wrap">${t('journey.written-to')} ${address(delivery.orig_to)}</div>` : ''}
		${delivery.folder ? html`<div class="soft small">${t('journey.folder')} ${short(delivery.folder, 60)}</div>` : ''}`;
}

/** Of very many recipients: one row for those with the same status, code and next server. */
function grouped(deliveries: Delivery[]): Row[] {
	const groups = new Map<string, Delivery[]>();
	for (const delivery of deliveries) {
		const key = [delivery.status, delivery.code, delivery.relay].join('|');
		groups.set(key, [...(groups.get(key) ?? []), delivery]);
	}
	return [...groups].map(([id, group]) => ({id, to: several(group), delivery: group[0]!}));
}

function several(group: Delivery[]): TemplateResult {
	return html`<details><summary>${t('journey.recipients', {n: group.length})}</summary>
		<ul class="many">${group.slice(0, 500).map(delivery => html`<li class="wrap">${address(delivery.to, 80)}</li>`)}</ul>
		${group.length > 500 ? html`<p class="soft">… ${number(group.length - 500)}</p>` : ''}</details>`;
}

export function deliveryTable(journey: Journey, deliveries: Delivery[]): TemplateResult {
	const rows: Row[] = deliveries.length > MOST_ROWS ? grouped(deliveries)
		: deliveries.map((delivery, i) => ({id: String(i), to: recipient(delivery), delivery}));
	const times = deliveries.flatMap(delivery => delivery.tries.map(one => Date.parse(one.t)));
	const from = Math.min(Date.parse(journey.first), ...times.slice(0, 5000));
	const to = Math.max(from + 1000, ...times.slice(0, 5000));
	const label = to - from < 3600e3 ? clock : to - from < 86400e3 ? hourMinute : day;
	const list: Column<Row>[] = [
		{key: 'to', title: t('col.recipient'), broad: true, cell: row => row.to},
		{key: 'status', title: t('col.status'), cell: row => badge(row.delivery.status as Status)},
		{key: 'tries', title: t('col.tries'), num: true, cell: row => number(row.delivery.tries.length)},
		{key: 'line', title: `${label(from)} → ${label(to)}`, broad: true, cell: row => timeline(row.delivery, from, to)},
		{key: 'answer', title: t('col.last-answer'), broad: true, cell: row => answer(row.delivery)},
	];
	return html`<else-table kind="deliveries" .columns=${columns(list)} .rows=${rows} label=${t('journey.deliveries')}></else-table>`;
}
