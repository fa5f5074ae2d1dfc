/** Words of the interface: `t('messages.count', {n: 3})`. Catalogues are in i18n/; a check finds missing keys. */
export type Params = Record<string, string | number>;
type Catalogue = Record<string, string>;

export const LANGUAGES = {en: 'English', fr: 'Français'} as const;
export type Language = keyof typeof LANGUAGES;

const LOADERS: Record<Language, () => Promise<{default: Catalogue}>> = {
	en: () => import('../i18n/en.json'),
	fr: () => import('../i18n/fr.json'),
};

let catalogue: Catalogue = {};
let plurals = new Intl.PluralRules('en');
export let language: Language = 'en';
/** The language with the reader's region: how he writes numbers and dates. */
export let locale = 'en';

function wanted(): Language {
	const choices = [localStorage.getItem('language'), ...navigator.languages];
	for (const choice of choices) {
		const short = choice?.slice(0, 2);
		if (short && short in LANGUAGES) return short as Language;
	}
	return 'en';
}

export async function loadLanguage(): Promise<void> {
	language = wanted();
	catalogue = (await LOADERS[language]()).default;
	plurals = new Intl.PluralRules(language);
	locale = navigator.languages.find(choice => choice.startsWith(language)) ?? language;
	document.documentElement.lang = language;
}

export function setLanguage(choice: Language): void {
	localStorage.setItem('language', choice);
	location.reload();
}

export function known(key: string): boolean {
	return key in catalogue || `${key}.other` in catalogue;
}

/** The text behind `key`, {name} filled in. With a number `n`, `key.one` or `key.other` where they exist. */
export function t(key: string, params: Params = {}): string {
	const form = typeof params.n === 'number' ? `${key}.${plurals.select(params.n)}` : key;
	const text = catalogue[form] ?? catalogue[`${key}.other`] ?? catalogue[key] ?? key;
	return text.replace(/\{(\w+)\}/g, (_, name: string) => {
		const value = params[name];
		return typeof value === 'number' ? value.toLocaleString(locale) : (value ?? '');
	});
}

/** The same with pieces of page in the places of {name}: for sentences with something bold or linked in them. */
export function rich(key: string, params: Record<string, unknown>): unknown[] {
	const n = params.n;
	const text = t(key, {...(typeof n === 'number' ? {n} : {}), ...Object.fromEntries(Object.keys(params).filter(name => name !== 'n').map(name => [name, `{${name}}`]))});
	return text.split(/\{(\w+)\}/).map((part, i) => (i % 2 ? (params[part] ?? '') : part));
}
