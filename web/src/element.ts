import {LitElement} from 'lit';

/** Base of all elements. They render into the page itself: one style sheet, and labels reach over elements. */
export class ElseElement extends LitElement {
	protected override createRenderRoot(): HTMLElement {
		return this;
	}
}
