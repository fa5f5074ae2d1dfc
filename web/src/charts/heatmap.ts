import {locale, t} from '../i18n.js';
import {number} from '../format.js';
import type {ChartColours, ChartOption} from './echarts.js';

/** Monday first. */
export function weekdays(style: 'short' | 'long'): string[] {
	const formatter = new Intl.DateTimeFormat(locale, {weekday: style, timeZone: 'UTC'});
	return Array.from({length: 7}, (_, i) => formatter.format(new Date(Date.UTC(2024, 0, 1 + i))));
}

export function heatmapOption(counts: number[][]): (colours: ChartColours) => ChartOption {
	const most = Math.max(1, ...counts.flat());
	const days = weekdays('short');
	return colours => ({
		animation: false,
		grid: {left: 44, right: 8, top: 4, bottom: 26},
		tooltip: {
			renderMode: 'richText', backgroundColor: colours.card, borderColor: colours.line, textStyle: {color: colours.text},
			formatter: (cell: {data: number[]}) => `${days[cell.data[1]!]} ${t('flows.hour', {hour: cell.data[0]!})}: ${number(cell.data[2]!)}`,
		},
		xAxis: {type: 'category', data: Array.from({length: 24}, (_, hour) => String(hour)), axisLabel: {color: colours.soft}, axisTick: {show: false}, axisLine: {show: false}},
		yAxis: {type: 'category', data: days, inverse: true, axisLabel: {color: colours.soft}, axisTick: {show: false}, axisLine: {show: false}},
		visualMap: {show: false, min: 0, max: most, inRange: {color: [colours.line, colours.accent]}},
		series: [{type: 'heatmap', data: counts.flatMap((row, d) => row.map((n, hour) => [hour, d, n])), itemStyle: {borderColor: colours.card, borderWidth: 1.5, borderRadius: 3}}],
	});
}
