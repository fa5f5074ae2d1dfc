import {html, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import {address as apiPath, get} from '../api.js';
import {copy} from '../components/dialog.js';
import {icon} from '../components/icon.js';
import '../components/menu.js';
import {ElseElement} from '../element.js';
import {clockMs, fullTime} from '../format.js';
import {t} from '../i18n.js';
import {Resource} from '../resource.js';
import {plain, whole} from '../text.js';
import type {LogLines} from '../types.js';

const FIRST = 200;

/** What stands before the program's name: the column beside it says the same. */
const HEAD = /^(?:<\d+>)?(?:1 )?(?:\d{4}-\d\d-\d\dT\S+|[A-Z][a-z]{2} [ \d]\d [\d:]{8}) \S+ /;

/** What the servers wrote, byte for byte. */
@customElement('else-log-lines')
export class ElseLogLines extends ElseElement {
	@property() mail = '';
	@state() private host = '';
	@state() private all = false;
	private readonly log = new Resource<LogLines>(this);

	private get path(): string {
		return `/messages/${encodeURIComponent(this.mail)}/log`;
	}

	protected override willUpdate(): void {
		if (this.mail) this.log.load(this.mail, signal => get<LogLines>(this.path, {}, signal));
	}

	private tools(lines: LogLines['lines']): TemplateResult {
		const hosts = [...new Set((this.log.data?.lines ?? []).map(line => line.host))];
		const items = [
			{label: t('log.all-hosts'), checked: this.host === '', run: () => (this.host = '')},
			...hosts.map(host => ({label: plain(host), checked: host === this.host, run: () => (this.host = host)})),
		];
		return html`<div class="row tools">
			<button class="button small" @click=${() => void copy(lines.map(line => line.text).join('\n'))}>${icon('copy')}${t('action.copy')}</button>
			<a class="button small" download="mail.log" href=${apiPath(this.path, {format: 'text'})}>${icon('download')}.log</a>
			${hosts.length > 1 ? html`<else-menu label=${this.host ? plain(this.host) : t('log.all-hosts')} .items=${items}></else-menu>` : ''}
		</div>`;
	}

	protected override render(): TemplateResult {
		const lines = (this.log.data?.lines ?? []).filter(line => !this.host || line.host === this.host);
		const shown = this.all ? lines : lines.slice(0, FIRST);
		return html`<section class="card" aria-label=${t('log.title')}>
			<div class="spread"><h2>${t('log.title')} ${lines.length ? html`<span class="soft">(${lines.length})</span>` : ''}</h2>${lines.length ? this.tools(lines) : ''}</div>
			${this.log.show(data => data.withheld
				? html`<p class="soft">${t('log.withheld')}</p>`
				: html`<ol class="log" tabindex="0" aria-label=${t('log.title')}>
					${shown.map(line => html`<li title=${fullTime(line.t)}><span class="soft">${clockMs(line.t)} ${plain(line.host.split('.')[0]!)}</span> ${whole(line.text.replace(HEAD, ''))}</li>`)}
				</ol>
				${shown.length < lines.length ? html`<button class="link-button" @click=${() => (this.all = true)}>${t('log.show-all', {n: lines.length})}</button>` : ''}`)}
		</section>`;
	}
}
