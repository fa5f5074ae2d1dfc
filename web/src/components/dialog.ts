import {html, render, type TemplateResult} from 'lit';
import {t} from '../i18n.js';
import {icon} from './icon.js';

/** Shows something over the page until `close` is called, Escape is pressed, or its cross is. */
export function openDialog(title: string, content: (close: () => void) => TemplateResult, broad = false): () => unknown {
	const dialog = document.createElement('dialog');
	dialog.className = broad ? 'broad' : '';
	dialog.setAttribute('aria-label', title);
	const close = (): void => dialog.close();
	const paint = (): unknown =>
		render(
			html`<div class="stack">
				<div class="spread"><h2>${title}</h2>
					<button class="button bare" aria-label=${t('action.close')} @click=${close}>${icon('x')}</button></div>
				${content(close)}
			</div>`,
			dialog,
		);
	dialog.addEventListener('close', () => dialog.remove());
	dialog.addEventListener('repaint', paint);
	document.body.append(dialog);
	paint();
	dialog.showModal();
	return paint;
}

/** A question with one dangerous answer. */
export function confirmed(title: string, text: string, action: string): Promise<boolean> {
	return new Promise(resolve => {
		let answer = false;
		openDialog(title, close => html`<p>${text}</p>
			<div class="row">
				<button class="button danger" @click=${() => { answer = true; close(); }}>${action}</button>
				<button class="button" @click=${close}>${t('action.cancel')}</button>
			</div>`);
		document.body.lastElementChild!.addEventListener('close', () => resolve(answer));
	});
}

/** A word that goes by itself: "Copied". */
export function toast(text: string): void {
	let box = document.querySelector('.toasts');
	if (!box) {
		box = document.createElement('div');
		box.className = 'toasts';
		box.setAttribute('role', 'status');
		document.body.append(box);
	}
	const line = document.createElement('div');
	line.className = 'toast';
	line.textContent = text;
	box.append(line);
	setTimeout(() => line.remove(), 4000);
}

export async function copy(text: string): Promise<void> {
	await navigator.clipboard.writeText(text);
	toast(t('action.copied'));
}
