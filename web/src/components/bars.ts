import {html, svg, type TemplateResult} from 'lit';
import {number} from '../format.js';

/** A part of a whole as a thin line below a name. */
export function bar(part: number, whole: number): TemplateResult {
	const width = whole > 0 ? Math.max(0.5, (part / whole) * 100) : 0;
	return html`<svg class="bar" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">
		${svg`<rect width=${width} height="3" rx="1"></rect>`}
	</svg>`;
}

export interface Line {
	name: unknown;
	n: number;
	href: string;
	tone?: string;
	value?: string;
}

/** Names with counts, each a link to what it counts. */
export function barList(lines: Line[]): TemplateResult {
	const most = Math.max(0, ...lines.map(line => line.n));
	return html`<ul>
		${lines.map(
			line => html`<li>
				<a class="bar-line ${line.tone ? `tone-${line.tone}` : ''}" href=${line.href}>
					<span class="cut">${line.name}</span><span class="num">${line.value ?? number(line.n)}</span>${bar(line.n, most)}
				</a>
			</li>`,
		)}
	</ul>`;
}
