import {html, type TemplateResult} from 'lit';
import {t} from '../i18n.js';
import {keysAreOn, setKeys} from '../keys.js';
import {openDialog} from './dialog.js';

const KEYS: [string, string][] = [
	['/', 'search'], ['?', 'help'], ['j k', 'rows'], ['Enter', 'open'], ['[ ]', 'neighbours'], ['f', 'filter'], ['x', 'exclude'],
	['s', 'save'], ['e', 'export'], ['l', 'live'], ['t', 'time'], ['g o', 'overview'], ['g m', 'messages'], ['g l', 'go-live'],
	['g f', 'flows'], ['g r', 'rejects'], ['g h', 'hosts'], ['g u', 'users'], ['g a', 'audit'], ['g y', 'my'], ['Esc', 'back'],
];

/** All keys, and the switch that turns the single ones off. */
export function keyList(): TemplateResult {
	return html`<dl class="keys">
			${KEYS.map(([keys, name]) => html`<div><dt>${keys.split(' ').map(key => html`<kbd>${key}</kbd> `)}</dt><dd>${t(`key.${name}`)}</dd></div>`)}
		</dl>
		<label class="check"><input type="checkbox" .checked=${keysAreOn()} @change=${(event: Event) => setKeys((event.target as HTMLInputElement).checked)}>
			${t('key.switch')}</label>`;
}

export function keysDialog(): void {
	openDialog(t('key.title'), () => keyList(), true);
}
