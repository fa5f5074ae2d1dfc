import {html, type PropertyValues, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import {get, Problem} from '../api.js';
import {badge} from '../components/badge.js';
import {icon} from '../components/icon.js';
import {ElseElement} from '../element.js';
import {fullTime, shortTime} from '../format.js';
import {t} from '../i18n.js';
import {problemText, Resource} from '../resource.js';
import {goWith} from '../router.js';
import {me} from '../session.js';
import {address, plain} from '../text.js';
import {toast} from '../components/dialog.js';
import type {MyMessage, Page} from '../types.js';

const RANGES = ['24h', '7d', '30d', '90d'];

/** "Where is my mail?" in plain words: no codes, no servers. */
@customElement('page-my')
export class PageMy extends ElseElement {
	@property({attribute: false}) url!: URL;
	@state() private rows: MyMessage[] = [];
	private next: string | null = null;
	private readonly list = new Resource<Page<MyMessage>>(this);

	private get query(): {range: string; problems: string; text: string} {
		const get = (name: string): string => this.url.searchParams.get(name) ?? '';
		return {range: get('range') || '7d', problems: get('problems'), text: get('text')};
	}

	protected override willUpdate(changes: PropertyValues): void {
		if (!changes.has('url')) return;
		this.list.load(JSON.stringify(this.query), async signal => {
			const page = await get<Page<MyMessage>>('/my/messages', this.query, signal);
			this.rows = page.items;
			this.next = page.next;
			return page;
		});
	}

	private async more(): Promise<void> {
		try {
			const page = await get<Page<MyMessage>>('/my/messages', {...this.query, cursor: this.next});
			this.rows = [...this.rows, ...page.items];
			this.next = page.next;
		} catch (error) {
			if (!(error instanceof Problem)) throw error;
			toast(problemText(error));
		}
	}

	private row(mail: MyMessage): TemplateResult {
		const sent = mail.direction === 'sent';
		return html`<li class="my-mail">
			${badge(mail.status)}
			<div><b class="wrap">${sent ? t('my.to') : ''} ${address(mail.peer)}</b>
				<div class="soft" title=${fullTime(mail.t)}>${shortTime(mail.t)} · ${t(`my.${mail.direction}.${mail.status}`)}</div></div>
		</li>`;
	}

	private choice(label: string, params: Record<string, string | null>, on: boolean): TemplateResult {
		return html`<button class="button small" aria-pressed=${on} @click=${() => goWith(params)}>${label}</button>`;
	}

	private onSearch(event: SubmitEvent): void {
		event.preventDefault();
		goWith({text: String(new FormData(event.target as HTMLFormElement).get('text') ?? '').trim()});
	}

	protected override render(): TemplateResult {
		const {range, problems, text} = this.query;
		const addresses = me()?.scope?.addresses ?? [];
		return html`<div class="my stack">
			<h1>${t('my.title')}</h1>
			${addresses.length ? html`<p class="soft">${t('my.of')} ${plain(addresses.slice(0, 5).join(', '))}</p>` : ''}
			<form role="search" aria-label=${t('my.title')} @submit=${this.onSearch}><input class="input" name="text" type="search" .value=${text} maxlength="200" aria-label=${t('my.search')} placeholder=${t('my.search')}></form>
			<div class="row" role="group" aria-label=${t('my.choose')}>
				${RANGES.map(name => this.choice(t(`range.${name}`), {range: name}, name === range))}
				${this.choice(t('my.problems'), {problems: problems ? null : '1'}, Boolean(problems))}
			</div>
			<section class="card" aria-label=${t('my.title')}>
				${this.list.show(() => this.rows.length
					? html`<ul>${this.rows.map(mail => this.row(mail))}</ul>${this.next ? html`<button class="button" @click=${() => void this.more()}>${t('messages.more')}</button>` : ''}`
					: html`<div class="empty">${icon('inbox')}<p>${t('my.none')}</p></div>`)}
			</section>
			<section class="card stack" aria-label=${t('my.not-found')}><h2>${t('my.not-found')}</h2><p class="soft">${t('my.help')}</p></section>
		</div>`;
	}
}
