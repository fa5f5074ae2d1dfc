import {html} from 'lit';
import {customElement} from 'lit/decorators.js';
import {send} from '../api.js';
import {AdminPage} from '../components/admin-page.js';
import {copy} from '../components/dialog.js';
import {formDialog, secretDialog} from '../components/form.js';
import type {Column} from '../components/table.js';
import {ago, dayTime} from '../format.js';
import {t} from '../i18n.js';
import {me} from '../session.js';
import {plain, short} from '../text.js';
import type {Token} from '../types.js';

@customElement('page-tokens')
export class PageTokens extends AdminPage<Token> {
	protected readonly path = '/tokens';
	protected readonly name = 'tokens';

	protected idOf(row: Token): string {
		return row.id;
	}

	protected add(): void {
		const permissions = me()!.permissions.map(value => ({value, label: t(`permission.${value}`)}));
		formDialog(t('tokens.add'), [
			{name: 'name', label: t('col.name'), required: true},
			{name: 'days', label: t('tokens.days'), kind: 'number', required: true, value: '90'},
			{name: 'permissions', label: t('tokens.permissions'), kind: 'checks', value: ['messages:read'], options: permissions},
			{name: 'networks', label: t('tokens.networks'), note: t('tokens.networks-note'), kind: 'lines', value: []},
		], async values => {
			const made = await send<{secret: string}>('POST', '/tokens', {...values, days: Number(values.days)});
			secretDialog(t('tokens.made'), made.secret, t('tokens.made-note'), text => void copy(text));
			await this.rows.reload();
		});
	}

	protected columns(): Column<Token>[] {
		return [
			{key: 'name', title: t('col.name'), cell: token => html`<b>${short(token.name, 80)}</b>`},
			{key: 'permissions', title: t('tokens.permissions'), broad: true, cell: token => token.permissions.map(name => t(`permission.${name}`)).join(', ')},
			{key: 'networks', title: t('tokens.networks'), cell: token => plain(token.networks.join(', '))},
			{key: 'expires', title: t('tokens.expires'), cell: token => dayTime(token.expires)},
			{key: 'used', title: t('tokens.last-used'), cell: token => (token.last_used ? `${ago(token.last_used)} ${token.last_ip ?? ''}` : t('tokens.never'))},
			{key: 'actions', title: t('word.actions'), cell: token => this.actions(token.name, null, () => void this.discard(token.name, () => send('DELETE', `/tokens/${encodeURIComponent(token.id)}`)))},
		];
	}
}
