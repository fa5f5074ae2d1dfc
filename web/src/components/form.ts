import {html, type TemplateResult} from 'lit';
import {Problem} from '../api.js';
import {t} from '../i18n.js';
import {problemText} from '../resource.js';
import {openDialog} from './dialog.js';

export interface FormField {
	name: string;
	label: string;
	note?: string;
	kind?: 'text' | 'number' | 'lines' | 'select' | 'checks' | 'switch';
	value?: string | string[] | boolean;
	options?: {value: string; label: string}[];
	required?: boolean;
}

export type Values = Record<string, string | string[] | boolean>;

function input(field: FormField): TemplateResult {
	const {name, value = '', required = false} = field;
	if (field.kind === 'lines')
		return html`<textarea class="input" name=${name} rows="4" ?required=${required} .value=${(value as string[]).join('\n')}></textarea>`;
	if (field.kind === 'select')
		return html`<select class="input" name=${name}>${field.options!.map(option => html`<option value=${option.value} ?selected=${option.value === value}>${option.label}</option>`)}</select>`;
	return html`<input class="input" name=${name} type=${field.kind ?? 'text'} ?required=${required} .value=${String(value)} maxlength="253">`;
}

function control(field: FormField, problem: Problem | null): TemplateResult {
	if (field.kind === 'switch')
		return html`<label class="check"><input type="checkbox" name=${field.name} ?checked=${field.value === true}>${field.label}</label>`;
	if (field.kind === 'checks')
		return html`<fieldset class="checks"><legend class="label">${field.label}</legend>
			${field.options!.map(option => html`<label class="check"><input type="checkbox" name=${field.name} value=${option.value}
				?checked=${(field.value as string[]).includes(option.value)}>${option.label}</label>`)}
			${field.options!.length ? '' : html`<span class="soft">${t('empty.none')}</span>`}</fieldset>`;
	const fault = problem?.faultOf(`#/${field.name}`);
	return html`<label class="field"><span class="label">${field.label}</span>${input(field)}
		${field.note ? html`<span class="note">${field.note}</span>` : ''}
		${fault ? html`<span class="fault" role="alert">${fault.hint ?? fault.detail}</span>` : ''}</label>`;
}

function valuesOf(fields: FormField[], form: FormData): Values {
	return Object.fromEntries(fields.map(({name, kind}) => {
		if (kind === 'switch') return [name, form.get(name) === 'on'];
		if (kind === 'checks') return [name, form.getAll(name).map(String)];
		const text = String(form.get(name) ?? '').trim();
		return [name, kind === 'lines' ? text.split(/[\s,]+/).filter(Boolean) : text];
	}));
}

/** A form over the page. The server judges; what it says stands at the field. Unsaved changes are not lost unasked. */
export function formDialog(title: string, fields: FormField[], save: (values: Values) => Promise<void>): void {
	let problem: Problem | null = null;
	let changed = false;
	const paint = openDialog(title, close => {
		const submit = async (event: SubmitEvent): Promise<void> => {
			event.preventDefault();
			try {
				await save(valuesOf(fields, new FormData(event.target as HTMLFormElement)));
				changed = false;
				close();
			} catch (error) {
				if (!(error instanceof Problem)) throw error;
				problem = error;
				paint();
			}
		};
		return html`<form class="stack" @submit=${submit} @input=${() => (changed = true)}>
			${fields.map(field => control(field, problem))}
			${problem ? html`<p class="note-card tone-reject" role="alert">${problemText(problem)}</p>` : ''}
			<div class="row"><button class="button primary">${t('action.save')}</button><button type="button" class="button" @click=${close}>${t('action.cancel')}</button></div>
		</form>`;
	});
	const dialog = document.body.lastElementChild!;
	dialog.addEventListener('cancel', event => {
		if (changed && !window.confirm(t('form.unsaved'))) event.preventDefault();
	});
}

/** Something that is shown once and never again. */
export function secretDialog(title: string, secret: string, note: string, copy: (text: string) => void): void {
	openDialog(title, () => html`<p>${note}</p><pre class="lines secret">${secret}</pre>
		<div><button class="button primary" @click=${() => copy(secret)}>${t('action.copy')}</button></div>`);
}
