import {html, type PropertyValues, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import {ElseElement} from '../element.js';
import {t} from '../i18n.js';
import type {ChartColours, ChartOption, Drawing} from '../charts/echarts.js';
import {icon} from './icon.js';

/** A picture by ECharts, which comes when the first one is wanted; `table` shows the same as rows. */
@customElement('else-chart')
export class ElseChart extends ElseElement {
	@property() heading = '';
	@property() sentence = '';
	@property() size = 'middle';
	@property({attribute: false}) option!: (colours: ChartColours) => ChartOption;
	@property({attribute: false}) table!: () => TemplateResult;
	@property({attribute: false}) picked?: (data: unknown) => void;
	@state() private asTable = false;
	private drawing?: Drawing;
	private readonly dark = matchMedia('(prefers-color-scheme: dark)');
	private readonly redraw = (): void => void this.draw();
	private readonly themes = new MutationObserver(this.redraw);

	override connectedCallback(): void {
		super.connectedCallback();
		this.dark.addEventListener('change', this.redraw);
		this.themes.observe(document.documentElement, {attributeFilter: ['data-theme']});
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		this.dark.removeEventListener('change', this.redraw);
		this.themes.disconnect();
		this.drawing?.dispose();
		this.drawing = undefined;
	}

	protected override updated(changes: PropertyValues): void {
		if (changes.has('option') || changes.has('asTable')) void this.draw();
	}

	private async draw(): Promise<void> {
		const {draw} = await import('../charts/echarts.js');
		const box = this.querySelector<HTMLElement>('.chart');
		if (!this.isConnected || !box) {
			this.drawing?.dispose();
			this.drawing = undefined;
			return;
		}
		this.drawing ??= draw(box, data => this.picked?.(data));
		this.drawing.show(this.option);
	}

	protected override render(): TemplateResult {
		return html`<div class="spread"><h2>${this.heading}</h2>
				<button class="button small" aria-pressed=${this.asTable} @click=${() => (this.asTable = !this.asTable)}>${icon('table')}${t('action.as-table')}</button>
			</div>
			${this.asTable ? this.table() : html`<div class="chart ${this.size}" role="img" aria-label=${this.sentence || this.heading}></div>`}`;
	}
}
