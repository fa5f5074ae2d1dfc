import {html, type TemplateResult} from 'lit';
import {customElement, state} from 'lit/decorators.js';
import {html as staticHtml, unsafeStatic} from 'lit/static-html.js';
import {get, LOGGED_OUT, Problem} from './api.js';
import './components/login.js';
import './components/search.js';
import {bottomBar, rail} from './components/nav.js';
import {bind, onKey} from './keys.js';
import {icon} from './components/icon.js';
import './components/menu.js';
import {ElseElement} from './element.js';
import {t} from './i18n.js';
import {userMenu, themeMenu} from './components/menus.js';
import {keysDialog} from './components/keys-dialog.js';
import {problemCard} from './resource.js';
import {followLinks, go, NAVIGATED, routeOf, type Route} from './router.js';
import {may, me, setMe} from './session.js';
import type {Me} from './types.js';

/** The frame: who is logged in, which page is shown, the rail, the search box and the keys of all pages. */
@customElement('else-app')
export class ElseApp extends ElseElement {
	@state() private ready = false;
	@state() private problem: Problem | null = null;
	@state() private url = new URL(location.href);
	@state() private loaded: Route | null = null;

	override connectedCallback(): void {
		super.connectedCallback();
		window.addEventListener('popstate', this.onNavigate);
		window.addEventListener(NAVIGATED, this.onNavigate);
		window.addEventListener(LOGGED_OUT, () => this.become(null));
		window.addEventListener('keydown', onKey);
		this.addEventListener('click', followLinks);
		bind(this.bindings());
		void this.start();
	}

	private async start(): Promise<void> {
		this.problem = null;
		try {
			await this.become(await get<Me>('/me'));
		} catch (error) {
			if (!(error instanceof Problem)) throw error;
			if (error.status !== 401) this.problem = error;
		}
		this.ready = true;
	}

	private async become(account: Me | null): Promise<void> {
		setMe(account);
		this.requestUpdate();
		if (account) await this.showPage();
	}

	private bindings(): {keys: string; run: () => void}[] {
		const to = (keys: string, path: string) => ({keys, run: () => go(path)});
		return [
			{keys: '/', run: () => this.querySelector<HTMLElement>('else-search')?.focus()},
			{keys: '?', run: () => keysDialog()},
			{keys: 't', run: () => void (this.querySelector('.page else-menu') as HTMLElement & {show?: () => void})?.show?.()},
			to('g o', '/'), to('g m', '/messages'), to('g l', '/live'), to('g f', '/flows'), to('g r', '/rejects'),
			to('g h', '/hosts'), to('g u', '/admin/users'), to('g a', '/audit'), to('g y', '/my'),
		];
	}

	private readonly onNavigate = (): void => {
		const before = this.url.pathname;
		this.url = new URL(location.href);
		void this.showPage(this.url.pathname !== before);
	};

	private async showPage(moved = false): Promise<void> {
		const route = routeOf(this.url.pathname);
		const allowed = route && (!route.needs || may(route.needs));
		if (this.url.pathname === '/' && !allowed) return go(may('my:read') ? '/my' : may('audit:read') ? '/audit' : '/account', 'replace');
		if (route) await route.load();
		this.loaded = route ?? null;
		document.title = `${t(route?.title ?? 'nav.not-found')} – ELSE`;
		if (!moved) return;
		window.scrollTo(0, 0);
		await this.updateComplete;
		this.querySelector<HTMLElement>('.page')?.focus({preventScroll: true});
	}

	private page(): TemplateResult {
		const route = this.loaded;
		if (!route || !route.path.test(this.url.pathname)) return routeOf(this.url.pathname) ? html`` : this.absent('nav.not-found');
		if (route.needs && !may(route.needs)) return this.absent('nav.no-right');
		const tag = unsafeStatic(route.tag);
		return staticHtml`<${tag} .url=${this.url}></${tag}>`;
	}

	private absent(words: string): TemplateResult {
		return html`<div class="card empty">${icon('help')}<h1>${t(words)}</h1><a href="/">${t('nav.home')}</a></div>`;
	}

	private top(): TemplateResult {
		const search = may('messages:read')
			? html`<else-search .q=${this.url.pathname === '/messages' || this.url.pathname === '/live' ? (this.url.searchParams.get('q') ?? '') : ''}></else-search>`
			: html`<a class="brand" href="/"><b>ELSE</b></a>`;
		return html`<header class="top">${search}<div class="row tools">${themeMenu(() => this.requestUpdate())}${userMenu(() => this.become(null))}</div></header>`;
	}

	protected override render(): TemplateResult {
		if (this.problem) return html`<div class="login"><div class="card">${problemCard(this.problem, () => void this.start())}</div></div>`;
		if (!this.ready) return html``;
		const account = me();
		if (!account || account.must_change_password)
			return html`<else-login .account=${account} @logged-in=${() => void this.start()}></else-login>`;
		const plain = !may('messages:read') && !may('audit:read');
		return html`<a class="skip" href="#content">${t('nav.skip')}</a>
			<div class="shell ${plain ? 'plain' : ''}">
				${plain ? '' : rail(this.url.pathname)}
				<div class="column">
					${this.top()}
					<main class="page" id="content" tabindex="-1">${this.page()}</main>
				</div>
				${plain ? '' : bottomBar(this.url.pathname)}
			</div>`;
	}
}
