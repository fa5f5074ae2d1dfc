import {html, type TemplateResult} from 'lit';
import {icon} from '../components/icon.js';
import {language, t} from '../i18n.js';
import {reasonWords} from '../messages/columns.js';
import {searchPath, term} from '../query.js';
import {toneOf} from '../status.js';
import {short} from '../text.js';
import type {Delivery, Explanation, Journey} from '../types.js';
import {lastWords} from './verdict.js';

function domain(to: string): string {
	return to.slice(to.lastIndexOf('@') + 1);
}

/** Different answers once each, the bad ones first. */
function answers(journey: Journey): Delivery[] {
	const seen = new Map<string, Delivery>();
	for (const delivery of lastWords(journey)) {
		const key = `${delivery.code}|${delivery.reason}`;
		if ((delivery.code || delivery.reason) && !seen.has(key)) seen.set(key, delivery);
	}
	return [...seen.values()].sort((a, b) => Number(toneOf(a.status) === 'ok') - Number(toneOf(b.status) === 'ok')).slice(0, 3);
}

function related(delivery: Delivery): TemplateResult[] {
	const to = delivery.to.includes('@') ? `@${domain(delivery.to)}` : '';
	const links: [string, string][] = [];
	if (to) links.push([t('explain.same-domain', {domain: to}), `${term('to', to)} last:7d`]);
	if (to && delivery.code && toneOf(delivery.status) !== 'ok') links.push([t('explain.same-answer', {domain: to, code: delivery.code}), `${term('to', to)} ${term('code', delivery.code)} last:7d`]);
	if (delivery.reason && toneOf(delivery.status) !== 'ok') links.push([t('explain.same-reason'), `${term('reason', delivery.reason)} last:7d`]);
	return links.map(([words, q]) => html`<li>${icon('search')} <a href=${searchPath(q)}>${words}</a></li>`);
}

function explained(explanation: Explanation, reply: string | null | undefined): TemplateResult {
	return html`<div class="stack explain">
		<h2>${explanation.code ? `${explanation.code} – ` : ''}${explanation.title}</h2>
		<p>${explanation.what} ${explanation.retry ? t('explain.retry') : ''}</p>
		${explanation.advice ? html`<p><b>${t('explain.next')}</b> ${explanation.advice}</p>` : ''}
		${explanation.general ? html`<p class="soft small">${t('explain.general')}</p>` : ''}
		${reply ? html`<p class="mono small wrap reply">${short(reply, 600)}</p>` : ''}
	</div>`;
}

/** Every code of the mail in plain words, with what was really said below. */
export function explainCard(journey: Journey): TemplateResult {
	const list = answers(journey);
	const known = journey.explain.filter(explanation => explanation.lang === language).slice(0, 3);
	return html`<section class="card stack" aria-label=${t('explain.title')}>
		${list.length ? '' : html`<h2>${t('explain.title')}</h2><p class="soft">${t('explain.nothing')}</p>`}
		${known.map(explanation => explained(explanation, list.find(delivery => delivery.code === explanation.code)?.reply))}
		${known.length && list[0] ? html`<ul class="facts">${related(list[0])}</ul>` : ''}
		${known.length ? '' : list.map(delivery => html`<div class="stack explain">
			<h2>${delivery.code ? `${delivery.code} – ` : ''}${delivery.reason ? reasonWords(delivery.reason) : t(`status.${delivery.status}`)}</h2>
			<p>${t(`explain.status.${delivery.status}`)}</p>
			${delivery.reply ? html`<p class="mono small wrap reply">${short(delivery.reply, 600)}</p>` : ''}
			<ul class="facts">${related(delivery)}</ul>
		</div>`)}
	</section>`;
}
