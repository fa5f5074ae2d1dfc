/** light, dark, or what the system wants. */
export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

export function theme(): Theme {
	const kept = localStorage.getItem('theme') as Theme;
	return THEMES.includes(kept) ? kept : 'auto';
}

export function setTheme(choice: Theme): void {
	localStorage.setItem('theme', choice);
	applyTheme();
}

export function applyTheme(): void {
	const choice = theme();
	if (choice === 'auto') delete document.documentElement.dataset.theme;
	else document.documentElement.dataset.theme = choice;
}
