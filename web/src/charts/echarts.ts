/** The chunk with ECharts: only the pictures that we draw, as SVG. No HTML tooltips: they would need inline styles. */
import {HeatmapChart, SankeyChart} from 'echarts/charts';
import {GridComponent, TooltipComponent, VisualMapContinuousComponent} from 'echarts/components';
import {init, use, type EChartsCoreOption} from 'echarts/core';
import {SVGRenderer} from 'echarts/renderers';

use([SankeyChart, HeatmapChart, GridComponent, TooltipComponent, VisualMapContinuousComponent, SVGRenderer]);

export type ChartOption = EChartsCoreOption;
export type ChartColours = Record<'text' | 'soft' | 'line' | 'card' | 'accent' | 'ok' | 'wait' | 'bounce' | 'reject' | 'grey' | 'block' | 'none', string>;

export interface Drawing {
	show(option: (colours: ChartColours) => ChartOption): void;
	dispose(): void;
}

const TOKENS: Record<keyof ChartColours, string> = {
	text: '--text', soft: '--soft', line: '--line', card: '--card', accent: '--accent', ok: '--ok-fill', wait: '--wait-fill',
	bounce: '--bounce-fill', reject: '--reject-fill', grey: '--grey-fill', block: '--block-fill', none: '--none-fill',
};

/** What the tokens are in the theme at hand: light-dark() is only resolved where a colour is used. */
function coloursAt(box: HTMLElement): ChartColours {
	const probe = document.createElement('i');
	box.append(probe);
	const entries = Object.entries(TOKENS).map(([name, token]) => {
		probe.style.color = `var(${token})`;
		return [name, getComputedStyle(probe).color];
	});
	probe.remove();
	return Object.fromEntries(entries) as ChartColours;
}

export function draw(box: HTMLElement, picked: (data: unknown) => void): Drawing {
	const chart = init(box, null, {renderer: 'svg'});
	const resize = new ResizeObserver(() => chart.resize());
	resize.observe(box);
	chart.on('click', event => picked(event.data));
	return {
		show: option => chart.setOption(option(coloursAt(document.body)), true),
		dispose: () => {
			resize.disconnect();
			chart.dispose();
		},
	};
}
