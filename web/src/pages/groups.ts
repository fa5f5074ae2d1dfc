import {html} from 'lit';
import {customElement} from 'lit/decorators.js';
import {send} from '../api.js';
import {AdminPage} from '../components/admin-page.js';
import {formDialog, type FormField} from '../components/form.js';
import type {Column} from '../components/table.js';
import {number} from '../format.js';
import {t} from '../i18n.js';
import {plain, short} from '../text.js';
import type {Group} from '../types.js';

@customElement('page-groups')
export class PageGroups extends AdminPage<Group> {
	protected readonly path = '/groups';
	protected readonly name = 'groups';

	protected idOf(row: Group): string {
		return row.id;
	}

	private fields(group?: Group): FormField[] {
		return [
			{name: 'name', label: t('col.name'), required: true, value: group?.name},
			{name: 'domains', label: t('nav.domains'), note: t('groups.domains-note'), kind: 'lines', value: group?.domains ?? []},
			{name: 'hosts', label: t('nav.hosts'), note: t('groups.hosts-note'), kind: 'lines', value: group?.hosts ?? []},
		];
	}

	protected add(): void {
		formDialog(t('groups.add'), this.fields(), async values => {
			await send('POST', '/groups', values);
			await this.rows.reload();
		});
	}

	private edit(group: Group): void {
		formDialog(group.name, this.fields(group), async values => {
			await send('PUT', `/groups/${encodeURIComponent(group.id)}`, values, group.etag);
			await this.rows.reload();
		});
	}

	protected columns(): Column<Group>[] {
		return [
			{key: 'name', title: t('col.name'), cell: group => html`<b>${short(group.name, 80)}</b>`},
			{key: 'domains', title: t('nav.domains'), broad: true, cell: group => plain(group.domains.join(', '))},
			{key: 'hosts', title: t('nav.hosts'), broad: true, cell: group => plain(group.hosts.join(', ')) || t('groups.all-hosts')},
			{key: 'users', title: t('nav.users'), num: true, cell: group => number(group.users)},
			{key: 'actions', title: t('word.actions'), broad: true, cell: group => this.actions(group.name, () => this.edit(group), () => void this.discard(group.name, () => send('DELETE', `/groups/${encodeURIComponent(group.id)}`, undefined, group.etag)))},
		];
	}
}
