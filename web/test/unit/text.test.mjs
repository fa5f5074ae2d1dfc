import assert from 'node:assert/strict';
import {test} from 'node:test';
import {load} from './load.mjs';

const {plain, address, short} = await load('text.ts');

/** The text of a template and of those in it. */
function textOf(shown) {
	if (typeof shown === 'string') return shown;
	if (Array.isArray(shown)) return shown.map(textOf).join('');
	if (!shown?.strings) return '';
	return shown.strings.map((string, i) => string.replace(/<[^>]*>?/g, '') + (i < shown.values.length ? textOf(shown.values[i]) : '')).join('');
}

test('signs that turn the text or cannot be seen are shown by their number', () => {
	assert.equal(plain('a\u202egpj.exe'), 'a⟨U+202E⟩gpj.exe');
	assert.equal(plain('a\u0000b\u200bc\u2066d\ufeffe'), 'a⟨U+0000⟩b⟨U+200B⟩c⟨U+2066⟩d⟨U+FEFF⟩e');
	assert.equal(plain('Grüße <b> عربي'), 'Grüße <b> عربي');
	assert.equal(plain('tag\u{e0041}'), 'tag⟨U+E0041⟩');
});

test('a domain that only looks like another one is told apart', () => {
	assert.match(textOf(address('a@аpple.example')), /xn--pple-43d\.example/);
	assert.doesNotMatch(textOf(address('a@apple.example')), /xn--/);
});

test('a long address is cut, and says so', () => {
	const text = textOf(short('a'.repeat(10_000)));
	assert.ok(text.length < 250);
	assert.match(text, /…/);
});
