import {number} from '../format.js';
import {t} from '../i18n.js';
import {toneOf} from '../status.js';
import {plain} from '../text.js';
import type {Flow} from '../types.js';
import type {ChartColours, ChartOption} from './echarts.js';

/** "way:in" in words. */
export function nodeName(id: string): string {
	const [kind, ...rest] = id.split(':');
	const value = rest.join(':');
	return kind === 'host' ? plain(value) : t(`${kind}.${value}`);
}

function colourOf(id: string, colours: ChartColours): string {
	return id.startsWith('status:') ? colours[toneOf(id.slice(7))] : colours.accent;
}

/** Ways, servers and ends as a Sankey diagram; every band opens the messages behind it. */
export function flowOption(flow: Flow, narrow: boolean): (colours: ChartColours) => ChartOption {
	return colours => ({
		animation: false,
		series: [{
			type: 'sankey',
			left: 4, right: narrow ? 92 : 130, top: 8, bottom: 8,
			nodeWidth: 11, nodeGap: 12, draggable: false,
			emphasis: {focus: 'adjacency'},
			label: {color: colours.text, fontSize: 12, formatter: (node: {name: string; value: number}) => `${nodeName(node.name)} ${number(node.value)}`},
			data: flow.nodes.map(node => ({name: node.id, itemStyle: {color: colourOf(node.id, colours), borderWidth: 0}})),
			links: flow.links.map(link => ({
				source: link.s, target: link.t, value: link.n, lineStyle: {color: colourOf(link.t.startsWith('status:') ? link.t : link.s, colours), opacity: 0.3},
			})),
		}],
	});
}
