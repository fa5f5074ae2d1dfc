import {html} from 'lit';
import {Problem, send} from '../api.js';
import {t} from '../i18n.js';
import {between, field, pieces, timeOf, withTime} from '../query.js';
import {problemText} from '../resource.js';
import {openDialog, toast} from './dialog.js';

const UNITS: Record<string, number> = {m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3};

/** "last:24h" as the two times it means now; other times stand already. */
function frozen(q: string): string {
	const last = pieces(timeOf(q)).map(field).find(part => part?.key === 'last')?.value ?? '';
	const hit = /^(\d+)([mhdw])$/.exec(last);
	if (!hit) return q;
	const now = Date.now();
	return withTime(q, between(now - Number(hit[1]) * UNITS[hit[2]!]!, now));
}

/** Keeps a search under a name; one that ends now may go on moving, or stay where it is. */
export function saveDialog(q: string): void {
	const moving = timeOf(q).includes('last:');
	let fault = '';
	const paint = openDialog(t('save.title'), close => {
		const submit = async (event: SubmitEvent): Promise<void> => {
			event.preventDefault();
			const form = new FormData(event.target as HTMLFormElement);
			try {
				await send('POST', '/saved', {name: form.get('name'), q: form.get('freeze') ? frozen(q) : q, shared: form.get('shared') === 'on'});
				close();
				toast(t('save.done'));
			} catch (error) {
				if (!(error instanceof Problem)) throw error;
				fault = problemText(error);
				paint();
			}
		};
		return html`<form class="stack" @submit=${submit}>
			<code class="wrap">${q || t('save.everything')}</code>
			<label class="field"><span class="label">${t('col.name')}</span><input class="input" name="name" required maxlength="100"></label>
			${moving ? html`<label class="check"><input type="checkbox" name="freeze">${t('save.freeze')}</label>` : ''}
			<label class="check"><input type="checkbox" name="shared">${t('save.shared')}</label>
			${fault ? html`<p class="note-card tone-reject" role="alert">${fault}</p>` : ''}
			<div class="row"><button class="button primary">${t('action.save')}</button></div>
		</form>`;
	});
}
