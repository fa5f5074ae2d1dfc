import {html, nothing, type PropertyValues, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import {get, Problem, send} from '../api.js';
import {ElseElement} from '../element.js';
import {t} from '../i18n.js';
import {byteAt, field, pieces, searchPath, unitAt} from '../query.js';
import {recent, remember} from '../recent.js';
import {go} from '../router.js';
import {plain} from '../text.js';
import type {Items, MessagePage, Saved, Suggestions} from '../types.js';
import {icon} from './icon.js';

interface Option {
	text: string;
	help: string;
	picture?: string;
	choose: () => void;
}

/** The search box: finished conditions are tokens, the word at the end is text, and a list says what may follow. */
@customElement('else-search')
export class ElseSearch extends ElseElement {
	@property() q = '';
	@state() private tokens: string[] = [];
	@state() private word = '';
	@state() private open = false;
	@state() private at = -1;
	@state() private suggested: Suggestions | null = null;
	@state() private saved: Saved[] = [];
	@state() private fault = '';
	private abort?: AbortController;

	protected override willUpdate(changes: PropertyValues): void {
		if (!changes.has('q')) return;
		this.tokens = pieces(this.q);
		this.word = '';
		this.fault = '';
	}

	override focus(): void {
		this.input.focus();
	}

	private get input(): HTMLInputElement {
		return this.querySelector('input')!;
	}

	private get text(): string {
		return [...this.tokens, this.word].filter(Boolean).join(' ');
	}

	private submit(q = this.text): void {
		this.open = false;
		remember(q);
		if (q === this.q) this.tokens = pieces(q);
		this.word = '';
		this.input.value = '';
		go(searchPath(q));
	}

	private onInput(): void {
		this.word = this.input.value;
		this.open = true;
		this.at = -1;
		void this.suggest();
	}

	private async onFocus(): Promise<void> {
		this.open = true;
		void this.suggest();
		this.saved = (await get<Items<Saved>>('/saved').catch(() => ({items: []}))).items;
	}

	private async suggest(): Promise<void> {
		this.abort?.abort();
		const abort = (this.abort = new AbortController());
		const before = this.tokens.length ? `${this.tokens.join(' ')} ` : '';
		const q = before + this.word;
		try {
			const pos = byteAt(q, before.length + (this.input.selectionStart ?? this.word.length));
			this.suggested = await get<Suggestions>('/messages/suggest', {q, pos}, abort.signal);
		} catch {
			if (!abort.signal.aborted) this.suggested = null;
		}
	}

	/** Puts a suggestion where it belongs; a key waits for its value, everything else is finished. */
	private insert(text: string, at: [number, number]): void {
		const before = this.tokens.length ? `${this.tokens.join(' ')} ` : '';
		const q = before + this.word;
		const next = q.slice(0, unitAt(q, at[0])) + text + q.slice(unitAt(q, at[1]));
		const parts = pieces(next);
		this.word = text.endsWith(':') ? parts.pop()! : '';
		this.tokens = parts;
		this.input.value = this.word;
		this.input.focus();
		this.at = -1;
		void this.suggest();
	}

	private edit(index: number): void {
		this.word = [this.tokens[index], this.word].filter(Boolean).join(' ');
		this.tokens = this.tokens.filter((_, i) => i !== index);
		this.input.value = this.word;
		this.input.focus();
	}

	private drop(index: number): void {
		this.tokens = this.tokens.filter((_, i) => i !== index);
		this.submit();
	}

	/** Log lines, bounces, headers: the server says which search they mean. */
	private async onPaste(event: ClipboardEvent): Promise<void> {
		const text = event.clipboardData?.getData('text/plain') ?? '';
		if (!text.includes('\n') && text.length < 200) return;
		event.preventDefault();
		try {
			const page = await send<MessagePage>('POST', '/messages/search', {q: text, limit: 1});
			this.submit(page.query.canonical);
		} catch (error) {
			if (!(error instanceof Problem)) throw error;
			this.fault = error.errors[0]?.hint ?? error.title;
		}
	}

	private onKey(event: KeyboardEvent): void {
		const options = this.open ? this.options().flatMap(group => group.list) : [];
		const {key} = event;
		if (key === 'ArrowDown' || key === 'ArrowUp') {
			const step = key === 'ArrowDown' ? 1 : -1;
			if (options.length) this.at = (this.at + step + options.length + (this.at < 0 && step < 0 ? 1 : 0)) % options.length;
			this.open = true;
		} else if (key === 'Enter') {
			if (this.open && this.at >= 0) options[this.at]?.choose();
			else this.submit();
		} else if (key === 'Tab' && this.open && this.at >= 0) options[this.at]?.choose();
		else if (key === 'Escape') this.open ? (this.open = false) : this.input.blur();
		else if (key === 'Backspace' && this.word === '' && this.tokens.length) this.edit(this.tokens.length - 1);
		else return;
		event.preventDefault();
	}

	private onFocusOut(event: FocusEvent): void {
		if (!this.contains(event.relatedTarget as Node)) this.open = false;
	}

	private options(): {title: string; list: Option[]}[] {
		const suggested = this.suggested;
		const own = (suggested?.items ?? []).map(item => ({
			text: item.insert, help: item.help ?? '', choose: () => this.insert(item.insert, suggested!.at),
		}));
		const matches = (q: string): boolean => !this.word || q.includes(this.word);
		const saved = this.saved.filter(s => matches(s.q) || matches(s.name)).slice(0, 5)
			.map(s => ({text: s.name, help: s.q, picture: 'star', choose: () => this.submit(s.q)}));
		const past = recent().filter(q => q !== this.q && matches(q)).slice(0, 5)
			.map(q => ({text: q, help: '', picture: 'history', choose: () => this.submit(q)}));
		const help = {text: t('search.operators'), help: '', picture: 'help', choose: () => go('/help/search')};
		return [{title: t('search.suggestions'), list: own}, {title: t('search.saved-recent'), list: [...saved, ...past, help]}];
	}

	private token(piece: string, index: number): TemplateResult {
		const f = field(piece);
		if (!f && /^(OR|AND|NOT|\(|\))$/.test(piece))
			return html`<span class="chip word"><button class="chip-text" tabindex="-1" @click=${() => this.edit(index)}>${piece}</button></span>`;
		const shown = f ? html`${f.not ? html`<span class="sign">−</span>` : ''}<b>${f.key}:</b>${plain(f.value)}` : plain(piece);
		return html`<span class="chip ${f?.not ? 'not' : ''}">
			<button class="chip-text" title=${t('search.edit')} @click=${() => this.edit(index)}>${shown}</button>
			<button class="chip-x" aria-label=${t('search.remove', {what: plain(piece)})} @click=${() => this.drop(index)}>×</button>
		</span>`;
	}

	private list(): TemplateResult | typeof nothing {
		if (!this.open) return nothing;
		let index = 0;
		return html`<div class="popup suggestions" id="search-options" role="listbox" aria-label=${t('search.suggestions')}>
			${this.options().map(group => html`<div role="group" aria-label=${group.title}>
				${group.list.length ? html`<h2 role="presentation">${group.title}</h2>` : ''}
				${group.list.map(option => this.option(option, index++))}
			</div>`)}
		</div>`;
	}

	private option(option: Option, index: number): TemplateResult {
		const choose = (event: Event): void => {
			event.preventDefault();
			option.choose();
		};
		return html`<div class="option" role="option" id="search-option-${index}" aria-selected=${index === this.at} @pointerdown=${choose}>
			<span class="what">${option.picture ? icon(option.picture) : ''} ${plain(option.text)}</span><span class="soft">${plain(option.help)}</span>
		</div>`;
	}

	protected override render(): TemplateResult {
		return html`<div role="search" aria-label=${t('search.label')} @focusout=${this.onFocusOut}>
			<div class="search-box" @click=${(event: Event) => event.target === event.currentTarget && this.focus()}>
				${icon('search')}${this.tokens.map((token, i) => this.token(token, i))}
				<input type="text" role="combobox" aria-label=${t('search.label')} aria-expanded=${this.open} aria-autocomplete="list"
					aria-controls="search-options" aria-activedescendant=${this.open && this.at >= 0 ? `search-option-${this.at}` : nothing}
					autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="16384"
					placeholder=${this.tokens.length ? '' : t('search.placeholder')}
					@input=${this.onInput} @focus=${this.onFocus} @keydown=${this.onKey} @paste=${this.onPaste}>
				<kbd aria-hidden="true">/</kbd>
			</div>
			${this.list()}
			${this.fault ? html`<div class="note-card tone-reject search-fault" role="alert">${icon('warn')}${this.fault}</div>` : ''}
		</div>`;
	}
}
