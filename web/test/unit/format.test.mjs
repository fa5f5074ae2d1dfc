import assert from 'node:assert/strict';
import {test} from 'node:test';
import {load} from './load.mjs';

const {duration, bytes, percent} = await load('format.ts');

test('durations are read at a glance', () => {
	assert.equal(duration(12), '12 ms');
	assert.equal(duration(400), '0.4 s');
	assert.equal(duration(14_000), '14 s');
	assert.equal(duration(31 * 60_000), '31 min');
	assert.equal(duration(125 * 60_000), '2 h 5 min');
	assert.equal(duration(-400), '−0.4 s');
	assert.equal(duration(null), '—');
});

test('sizes and shares', () => {
	assert.equal(bytes(512), '512 B');
	assert.equal(bytes(1536), '1.5 KiB');
	assert.equal(bytes(48 * 1024 * 1024), '48 MiB');
	assert.equal(percent(1, 0), '—');
	assert.equal(percent(41, 100), '41%');
});
