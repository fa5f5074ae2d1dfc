import {html, type TemplateResult} from 'lit';
import {t} from '../i18n.js';
import {added, searchPath, term} from '../query.js';
import {go} from '../router.js';
import {short} from '../text.js';
import type {Message} from '../types.js';
import {openDialog} from './dialog.js';

function conditions(row: Message): [string, string][] {
	const list: [string, string | null | undefined][] = [
		['from', row.from], ['to', row.rcpts.first[0]], ['status', row.status === 'mixed' ? null : row.status], ['way', row.way],
		['reason', row.reason], ['code', row.code], ['host', row.hosts[0]], ['ip', row.client.ip],
	];
	return list.filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== undefined);
}

/** Which of a row's values shall be searched for, or left out. */
export function cellDialog(row: Message, q: string, not: boolean): void {
	openDialog(t(not ? 'key.exclude' : 'key.filter'), close => {
		const choose = (condition: string): void => {
			close();
			go(searchPath(added(q, condition)));
		};
		return html`<div class="cell-list">
			${conditions(row).map(([key, value]): TemplateResult => html`<button class="menu-item" @click=${() => choose(term(key, value, not))}>
				<b class="mono">${not ? '−' : ''}${key}:</b> <span class="mono cut">${short(value, 60)}</span></button>`)}
		</div>`;
	});
}
