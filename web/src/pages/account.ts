import {html, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import {get, Problem, send} from '../api.js';
import {toast} from '../components/dialog.js';
import '../components/password.js';
import {columns} from '../components/table.js';
import '../components/table.js';
import {ElseElement} from '../element.js';
import {ago, dayTime} from '../format.js';
import {language, LANGUAGES, setLanguage, t, type Language} from '../i18n.js';
import {problemText, Resource} from '../resource.js';
import {me} from '../session.js';
import {setTheme, theme, THEMES} from '../theme.js';
import {plain, short} from '../text.js';
import type {Items, Session} from '../types.js';

/** My password, and where I am logged in. */
@customElement('page-account')
export class PageAccount extends ElseElement {
	@property({attribute: false}) url!: URL;
	private readonly sessions = new Resource<Items<Session>>(this);

	override connectedCallback(): void {
		super.connectedCallback();
		this.sessions.load('sessions', signal => get<Items<Session>>('/auth/sessions', {}, signal));
	}

	private async end(session: Session): Promise<void> {
		try {
			await send('DELETE', `/auth/sessions/${encodeURIComponent(session.id)}`);
			await this.sessions.reload();
		} catch (error) {
			if (!(error instanceof Problem)) throw error;
			toast(problemText(error));
		}
	}

	private table(rows: Session[]): TemplateResult {
		const list = columns<Session>([
			{key: 'agent', title: t('account.browser'), cell: session => html`<span class="wrap">${short(session.agent ?? '—', 100)}</span>`},
			{key: 'ip', title: t('audit.ip'), cell: session => plain(session.ip ?? '')},
			{key: 'used', title: t('tokens.last-used'), cell: session => ago(session.last_used)},
			{key: 'ends', title: t('tokens.expires'), cell: session => dayTime(session.ends)},
			{key: 'end', title: t('word.actions'), cell: session => session.current ? html`<span class="soft">${t('account.this-one')}</span>` : html`<button class="button small" @click=${() => void this.end(session)}>${t('account.end')}</button>`},
		]);
		return html`<else-table .columns=${list} .rows=${rows} label=${t('account.sessions')}></else-table>`;
	}

	protected override render(): TemplateResult {
		const account = me()!;
		return html`<div class="page-head"><div><h1>${plain(account.display_name ?? account.name)}</h1><span class="soft">${t(`role.${account.role}`)}</span></div></div>
			<div class="two wide-left">
				<section class="card" aria-label=${t('account.sessions')}><h2>${t('account.sessions')}</h2>${this.sessions.show(data => this.table(data.items))}</section>
				<section class="card stack" aria-label=${t('password.title')}><h2>${t('password.title')}</h2>
					<else-password @done=${() => { toast(t('password.done')); void this.sessions.reload(); }}></else-password></section>
				<section class="card stack" aria-label=${t('account.look')}><h2>${t('account.look')}</h2>
					<div class="row" role="group" aria-label=${t('theme.title')}>${THEMES.map(name => html`<button class="button" aria-pressed=${theme() === name}
						@click=${() => { setTheme(name); this.requestUpdate(); }}>${t(`theme.${name}`)}</button>`)}</div>
					<div class="row" role="group" aria-label=${t('login.language')}>${(Object.keys(LANGUAGES) as Language[]).map(name => html`<button class="button" lang=${name}
						aria-pressed=${language === name} @click=${() => setLanguage(name)}>${LANGUAGES[name]}</button>`)}</div></section>
			</div>`;
	}
}
