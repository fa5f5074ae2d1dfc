import {html, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import {ElseElement} from '../element.js';
import {number} from '../format.js';
import {t} from '../i18n.js';
import {reasonWords} from '../messages/columns.js';
import {hasValue, searchPath, toggled} from '../query.js';
import {go} from '../router.js';
import {iconOf, toneOf} from '../status.js';
import {plain} from '../text.js';
import type {Facet} from '../types.js';
import {bar} from './bars.js';
import {icon} from './icon.js';

/** The condition behind a value of a facet. */
function conditionOf(field: string, value: string): [string, string] {
	if (field === 'from.domain') return ['from', `@${value}`];
	if (field === 'to.domain') return ['to', `@${value}`];
	return [field, value];
}

function nameOf(field: string, value: string): unknown {
	if (field === 'status') return html`${icon(iconOf(value))} ${t(`status.${value}`)}`;
	if (field === 'way') return html`${icon(value)} ${t(`way.${value}`)}`;
	if (field === 'reason') return reasonWords(value);
	return value === '' ? t('address.null') : plain(value);
}

/** What the rows have in common, with counts; each value narrows the search or widens it again. */
@customElement('else-facets')
export class ElseFacets extends ElseElement {
	@property() q = '';
	@property({attribute: false}) facets: Facet[] = [];

	private value(facet: Facet, v: string, n: number, most: number): TemplateResult {
		const [key, value] = conditionOf(facet.field, v);
		const chosen = hasValue(this.q, key, value);
		return html`<li>
			<button class="bar-line ${facet.field === 'status' ? `tone-${toneOf(v)}` : ''}" aria-pressed=${chosen}
				title=${plain(v)} @click=${() => go(searchPath(toggled(this.q, key, value)))}>
				<span class="cut">${nameOf(facet.field, v)}</span><span class="num">${facet.approx ? '≈ ' : ''}${number(n)}</span>${bar(n, most)}
			</button>
		</li>`;
	}

	private facet(facet: Facet): TemplateResult {
		const most = Math.max(...facet.values.map(value => value.n));
		return html`<div><h3>${t(`facet.${facet.field}`)}</h3>
			<ul>${facet.values.map(({v, n}) => this.value(facet, v, n, most))}</ul>
			${facet.other > 0 ? html`<p class="small soft other">${t('facet.other', {n: facet.other})}</p>` : ''}
		</div>`;
	}

	protected override render(): TemplateResult {
		return html`<details ?open=${matchMedia('(min-width: 861px)').matches}>
			<summary>${t('messages.facets')}</summary>
			${this.facets.filter(facet => facet.values.length).map(facet => this.facet(facet))}
		</details>`;
	}
}
