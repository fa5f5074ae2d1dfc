import {html, type TemplateResult} from 'lit';
import {dayTime, shortTime} from '../format.js';
import {t} from '../i18n.js';
import {searchPath, timeOf, withTime} from '../query.js';
import {plain} from '../text.js';
import type {Relaxed, Scope} from '../types.js';
import {icon} from './icon.js';

/** Nothing was found: because nothing is stored, or because a condition is too much. */
export function relaxCard(q: string, relaxed: Relaxed, scope: Scope | null): TemplateResult {
	if (!relaxed.stored) return scope ? noRight() : setUp();
	const {from, to} = relaxed.stored;
	return html`<div class="empty">
		${icon('search')}
		<h2>${t('empty.no-match')}</h2>
		<ul>
			${relaxed.items.map(item => html`<li>
				<a href=${searchPath(item.q)}>${t('empty.without')} <code>${plain(item.without)}</code></a>
				<span class="soft">${t('empty.newest', {time: shortTime(item.newest)})}</span></li>`)}
			${timeOf(q) ? html`<li><a href=${searchPath(withTime(q, ''))}>${t('empty.all-time')}</a></li>` : ''}
		</ul>
		<p class="soft small">${t('empty.stored', {from: dayTime(from), to: dayTime(to)})}</p>
	</div>`;
}

export function setUp(): TemplateResult {
	return html`<div class="empty">
		${icon('inbox')}
		<h2>${t('empty.nothing-stored')}</h2>
		<p>${t('empty.set-up')}</p>
		<pre class="lines">elsectl import /var/log/mail.log
elsectl admin rsyslog</pre>
	</div>`;
}

function noRight(): TemplateResult {
	return html`<div class="empty">${icon('user')}<h2>${t('empty.no-right')}</h2><p>${t('empty.who-grants')}</p></div>`;
}
