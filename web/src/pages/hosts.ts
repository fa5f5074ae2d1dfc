import {html, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import {get} from '../api.js';
import {toneBadge} from '../components/badge.js';
import {icon} from '../components/icon.js';
import {setUp} from '../components/relax.js';
import {columns} from '../components/table.js';
import '../components/table.js';
import {ElseElement} from '../element.js';
import {ago, dayTime, fullTime} from '../format.js';
import {t} from '../i18n.js';
import {searchPath, term} from '../query.js';
import {Resource} from '../resource.js';
import {short} from '../text.js';
import type {Host, Items} from '../types.js';

/** Does every server log? */
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

	private table(rows: Host[]): TemplateResult {
		if (!rows.length) return setUp();
		const list = columns<Host>([
			{key: 'name', title: t('col.host'), cell: host => html`<a class="wrap" href=${searchPath(`${term('host', host.name)} last:24h`)}>${short(host.name)}</a>`},
			{key: 'state', title: t('hosts.state'), cell: host => host.state === 'ok' ? toneBadge('ok', 'check', t('hosts.ok')) : toneBadge('wait', 'pause', t('hosts.silent'))},
			{key: 'role', title: t('hosts.role'), cell: host => (host.role ? short(host.role) : html`<span class="soft">${t('hosts.no-role')}</span>`)},
			{key: 'last', title: t('hosts.last-line'), cell: host => (host.last_line ? html`<span title=${fullTime(host.last_line)}>${ago(host.last_line)}</span>` : '—')},
			{key: 'first', title: t('hosts.first-line'), cell: host => (host.first_line ? dayTime(host.first_line) : '—')},
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
