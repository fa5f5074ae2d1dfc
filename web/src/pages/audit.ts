import {html, type PropertyValues, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import {get, Problem} from '../api.js';
import {toast} from '../components/dialog.js';
import {icon} from '../components/icon.js';
import {columns} from '../components/table.js';
import '../components/table.js';
import {ElseElement} from '../element.js';
import {dayTime, fullTime} from '../format.js';
import {t} from '../i18n.js';
import {problemText, Resource} from '../resource.js';
import {goWith} from '../router.js';
import {plain, short} from '../text.js';
import type {AuditRow, Page} from '../types.js';

/** Who looked at what, and who changed what. */
@customElement('page-audit')
export class PageAudit extends ElseElement {
	@property({attribute: false}) url!: URL;
	@state() private rows: AuditRow[] = [];
	private next: string | null = null;
	private readonly list = new Resource<Page<AuditRow>>(this);

	private get query(): Record<string, string> {
		return {actor: this.url.searchParams.get('actor') ?? '', action: this.url.searchParams.get('action') ?? ''};
	}

	protected override willUpdate(changes: PropertyValues): void {
		if (!changes.has('url')) return;
		this.list.load(JSON.stringify(this.query), async signal => {
			const page = await get<Page<AuditRow>>('/audit', {...this.query, limit: 100}, signal);
			this.rows = page.items;
			this.next = page.next;
			return page;
		});
	}

	private async more(): Promise<void> {
		try {
			const page = await get<Page<AuditRow>>('/audit', {...this.query, limit: 200, cursor: this.next});
			this.rows = [...this.rows, ...page.items];
			this.next = page.next;
		} catch (error) {
			if (!(error instanceof Problem)) throw error;
			toast(problemText(error));
		}
	}

	private onFilter(event: SubmitEvent): void {
		event.preventDefault();
		const form = new FormData(event.target as HTMLFormElement);
		goWith({actor: String(form.get('actor')).trim(), action: String(form.get('action')).trim()});
	}

	private object(row: AuditRow): TemplateResult | string {
		if (!row.object && !row.detail) return '';
		return html`<code class="wrap">${short(row.object ?? '', 200)}</code>
			${row.detail ? html`<details class="small"><summary>${t('audit.detail')}</summary><pre class="wrap-lines">${plain(JSON.stringify(row.detail, null, 1).replaceAll('\n', ' '))}</pre></details>` : ''}`;
	}

	private table(): TemplateResult {
		if (!this.rows.length) return html`<div class="empty">${icon('audit')}<p>${t('audit.none')}</p></div>`;
		const list = columns<AuditRow>([
			{key: 't', title: t('col.time'), cell: row => html`<span class="nowrap" title=${fullTime(row.t)}>${dayTime(row.t)}</span>`},
			{key: 'actor', title: t('audit.actor'), cell: row => html`${short(row.actor ?? '—', 60)} ${row.role ? html`<span class="soft small">${t(`role.${row.role}`)}</span>` : ''}`},
			{key: 'action', title: t('audit.action'), cell: row => html`<code>${row.action}</code>`},
			{key: 'object', title: t('audit.object'), broad: true, cell: row => this.object(row)},
			{key: 'ip', title: t('audit.ip'), cell: row => row.ip ?? ''},
			{key: 'result', title: t('audit.result'), num: true, cell: row => html`<span class=${row.result >= 400 ? 'bad' : ''}>${row.result}</span>`},
		]);
		return html`<else-table .columns=${list} .rows=${this.rows} label=${t('nav.audit')}></else-table>
			${this.next ? html`<div class="table-foot"><button class="button" @click=${() => void this.more()}>${t('messages.more')}</button></div>` : ''}`;
	}

	protected override render(): TemplateResult {
		const {actor, action} = this.query;
		return html`<div class="page-head"><div><h1>${t('nav.audit')}</h1><span class="soft">${t('audit.about')}</span></div>
				<form class="row tools" role="search" aria-label=${t('nav.audit')} @submit=${this.onFilter}>
					<input class="input narrow" name="actor" .value=${actor!} placeholder=${t('audit.actor')} aria-label=${t('audit.actor')}>
					<input class="input narrow" name="action" .value=${action!} placeholder="messages*" aria-label=${t('audit.action')}>
					<button class="button">${icon('search')}${t('action.filter')}</button>
				</form></div>
			<section class="card" aria-label=${t('nav.audit')}>${this.list.show(() => this.table(), 12)}</section>`;
	}
}
