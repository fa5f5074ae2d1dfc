// Every key that the sources use is in every catalogue, and every key of a catalogue is used.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {test} from 'node:test';

const root = new URL('../../', import.meta.url);
const catalogues = Object.fromEntries(readdirSync(new URL('i18n/', root)).map(name => [name, JSON.parse(readFileSync(new URL(`i18n/${name}`, root)))]));
const sources = readdirSync(new URL('src/', root), {recursive: true}).filter(name => name.endsWith('.ts'))
	.map(name => readFileSync(new URL(`src/${name}`, root), 'utf8')).join('\n');

const stem = key => key.replace(/\.(one|other)$/, '');
const literal = new Set([...sources.matchAll(/'([a-z][\w-]*(?:\.[\w:-]+)+)'/g)].map(hit => hit[1]));
/** `status.${x}` stands for all keys of that shape. */
const patterns = [...sources.matchAll(/`((?:[a-z][\w-]*\.|\$\{this\.name\}\.)[^`\s]*|\$\{[^`\s]*)`/g)].map(hit => hit[1])
	.filter(text => text.includes('${') && text.includes('.')).map(text => new RegExp(`^${text.split(/\$\{[^}]*\}/).map(part => part.replace(/[.:]/g, '\\$&')).join('[\\w.:-]+')}$`));
const called = [...sources.matchAll(/\b(?:t|rich|known)\(\s*'([^']+)'/g)].map(hit => hit[1]);

test('every language has the same keys', () => {
	const keys = Object.keys(catalogues['en.json']);
	for (const [name, catalogue] of Object.entries(catalogues)) assert.deepEqual(Object.keys(catalogue).sort(), [...keys].sort(), name);
});

test('every key that is used is there', () => {
	for (const key of called) {
		const there = key in catalogues['en.json'] || `${key}.other` in catalogues['en.json'];
		assert.ok(there, key);
	}
});

test('every key that is there is used', () => {
	const unused = Object.keys(catalogues['en.json']).filter(key => !literal.has(stem(key)) && !patterns.some(pattern => pattern.test(stem(key))));
	assert.deepEqual(unused, []);
});

test('the same {names} stand in every language', () => {
	const names = text => [...text.matchAll(/\{(\w+)\}/g)].map(hit => hit[1]).sort().join();
	for (const [key, text] of Object.entries(catalogues['en.json']))
		for (const [name, catalogue] of Object.entries(catalogues)) assert.equal(names(catalogue[key]), names(text), `${name} ${key}`);
});

test('every status, way, role and reason that the program knows has words', () => {
	const words = file => readFileSync(new URL(`../${file}`, root), 'utf8');
	const reasons = [...words('src/parse/reason.c').matchAll(/^\s*\[REASON_\w+\] = "(\w+)"/gm)].map(hit => hit[1]);
	const statuses = [...words('src/query/query_keys.c').matchAll(/status_names\[\] = \{([^}]*)\}/g)][0][1].match(/\w+/g);
	assert.ok(reasons.length > 20 && statuses.length > 10);
	for (const key of [...reasons.map(name => `reason.${name}`), ...statuses.flatMap(name => [`status.${name}`, `explain.status.${name}`, `verdict.${name}`])])
		assert.ok(key in catalogues['en.json'] || `${key}.other` in catalogues['en.json'], key);
});
