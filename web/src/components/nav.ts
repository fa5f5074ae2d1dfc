import {html, nothing, type TemplateResult} from 'lit';
import {t} from '../i18n.js';
import {may} from '../session.js';
import type {Permission} from '../types.js';
import {openDialog} from './dialog.js';
import {go} from '../router.js';
import {icon} from './icon.js';

interface Item {
	path: string;
	name: string;
	picture: string;
	needs?: Permission;
}

const SECTIONS: {title: string; items: Item[]}[] = [
	{title: '', items: [
		{path: '/', name: 'overview', picture: 'home', needs: 'messages:read'},
		{path: '/messages', name: 'messages', picture: 'search', needs: 'messages:read'},
		{path: '/live', name: 'live', picture: 'live', needs: 'messages:read'},
	]},
	{title: 'nav.understand', items: [
		{path: '/flows', name: 'flows', picture: 'flows', needs: 'messages:read'},
		{path: '/rejects', name: 'rejects', picture: 'ban', needs: 'messages:read'},
		{path: '/saved', name: 'saved', picture: 'star', needs: 'messages:read'},
	]},
	{title: 'nav.operate', items: [{path: '/hosts', name: 'hosts', picture: 'hosts', needs: 'hosts:read'}]},
	{title: 'nav.administer', items: [
		{path: '/admin/users', name: 'users', picture: 'users', needs: 'users:manage'},
		{path: '/admin/groups', name: 'groups', picture: 'group', needs: 'admin'},
		{path: '/admin/domains', name: 'domains', picture: 'globe', needs: 'admin'},
		{path: '/admin/tokens', name: 'tokens', picture: 'key', needs: 'tokens'},
		{path: '/audit', name: 'audit', picture: 'audit', needs: 'audit:read'},
	]},
	{title: 'nav.me', items: [
		{path: '/my', name: 'my', picture: 'inbox', needs: 'my:read'},
		{path: '/help', name: 'help', picture: 'help'},
	]},
];

const ON_PHONES = ['/', '/messages', '/live', '/flows'];

function isHere(item: Item, path: string): boolean {
	return item.path === '/' ? path === '/' : path === item.path || path.startsWith(`${item.path}/`);
}

function link(item: Item, path: string, done?: () => void): TemplateResult {
	const follow = done && ((event: Event): void => {
		event.preventDefault();
		done();
		go(item.path);
	});
	return html`<a class="nav-item" href=${item.path} aria-current=${isHere(item, path) ? 'page' : nothing} @click=${follow}>
		${icon(item.picture)}${t(`nav.${item.name}`)}</a>`;
}

function sections(path: string, done?: () => void): TemplateResult[] {
	return SECTIONS.flatMap(section => {
		const items = section.items.filter(item => !item.needs || may(item.needs));
		if (!items.length) return [];
		return [html`${section.title ? html`<h2>${t(section.title)}</h2>` : ''}${items.map(item => link(item, path, done))}`];
	});
}

export function rail(path: string): TemplateResult {
	return html`<nav class="rail" aria-label=${t('nav.main')}>
		<a class="brand" href="/"><b>ELSE</b><span>${t('nav.subtitle')}</span></a>
		${sections(path)}
	</nav>`;
}

/** What phones have in place of the rail. */
export function bottomBar(path: string): TemplateResult {
	const items = SECTIONS.flatMap(section => section.items).filter(item => ON_PHONES.includes(item.path) && (!item.needs || may(item.needs)));
	const more = (): void => void openDialog(t('nav.more'), close => html`<nav class="more" aria-label=${t('nav.more')}>${sections(path, close)}</nav>`);
	return html`<nav class="bottom" aria-label=${t('nav.main')}>
		${items.map(item => html`<a href=${item.path} aria-current=${isHere(item, path) ? 'page' : nothing}>${icon(item.picture)}${t(`nav.${item.name}`)}</a>`)}
		<button @click=${more}>${icon('menu')}${t('nav.more')}</button>
	</nav>`;
}
