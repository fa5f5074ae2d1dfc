import {html, type TemplateResult} from 'lit';
import {t} from './i18n.js';

/**
 * Everything that comes from logs is hostile. It reaches the page through here, as text nodes: signs that would
 * change the direction of the line, or that nobody sees, are shown by their number.
 */
const UNSEEN = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u115f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

export const CLIP = 160;

export type Shown = string | TemplateResult;

function name(sign: string): string {
	return `U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The same as plain text, for titles and attributes. */
export function plain(text: string): string {
	return text.replace(UNSEEN, sign => `⟨${name(sign)}⟩`);
}

function visible(text: string): Shown[] {
	const parts: Shown[] = [];
	let from = 0;
	for (const hit of text.matchAll(UNSEEN)) {
		if (hit.index > from) parts.push(text.slice(from, hit.index));
		parts.push(html`<span class="ctl" title=${t('text.unseen')}>${name(hit[0])}</span>`);
		from = hit.index + hit[0].length;
	}
	if (from < text.length) parts.push(text.slice(from));
	return parts;
}

/** All of a text, apart from its surroundings. */
export function whole(text: string): TemplateResult {
	return html`<bdi>${visible(text)}</bdi>`;
}

/** A text for a cell: long ones end in "…" and their length. */
export function short(text: string | null | undefined, most = CLIP): TemplateResult {
	if (!text) return html``;
	if (text.length <= most) return whole(text);
	const length = t('text.length', {n: text.length});
	return html`<bdi>${visible(text.slice(0, most))}…</bdi> <span class="soft">${length}</span>`;
}

/** "müller.example (xn--mller-kva.example)": a domain that only looks like another one is told apart. */
function alabel(domain: string): string | null {
	if (!/[^\u0000-\u007f]/.test(domain)) return null;
	try {
		return new URL(`http://${domain}`).hostname;
	} catch {
		return null;
	}
}

/** An address of an envelope; "" is the null sender, null is unknown. */
export function address(text: string | null | undefined, most = CLIP): TemplateResult {
	if (text === null || text === undefined) return html`<span class="soft">${t('address.unknown')}</span>`;
	if (text === '') return html`<span class="soft">${t('address.null')}</span>`;
	const label = alabel(text.slice(text.lastIndexOf('@') + 1));
	return label ? html`${short(text, most)} <span class="soft">(${label})</span>` : short(text, most);
}
