import {html, type TemplateResult} from 'lit';

/** A picture of the sprite in index.html; the word beside it says the same. */
export function icon(name: string): TemplateResult {
	return html`<svg class="icon" aria-hidden="true"><use href=${`#i-${name}`}></use></svg>`;
}
