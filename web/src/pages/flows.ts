import {html, type PropertyValues, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import {get, type Query} from '../api.js';
import {flowOption, nodeName} from '../charts/flow.js';
import {heatmapOption, weekdays} from '../charts/heatmap.js';
import {barList} from '../components/bars.js';
import '../components/chart.js';
import '../components/histogram.js';
import {icon} from '../components/icon.js';
import '../components/menu.js';
import {rangeMenu, rangeOf} from '../components/range.js';
import {columns} from '../components/table.js';
import '../components/table.js';
import {ElseElement} from '../element.js';
import {bytes, duration, number, percent} from '../format.js';
import {t} from '../i18n.js';
import {rangeTerm, searchPath, term} from '../query.js';
import {Resource} from '../resource.js';
import {go, goWith} from '../router.js';
import {plain, short} from '../text.js';
import type {DomainRow, Flow, Items, Series, Top} from '../types.js';

const WAYS = ['', 'in', 'out', 'internal'];
const DIMENSIONS = ['from', 'to', 'from.domain', 'to.domain', 'ip', 'user', 'host', 'mx', 'reason'];

/** How much mail goes which way, through which server, to what end. */
@customElement('page-flows')
export class PageFlows extends ElseElement {
	@property({attribute: false}) url!: URL;
	private readonly flow = new Resource<Flow>(this);
	private readonly series = new Resource<Series>(this);
	private readonly heat = new Resource<{counts: number[][]}>(this);
	private readonly top = new Resource<Items<Top>>(this);
	private readonly domains = new Resource<Items<DomainRow>>(this);

	private param(name: string, otherwise = ''): string {
		return this.url.searchParams.get(name) ?? otherwise;
	}

	protected override willUpdate(changes: PropertyValues): void {
		if (!changes.has('url')) return;
		const range = rangeOf(this.url);
		const query: Query = {range, way: this.param('way'), domain: this.param('domain')};
		const key = JSON.stringify(query);
		const metric = this.param('metric', 'messages');
		const dim = this.param('dim', 'from');
		this.flow.load(key, signal => get<Flow>('/stats/flow', query, signal));
		this.series.load(key, signal => get<Series>('/stats/series', {...query, by: 'status'}, signal));
		this.heat.load(key, signal => get<{counts: number[][]}>('/stats/heatmap', {...query, tz: -new Date().getTimezoneOffset()}, signal));
		this.top.load(`${key}${metric}${dim}`, signal => get<Items<Top>>('/stats/top', {...query, metric, dim, limit: 12}, signal));
		this.domains.load(range, signal => get<Items<DomainRow>>('/stats/domains', {range}, signal));
	}

	private search(...conditions: string[]): string {
		const way = this.param('way');
		const domain = this.param('domain');
		return searchPath([way && term('way', way), domain && term('domain', domain), ...conditions, rangeTerm(rangeOf(this.url))].filter(Boolean).join(' '));
	}

	private tabs(): TemplateResult {
		const here = this.param('way');
		return html`<nav class="row" aria-label=${t('col.way')}>
			${WAYS.map(way => {
				const path = new URL(this.url);
				if (way) path.searchParams.set('way', way);
				else path.searchParams.delete('way');
				return html`<a class="button small" href=${path.pathname + path.search} aria-current=${way === here ? 'page' : 'false'}>
					${way ? html`${icon(way)}${t(`way.${way}.long`)}` : t('flows.all')}</a>`;
			})}
		</nav>`;
	}

	private head(): TemplateResult {
		const domain = this.param('domain');
		const own = (this.domains.data?.items ?? []).map(row => ({label: plain(row.domain), checked: row.domain === domain, run: () => goWith({domain: row.domain})}));
		const items = [{label: t('flows.all-domains'), checked: !domain, run: () => goWith({domain: null})}, ...own.slice(0, 20)];
		return html`<div class="page-head"><div><h1>${t('nav.flows')}</h1>${this.tabs()}</div>
			<div class="row tools"><else-menu picture="globe" label=${domain ? plain(domain) : t('flows.all-domains')} .items=${items}></else-menu>${rangeMenu(rangeOf(this.url))}</div></div>`;
	}

	private sankey(flow: Flow): TemplateResult {
		if (!flow.links.length) return html`<h2>${t('flows.title')}</h2><p class="soft">${t('empty.none')}</p>`;
		type Row = Flow['links'][number];
		const list = columns<Row>([
			{key: 's', title: t('flows.from'), cell: link => nodeName(link.s)}, {key: 't', title: t('flows.to'), cell: link => nodeName(link.t)},
			{key: 'n', title: t('col.count'), num: true, cell: link => html`<a href=${this.search(link.s, link.t)}>${number(link.n)}</a>`},
		]);
		const table = (): TemplateResult => html`<else-table .columns=${list} .rows=${flow.links} .idOf=${(link: Row) => `${link.s} ${link.t}`} label=${t('flows.title')}></else-table>`;
		const picked = (data: unknown): void => {
			const {source, target, name} = data as {source?: string; target?: string; name?: string};
			go(this.search(...[source, target, name].filter((id): id is string => Boolean(id))));
		};
		return html`<else-chart size="tall" heading=${t('flows.title')} .option=${flowOption(flow, window.innerWidth < 861)} .table=${table} .picked=${picked}></else-chart>
			<p class="soft small">${t('flows.hint')}</p>`;
	}

	private heatmap(counts: number[][]): TemplateResult {
		type Row = {id: string; day: number};
		const list = columns<Row>([
			{key: 'day', title: t('flows.day'), cell: row => weekdays('long')[row.day]},
			{key: 'n', title: t('col.count'), num: true, cell: row => number(counts[row.day]!.reduce((sum, n) => sum + n, 0))},
			{key: 'most', title: t('flows.busiest'), cell: row => t('flows.hour', {hour: counts[row.day]!.indexOf(Math.max(...counts[row.day]!))})},
		]);
		const rows: Row[] = counts.map((_, day) => ({id: String(day), day}));
		const table = (): TemplateResult => html`<else-table .columns=${list} .rows=${rows} label=${t('flows.heatmap')}></else-table>`;
		return html`<else-chart heading=${t('flows.heatmap')} .option=${heatmapOption(counts)} .table=${table}></else-chart>`;
	}

	private topCard(): TemplateResult {
		const dim = this.param('dim', 'from');
		const metric = this.param('metric', 'messages');
		const key = {'from.domain': 'from', 'to.domain': 'to'}[dim] ?? dim;
		const value = (v: string): string => (dim.endsWith('.domain') ? `@${v}` : v);
		const choose = (name: string) => (event: Event) => goWith({[name]: (event.target as HTMLSelectElement).value}, 'replace');
		return html`<section class="card" aria-label=${t('flows.top')}>
			<div class="spread"><h2>${t('flows.top')}</h2><div class="row">
				<select class="input" aria-label=${t('flows.dimension')} @change=${choose('dim')}>${DIMENSIONS.map(name => html`<option value=${name} ?selected=${name === dim}>${t(`dim.${name}`)}</option>`)}</select>
				<select class="input" aria-label=${t('flows.metric')} @change=${choose('metric')}>${['messages', 'bytes'].map(name => html`<option value=${name} ?selected=${name === metric}>${t(`metric.${name}`)}</option>`)}</select>
			</div></div>
			${this.top.show(data => data.items.length
				? barList(data.items.map(top => ({
					name: top.v === '' ? t('address.null') : dim === 'reason' ? t(`reason.${top.v}`) : short(top.v, 80), n: metric === 'bytes' ? top.bytes : top.n,
					value: metric === 'bytes' ? bytes(top.bytes) : undefined, href: this.search(term(key, value(top.v))),
				})))
				: html`<p class="soft">${t('empty.none')}</p>`, 8)}
		</section>`;
	}

	private domainTable(rows: DomainRow[]): TemplateResult {
		const all = (row: DomainRow): number => row.in + row.out + row.internal;
		const list = columns<DomainRow>([
			{key: 'domain', title: t('col.domain'), cell: row => html`<a href="/flows?domain=${encodeURIComponent(row.domain)}&range=${rangeOf(this.url)}">${plain(row.domain)}</a>`},
			{key: 'in', title: t('way.in.long'), num: true, cell: row => number(row.in)}, {key: 'out', title: t('way.out.long'), num: true, cell: row => number(row.out)},
			{key: 'internal', title: t('way.internal.long'), num: true, cell: row => number(row.internal)}, {key: 'bytes', title: t('col.size'), num: true, cell: row => bytes(row.bytes)},
			{key: 'rejected', title: t('status.rejected'), num: true, cell: row => percent(row.rejected, row.rejected + all(row))},
			{key: 'bounced', title: t('status.bounced'), num: true, cell: row => percent(row.bounced, all(row))},
			{key: 'waiting', title: t('status.deferred'), num: true, cell: row => number(row.waiting)},
			{key: 'p50', title: t('col.median'), num: true, cell: row => duration(row.p50_ms)}, {key: 'p95', title: 'p95', num: true, cell: row => duration(row.p95_ms)},
		]);
		if (!rows.length) return html`<p class="soft">${t('empty.no-domains')}</p>`;
		return html`<else-table .columns=${list} .rows=${rows} .idOf=${(row: DomainRow) => row.domain} label=${t('flows.domains')}></else-table>`;
	}

	protected override render(): TemplateResult {
		return html`${this.head()}
			<div class="stack">
				<section class="card" aria-label=${t('flows.title')}>${this.flow.show(flow => this.sankey(flow), 10)}</section>
				<section class="card" aria-label=${t('overview.traffic')}>${this.series.show(series => html`<else-histogram heading=${t('overview.traffic')} .series=${series}></else-histogram>`)}</section>
				<div class="two">
					${this.topCard()}
					<section class="card" aria-label=${t('flows.heatmap')}>${this.heat.show(data => this.heatmap(data.counts), 8)}</section>
				</div>
				<section class="card" aria-label=${t('flows.domains')}><h2>${t('flows.domains')}</h2>${this.domains.show(data => this.domainTable(data.items))}</section>
			</div>`;
	}
}
