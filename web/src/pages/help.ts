import {html, type TemplateResult} from 'lit';
import {customElement, property} from 'lit/decorators.js';
import {toneBadge} from '../components/badge.js';
import {keyList} from '../components/keys-dialog.js';
import {columns} from '../components/table.js';
import '../components/table.js';
import {ElseElement} from '../element.js';
import {known, t} from '../i18n.js';
import {reasonWords} from '../messages/columns.js';
import {searchPath, term} from '../query.js';
import {Resource} from '../resource.js';
import {codes, may} from '../session.js';
import {iconOf, toneOf} from '../status.js';
import type {Codes} from '../types.js';

const PARTS = ['search', 'codes', 'keys'];
const EXAMPLES = [
	'from:billing@acme.example to:@partner.example on:yesterday', 'status:bounced to:@gmail.com last:7d', 'status:deferred delay:>10m',
	'way:in status:rejected -reason:greylisted', '(status:bounced OR status:expired) domain:acme.example', 'msgid:<7f3a@crm.acme.example>', 'text:"over quota"',
];

/** Operators, codes and keys. */
@customElement('page-help')
export class PageHelp extends ElseElement {
	@property({attribute: false}) url!: URL;
	private readonly codes = new Resource<Codes>(this);

	override connectedCallback(): void {
		super.connectedCallback();
		this.codes.load('codes', () => codes());
	}

	private example(q: string): TemplateResult {
		return may('messages:read') ? html`<a href=${searchPath(q)}><code>${q}</code></a>` : html`<code>${q}</code>`;
	}

	private search(data: Codes): TemplateResult {
		type Key = Codes['keys'][number];
		const list = columns<Key>([
			{key: 'name', title: t('help.key'), cell: key => html`<code><b>${key.name}:</b></code> ${key.aliases.length ? html`<span class="soft small">${key.aliases.join(', ')}</span>` : ''}`},
			{key: 'help', title: t('help.means'), broad: true, cell: key => (known(`querykey.${key.name}`) ? t(`querykey.${key.name}`) : key.help)},
			{key: 'example', title: t('help.example'), broad: true, cell: key => html`${this.example(key.example)}${key.values.length ? html`<div class="soft small wrap">${key.values.join(', ')}</div>` : ''}`},
		]);
		return html`<div class="two wide-left"><section class="card" aria-label=${t('help.rules')}><h2>${t('help.rules')}</h2>
				<ul class="facts">${['blank', 'or', 'not', 'comma', 'quotes', 'range', 'star', 'bare', 'paste', 'same'].map(name => html`<li>${t(`help.rule.${name}`)}</li>`)}</ul></section>
				<section class="card" aria-label=${t('help.examples')}><h2>${t('help.examples')}</h2><ul class="facts">${EXAMPLES.map(q => html`<li>${this.example(q)}</li>`)}</ul></section></div>
			<section class="card" aria-label=${t('help.keys')}><h2>${t('help.keys')}</h2>
				<else-table kind="help" .columns=${list} .rows=${data.keys} .idOf=${(key: Key) => key.name} label=${t('help.keys')}></else-table></section>`;
	}

	private codeTables(data: Codes): TemplateResult {
		type Reason = Codes['reasons'][number];
		const statuses = columns<string>([
			{key: 'status', title: t('col.status'), cell: status => toneBadge(toneOf(status), iconOf(status), t(`status.${status}`))},
			{key: 'means', title: t('help.means'), broad: true, cell: status => t(`explain.status.${status}`)},
		]);
		const reasons = columns<Reason>([
			{key: 'reason', title: t('col.reason'), cell: row => html`${may('messages:read') ? html`<a href=${searchPath(`${term('reason', row.reason)} last:7d`)}>${reasonWords(row.reason)}</a>` : reasonWords(row.reason)} <code class="soft small">${row.reason}</code>`},
			{key: 'who', title: t('help.who-acts'), broad: true, cell: row => t(`who.${row.who_acts}`)},
		]);
		return html`<section class="card" aria-label=${t('help.statuses')}><h2>${t('help.statuses')}</h2>
				<else-table .columns=${statuses} .rows=${data.statuses} .idOf=${(status: string) => status} label=${t('help.statuses')}></else-table></section>
			<section class="card" aria-label=${t('help.reasons')}><h2>${t('help.reasons')}</h2>
				<else-table .columns=${reasons} .rows=${data.reasons} .idOf=${(row: Reason) => row.reason} label=${t('help.reasons')}></else-table></section>`;
	}

	private content(part: string, data: Codes): TemplateResult {
		if (part === 'codes') return html`<div class="stack">${this.codeTables(data)}</div>`;
		if (part === 'keys') return html`<section class="card stack" aria-label=${t('key.title')}><h2>${t('key.title')}</h2>${keyList()}</section>`;
		return html`<div class="stack">${this.search(data)}</div>`;
	}

	protected override render(): TemplateResult {
		const part = this.url.pathname.split('/')[2] ?? 'search';
		return html`<div class="page-head"><div><h1>${t('nav.help')}</h1>
				<nav class="row" aria-label=${t('nav.help')}>${PARTS.map(name => html`<a class="button small" href="/help/${name}" aria-current=${name === part ? 'page' : 'false'}>${t(`help.${name}`)}</a>`)}</nav>
			</div></div>
			${this.codes.show(data => this.content(part, data), 12)}`;
	}
}
