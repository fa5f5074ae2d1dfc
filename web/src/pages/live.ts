import {html, type PropertyValues, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import {address as apiPath} from '../api.js';
import {icon} from '../components/icon.js';
import '../components/table.js';
import {ElseElement} from '../element.js';
import {number, zoneOffset} from '../format.js';
import {t} from '../i18n.js';
import {bind} from '../keys.js';
import {messageColumns} from '../messages/columns.js';
import {searchPath} from '../query.js';
import type {Message} from '../types.js';

const MOST = 500;

interface Rate {
	per_s: number;
	shown: number;
	left_out: number;
}

/** What happens this second. Pauses while the reader looks at a row. */
@customElement('page-live')
export class PageLive extends ElseElement {
	@property({attribute: false}) url!: URL;
	@state() private rows: Message[] = [];
	@state() private waiting: Message[] = [];
	@state() private state: 'opening' | 'open' | 'closed' = 'opening';
	@state() private rate: Rate | null = null;
	@state() private gap = false;
	@state() private stopped = false;
	private busy = false;
	private source?: EventSource;
	private unbind?: () => void;

	private get q(): string {
		return this.url.searchParams.get('q') ?? '';
	}

	override connectedCallback(): void {
		super.connectedCallback();
		this.unbind = bind([{keys: 'l', run: () => this.toggle()}]);
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		this.source?.close();
		this.unbind?.();
	}

	protected override willUpdate(changes: PropertyValues): void {
		if (changes.has('url')) this.connect();
	}

	private connect(): void {
		this.source?.close();
		this.rows = [];
		this.waiting = [];
		this.state = 'opening';
		const source = (this.source = new EventSource(apiPath('/messages/stream', {q: this.q, tz: zoneOffset()})));
		source.addEventListener('open', () => (this.state = 'open'));
		source.addEventListener('error', () => (this.state = source.readyState === EventSource.CLOSED ? 'closed' : 'opening'));
		source.addEventListener('bye', () => (this.state = 'opening'));
		source.addEventListener('gap', () => (this.gap = true));
		source.addEventListener('rate', event => (this.rate = JSON.parse(event.data) as Rate));
		source.addEventListener('message', event => this.take(JSON.parse(event.data) as Message));
	}

	/** A mail that changes takes its new state where it stands. */
	private take(message: Message): void {
		const replaced = (list: Message[]): Message[] | null => {
			const at = list.findIndex(row => row.id === message.id);
			return at < 0 ? null : list.with(at, message);
		};
		const shown = replaced(this.rows);
		if (shown) this.rows = shown;
		else if (this.held) this.waiting = (replaced(this.waiting) ?? [message, ...this.waiting]).slice(0, MOST);
		else this.rows = [message, ...this.rows].slice(0, MOST);
	}

	private get held(): boolean {
		return this.stopped || this.busy || window.scrollY > 200;
	}

	private release(): void {
		this.rows = [...this.waiting, ...this.rows].slice(0, MOST);
		this.waiting = [];
	}

	private toggle(): void {
		this.stopped = !this.stopped;
		if (!this.stopped) this.release();
	}

	private hold(on: boolean): void {
		this.busy = on;
		if (!on && !this.held && this.waiting.length) this.release();
	}

	private line(): string {
		if (this.state === 'closed') return t('live.closed');
		if (this.state === 'opening') return t('live.opening');
		const rate = this.rate ? t('live.rate', {rate: this.rate.per_s}) : t('live.open');
		return this.rate?.left_out ? `${rate} · ${t('live.sampled', {n: this.rate.left_out})}` : rate;
	}

	protected override render(): TemplateResult {
		return html`<div class="page-head">
				<div><h1>${t('nav.live')}</h1><span class="soft">${this.line()}</span></div>
				<div class="row tools">
					${this.waiting.length ? html`<button class="button primary" @click=${() => this.release()}>${t('live.new', {n: this.waiting.length})} ↑</button>` : ''}
					<button class="button" aria-pressed=${this.stopped} @click=${() => this.toggle()}>${icon(this.stopped ? 'play' : 'pause')}${t(this.stopped ? 'live.go-on' : 'live.pause')}</button>
					<a class="button" href=${searchPath(this.q)}>${icon('search')}${t('live.as-search')}</a>
				</div>
			</div>
			<div class="stack">
				${this.gap ? html`<div class="note-card tone-wait">${icon('warn')}${t('live.gap')}</div>` : ''}
				<section class="card" aria-label=${t('nav.live')} @pointerenter=${() => this.hold(true)} @pointerleave=${() => this.hold(false)}
					@focusin=${() => this.hold(true)} @focusout=${() => this.hold(false)}>
					${this.rows.length
						? html`<else-table virtual kind="messages" label=${t('nav.live')} .columns=${messageColumns()} .rows=${this.rows}></else-table>
							<div class="table-foot"><span>${t('live.kept', {n: MOST})}</span><span>${number(this.rows.length)}</span></div>`
						: html`<div class="empty">${icon('live')}<p>${t('live.waiting')}</p></div>`}
				</section>
			</div>`;
	}
}
