import {html, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import {get} from '../api.js';
import {toneBadge} from '../components/badge.js';
import {icon} from '../components/icon.js';
import {setUp} from '../components/relax.js';
import {columns} from '../components/table.js';
import '../components/table.js';
import {ElseElement} from '../element.js';
import {ago, duration, fullTime, number, shortTime} from '../format.js';
import {t} from '../i18n.js';
import {searchPath, term} from '../query.js';
import {Resource} from '../resource.js';
import {short} from '../text.js';
import type {Host, Items} from '../types.js';

const LOOKS: Record<Host['state'], [string, string]> = {
	ok: ['ok', 'check'], lagging: ['wait', 'clock'], silent: ['reject', 'pause'], imported: ['none', 'download'], 'never seen': ['none', 'help'],
};

/** Does every server log, in time and by a clock that is right? */
@customElement('page-hosts')
export class PageHosts extends ElseElement {
	@property({attribute: false}) url!: URL;
	private readonly hosts = new Resource<Items<Host>>(this);
	private timer = 0;

	override connectedCallback(): void {
		super.connectedCallback();
		this.hosts.load('hosts', signal => get<Items<Host>>('/hosts', {}, signal));
		this.timer = window.setInterval(() => void this.hosts.reload(), 30_000);
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		clearInterval(this.timer);
	}

	private roleOf(host: Host): TemplateResult {
		if (!host.role) return html`<span class="soft">${t('hosts.no-role')}</span>`;
		return html`${t(`hosts.role.${host.role}`)} ${host.role_set ? '' : html`<span class="soft small">${t('hosts.guessed')}</span>`}`;
	}

	/** A clock that is off by less than two seconds is right. */
	private skew(host: Host): TemplateResult | string {
		if (host.skew_ms === null) return '—';
		const off = Math.abs(host.skew_ms) >= 2000;
		return html`<span class=${off ? 'bad' : ''}>${duration(Math.abs(host.skew_ms))}${off ? ` ${t(host.skew_ms > 0 ? 'hosts.behind' : 'hosts.ahead')}` : ''}</span>`;
	}

	private bad(n: number): TemplateResult {
		return html`<span class=${n ? 'bad' : ''}>${number(n)}</span>`;
	}

	private table(rows: Host[]): TemplateResult {
		if (!rows.length) return setUp();
		const list = columns<Host>([
			{key: 'name', title: t('col.host'), cell: host => html`<a class="wrap" href=${searchPath(`${term('host', host.name)} last:24h`)}>${short(host.name)}</a>
				${host.note ? html`<div class="soft small wrap">${short(host.note)}</div>` : ''}`},
			{key: 'state', title: t('hosts.state'), cell: host => html`${toneBadge(...LOOKS[host.state], t(`hosts.${host.state.replace(' ', '-')}`))}
				${host.silent_since ? html`<div class="soft small">${t('attention.since', {time: shortTime(host.silent_since)})}</div>` : ''}`},
			{key: 'role', title: t('hosts.role'), cell: host => this.roleOf(host)},
			{key: 'last', title: t('hosts.last-line'), cell: host => (host.last_line ? html`<span title=${fullTime(host.last_line)}>${ago(host.last_line)}</span>` : '—')},
			{key: 'lag', title: t('hosts.lag'), num: true, cell: host => duration(host.lag_ms)},
			{key: 'skew', title: t('hosts.skew'), num: true, cell: host => this.skew(host)},
			{key: 'lines', title: t('hosts.lines'), num: true, cell: host => number(host.lines_24h)},
			{key: 'unknown', title: t('hosts.unknown'), num: true, cell: host => this.bad(host.unknown_24h)},
			{key: 'missing', title: t('hosts.missing'), num: true, cell: host => this.bad(host.missing)},
		]);
		return html`<else-table .columns=${list} .rows=${rows} .idOf=${(host: Host) => host.name} label=${t('nav.hosts')}></else-table>`;
	}

	protected override render(): TemplateResult {
		const silent = this.hosts.data?.items.filter(host => host.state === 'silent').length ?? 0;
		return html`<div class="page-head"><div><h1>${t('nav.hosts')}</h1><span class="soft">${this.hosts.data ? t('hosts.count', {n: this.hosts.data.items.length}) : ''}</span></div></div>
			<div class="stack">
				${silent ? html`<div class="note-card tone-wait">${icon('warn')}${t('hosts.some-silent', {n: silent})}</div>` : ''}
				<section class="card" aria-label=${t('nav.hosts')}>${this.hosts.show(data => this.table(data.items))}</section>
			</div>`;
	}
}
