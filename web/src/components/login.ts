import {html, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import {Problem, send} from '../api.js';
import {ElseElement} from '../element.js';
import {t} from '../i18n.js';
import {problemText} from '../resource.js';
import type {Me} from '../types.js';
import {icon} from './icon.js';
import './password.js';

/** Name and password; after that a password of one's own where the first one was for once. */
@customElement('else-login')
export class ElseLogin extends ElseElement {
	@property({attribute: false}) account: Me | null = null;
	@state() private fault = '';
	@state() private busy = false;

	private async onSubmit(event: SubmitEvent): Promise<void> {
		event.preventDefault();
		const form = new FormData(event.target as HTMLFormElement);
		this.busy = true;
		try {
			await send('POST', '/auth/login', {name: form.get('name'), password: form.get('password')});
			this.fault = '';
			this.dispatchEvent(new Event('logged-in'));
		} catch (error) {
			if (!(error instanceof Problem)) throw error;
			this.fault = error.status === 401 ? t('login.failed') : problemText(error);
		}
		this.busy = false;
	}

	private form(): TemplateResult {
		return html`<form class="stack" @submit=${this.onSubmit}>
			<label class="field"><span class="label">${t('login.name')}</span>
				<input class="input" name="name" autocomplete="username" autocapitalize="off" required maxlength="200" autofocus></label>
			<label class="field"><span class="label">${t('login.password')}</span>
				<input class="input" name="password" type="password" autocomplete="current-password" required maxlength="1000"></label>
			${this.fault ? html`<div class="note-card tone-reject" role="alert">${icon('warn')}${this.fault}</div>` : ''}
			<button class="button primary" ?disabled=${this.busy}>${t('login.do')}</button>
		</form>`;
	}

	protected override render(): TemplateResult {
		return html`<main class="login"><div class="card stack">
			<div><h1>ELSE</h1><p class="soft">${t('nav.subtitle')}</p></div>
			${this.account
				? html`<p>${t('login.must-change')}</p><else-password @done=${() => this.dispatchEvent(new Event('logged-in'))}></else-password>`
				: this.form()}
		</div></main>`;
	}
}
