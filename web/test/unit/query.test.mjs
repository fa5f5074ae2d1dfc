import assert from 'node:assert/strict';
import {test} from 'node:test';
import {load} from './load.mjs';

const q = await load('query.ts');

test('a query falls into its words; quotes, angles and parentheses hold', () => {
	assert.deepEqual(q.pieces('from:a@b.example  "over quota" (x OR y)'), ['from:a@b.example', '"over quota"', '(', 'x', 'OR', 'y', ')']);
	assert.deepEqual(q.pieces('text:"a \\" b" msgid:<x@y>'), ['text:"a \\" b"', 'msgid:<x@y>']);
	assert.deepEqual(q.pieces('text:"never closed'), ['text:"never closed']);
	assert.deepEqual(q.pieces(''), []);
});

test('a value that would mean something else is quoted', () => {
	assert.equal(q.term('from', 'a@b.example'), 'from:a@b.example');
	assert.equal(q.term('to', 'x OR y'), 'to:"x OR y"');
	assert.equal(q.term('to', 'a"b\\c'), 'to:"a\\"b\\\\c"');
	assert.equal(q.term('to', '*@b.example'), 'to:"*@b.example"');
	assert.equal(q.term('from', ''), 'from:<>');
	assert.equal(q.term('status', 'bounced', true), '-status:bounced');
});

test('a facet adds its value beside others, and takes it away again', () => {
	assert.equal(q.toggled('last:24h', 'status', 'bounced'), 'last:24h status:bounced');
	assert.equal(q.toggled('status:bounced last:24h', 'status', 'deferred'), 'status:bounced,deferred last:24h');
	assert.equal(q.toggled('status:bounced,deferred', 'status', 'bounced'), 'status:deferred');
	assert.equal(q.toggled('status:bounced', 'status', 'bounced'), '');
	assert.ok(q.hasValue('status:bounced,deferred', 'status', 'deferred'));
	assert.ok(!q.hasValue('-status:deferred', 'status', 'deferred'));
});

test('a condition more binds to the whole of a query with OR', () => {
	assert.equal(q.added('a OR b', 'status:bounced'), '(a OR b) status:bounced');
	assert.equal(q.added('', 'status:bounced'), 'status:bounced');
	assert.equal(q.added('status:bounced', 'status:bounced'), 'status:bounced');
});

test('the time of a query is replaced, the rest stays', () => {
	assert.equal(q.withTime('to:bob last:24h', 'last:7d'), 'to:bob last:7d');
	assert.equal(q.withTime('after:2026-11-20 to:bob before:2026-11-21', ''), 'to:bob');
	assert.equal(q.timeOf('after:2026-11-20 to:bob before:2026-11-21'), 'after:2026-11-20 before:2026-11-21');
	assert.equal(q.between(0, 60_000), 'after:1970-01-01T00:00:00Z before:1970-01-01T00:01:00Z');
	assert.equal(q.rangeTerm('24h'), 'last:24h');
});

test('positions are bytes for the server and units for the browser', () => {
	assert.equal(q.byteAt('é😀x', 1), 2);
	assert.equal(q.byteAt('é😀x', 3), 6);
	assert.equal(q.unitAt('é😀x', 6), 3);
});

test('a bare word that was taken for something can be searched as text', () => {
	const tree = {and: [{key: 'last', values: ['24h']}, {key: 'domain', values: ['partner.example'], guessed: true}]};
	assert.deepEqual(q.guesses(tree), [{key: 'domain', word: 'partner.example'}]);
	assert.equal(q.asText('partner.example last:24h', 'partner.example'), 'text:partner.example last:24h');
	assert.equal(q.asText('domain:partner.example', 'partner.example'), null);
});
