import {html, type PropertyValues, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import {get} from '../api.js';
import {toneBadge} from '../components/badge.js';
import {barList} from '../components/bars.js';
import '../components/histogram.js';
import type {Brush} from '../components/histogram.js';
import {icon} from '../components/icon.js';
import {scopeNote} from '../components/query-parts.js';
import {rangeMenu, rangeOf} from '../components/range.js';
import {setUp} from '../components/relax.js';
import {ElseElement} from '../element.js';
import {duration, fullTime, number, percent, shortTime} from '../format.js';
import {rich, t} from '../i18n.js';
import {reasonWords} from '../messages/columns.js';
import {between, rangeTerm, searchPath, term} from '../query.js';
import {Resource} from '../resource.js';
import {go} from '../router.js';
import {plain, short} from '../text.js';
import type {Attention, Kpi, Overview} from '../types.js';

/** More of these is bad news. */
const TROUBLE = new Set(['waiting', 'bounced', 'rejected']);
const SEARCH: Record<string, string> = {
	received: 'way:in', delivered: 'status:delivered,relayed', waiting: 'status:deferred,held', bounced: 'status:bounced,expired', rejected: 'status:rejected',
};
const LOOKS = {dest_deferring: ['wait', 'clock'], bounce_rate: ['bounce', 'back'], host_silent: ['grey', 'pause'], no_mail: ['reject', 'warn']} as const;

/** Is mail flowing, and what needs me now? */
@customElement('page-overview')
export class PageOverview extends ElseElement {
	@property({attribute: false}) url!: URL;
	private readonly overview = new Resource<Overview>(this);
	private timer = 0;

	override connectedCallback(): void {
		super.connectedCallback();
		this.timer = window.setInterval(() => document.visibilityState === 'visible' && !this.overview.busy && void this.overview.reload(), 60_000);
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		clearInterval(this.timer);
	}

	private get domain(): string {
		return this.url.searchParams.get('domain') ?? '';
	}

	protected override willUpdate(changes: PropertyValues): void {
		if (!changes.has('url')) return;
		const query = {range: rangeOf(this.url), domain: this.domain};
		this.overview.load(JSON.stringify(query), signal => get<Overview>('/overview', query, signal));
	}

	private search(conditions: string): string {
		const domain = this.domain ? `${term('domain', this.domain)} ` : '';
		return searchPath(`${domain}${conditions} ${rangeTerm(rangeOf(this.url))}`.trim());
	}

	private change(name: string, kpi: Kpi): TemplateResult {
		if (kpi.ref === null) return html`<span class="soft small">${t('overview.no-ref')}</span>`;
		const diff = kpi.value - kpi.ref;
		const size = kpi.ref ? percent(Math.abs(diff), kpi.ref) : number(Math.abs(diff));
		const strong = kpi.ref > 0 ? Math.abs(diff) / kpi.ref > 0.5 : diff > 10;
		const tone = TROUBLE.has(name) && strong ? (diff > 0 ? 'bad' : 'good') : 'soft';
		return html`<span class="small ${tone}">${diff < 0 ? '−' : '+'}${size} ${t('overview.than-last-week')}</span>`;
	}

	private kpi(name: 'received' | 'delivered' | 'waiting' | 'bounced' | 'rejected', kpi: Kpi): TemplateResult {
		return html`<li><a class="card kpi" href=${this.search(SEARCH[name]!)}>
			<span class="soft">${t(`kpi.${name}`)}</span><b>${number(kpi.value)}</b>${this.change(name, kpi)}</a></li>`;
	}

	private kpis(data: Overview): TemplateResult {
		const {received, delivered, waiting, bounced, rejected, took_ms: took} = data.kpi;
		return html`<ul class="kpis">
			${this.kpi('received', received)}${this.kpi('delivered', delivered)}${this.kpi('waiting', waiting)}
			${this.kpi('bounced', bounced)}${this.kpi('rejected', rejected)}
			<li><a class="card kpi" href=${this.search('delay:>1m')}><span class="soft">${t('kpi.took')}</span>
				<b>${duration(took.p50)} / ${duration(took.p95)}</b><span class="soft small">${t('kpi.took-note')}</span></a></li>
		</ul>`;
	}

	private attention(item: Attention): TemplateResult {
		const [tone, picture] = LOOKS[item.kind] ?? ['none', 'warn'];
		const params = Object.fromEntries(Object.entries(item.params).map(([name, value]) =>
			[name, html`<b>${typeof value === 'number' ? number(value) : plain(value)}</b>`]));
		return html`<li class="attention">
			${toneBadge(tone, picture, t(`attention.${item.kind}.word`))}
			<span class="wrap">${rich(`attention.${item.kind}`, params)} ${item.since ? html`<span class="soft">${t('attention.since', {time: shortTime(item.since)})}</span>` : ''}</span>
			${item.q === null ? (item.kind === 'host_silent' ? html`<a class="button small" href="/hosts">${t('action.look')}</a>` : '') : html`<a class="button small" href=${searchPath(item.q)}>${t('action.look')}</a>`}
		</li>`;
	}

	private needsAttention(data: Overview): TemplateResult {
		return html`<section class="card" aria-label=${t('overview.attention')}><h2>${t('overview.attention')}</h2>
			${data.attention.length
				? html`<ul>${data.attention.map(item => this.attention(item))}</ul>`
				: html`<p class="soft all-well">${icon('check')} ${t('overview.all-well')}</p>`}
		</section>`;
	}

	private tops(data: Overview): TemplateResult {
		const senders = data.top_senders.map(top => ({name: top.v === '' ? t('address.null') : short(top.v, 80), n: top.n, href: this.search(term('from', top.v))}));
		const reasons = data.reject_reasons.map(top => ({name: reasonWords(top.v), n: top.n, tone: 'reject', href: this.search(`status:rejected ${term('reason', top.v)}`)}));
		return html`<div class="two">
			<section class="card" aria-label=${t('overview.top-senders')}><h2>${t('overview.top-senders')}</h2>${senders.length ? barList(senders) : html`<p class="soft">${t('empty.none')}</p>`}</section>
			<section class="card" aria-label=${t('overview.why-refused')}><h2>${t('overview.why-refused')}</h2>${reasons.length ? barList(reasons) : html`<p class="soft">${t('empty.none-refused')}</p>`}</section>
		</div>`;
	}

	private content(data: Overview): TemplateResult {
		const nothing = data.series.counts.flat().every(n => n === 0) && data.kpi.received.value + data.kpi.delivered.value + data.kpi.rejected.value === 0;
		const onBrush = (event: Brush): void => go(searchPath(`${this.domain ? `${term('domain', this.domain)} ` : ''}${between(event.detail.from, event.detail.to)}`));
		return html`<div class="stack">
			${data.stale_hosts.length ? html`<div class="note-card tone-wait">${icon('warn')}<span>${t('overview.stale', {hosts: plain(data.stale_hosts.join(', '))})} <a href="/hosts">${t('nav.hosts')}</a></span></div>` : ''}
			${this.kpis(data)}
			${nothing && !data.attention.length ? html`<section class="card">${this.quiet()}</section>` : html`
				${this.needsAttention(data)}
				<section class="card" aria-label=${t('overview.traffic')} @brush=${onBrush}><else-histogram brush heading=${t('overview.traffic')} .series=${data.series}></else-histogram></section>
				${this.tops(data)}`}
		</div>`;
	}

	/** No mail in this stretch: there may be some before it. */
	private quiet(): TemplateResult {
		return html`<p class="soft quiet">${t('overview.quiet')} <a href="/messages">${t('overview.look-back')}</a></p>${setUp()}`;
	}

	protected override render(): TemplateResult {
		const data = this.overview.data;
		return html`<div class="page-head">
				<div><h1>${t('nav.overview')}</h1><span class="soft">${data ? fullTime(data.now) : ''}${this.domain ? ` · ${plain(this.domain)}` : ''}</span></div>
				<div class="row tools">${rangeMenu(rangeOf(this.url))}</div>
			</div>
			${scopeNote(data?.scope)}
			${this.overview.show(overview => this.content(overview), 12)}`;
	}
}
