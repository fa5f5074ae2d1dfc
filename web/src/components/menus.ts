import {html, type TemplateResult} from 'lit';
import {send} from '../api.js';
import {language, LANGUAGES, setLanguage, t, type Language} from '../i18n.js';
import {forget} from '../recent.js';
import {go} from '../router.js';
import {me} from '../session.js';
import {setTheme, theme, THEMES} from '../theme.js';
import './menu.js';

export function themeMenu(changed: () => void): TemplateResult {
	const items = THEMES.map(name => ({
		label: t(`theme.${name}`),
		checked: theme() === name,
		run: () => {
			setTheme(name);
			changed();
		},
	}));
	return html`<else-menu class="theme" picture="theme" hint=${t('theme.title')} .items=${items}></else-menu>`;
}

async function logout(loggedOut: () => void): Promise<void> {
	forget();
	await send('POST', '/auth/logout').catch(() => undefined);
	go('/', 'replace');
	loggedOut();
}

export function userMenu(loggedOut: () => void): TemplateResult {
	const account = me()!;
	const languages = (Object.keys(LANGUAGES) as Language[]).map(name => ({
		label: LANGUAGES[name], checked: name === language, run: () => setLanguage(name),
	}));
	const items = [
		{label: t('nav.account'), icon: 'user', href: '/account'},
		{label: t('nav.help'), icon: 'help', href: '/help'},
		...languages,
		{label: t('login.logout'), icon: 'x', run: () => void logout(loggedOut)},
	];
	const name = `${account.display_name ?? account.name} · ${t(`role.${account.role}`)}`;
	return html`<else-menu picture="user" label=${name} .items=${items}></else-menu>`;
}
