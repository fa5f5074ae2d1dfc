import {html, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import {get, Problem, send} from '../api.js';
import {confirmed, toast} from '../components/dialog.js';
import {icon} from '../components/icon.js';
import {columns} from '../components/table.js';
import '../components/table.js';
import {ElseElement} from '../element.js';
import {t} from '../i18n.js';
import {searchPath} from '../query.js';
import {recent} from '../recent.js';
import {problemText, Resource} from '../resource.js';
import {short, whole} from '../text.js';
import type {Items, Saved} from '../types.js';

/** Searches under a name, mine and shared ones, and the last ones of this browser. */
@customElement('page-saved')
export class PageSaved extends ElseElement {
	@property({attribute: false}) url!: URL;
	private readonly saved = new Resource<Items<Saved>>(this);

	override connectedCallback(): void {
		super.connectedCallback();
		this.saved.load('saved', signal => get<Items<Saved>>('/saved', {}, signal));
	}

	private async discard(row: Saved): Promise<void> {
		if (!(await confirmed(t('saved.delete'), row.name, t('action.delete')))) return;
		try {
			await send('DELETE', `/saved/${encodeURIComponent(row.id)}`);
			await this.saved.reload();
		} catch (error) {
			if (!(error instanceof Problem)) throw error;
			toast(problemText(error));
		}
	}

	private table(rows: Saved[]): TemplateResult {
		if (!rows.length) return html`<div class="empty">${icon('star')}<p>${t('saved.none')}</p></div>`;
		const list = columns<Saved>([
			{key: 'name', title: t('col.name'), cell: row => html`<a href=${searchPath(row.q)}>${short(row.name)}</a>`},
			{key: 'q', title: t('col.search'), broad: true, cell: row => html`<code class="wrap">${whole(row.q)}</code>`},
			{key: 'owner', title: t('saved.owner'), cell: row => (row.mine ? t('saved.mine') : short(row.owner, 60))},
			{key: 'shared', title: t('saved.shared'), cell: row => t(row.shared ? 'word.yes' : 'word.no')},
			{key: 'delete', title: t('word.actions'), cell: row => (row.mine ? html`<button class="button bare small" aria-label="${t('action.delete')} ${row.name}" @click=${() => void this.discard(row)}>${icon('trash')}</button>` : '')},
		]);
		return html`<else-table .columns=${list} .rows=${rows} label=${t('nav.saved')}></else-table>`;
	}

	protected override render(): TemplateResult {
		return html`<div class="page-head"><div><h1>${t('nav.saved')}</h1></div></div>
			<div class="stack">
				<section class="card" aria-label=${t('nav.saved')}>${this.saved.show(data => this.table(data.items))}</section>
				<section class="card" aria-label=${t('saved.recent')}><h2>${t('saved.recent')}</h2>
					<ul class="facts">${recent().map(q => html`<li>${icon('history')}<a href=${searchPath(q)}><code>${whole(q)}</code></a></li>`)}</ul>
					${recent().length ? '' : html`<p class="soft">${t('saved.no-recent')}</p>`}
				</section>
			</div>`;
	}
}
