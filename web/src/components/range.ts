import {html, type TemplateResult} from 'lit';
import {dayTime} from '../format.js';
import {t} from '../i18n.js';
import {goWith} from '../router.js';
import './menu.js';

export const RANGES = ['1h', '24h', '7d', '30d', '90d'];

/** "Last 24 hours", or the two ends of a stretch. */
export function rangeLabel(range: string): string {
	const [from, to] = range.split('..');
	if (to) return `${dayTime(from!)} – ${dayTime(to)}`;
	return RANGES.includes(range) ? t(`range.${range}`) : range;
}

export function rangeOf(url: URL): string {
	return url.searchParams.get('range') ?? '24h';
}

/** The time of a page of numbers, kept in its URL. */
export function rangeMenu(range: string): TemplateResult {
	const items = RANGES.map(name => ({label: t(`range.${name}`), checked: name === range, run: () => goWith({range: name})}));
	return html`<else-menu picture="clock" label=${rangeLabel(range)} .items=${items}></else-menu>`;
}
