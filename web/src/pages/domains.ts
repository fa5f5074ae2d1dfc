import {html} from 'lit';
import {customElement} from 'lit/decorators.js';
import {send} from '../api.js';
import {AdminPage} from '../components/admin-page.js';
import {formDialog} from '../components/form.js';
import type {Column} from '../components/table.js';
import {dayTime} from '../format.js';
import {t} from '../i18n.js';
import {short} from '../text.js';
import type {Domain} from '../types.js';

@customElement('page-domains')
export class PageDomains extends AdminPage<Domain> {
	protected readonly path = '/domains';
	protected readonly name = 'domains';

	protected idOf(row: Domain): string {
		return row.name;
	}

	protected add(): void {
		formDialog(t('domains.add'), [{name: 'name', label: t('col.domain'), required: true}], async values => {
			await send('POST', '/domains', values);
			await this.rows.reload();
		});
	}

	protected columns(): Column<Domain>[] {
		return [
			{key: 'name', title: t('col.domain'), cell: domain => html`<a href="/flows?domain=${encodeURIComponent(domain.name)}">${short(domain.name)}</a>`},
			{key: 'learned', title: t('domains.known-since'), cell: domain => dayTime(domain.learned)},
			{key: 'actions', title: t('word.actions'), cell: domain => this.actions(domain.name, null, () => void this.discard(domain.name, () => send('DELETE', `/domains/${encodeURIComponent(domain.name)}`)))},
		];
	}
}
