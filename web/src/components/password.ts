import {html, type TemplateResult} from 'lit';
import {customElement, state} from 'lit/decorators.js';
import {Problem, send} from '../api.js';
import {ElseElement} from '../element.js';
import {t} from '../i18n.js';
import {problemText} from '../resource.js';

/** The form for a new password of one's own. */
@customElement('else-password')
export class ElsePassword extends ElseElement {
	@state() private fault = '';

	private async onSubmit(event: SubmitEvent): Promise<void> {
		event.preventDefault();
		const form = event.target as HTMLFormElement;
		const data = new FormData(form);
		if (data.get('new') !== data.get('again')) {
			this.fault = t('password.differ');
			return;
		}
		try {
			await send('POST', '/auth/password', {old: data.get('old'), new: data.get('new')});
			this.fault = '';
			form.reset();
			this.dispatchEvent(new Event('done'));
		} catch (error) {
			if (!(error instanceof Problem)) throw error;
			this.fault = error.status === 422 ? t('password.rule') : problemText(error);
		}
	}

	private field(name: string, autocomplete: 'current-password' | 'new-password'): TemplateResult {
		return html`<label class="field"><span class="label">${t(`password.${name}`)}</span>
			<input class="input" name=${name} type="password" required maxlength="1000" autocomplete=${autocomplete}></label>`;
	}

	protected override render(): TemplateResult {
		return html`<form class="stack" @submit=${this.onSubmit}>
			${this.field('old', 'current-password')}${this.field('new', 'new-password')}${this.field('again', 'new-password')}
			<p class="soft small">${t('password.rule')}</p>
			${this.fault ? html`<p class="note-card tone-reject" role="alert">${this.fault}</p>` : ''}
			<div><button class="button primary">${t('password.do')}</button></div>
		</form>`;
	}
}
