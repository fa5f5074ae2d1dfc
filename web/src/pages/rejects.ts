import {html, type PropertyValues, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import {get} from '../api.js';
import {icon} from '../components/icon.js';
import {rangeMenu, rangeOf} from '../components/range.js';
import {columns} from '../components/table.js';
import '../components/table.js';
import {bar} from '../components/bars.js';
import {ElseElement} from '../element.js';
import {number, shortTime} from '../format.js';
import {t} from '../i18n.js';
import {reasonWords} from '../messages/columns.js';
import {rangeTerm, searchPath, term} from '../query.js';
import {Resource} from '../resource.js';
import {address, short} from '../text.js';
import type {Rejects} from '../types.js';

const BY = ['reason', 'ip', 'helo', 'from.domain', 'to', 'code'];
type Row = Rejects['items'][number];
type Suspect = Rejects['suspects'][number];

/** Whom do we refuse, why, and is a good sender among them? */
@customElement('page-rejects')
export class PageRejects extends ElseElement {
	@property({attribute: false}) url!: URL;
	private readonly rejects = new Resource<Rejects>(this);

	private get by(): string {
		return this.url.searchParams.get('by') ?? 'reason';
	}

	protected override willUpdate(changes: PropertyValues): void {
		if (!changes.has('url')) return;
		const query = {by: this.by, range: rangeOf(this.url), limit: 50};
		this.rejects.load(JSON.stringify(query), signal => get<Rejects>('/stats/rejects', query, signal));
	}

	private search(...conditions: string[]): string {
		return searchPath([...conditions, rangeTerm(rangeOf(this.url))].join(' '));
	}

	private condition(v: string): string {
		return this.by === 'from.domain' ? term('from', `@${v}`) : term(this.by, v);
	}

	private tabs(): TemplateResult {
		return html`<nav class="row" aria-label=${t('rejects.by')}>
			${BY.map(by => {
				const path = new URL(this.url);
				path.searchParams.set('by', by);
				return html`<a class="button small" href=${path.pathname + path.search} aria-current=${by === this.by ? 'page' : 'false'}>${t(`dim.${by}`)}</a>`;
			})}
		</nav>`;
	}

	private table(data: Rejects): TemplateResult {
		const most = Math.max(...data.items.map(row => row.n));
		const name = (row: Row): unknown => this.by === 'reason' ? reasonWords(row.v) : row.v === '' ? t('empty.value') : short(row.v, 100);
		const list = columns<Row>([
			{key: 'v', title: t(`dim.${this.by}`), cell: row => html`<a class="wrap" href=${this.search('status:rejected', this.condition(row.v))}>${name(row)}</a><span class="tone-reject reject-bar">${bar(row.n, most)}</span>`},
			{key: 'n', title: t('rejects.refusals'), num: true, cell: row => number(row.n)},
			{key: 'senders', title: t('rejects.senders'), num: true, cell: row => number(row.senders)},
			{key: 'last', title: t('col.last'), num: true, cell: row => shortTime(row.last)},
		]);
		return html`<else-table .columns=${list} .rows=${data.items} .idOf=${(row: Row) => row.v} label=${t('nav.rejects')}></else-table>`;
	}

	private suspects(list: Suspect[]): TemplateResult {
		if (!list.length) return html`<p class="soft">${icon('check')} ${t('rejects.no-suspects')}</p>`;
		const cols = columns<Suspect>([
			{key: 'from', title: t('col.from'), cell: row => html`<a class="wrap" href=${this.search(term('from', row.from))}>${address(row.from)}</a>`},
			{key: 'refused', title: t('status.rejected'), num: true, cell: row => number(row.refused)},
			{key: 'delivered', title: t('status.delivered'), num: true, cell: row => number(row.delivered)},
			{key: 'reason', title: t('col.reason'), cell: row => (row.reason ? reasonWords(row.reason) : '')},
		]);
		return html`<else-table .columns=${cols} .rows=${list} .idOf=${(row: Suspect) => row.from} label=${t('rejects.suspects')}></else-table>`;
	}

	private content(data: Rejects): TemplateResult {
		if (!data.items.length) return html`<section class="card empty">${icon('check')}<h2>${t('empty.none-refused')}</h2><p class="soft">${t('rejects.good-news')}</p></section>`;
		return html`<div class="two wide-left">
			<section class="card" aria-label=${t('rejects.by')}>${this.table(data)}</section>
			<section class="card" aria-label=${t('rejects.suspects')}><h2>${t('rejects.suspects')}</h2><p class="soft small">${t('rejects.suspects-why')}</p>${this.suspects(data.suspects)}</section>
		</div>`;
	}

	protected override render(): TemplateResult {
		return html`<div class="page-head"><div><h1>${t('nav.rejects')}</h1>${this.tabs()}</div>
				<div class="row tools"><a class="button" href=${this.search('status:rejected')}>${icon('search')}${t('rejects.as-search')}</a>${rangeMenu(rangeOf(this.url))}</div></div>
			${this.rejects.show(data => this.content(data), 10)}`;
	}
}
