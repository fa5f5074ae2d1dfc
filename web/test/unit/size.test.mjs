// What a browser must load before it shows the first page, and the chunk with the pictures, stay small.
import assert from 'node:assert/strict';
import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {test} from 'node:test';

const dist = new URL('../../dist/', import.meta.url);
const packed = name => statSync(new URL(`${name}.gz`, dist)).size;
const assets = readdirSync(new URL('assets/', dist)).filter(name => !name.endsWith('.gz'));

/** The files that `name` imports at once, itself included. */
function withImports(name, seen = new Set()) {
	if (seen.has(name)) return seen;
	seen.add(name);
	const text = readFileSync(new URL(`assets/${name}`, dist), 'utf8');
	for (const [, other] of text.matchAll(/(?:from|import)"\.\/([\w-]+\.js)"/g)) withImports(other, seen);
	return seen;
}

const one = prefix => assets.find(name => name.startsWith(prefix));

test('the first load takes at most 60 KB', () => {
	const files = new Set(['main-', 'app-', 'messages-', 'fr-'].flatMap(prefix => [...withImports(one(prefix))]));
	const sum = [...files, one('style-')].reduce((bytes, name) => bytes + packed(`assets/${name}`), packed('index.html'));
	console.log(`first load: ${sum} bytes packed`);
	assert.ok(sum <= 60_000, `${sum} bytes`);
});

test('the pictures take at most 200 KB, and nothing loads them at once', () => {
	const chunk = one('echarts-');
	console.log(`pictures: ${packed(`assets/${chunk}`)} bytes packed`);
	assert.ok(packed(`assets/${chunk}`) <= 200_000);
	for (const name of assets.filter(name => name.endsWith('.js') && name !== chunk)) assert.ok(!withImports(name).has(chunk), name);
});

test('every file has its packed one beside it, and a hash in its name', () => {
	for (const name of assets) {
		assert.ok(existsSync(new URL(`assets/${name}.gz`, dist)), name);
		assert.match(name, /-[A-Z0-9]{8}\.\w+$/);
	}
});
