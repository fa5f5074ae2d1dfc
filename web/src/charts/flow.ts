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
	if (kind === 'host') return plain(value);
	return t(kind === 'way' ? `way.${value}.long` : `status.${value}`);
}

function colourOf(id: string, colours: ChartColours): string {
	return id.startsWith('status:') ? colours[toneOf(id.slice(7))] : colours.accent;
}

/** On phones without the domain that all servers share. */
function label(node: {name: string; value: number}, narrow: boolean): string {
	const name = nodeName(node.name);
	const short = narrow && node.name.startsWith('host:') ? name.split('.')[0]! : name;
	return `${short.slice(0, narrow ? 14 : 40)} ${number(node.value)}`;
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
			label: {color: colours.text, fontSize: 12, fontFamily: 'inherit', formatter: (node: {name: string; value: number}) => label(node, narrow)},
			data: flow.nodes.map(node => ({name: node.id, itemStyle: {color: colourOf(node.id, colours), borderWidth: 0}})),
			links: flow.links.map(link => ({
				source: link.s, target: link.t, value: link.n, lineStyle: {color: colourOf(link.t.startsWith('status:') ? link.t : link.s, colours), opacity: 0.3},
			})),
		}],
	});
}
