import {html, type TemplateResult} from 'lit';
import {badge, countsBadge} from '../components/badge.js';
import {shortTime} from '../format.js';
import {known, rich, t} from '../i18n.js';
import {reasonWords} from '../messages/columns.js';
import {toneOf} from '../status.js';
import {address} from '../text.js';
import type {Delivery, Journey} from '../types.js';

const MOST_SENTENCES = 6;

/** What every recipient's last word is; steps between our own servers are left out. */
export function lastWords(journey: Journey): Delivery[] {
	const finals = journey.deliveries.filter(delivery => delivery.final);
	return finals.length ? finals : journey.deliveries;
}

function lastTry(delivery: Delivery): string | null {
	return delivery.tries[delivery.tries.length - 1]?.t ?? null;
}

/** Recipients that share one fate share one sentence. */
function grouped(deliveries: Delivery[]): Delivery[][] {
	const groups = new Map<string, Delivery[]>();
	for (const delivery of deliveries) {
		const key = [delivery.status, delivery.reason, delivery.code].join('|');
		groups.set(key, [...(groups.get(key) ?? []), delivery]);
	}
	return [...groups.values()].sort((a, b) => Number(toneOf(a[0]!.status) === 'ok') - Number(toneOf(b[0]!.status) === 'ok'));
}

function who(group: Delivery[]): TemplateResult {
	const first = html`<b>${address(group[0]!.to, 80)}</b>`;
	return group.length === 1 ? first : html`${first} ${t('verdict.and-more', {n: group.length - 1})}`;
}

function why(delivery: Delivery): unknown {
	const words = delivery.reason ? reasonWords(delivery.reason).toLocaleLowerCase() : t('verdict.no-reason');
	return delivery.code ? html`<b>${words}</b> (${delivery.code})` : html`<b>${words}</b>`;
}

function sentence(group: Delivery[], journey: Journey): TemplateResult {
	const first = group[0]!;
	const time = lastTry(first) ?? journey.last ?? journey.first;
	const host = journey.hops.find(hop => hop.n === first.hop)?.host ?? '';
	const relay = first.relay?.replace(/[[,].*$/, '') ?? '';
	const key = known(`verdict.${first.status}`) ? `verdict.${first.status}` : 'verdict.unknown';
	const params = {
		who: who(group), why: why(first), when: html`<b>${shortTime(time)}</b>`, host: html`<b>${host}</b>`,
		relay: html`<b>${relay}</b>`, n: Math.max(1, first.tries.length),
	};
	return html`<p class="verdict-line">${rich(key, params)}</p>`;
}

/** The answer to "where is this mail?": what happened, to whom, why, and who can do something. */
export function verdictCard(journey: Journey): TemplateResult {
	const {key, counts, who_acts: actor} = journey.verdict;
	const groups = grouped(lastWords(journey));
	return html`<section class="card edge stack verdict tone-${key === 'mixed' ? toneOf(groups[0]?.[0]?.status ?? '') : toneOf(key)}" aria-label=${t('journey.verdict')}>
		<div class="row">${key === 'mixed' ? countsBadge(counts) : badge(key)}<h2>${t('journey.verdict')}</h2></div>
		<div>
			${groups.slice(0, MOST_SENTENCES).map(group => sentence(group, journey))}
			${groups.length > MOST_SENTENCES ? html`<p class="soft">${t('verdict.more-fates', {n: groups.length - MOST_SENTENCES})}</p>` : ''}
			<p class="soft verdict-line">${t('journey.who-acts')} ${t(`who.${actor}`)}</p>
			${journey.complete || key === 'deferred' || key === 'held' ? '' : html`<p class="soft">${t('journey.incomplete')}</p>`}
			${journey.partial ? html`<p class="soft">${t('journey.partial')}</p>` : ''}
		</div>
	</section>`;
}
