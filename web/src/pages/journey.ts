import {html, type PropertyValues, type TemplateResult} from 'lit';
import {customElement, property, state} from 'lit/decorators.js';
import {get, getText, Problem} from '../api.js';
import {copy, openDialog, toast} from '../components/dialog.js';
import {icon} from '../components/icon.js';
import {ElseElement} from '../element.js';
import {dayTime, duration, fullTime} from '../format.js';
import {t} from '../i18n.js';
import {deliveryTable} from '../journey/deliveries.js';
import {explainCard} from '../journey/explain.js';
import {hopCards, hopTable} from '../journey/hops.js';
import '../journey/log-lines.js';
import {lastWords, verdictCard} from '../journey/verdict.js';
import {bind} from '../keys.js';
import {listPath, neighbour} from '../messages/neighbours.js';
import {searchPath, term} from '../query.js';
import {problemText, Resource} from '../resource.js';
import {go} from '../router.js';
import {may} from '../session.js';
import {address, plain, short} from '../text.js';
import type {Journey} from '../types.js';

/** One mail: what happened, why, who can act, and the proof. */
@customElement('page-journey')
export class PageJourney extends ElseElement {
	@property({attribute: false}) url!: URL;
	@state() private asList = false;
	@state() private withSteps = false;
	private unbind?: () => void;
	private readonly journey = new Resource<Journey>(this);

	private get mail(): string {
		return decodeURIComponent(this.url.pathname.split('/')[2]!);
	}

	override connectedCallback(): void {
		super.connectedCallback();
		const step = (by: 1 | -1) => () => {
			const id = neighbour(this.mail, by);
			if (id) go(`/messages/${encodeURIComponent(id)}`);
		};
		this.unbind = bind([
			{keys: '[', run: step(-1)}, {keys: ']', run: step(1)}, {keys: 'Escape', run: () => go(listPath())},
		]);
	}

	override disconnectedCallback(): void {
		super.disconnectedCallback();
		this.unbind?.();
	}

	protected override willUpdate(changes: PropertyValues): void {
		if (changes.has('url')) this.journey.load(this.mail, signal => get<Journey>(`/messages/${encodeURIComponent(this.mail)}`, {}, signal));
	}

	private async userText(): Promise<void> {
		try {
			const text = await getText(`/messages/${encodeURIComponent(this.mail)}/text`);
			openDialog(t('journey.user-text'), () => html`<pre class="lines wrap-lines">${text.split('\n').map(plain).join('\n')}</pre>
				<div><button class="button primary" @click=${() => void copy(text)}>${icon('copy')}${t('action.copy')}</button></div>`, true);
		} catch (error) {
			if (!(error instanceof Problem)) throw error;
			toast(problemText(error));
		}
	}

	private head(journey: Journey): TemplateResult {
		const to = lastWords(journey);
		const recipients = to.length === 1 ? address(to[0]!.to, 60) : t('journey.recipients', {n: to.length});
		return html`<div class="page-head">
			<div>
				<a href=${listPath()}>← ${t('nav.messages')}</a>
				<h1 class="wrap">${address(journey.from, 60)} → ${recipients}</h1>
				${journey.msgid ? html`<a class="mono soft small wrap" href=${searchPath(term('msgid', journey.msgid))}>${short(journey.msgid, 100)}</a>` : ''}
			</div>
			<div class="row tools">
				<button class="button" @click=${() => void copy(location.href)}>${icon('link')}${t('action.copy-link')}</button>
				<button class="button" @click=${() => void this.userText()}>${icon('mail')}${t('journey.user-text')}</button>
			</div>
		</div>`;
	}

	private total(journey: Journey): string {
		if (!journey.last) return dayTime(journey.first);
		return t('journey.total', {time: duration(Date.parse(journey.last) - Date.parse(journey.first)), from: dayTime(journey.first)});
	}

	private hops(journey: Journey): TemplateResult {
		const finals = lastWords(journey);
		const steps = journey.deliveries.length - finals.length;
		return html`<section class="card" aria-label=${t('journey.hops')}>
			<div class="spread">
				<div class="row"><h2>${t('journey.hops')}</h2><span class="soft small" title=${fullTime(journey.first)}>${this.total(journey)}</span></div>
				<button class="button small" aria-pressed=${this.asList} @click=${() => (this.asList = !this.asList)}>${icon('table')}${t('journey.as-list')}</button>
			</div>
			${this.asList ? hopTable(journey) : hopCards(journey)}
			${deliveryTable(journey, this.withSteps ? journey.deliveries : finals)}
			${steps > 0 ? html`<label class="check small"><input type="checkbox" .checked=${this.withSteps}
				@change=${(event: Event) => (this.withSteps = (event.target as HTMLInputElement).checked)}>${t('journey.with-steps', {n: steps})}</label>` : ''}
		</section>`;
	}

	private related(journey: Journey): TemplateResult | string {
		const others = (journey.arrivals ?? []).filter(arrival => arrival.id !== journey.id);
		if (!journey.related.length && !others.length) return '';
		return html`<section class="card" aria-label=${t('journey.related')}><h2>${t('journey.related')}</h2><ul class="facts">
			${journey.related.slice(0, 20).map(mail => html`<li>${icon(mail.rel === 'same_msgid' ? 'copy' : 'back')}
				<a href="/messages/${encodeURIComponent(mail.id)}">${t(`related.${mail.rel}`)}</a>
				<span class="soft">${plain([mail.host, mail.qid].filter(Boolean).join(' '))}</span></li>`)}
			${others.slice(0, 20).map(arrival => html`<li>${icon('in')}<a href="/messages/${encodeURIComponent(arrival.id)}">${t('related.arrival', {time: dayTime(arrival.first)})}</a>
				<span class="soft">${address(arrival.from, 60)}</span></li>`)}
		</ul></section>`;
	}

	private content(journey: Journey): TemplateResult {
		return html`${this.head(journey)}
			<div class="stack">
				${verdictCard(journey)}
				${this.hops(journey)}
				<div class="two wide-left">
					${may('logs:read') ? html`<else-log-lines mail=${journey.id}></else-log-lines>` : ''}
					<div class="stack">${explainCard(journey)}${this.related(journey)}</div>
				</div>
			</div>`;
	}

	protected override render(): TemplateResult {
		if (this.journey.problem?.status === 404)
			return html`<div class="card empty">${icon('search')}<h1>${t('journey.not-found')}</h1><p>${t('journey.not-found-why')}</p><a href=${listPath()}>← ${t('nav.messages')}</a></div>`;
		return this.journey.show(journey => this.content(journey), 12);
	}
}
