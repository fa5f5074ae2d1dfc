import {locale, t} from './i18n.js';

/** The viewer's offset from UTC in minutes, east positive: what the API calls `tz`. */
export function zoneOffset(): number {
	return -new Date().getTimezoneOffset();
}

export function number(n: number): string {
	return n.toLocaleString(locale);
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function format(time: string | number | Date, options: Intl.DateTimeFormatOptions): string {
	const key = JSON.stringify(options);
	let formatter = formatters.get(key);
	if (!formatter) formatters.set(key, (formatter = new Intl.DateTimeFormat(locale, {hourCycle: 'h23', ...options})));
	return formatter.format(new Date(time));
}

export const clock = (time: string | number): string => format(time, {hour: '2-digit', minute: '2-digit', second: '2-digit'});
export const clockMs = (time: string): string =>
	format(time, {hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3});
export const hourMinute = (time: string | number): string => format(time, {hour: '2-digit', minute: '2-digit'});
export const day = (time: string | number): string => format(time, {day: 'numeric', month: 'short'});
export const dayTime = (time: string | number): string =>
	format(time, {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit'});
export const fullTime = (time: string | number): string =>
	format(time, {dateStyle: 'full', timeStyle: 'medium'} as Intl.DateTimeFormatOptions);

export function isToday(time: string | number): boolean {
	return new Date(time).toDateString() === new Date().toDateString();
}

/** "19:42:10" today, "21 Nov 19:42:10" on other days. */
export const shortTime = (time: string | number): string => (isToday(time) ? clock(time) : dayTime(time));

/** "3 minutes ago". */
export function ago(time: string): string {
	const seconds = (new Date(time).getTime() - Date.now()) / 1000;
	const steps: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
	const relative = new Intl.RelativeTimeFormat(locale, {numeric: 'auto'});
	for (const [unit, length] of steps)
		if (Math.abs(seconds) >= length || unit === 'second') return relative.format(Math.round(seconds / length), unit);
	return '';
}

/** "12 ms", "0.4 s", "31 min", "2 h 5 min", "3 d 4 h"; "—" where there is none. */
export function duration(ms: number | null | undefined): string {
	if (ms === null || ms === undefined) return '—';
	const sign = ms < 0 ? '−' : '';
	const s = Math.abs(ms) / 1000;
	if (s > 0 && s < 0.1) return `${sign}${Math.max(1, Math.round(s * 1000))} ms`;
	if (s < 60) return `${sign}${s.toLocaleString(locale, {maximumFractionDigits: s < 10 ? 1 : 0})} s`;
	const minutes = Math.round(s / 60);
	if (minutes < 60) return `${sign}${minutes} min`;
	if (minutes < 1440) return `${sign}${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`;
	const hours = Math.round(minutes / 60);
	return `${sign}${Math.floor(hours / 24)} ${t('unit.day')}${hours % 24 ? ` ${hours % 24} h` : ''}`;
}

export function bytes(n: number | null | undefined): string {
	if (n === null || n === undefined) return '—';
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let i = 0;
	let value = n;
	for (; value >= 1024 && i < units.length - 1; i++) value /= 1024;
	return `${value.toLocaleString(locale, {maximumFractionDigits: value < 10 && i > 0 ? 1 : 0})} ${units[i]}`;
}

export function percent(part: number, whole: number): string {
	if (whole === 0) return '—';
	return (part / whole).toLocaleString(locale, {style: 'percent', maximumFractionDigits: 1});
}
