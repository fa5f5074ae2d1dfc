import {html, nothing, type PropertyValues, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import {repeat} from 'lit/directives/repeat.js';
import {ElseElement} from '../element.js';

export interface Column<Row> {
	key: string;
	title: string;
	cell: (row: Row) => unknown;
	num?: boolean;
	/** On phones over the whole width of the card. */
	broad?: boolean;
}

const OVERSCAN = 12;

/**
 * Rows under headings; cards on phones. With `virtual` only the rows in sight are in the page, so their height is one
 * (--row, or that of the first row), and `near-end` asks for more rows when the end comes near.
 */
@customElement('else-table')
export class ElseTable extends ElseElement {
	@property({attribute: false}) columns: Column<never>[] = [];
	@property({attribute: false}) rows: unknown[] = [];
	@property({attribute: false}) idOf: (row: never) => string = row => String((row as {id: string}).id);
	@property() label = '';
	@property() kind = '';
	@property({type: Boolean}) virtual = false;
	@property({type: Number}) chosen = -1;
	@property({attribute: false}) total?: number;
	@state() private from = 0;
	@state() private to = 60;
	private rowHeight = 33;
	private readonly onScroll = (): void => this.measure();

	override connectedCallback(): void {
		super.connectedCallback();
		window.addEventListener('scroll', this.onScroll, {passive: true});
		window.addEventListener('resize', this.onScroll, {passive: true});
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		window.removeEventListener('scroll', this.onScroll);
		window.removeEventListener('resize', this.onScroll);
	}

	protected override updated(changes: PropertyValues): void {
		for (const cell of this.querySelectorAll<HTMLElement>('td[data-height]')) cell.style.blockSize = `${cell.dataset.height}px`;
		if (this.virtual && changes.has('rows')) this.measure();
	}

	/** Which rows are in sight. */
	private measure(): void {
		const body = this.querySelector('tbody');
		if (!this.virtual || !body) return;
		const row = body.querySelector('tr[data-row]');
		if (row) this.rowHeight = row.getBoundingClientRect().height || this.rowHeight;
		const above = Math.max(0, -body.getBoundingClientRect().top);
		const first = Math.floor(above / this.rowHeight);
		const inSight = Math.ceil(window.innerHeight / this.rowHeight);
		this.from = Math.max(0, Math.min(first - OVERSCAN, this.rows.length - inSight));
		this.to = Math.min(this.rows.length, first + inSight + OVERSCAN);
		if (first + 2 * inSight > this.rows.length) this.dispatchEvent(new Event('near-end'));
	}

	/** Brings a row into sight, where the keys went. */
	reveal(index: number): void {
		const body = this.querySelector('tbody');
		if (!body) return;
		const top = body.getBoundingClientRect().top + index * this.rowHeight;
		if (top < 120) window.scrollBy(0, top - 120);
		else if (top + this.rowHeight > window.innerHeight - 40) window.scrollBy(0, top + this.rowHeight - window.innerHeight + 40);
	}

	private spacer(rows: number): TemplateResult | typeof nothing {
		if (rows <= 0) return nothing;
		return html`<tr class="spacer" aria-hidden="true">
			<td data-height=${rows * this.rowHeight}></td>
		</tr>`;
	}

	private row(row: never, index: number): TemplateResult {
		return html`<tr role="row" data-row=${index} class=${index === this.chosen ? 'chosen' : ''} aria-rowindex=${index + 2}>
			${this.columns.map(column => this.cell(column, row))}
		</tr>`;
	}

	private cell(column: Column<never>, row: never): TemplateResult {
		const content = column.cell(row);
		const classes = `c-${column.key} ${column.num ? 'num' : ''} ${column.broad ? 'broad' : ''} ${content === '' ? 'empty-cell' : ''}`;
		return html`<td role="cell" class=${classes} data-label=${column.title}>${content}</td>`;
	}

	protected override render(): TemplateResult {
		const rows = this.rows as never[];
		const from = this.virtual ? Math.min(this.from, rows.length) : 0;
		const to = this.virtual ? Math.min(Math.max(this.to, from + 1), rows.length) : rows.length;
		return html`<table role="table" class="table cards ${this.virtual ? 'fixed' : ''} ${this.kind}"
			aria-label=${this.label} aria-rowcount=${this.total ?? rows.length + 1}>
			<thead role="rowgroup">
				<tr role="row">
					${this.columns.map(column => html`<th role="columnheader" scope="col" class="c-${column.key} ${column.num ? 'num' : ''}">${column.title}</th>`)}
				</tr>
			</thead>
			<tbody role="rowgroup">
				${this.spacer(from)}
				${repeat(rows.slice(from, to), row => this.idOf(row), (row, i) => this.row(row, from + i))}
				${this.spacer(rows.length - to)}
			</tbody>
		</table>`;
	}
}

/** Columns are typed by their rows; the element takes any. */
export function columns<Row>(list: Column<Row>[]): Column<never>[] {
	return list as unknown as Column<never>[];
}
