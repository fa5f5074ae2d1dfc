import {html, type TemplateResult} from 'lit';
import {columns} from '../components/table.js';
import '../components/table.js';
import {bytes, clockMs, duration, fullTime} from '../format.js';
import {t} from '../i18n.js';
import {searchPath, term} from '../query.js';
import {plain, short} from '../text.js';
import type {Delivery, Hop, Journey} from '../types.js';

function took(hop: Hop): number | null {
	return hop.left ? Date.parse(hop.left) - Date.parse(hop.arrived) : null;
}

function client(hop: Hop): TemplateResult | string {
	const {ip, name, helo, tls, user} = hop.client;
	if (!ip && !name && !user) return '';
	return html`<dt>${t('hop.client')}</dt>
		<dd>${ip ? html`<a class="mono" href=${searchPath(term('ip', ip))}>${plain(ip)}</a>` : ''}
			${name && name !== 'unknown' ? html`<div class="cut">${short(name, 80)}</div>` : ''}
			${helo && helo !== name ? html`<div class="soft cut">HELO ${short(helo, 80)}</div>` : ''}
			${user ? html`<div>${t('hop.login')} <b>${short(user, 60)}</b></div>` : ''}
			${tls ? html`<div class="soft cut">${short(tls, 60)}</div>` : ''}</dd>`;
}

function checks(hop: Hop): TemplateResult | string {
	if (!hop.checks.length) return '';
	return html`<dt>${t('hop.checks')}</dt>
		<dd>${hop.checks.slice(0, 6).map(check => html`<div class=${check.stopped ? 'stopped' : ''}>${short(check.by, 30)}: <b>${short(check.result, 40)}</b>
			${check.score ? html`(${short(check.score, 12)})` : ''} ${check.detail ? html`<span class="soft">${short(check.detail, 80)}</span>` : ''}</div>`)}</dd>`;
}

function size(hop: Hop): string {
	const parts = [hop.nrcpt ? t('hop.recipients', {n: hop.nrcpt}) : '', hop.size ? bytes(hop.size) : ''];
	return parts.filter(Boolean).join(', ');
}

function card(hop: Hop, previous: number | null, passedTo: string[]): TemplateResult {
	const from = hop.before !== previous && hop.before ? t('hop.from', {n: hop.before}) : '';
	return html`<li class="hop-step">
		${previous === null && !hop.before ? '' : html`<span class="hop-gap small soft" title=${t(`join.${hop.join ?? 'none'}`)}>${hop.gap_ms === null ? '' : `${hop.gap_ms < 0 ? '' : '+'}${duration(hop.gap_ms)}`}
			<span aria-hidden="true" class="arrow">→</span>${from ? html`<span>${from}</span>` : ''}</span>`}
		<div class="hop">
			<h3 class="row"><span class="badge tone-${hop.complete === false ? 'wait' : 'ok'}">${hop.n}</span><span class="cut">${short(hop.host, 60)}</span>
				${hop.notice ? html`<span class="badge tone-bounce">${t('hop.notice')}</span>` : ''}</h3>
			<dl>
				${hop.qid ? html`<dt>${t('hop.queue')}</dt><dd><a class="mono" href=${searchPath(term('qid', hop.qid))}>${plain(hop.qid)}</a></dd>` : ''}
				<dt>${t('hop.arrived')}</dt><dd title=${fullTime(hop.arrived)}>${clockMs(hop.arrived)}</dd>
				${client(hop)}
				${size(hop) ? html`<dt>${t('hop.size')}</dt><dd>${size(hop)}</dd>` : ''}
				${checks(hop)}
				${passedTo.length ? html`<dt>${t('hop.passed-to')}</dt><dd>${passedTo.map(relay => html`<div class="cut" title=${plain(relay)}>${short(relay, 60)}</div>`)}</dd>` : ''}
				<dt>${t('hop.took')}</dt><dd><b>${duration(took(hop))}</b></dd>
			</dl>
		</div>
	</li>`;
}

function relays(deliveries: Delivery[], hop: number): string[] {
	const names = deliveries.filter(delivery => delivery.hop === hop && delivery.relay).map(delivery => delivery.relay!);
	return [...new Set(names)].slice(0, 3);
}

/** Servers from left to right, with the time on each and the gap between. */
export function hopCards(journey: Journey): TemplateResult {
	const {hops, deliveries} = journey;
	return html`<ol class="hops">
		${hops.map((hop, i) => card(hop, hops[i - 1]?.n ?? null, relays(deliveries, hop.n)))}
	</ol>`;
}

/** The same as rows. */
export function hopTable(journey: Journey): TemplateResult {
	const list = columns<Hop>([
		{key: 'n', title: '#', cell: hop => hop.n},
		{key: 'host', title: t('col.host'), cell: hop => short(hop.host, 80)},
		{key: 'qid', title: t('hop.queue'), cell: hop => html`<code>${plain(hop.qid ?? '')}</code>`},
		{key: 'arrived', title: t('hop.arrived'), cell: hop => clockMs(hop.arrived)},
		{key: 'gap', title: t('hop.gap'), num: true, cell: hop => duration(hop.gap_ms)},
		{key: 'took', title: t('hop.took'), num: true, cell: hop => duration(took(hop))},
		{key: 'client', title: t('hop.client'), cell: hop => short([hop.client.name, hop.client.ip].filter(Boolean).join(' '), 100)},
		{key: 'join', title: t('hop.join'), cell: hop => (hop.join ? t(`join.${hop.join}`) : '')},
	]);
	return html`<else-table .columns=${list} .rows=${journey.hops} .idOf=${(hop: Hop) => String(hop.n)} label=${t('journey.hops')}></else-table>`;
}
