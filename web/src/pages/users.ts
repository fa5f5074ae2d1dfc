import {html} from 'lit';
import {customElement} from 'lit/decorators.js';
import {get, send} from '../api.js';
import {AdminPage} from '../components/admin-page.js';
import {toneBadge} from '../components/badge.js';
import {copy} from '../components/dialog.js';
import {formDialog, secretDialog, type FormField} from '../components/form.js';
import type {Column} from '../components/table.js';
import {ago} from '../format.js';
import {t} from '../i18n.js';
import {may} from '../session.js';
import {plain, short} from '../text.js';
import type {Group, Items, Role, User} from '../types.js';

const ROLES: Role[] = ['administrator', 'operator', 'help_desk', 'domain_administrator', 'auditor', 'end_user'];

interface Made {
	user: User;
	password: string;
}

@customElement('page-users')
export class PageUsers extends AdminPage<User> {
	protected readonly path = '/users';
	protected readonly name = 'users';

	protected idOf(row: User): string {
		return row.id;
	}

	private async fields(user?: User): Promise<FormField[]> {
		const groups = may('admin') ? (await get<Items<Group>>('/groups')).items : (user?.groups ?? []);
		return [
			{name: 'name', label: t('login.name'), required: true, value: user?.name},
			{name: 'display_name', label: t('users.display-name'), value: user?.display_name ?? ''},
			{name: 'role', label: t('users.role'), kind: 'select', value: user?.role ?? 'help_desk', options: ROLES.map(role => ({value: role, label: t(`role.${role}`)}))},
			{name: 'groups', label: t('nav.groups'), kind: 'checks', value: user?.groups.map(group => group.id) ?? [], options: groups.map(group => ({value: group.id, label: plain(group.name)}))},
			{name: 'addresses', label: t('users.addresses'), note: t('users.addresses-note'), kind: 'lines', value: user?.addresses ?? []},
			...(user ? [{name: 'disabled', label: t('users.disabled'), kind: 'switch' as const, value: user.disabled}] : []),
		];
	}

	protected async add(): Promise<void> {
		formDialog(t('users.add'), await this.fields(), async values => {
			const made = await send<Made>('POST', '/users', {...values, display_name: values.display_name || null});
			this.showPassword(made);
			await this.rows.reload();
		});
	}

	private async edit(user: User): Promise<void> {
		formDialog(user.name, await this.fields(user), async values => {
			await send('PUT', `/users/${encodeURIComponent(user.id)}`, {...values, display_name: values.display_name || null}, user.etag);
			await this.rows.reload();
		});
	}

	private showPassword(made: Made): void {
		secretDialog(t('users.one-time'), made.password, t('users.one-time-note', {name: made.user.name}), text => void copy(text));
	}

	private async newPassword(user: User): Promise<void> {
		await this.attempt(async () => this.showPassword(await send<Made>('POST', `/users/${encodeURIComponent(user.id)}/password`)));
	}

	protected columns(): Column<User>[] {
		return [
			{key: 'name', title: t('login.name'), cell: user => html`<b>${short(user.name, 80)}</b> ${user.display_name ? html`<span class="soft">${short(user.display_name, 80)}</span>` : ''}`},
			{key: 'role', title: t('users.role'), cell: user => t(`role.${user.role}`)},
			{key: 'groups', title: t('nav.groups'), cell: user => plain(user.groups.map(group => group.name).join(', '))},
			{key: 'addresses', title: t('users.addresses'), cell: user => plain(user.addresses.slice(0, 3).join(', ')) + (user.addresses.length > 3 ? ' …' : '')},
			{key: 'state', title: t('hosts.state'), cell: user => user.disabled ? toneBadge('none', 'pause', t('users.is-disabled')) : user.must_change_password ? toneBadge('wait', 'clock', t('users.not-yet')) : toneBadge('ok', 'check', t('users.active'))},
			{key: 'login', title: t('users.last-login'), cell: user => (user.last_login ? ago(user.last_login) : '—')},
			{key: 'actions', title: t('word.actions'), broad: true, cell: user => html`<span class="row actions">${this.actions(user.name, () => void this.edit(user), () => void this.discard(user.name, () => send('DELETE', `/users/${encodeURIComponent(user.id)}`, undefined, user.etag)))}
				<button class="button small" @click=${() => void this.newPassword(user)}>${t('users.new-password')}</button></span>`},
		];
	}
}
