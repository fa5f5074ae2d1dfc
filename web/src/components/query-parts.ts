import {html, type TemplateResult} from 'lit';
import type {Problem} from '../api.js';
import {dayTime} from '../format.js';
import {t} from '../i18n.js';
import {asText, field, guesses, pieces, searchPath, timeOf, unitAt, withTime} from '../query.js';
import {problemCard} from '../resource.js';
import {go} from '../router.js';
import {plain, short} from '../text.js';
import type {Scope, Tree} from '../types.js';
import {icon} from './icon.js';
import './menu.js';
import {RANGES} from './range.js';

function timeWords(time: string): string {
	const parts = pieces(time).map(field);
	const last = parts.length === 1 && parts[0]?.key === 'last' ? parts[0].value : '';
	if (RANGES.includes(last)) return t(`range.${last}`);
	const at = (key: string): string => {
		const value = parts.find(part => part?.key === key)?.value ?? '';
		return /^\d{4}-.*Z$/.test(value) ? dayTime(value) : value;
	};
	if (at('after') && at('before')) return `${at('after')} – ${at('before')}`;
	return plain(time);
}

/** The time of a search; it is part of the query, so that a link is complete. */
export function timeMenu(q: string): TemplateResult {
	const time = timeOf(q);
	const set = (term: string) => () => go(searchPath(withTime(q, term)));
	const choices = [
		...RANGES.map(range => ({label: t(`range.${range}`), term: `last:${range}`})),
		{label: t('range.today'), term: 'on:today'},
		{label: t('range.yesterday'), term: 'on:yesterday'},
		{label: t('range.all'), term: ''},
	];
	const items = choices.map(({label, term}) => ({label, checked: term === time, run: set(term)}));
	const label = choices.find(choice => choice.term === time)?.label ?? timeWords(time);
	return html`<else-menu picture="clock" label=${label} .items=${items}></else-menu>`;
}

/** Where a query went wrong: the place, and what might have been meant. */
export function queryFault(q: string, problem: Problem, retry: () => void): TemplateResult {
	const fault = problem.faultOf('#/q');
	if (!fault) return problemCard(problem, retry);
	const at = unitAt(q, fault.pos ?? 0);
	return html`<div class="empty" role="alert">
		${icon('warn')}<h2>${problem.title}</h2>
		${fault.pos === undefined ? '' : html`<p class="mono query-fault">${plain(q.slice(Math.max(0, at - 60), at))}<mark>${plain(q.slice(at, at + 60)) || ' '}</mark></p>`}
		<p>${fault.hint ?? fault.detail ?? ''}</p>
		<a href="/help/search">${t('search.operators')}</a>
	</div>`;
}

/** What bare words were taken for, and the way out. */
export function guessNote(q: string, tree: Tree): TemplateResult | string {
	const list = guesses(tree).flatMap(guess => ({...guess, text: asText(q, guess.word) ?? ''})).filter(guess => guess.text);
	if (!list.length) return '';
	return html`<p class="soft small">${list.map(({key, word, text}) => html`${t('search.taken-for')} <code>${key}:${plain(word)}</code>
		– <a href=${searchPath(text)}>${t('search.as-text')}</a> `)}</p>`;
}

/** What the reader is shown is not everything there is. */
export function scopeNote(scope: Scope | null | undefined): TemplateResult | string {
	if (!scope) return '';
	const names = [...scope.domains, ...scope.hosts, ...scope.addresses];
	return html`<p class="soft small">${t('scope.within')} ${names.slice(0, 6).map((name, i) => html`${i ? ', ' : ''}<b>${short(name, 60)}</b>`)}${names.length > 6 ? ' …' : ''}</p>`;
}
