import {html, type TemplateResult} from 'lit';
import {number} from '../format.js';
import {t} from '../i18n.js';
import {iconOf, ranked, toneOf} from '../status.js';
import type {Counts, Way} from '../types.js';
import {icon} from './icon.js';

/** A status: icon, word and colour. */
export function badge(status: string, more = ''): TemplateResult {
	return html`<span class="badge tone-${toneOf(status)}">${icon(iconOf(status))}${t(`status.${status}`)}${more ? ` · ${more}` : ''}</span>`;
}

/** Of several recipients: "3 delivered · 1 waiting". */
export function countsBadge(counts: Counts): TemplateResult {
	const words = ranked(counts).slice(0, 3).map(([status, n]) => `${number(n)} ${t(`status.${status}`).toLocaleLowerCase()}`);
	return html`<span class="badge tone-none">${icon('half')}${words.join(' · ')}</span>`;
}

export function toneBadge(tone: string, name: string, words: string): TemplateResult {
	return html`<span class="badge tone-${tone}">${icon(name)}${words}</span>`;
}

export function wayMark(way: Way): TemplateResult {
	return html`<span class="nowrap way">${icon(way)} ${t(`way.${way}`)}</span>`;
}
