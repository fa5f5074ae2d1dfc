import type {Permission} from './types.js';

/** A page: its path, its element, loaded when it is wanted first, and who may see it. */
export interface Route {
	path: RegExp;
	tag: string;
	title: string;
	load: () => Promise<unknown>;
	needs?: Permission;
}

export const ROUTES: Route[] = [
	{path: /^\/$/, tag: 'page-overview', title: 'nav.overview', load: () => import('./pages/overview.js'), needs: 'messages:read'},
	{path: /^\/messages$/, tag: 'page-messages', title: 'nav.messages', load: () => import('./pages/messages.js'), needs: 'messages:read'},
	{path: /^\/messages\/[^/]+$/, tag: 'page-journey', title: 'nav.journey', load: () => import('./pages/journey.js'), needs: 'messages:read'},
	{path: /^\/live$/, tag: 'page-live', title: 'nav.live', load: () => import('./pages/live.js'), needs: 'messages:read'},
	{path: /^\/flows$/, tag: 'page-flows', title: 'nav.flows', load: () => import('./pages/flows.js'), needs: 'messages:read'},
	{path: /^\/rejects$/, tag: 'page-rejects', title: 'nav.rejects', load: () => import('./pages/rejects.js'), needs: 'messages:read'},
	{path: /^\/saved$/, tag: 'page-saved', title: 'nav.saved', load: () => import('./pages/saved.js'), needs: 'messages:read'},
	{path: /^\/hosts$/, tag: 'page-hosts', title: 'nav.hosts', load: () => import('./pages/hosts.js'), needs: 'hosts:read'},
	{path: /^\/admin\/users$/, tag: 'page-users', title: 'nav.users', load: () => import('./pages/users.js'), needs: 'users:manage'},
	{path: /^\/admin\/groups$/, tag: 'page-groups', title: 'nav.groups', load: () => import('./pages/groups.js'), needs: 'admin'},
	{path: /^\/admin\/domains$/, tag: 'page-domains', title: 'nav.domains', load: () => import('./pages/domains.js'), needs: 'admin'},
	{path: /^\/admin\/tokens$/, tag: 'page-tokens', title: 'nav.tokens', load: () => import('./pages/tokens.js'), needs: 'tokens'},
	{path: /^\/audit$/, tag: 'page-audit', title: 'nav.audit', load: () => import('./pages/audit.js'), needs: 'audit:read'},
	{path: /^\/my$/, tag: 'page-my', title: 'nav.my', load: () => import('./pages/my.js'), needs: 'my:read'},
	{path: /^\/account$/, tag: 'page-account', title: 'nav.account', load: () => import('./pages/account.js')},
	{path: /^\/help(\/(search|codes|keys))?$/, tag: 'page-help', title: 'nav.help', load: () => import('./pages/help.js')},
];

export function routeOf(path: string): Route | undefined {
	return ROUTES.find(route => route.path.test(path));
}

export const NAVIGATED = 'else-navigated';

/** Goes to a page of ours, without a new document. */
export function go(path: string, how: 'push' | 'replace' = 'push'): void {
	if (how === 'replace') history.replaceState(null, '', path);
	else history.pushState(null, '', path);
	window.dispatchEvent(new Event(NAVIGATED));
}

/** The same page with other parameters; empty ones are left out. */
export function goWith(params: Record<string, string | null>, how: 'push' | 'replace' = 'push'): void {
	const url = new URL(location.href);
	for (const [name, value] of Object.entries(params))
		if (value) url.searchParams.set(name, value);
		else url.searchParams.delete(name);
	go(url.pathname + url.search, how);
}

/** Links to our own pages do not load the document anew. */
export function followLinks(event: MouseEvent): void {
	if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
	const link = (event.target as Element).closest?.('a[href]');
	if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
	if (link.origin !== location.origin || link.pathname.startsWith('/api/')) return;
	if (link.hash && link.pathname === location.pathname) return;
	event.preventDefault();
	go(link.pathname + link.search);
}
