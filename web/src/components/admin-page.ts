import {html, type TemplateResult} from 'lit';
import {property} from 'lit/decorators.js';
import {get, Problem} from '../api.js';
import {ElseElement} from '../element.js';
import {t} from '../i18n.js';
import {problemText, Resource} from '../resource.js';
import type {Items} from '../types.js';
import {confirmed, toast} from './dialog.js';
import {icon} from './icon.js';
import {columns, type Column} from './table.js';
import './table.js';

/** A list of things that an administrator adds, changes and deletes. */
export abstract class AdminPage<Row> extends ElseElement {
	@property({attribute: false}) url!: URL;
	protected readonly rows = new Resource<Items<Row>>(this);

	protected abstract readonly path: string;
	protected abstract readonly name: string;
	protected abstract columns(): Column<Row>[];
	protected abstract add(): void | Promise<void>;
	protected abstract idOf(row: Row): string;

	override connectedCallback(): void {
		super.connectedCallback();
		this.rows.load(this.path, signal => get<Items<Row>>(this.path, {}, signal));
	}

	/** Runs a change and shows the list anew, or says what went wrong. */
	protected async attempt(change: () => Promise<unknown>): Promise<void> {
		try {
			await change();
			await this.rows.reload();
		} catch (error) {
			if (!(error instanceof Problem)) throw error;
			toast(problemText(error));
		}
	}

	protected async discard(label: string, change: () => Promise<unknown>): Promise<void> {
		if (await confirmed(t(`${this.name}.delete`), label, t('action.delete'))) await this.attempt(change);
	}

	protected actions(label: string, edit: (() => void) | null, remove: () => void): TemplateResult {
		return html`<span class="row nowrap">
			${edit ? html`<button class="button small" aria-label="${t('action.edit')} ${label}" @click=${edit}>${t('action.edit')}</button>` : ''}
			<button class="button bare small" aria-label="${t('action.delete')} ${label}" @click=${remove}>${icon('trash')}</button></span>`;
	}

	protected override render(): TemplateResult {
		return html`<div class="page-head">
				<div><h1>${t(`nav.${this.name}`)}</h1><span class="soft">${t(`${this.name}.about`)}</span></div>
				<div class="row tools"><button class="button primary" @click=${() => void this.add()}>${icon('plus')}${t(`${this.name}.add`)}</button></div>
			</div>
			<section class="card" aria-label=${t(`nav.${this.name}`)}>
				${this.rows.show(data => data.items.length
					? html`<else-table .columns=${columns(this.columns())} .rows=${data.items} .idOf=${(row: Row) => this.idOf(row)} label=${t(`nav.${this.name}`)}></else-table>`
					: html`<div class="empty">${icon('inbox')}<p>${t(`${this.name}.none`)}</p></div>`)}
			</section>`;
	}
}
