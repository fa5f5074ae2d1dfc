import {html, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import {ElseElement} from '../element.js';
import {icon} from './icon.js';

export interface MenuItem {
	label: string;
	icon?: string;
	href?: string;
	download?: boolean;
	checked?: boolean;
	run?: () => void;
}

/** A button that opens a list of things to do. */
@customElement('else-menu')
export class ElseMenu extends ElseElement {
	@property() label = '';
	@property() picture = '';
	@property() hint = '';
	@property({attribute: false}) items: MenuItem[] = [];
	@state() private open = false;
	private readonly onOutside = (event: Event): void => {
		if (!this.contains(event.target as Node)) this.close(false);
	};

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		document.removeEventListener('pointerdown', this.onOutside);
	}

	async show(): Promise<void> {
		this.open = true;
		document.addEventListener('pointerdown', this.onOutside);
		await this.updateComplete;
		(this.querySelector<HTMLElement>('[aria-checked="true"]') ?? this.querySelector<HTMLElement>('.menu-item'))?.focus();
	}

	private close(refocus = true): void {
		this.open = false;
		document.removeEventListener('pointerdown', this.onOutside);
		if (refocus) this.querySelector<HTMLElement>('.button')?.focus();
	}

	private onKey(event: KeyboardEvent): void {
		const items = [...this.querySelectorAll<HTMLElement>('.menu-item')];
		const at = items.indexOf(document.activeElement as HTMLElement);
		const to = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1}[event.key];
		if (event.key === 'Escape' || event.key === 'Tab') this.close(event.key === 'Escape');
		else if (to !== undefined) items[(to + items.length) % items.length]?.focus();
		else return;
		if (event.key !== 'Tab') event.preventDefault();
	}

	private item(item: MenuItem): TemplateResult {
		const content = html`${item.icon ? icon(item.icon) : ''}${item.label}`;
		const role = item.checked === undefined ? 'menuitem' : 'menuitemradio';
		if (item.href)
			return html`<a class="menu-item" role="menuitem" tabindex="-1" href=${item.href} ?download=${item.download} @click=${() => this.close(false)}>${content}</a>`;
		const run = (): void => {
			this.close();
			item.run?.();
		};
		return html`<button class="menu-item" role=${role} tabindex="-1" aria-checked=${item.checked ?? false} @click=${run}>${content}</button>`;
	}

	protected override render(): TemplateResult {
		return html`<div class="menu" @keydown=${this.open ? this.onKey : null}>
			<button class="button" aria-haspopup="menu" aria-expanded=${this.open} aria-label=${this.hint || this.label}
				@click=${() => (this.open ? this.close() : void this.show())}>
				${this.picture ? icon(this.picture) : ''}${this.label ? html`<span class="word">${this.label}</span>${icon('down')}` : ''}
			</button>
			${this.open ? html`<div class="popup" role="menu">${this.items.map(item => this.item(item))}</div>` : ''}
		</div>`;
	}
}
