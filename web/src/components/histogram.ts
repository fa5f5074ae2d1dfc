import {html, nothing, svg, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import {ElseElement} from '../element.js';
import {day, dayTime, hourMinute, number} from '../format.js';
import {t} from '../i18n.js';
import {GROUPS, type Tone} from '../status.js';
import type {Series} from '../types.js';
import {icon} from './icon.js';
import {columns} from './table.js';
import './table.js';

interface Layer {
	name: string;
	tone: Tone;
	counts: number[];
}

/** The chosen stretch, from the first moment to the first one after it. */
export type Brush = CustomEvent<{from: number; to: number}>;

const HEIGHT = 76;
const LABELS = 6;

/** Series of the API with the statuses that mean the same to a reader added up. */
export function layers(series: Series): Layer[] {
	return GROUPS.map(group => {
		const rows = series.keys.flatMap((key, i) => (group.of.includes(key) ? [series.counts[i] ?? []] : []));
		const length = Math.max(0, ...rows.map(row => row.length));
		return {...group, counts: Array.from({length}, (_, i) => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0))};
	}).filter(layer => layer.counts.some(n => n > 0));
}

/** Stacked bars over time. A stretch is chosen by dragging, or by the arrow keys (Shift makes it longer), and Enter. */
@customElement('else-histogram')
export class ElseHistogram extends ElseElement {
	@property({attribute: false}) series!: Series;
	@property() heading = '';
	@property({type: Boolean}) brush = false;
	@state() private chosen: [number, number] | null = null;
	@state() private asTable = false;
	private anchor = -1;

	private get size(): number {
		return this.series.counts[0]?.length ?? 0;
	}

	private timeAt(index: number): number {
		return Date.parse(this.series.from) + index * this.series.step_s * 1000;
	}

	private timeLabel(index: number): string {
		const span = this.size * this.series.step_s;
		const time = this.timeAt(index);
		if (span <= 1.5 * 86400) return hourMinute(time);
		return this.series.step_s >= 86400 ? day(time) : `${day(time)} ${hourMinute(time)}`;
	}

	private indexAt(event: PointerEvent): number {
		const box = this.querySelector('svg.plot')!.getBoundingClientRect();
		return Math.max(0, Math.min(this.size - 1, Math.floor(((event.clientX - box.left) / box.width) * this.size)));
	}

	private onDown(event: PointerEvent): void {
		if (event.button !== 0 || !this.brush) return;
		(event.currentTarget as Element).setPointerCapture(event.pointerId);
		this.anchor = this.indexAt(event);
		this.chosen = [this.anchor, this.anchor];
	}

	private onMove(event: PointerEvent): void {
		if (this.anchor < 0) return;
		const index = this.indexAt(event);
		this.chosen = [Math.min(this.anchor, index), Math.max(this.anchor, index)];
	}

	private onUp(): void {
		this.anchor = -1;
	}

	private onKey(event: KeyboardEvent): void {
		if (!this.brush || event.altKey || event.ctrlKey || event.metaKey) return;
		const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
		if (step) this.moveBy(step, event.shiftKey);
		else if (event.key === 'Enter' && this.chosen) this.zoom();
		else if (event.key === 'Escape' && this.chosen) this.chosen = null;
		else return;
		event.preventDefault();
	}

	private moveBy(step: number, stretch: boolean): void {
		const last = this.size - 1;
		const [a, b] = this.chosen ?? (step > 0 ? [-1, -1] : [last + 1, last + 1]);
		const clamp = (n: number): number => Math.max(0, Math.min(last, n));
		if (!stretch) this.chosen = [clamp(step > 0 ? b + 1 : a - 1), clamp(step > 0 ? b + 1 : a - 1)];
		else this.chosen = step > 0 ? [clamp(a), clamp(b + 1)] : [clamp(a - 1), clamp(b)];
	}

	private zoom(): void {
		const [a, b] = this.chosen!;
		const detail = {from: this.timeAt(a), to: this.timeAt(b + 1)};
		this.chosen = null;
		this.dispatchEvent(new CustomEvent('brush', {detail, bubbles: true}));
	}

