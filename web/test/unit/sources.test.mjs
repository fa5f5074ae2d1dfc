// Rules of our sources that no compiler checks.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {test} from 'node:test';

const src = new URL('../../src/', import.meta.url);
const files = readdirSync(src, {recursive: true}).filter(name => /\.(ts|css)$/.test(name)).map(name => [name, readFileSync(new URL(name, src), 'utf8')]);

test('a file has one idea: at most 300 lines', () => {
	for (const [name, text] of files) assert.ok(text.split('\n').length <= 300, name);
});

test('text from logs never becomes markup, and nothing is styled inline', () => {
	for (const [name, text] of files) {
		assert.doesNotMatch(text, /unsafeHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, name);
		assert.doesNotMatch(text, /\sstyle=/, name);
	}
});

test('colours are in tokens.css only', () => {
	for (const [name, text] of files.filter(([name]) => name.endsWith('.css') && !name.endsWith('tokens.css')))
		assert.doesNotMatch(text.replace('rgb(10 14 20 / 55%)', ''), /#[0-9a-f]{3,8}\b|rgb\(/i, name);
});

test('every icon that is named is in the sprite, and every one of the sprite is named', () => {
	const sprite = readFileSync(new URL('../icons/sprite.svg', src), 'utf8');
	const ids = [...sprite.matchAll(/id="i-([\w-]+)"/g)].map(hit => hit[1]);
	const text = files.map(([, text]) => text).join('\n');
	for (const [, name] of text.matchAll(/\bicon\('([\w-]+)'\)/g)) assert.ok(ids.includes(name), name);
	for (const id of ids) assert.match(text, new RegExp(`['"]${id}['"]`), id);
});

test('the lock file names no place to load from', () => {
	assert.doesNotMatch(readFileSync(new URL('../package-lock.json', src), 'utf8'), /resolved|https?:\/\/(?!github\.com\/sponsors|opencollective|tidelift|www\.patreon)/);
});
