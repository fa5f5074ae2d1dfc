import {html, type PropertyValues, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import {address as apiPath, get, Problem} from '../api.js';
import {copy} from '../components/dialog.js';
import '../components/facets.js';
import '../components/histogram.js';
import type {Brush} from '../components/histogram.js';
import {icon} from '../components/icon.js';
import '../components/menu.js';
import {cellDialog} from '../components/cell-dialog.js';
import {guessNote, queryFault, scopeNote, timeMenu} from '../components/query-parts.js';
import {relaxCard} from '../components/relax.js';
import {saveDialog} from '../components/save-dialog.js';
import type {ElseTable} from '../components/table.js';
import '../components/table.js';
import {ElseElement} from '../element.js';
import {number, shortTime, zoneOffset} from '../format.js';
import {t} from '../i18n.js';
import {bind} from '../keys.js';
import {messageColumns} from '../messages/columns.js';
import {keepList} from '../messages/neighbours.js';
import {between, searchPath, withTime} from '../query.js';
import {problemCard, Resource, skeleton} from '../resource.js';
import {go} from '../router.js';
import {may} from '../session.js';
import type {Facet, Message, MessagePage, Relaxed, Series} from '../types.js';

const FIELDS = 'status,way,reason,to.domain,host';

/** One search: its rows, how they lie in time, and what they have in common. */
@customElement('page-messages')
export class PageMessages extends ElseElement {
	@property({attribute: false}) url!: URL;
	@state() private rows: Message[] = [];
	@state() private chosen = -1;
	@state() private more = false;
	private next: string | null = null;
	private unbind?: () => void;
	private readonly first = new Resource<MessagePage>(this);
	private readonly series = new Resource<Series>(this);
	private readonly facets = new Resource<{facets: Facet[]}>(this);
	private readonly relaxed = new Resource<Relaxed>(this);

	private get q(): string {
		return this.url.searchParams.get('q') ?? '';
	}

	override connectedCallback(): void {
		super.connectedCallback();
		const open = (): void => this.chosen >= 0 ? go(`/messages/${encodeURIComponent(this.rows[this.chosen]!.id)}`) : undefined;
		const cell = (not: boolean) => (): void => this.chosen >= 0 ? cellDialog(this.rows[this.chosen]!, this.q, not) : undefined;
		this.unbind = bind([
			{keys: 'j', run: () => this.move(1)}, {keys: 'k', run: () => this.move(-1)}, {keys: 'Enter', run: open},
			{keys: 'o', run: open}, {keys: 'f', run: cell(false)}, {keys: 'x', run: cell(true)},
			{keys: 's', run: () => saveDialog(this.q)}, {keys: 'l', run: () => go(this.livePath)},
			{keys: 'e', run: () => this.querySelector<HTMLElement & {show(): void}>('.export')?.show()},
			{keys: 'Escape', run: () => (this.chosen = -1)},
		]);
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		this.unbind?.();
	}

	private get livePath(): string {
		const q = withTime(this.q, '');
		return q ? `/live?q=${encodeURIComponent(q)}` : '/live';
	}

	protected override willUpdate(changes: PropertyValues): void {
		if (!changes.has('url')) return;
		const {q} = this;
		const tz = zoneOffset();
		this.first.load(q, async signal => {
			const page = await get<MessagePage>('/messages', {q, tz, limit: 100, total: 'estimate'}, signal);
			this.rows = page.items;
			this.next = page.next;
			this.chosen = -1;
			keepList(searchPath(q), this.rows);
			return page;
		});
		this.series.load(q, signal => get<Series>('/messages/histogram', {q, tz, buckets: 96}, signal));
		this.facets.load(q, signal => get<{facets: Facet[]}>('/messages/facets', {q, tz, fields: FIELDS}, signal));
	}

	private async loadMore(): Promise<void> {
		if (!this.next || this.more || this.first.busy) return;
		this.more = true;
		const {q} = this;
		try {
			const page = await get<MessagePage>('/messages', {q, tz: zoneOffset(), limit: 200, cursor: this.next});
			if (q !== this.q) return;
			this.next = page.next;
			this.rows = [...this.rows, ...page.items];
			keepList(searchPath(q), this.rows);
		} catch (error) {
			if (!(error instanceof Problem)) throw error;
			this.next = null;
			this.first.problem = error;
		} finally {
			this.more = false;
		}
	}

	private move(step: number): void {
		if (!this.rows.length) return;
		this.chosen = Math.max(0, Math.min(this.rows.length - 1, this.chosen + step));
		this.querySelector<ElseTable>('.results')?.reveal(this.chosen);
	}

	private onBrush(event: Brush): void {
		go(searchPath(withTime(this.q, between(event.detail.from, event.detail.to))));
	}

	private summary(): string {
		const page = this.first.data;
		if (!page) return '';
		const total = page.total ?? {value: this.rows.length, relation: this.next ? 'gte' : 'eq'};
		const count = t('messages.count', {n: total.value});
		return [total.relation === 'gte' ? t('messages.at-least', {count}) : count, `${number(Math.round(page.took_ms))} ms`, t('messages.newest')].join(' · ');
	}

	private tools(): TemplateResult {
		const file = (format: string): string => apiPath('/exports', {q: this.q, tz: zoneOffset(), format});
		const exports = [
			{label: t('export.csv'), icon: 'download', href: file('csv'), download: true},
			{label: t('export.ndjson'), icon: 'download', href: file('ndjson'), download: true},
		];
		return html`<div class="row tools">
			${timeMenu(this.q)}
			<a class="button" href=${this.livePath}>${icon('play')}${t('nav.live')}</a>
			<button class="button" @click=${() => saveDialog(this.q)}>${icon('star')}${t('action.save')}</button>
			<button class="button" @click=${() => void copy(location.href)}>${icon('link')}${t('action.copy-link')}</button>
			${may('export') ? html`<else-menu class="export" picture="download" label=${t('action.export')} .items=${exports}></else-menu>` : ''}
		</div>`;
	}

	private results(): TemplateResult {
		const {problem, data} = this.first;
		if (problem && !this.rows.length) return queryFault(this.q, problem, () => void this.first.reload());
		if (!data) return skeleton(12);
		if (!this.rows.length && !this.first.busy) {
			this.relaxed.load(this.q, signal => get<Relaxed>('/messages/relax', {q: this.q, tz: zoneOffset()}, signal));
			return this.relaxed.show(relaxed => relaxCard(this.q, relaxed, data.scope));
		}
		return html`<div class=${this.first.busy ? 'dim' : ''}>
			<else-table class="results" virtual kind="messages" label=${t('nav.messages')} .columns=${messageColumns()} .rows=${this.rows}
				.chosen=${this.chosen} .total=${data.total?.value} @near-end=${() => void this.loadMore()}></else-table>
			${problem ? problemCard(problem) : this.foot(data)}
		</div>`;
	}

	private foot(page: MessagePage): TemplateResult {
		const shown = t('messages.shown', {n: this.rows.length});
		const state = this.more ? t('state.loading') : this.next ? html`<button class="link-button" @click=${() => void this.loadMore()}>${t('messages.more')}</button>` : t('messages.all');
		const scanned = !page.complete && page.scanned?.from ? t('messages.scanned', {time: shortTime(page.scanned.from)}) : '';
		return html`<div class="table-foot">
			<span class="by-keys"><kbd>j</kbd> <kbd>k</kbd> ${t('key.rows')} · <kbd>Enter</kbd> ${t('key.open')} · <kbd>f</kbd> ${t('key.filter')} · <kbd>x</kbd> ${t('key.exclude')} · <kbd>?</kbd> ${t('key.help')}</span>
			<span>${shown} · ${scanned} ${state}</span>
		</div>`;
	}

	protected override render(): TemplateResult {
		const broken = this.first.problem?.status === 400;
		return html`<div class="page-head">
				<div><h1>${t('nav.messages')}</h1><span class="soft" role="status">${this.summary()}</span></div>
				${this.tools()}
			</div>
			<div class="stack">
				${this.first.data && !this.first.busy ? guessNote(this.q, this.first.data.query.tree) : ''}
				${scopeNote(this.first.data?.scope)}
				${broken ? '' : html`<section class="card" aria-label=${t('messages.over-time')} @brush=${this.onBrush}>
					${this.series.show(series => html`<else-histogram brush heading=${t('messages.over-time')} .series=${series}></else-histogram>`, 3)}
				</section>`}
				<div class="results-grid">
					${broken || this.facets.data?.facets.every(facet => !facet.values.length) ? '' : html`<section class="card facets" aria-label=${t('messages.facets')}>
						${this.facets.show(data => html`<else-facets .q=${this.q} .facets=${data.facets}></else-facets>`, 14)}
					</section>`}
					<section class="card" aria-label=${t('messages.results')}>${this.results()}</section>
				</div>
			</div>`;
	}
}