	private bars(stack: Layer[]): TemplateResult[] {
		const sums = Array.from({length: this.size}, (_, i) => stack.reduce((sum, layer) => sum + layer.counts[i]!, 0));
		const most = Math.max(1, ...sums);
		const base = Array.from({length: this.size}, () => HEIGHT);
		const gap = this.size > 60 ? 0.08 : this.size > 12 ? 0.16 : 0.5;
		return stack.flatMap(layer =>
			layer.counts.flatMap((n, i) => {
				if (n === 0) return [];
				const height = Math.max(0.8, (n / most) * (HEIGHT - 2));
				base[i]! -= height;
				return [svg`<rect class="tone-${layer.tone}" x=${i + gap / 2} y=${base[i]!} width=${1 - gap} height=${height}></rect>`];
			}),
		);
	}

	private plot(stack: Layer[]): TemplateResult {
		const chosen = this.chosen;
		return html`<svg class="plot" viewBox="0 0 ${this.size} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
			${this.bars(stack)}
			${chosen ? svg`<rect class="chosen" x=${chosen[0]} y="0" width=${chosen[1] - chosen[0] + 1} height=${HEIGHT}></rect>` : nothing}
		</svg>`;
	}

	private axis(): TemplateResult {
		const count = Math.min(LABELS, this.size);
		const at = Array.from({length: count}, (_, i) => Math.round((i * (this.size - 1)) / Math.max(1, count - 1)));
		return html`<div class="axis small soft" aria-hidden="true">${at.map(i => html`<span>${this.timeLabel(i)}</span>`)}</div>`;
	}

	private sentence(stack: Layer[]): string {
		const total = (layer: Layer): number => layer.counts.reduce((sum, n) => sum + n, 0);
		const parts = stack.map(layer => `${t(`status.${layer.name}`)}: ${number(total(layer))}`);
		return `${this.heading}, ${this.timeLabel(0)} – ${this.timeLabel(this.size)}. ${parts.join(', ')}`;
	}

	private hint(): TemplateResult {
		if (!this.brush) return html``;
		return html`<div class="row small soft brush-hint">
			${this.chosen
				? html`<span role="status">${t('histogram.chosen', {from: this.timeLabel(this.chosen[0]), to: this.timeLabel(this.chosen[1] + 1)})}</span>
						<button class="button small" @click=${this.zoom}>${icon('search')}${t('histogram.zoom')}</button>`
				: html`<span class="by-keys">${t('histogram.hint')} <kbd>←</kbd> <kbd>→</kbd> <kbd>Shift</kbd></span>`}
		</div>`;
	}

	private table(stack: Layer[]): TemplateResult {
		type Row = {id: string; index: number};
		const rows: Row[] = Array.from({length: this.size}, (_, index) => ({id: String(index), index}));
		const list = columns<Row>([
			{key: 'time', title: t('col.time'), cell: row => dayTime(this.timeAt(row.index))},
			...stack.map(layer => ({
				key: layer.name, title: t(`status.${layer.name}`), num: true, cell: (row: Row) => number(layer.counts[row.index]!),
			})),
		]);
		return html`<div class="histogram-table" tabindex="0" role="region" aria-label=${this.heading}>
			<else-table .columns=${list} .rows=${rows.filter(row => stack.some(layer => layer.counts[row.index]))} label=${this.heading}></else-table>
		</div>`;
	}

	protected override render(): TemplateResult {
		const stack = layers(this.series);
		return html`<div class="spread">
				<div class="row"><h2>${this.heading}</h2>
					<ul class="row small legend">
						${stack.map(layer => html`<li class="tone-${layer.tone}"><i></i>${t(`status.${layer.name}`)}</li>`)}
					</ul>
				</div>
				<button class="button small" aria-pressed=${this.asTable} @click=${() => (this.asTable = !this.asTable)}>
					${icon('table')}${t('action.as-table')}
				</button>
			</div>
			${this.asTable ? this.table(stack) : this.picture(stack)}`;
	}

	private picture(stack: Layer[]): TemplateResult {
		if (stack.length === 0) return html`<p class="soft">${t('histogram.empty')}</p>`;
		return html`<div class="plot-wrap ${this.brush ? 'can-brush' : ''}" role=${this.brush ? 'group' : 'img'} tabindex=${this.brush ? '0' : nothing}
				aria-label=${this.sentence(stack)} @keydown=${this.onKey}
				@pointerdown=${this.onDown} @pointermove=${this.onMove} @pointerup=${this.onUp} @pointercancel=${this.onUp}>
				${this.plot(stack)}
			</div>
			${this.axis()}${this.hint()}`;
	}
}
