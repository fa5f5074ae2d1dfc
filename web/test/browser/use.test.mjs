// What people do: keys, the search box, the brush, and five questions that must not take more than three steps.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {audit, launch, openPage, settled, shoot, visit} from './browser.mjs';
import {generate, HOSTILE} from './generate.mjs';
import {makeWorld} from './world.mjs';

let world;
let browser;
let context;
let page;

before(async () => {
	world = await makeWorld();
	browser = await launch();
	context = await visit(browser, world.url, 'desk');
	page = await openPage(context);
});

after(async () => {
	await browser?.close();
	await world?.stop();
});

const main = () => page.locator('main');
const rows = () => page.locator('tr[data-row]');

async function open(path) {
	await page.goto(path);
	await settled(page);
}

/** Goes on with the counted steps, and gives what the page says in the end. */
async function steps(...list) {
	assert.ok(list.length <= 3, 'at most three interactions');
	for (const step of list) {
		await step();
		await settled(page);
	}
	return main().innerText();
}

async function type(q) {
	const box = page.getByRole('combobox', {name: 'Search'});
	await box.fill(q);
	await box.press('Enter');
	await page.waitForURL(/\/messages\?q=/);
}

test('where is the mail from A to B of yesterday', async () => {
	await open('/');
	const text = await steps(() => type('from:anna@acme.example to:bob@partner.example on:yesterday'), () => rows().first().getByRole('link').click());
	assert.match(text, /Delivered to bob@partner\.example/);
	assert.match(text, /Who can act: nobody needs to/);
});

test('why was it refused', async () => {
	await open('/');
	const text = await steps(() => type('from:ceo@new-supplier.example'), () => rows().first().getByRole('link').click());
	assert.match(text, /mx-in-1\S* refused the mail for jo@acme\.example/);
	assert.match(text, /zen\.spamhaus\.org/);
	assert.match(text, /Who can act/);
});

test('who sends so much', async () => {
	await open('/');
	const text = await steps(() => page.getByRole('link', {name: 'Flows'}).first().click());
	assert.match(text, /The largest[\s\S]*newsletter@acme\.example[\s\S]*160/);
});

test('what happened at 10:12', async () => {
	await open('/');
	const day = new Date(world.now - 86_400_000);
	const two = n => String(n).padStart(2, '0');
	const at = `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}T10:12`;
	const text = await steps(() => type(`on:${at}`));
	assert.match(text, /burst@acme\.example/);
	for (const time of await rows().locator('td.c-time').allInnerTexts()) assert.match(time, /10:12:/);
});

test('which of our mails bounced at gmail', async () => {
	await open('/');
	await steps(() => type('to:@gmail.com status:bounced'));
	assert.equal(await rows().count(), 6);
	assert.match(await rows().first().innerText(), /Bounced[\s\S]*No such user/);
});

test('keys: search, rows, open, neighbours, back, filter, go to', async () => {
	await open('/messages?q=last:24h');
	await page.keyboard.press('/');
	assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'combobox');
	await page.keyboard.press('Escape');
	await page.keyboard.press('Escape');
	await page.keyboard.press('j');
	await page.keyboard.press('j');
	assert.equal(await page.locator('tr.chosen').getAttribute('data-row'), '1');
	const href = await page.locator('tr.chosen a').first().getAttribute('href');
	await page.keyboard.press('Enter');
	await page.waitForURL(`**${href}`);
	await settled(page);
	await page.keyboard.press(']');
	await page.waitForFunction(old => location.pathname !== old, href);
	await page.keyboard.press('[');
	await page.waitForURL(`**${href}`);
	await settled(page);
	await page.keyboard.press('Escape');
	await page.waitForURL('**/messages?q=last*');
	await page.locator('tr[data-row="0"]').waitFor();
	await settled(page);
	await page.keyboard.press('j');
	await page.locator('tr.chosen').waitFor();
	await page.keyboard.press('f');
	await page.getByRole('dialog').getByRole('button', {name: /status:/}).press('Enter');
	await page.waitForURL(/status/);
	await page.keyboard.press('g');
	await page.keyboard.press('f');
	await page.waitForURL('**/flows');
	await page.keyboard.press('?');
	await page.getByRole('dialog').getByText('Single keys are on').click();
	await page.keyboard.press('Escape');
	await page.locator('main').focus();
	await page.keyboard.press('g');
	await page.keyboard.press('m');
	assert.match(page.url(), /\/flows$/, 'keys that are switched off do nothing');
	await page.evaluate(() => localStorage.removeItem('keys'));
});

test('the search box suggests, makes tokens, and gives them back', async () => {
	await open('/messages?q=last:24h');
	const box = page.getByRole('combobox', {name: 'Search'});
	await box.click();
	await box.pressSequentially('status:bou');
	await page.getByRole('option', {name: /status:bounced|bounced/}).first().waitFor();
	await box.press('ArrowDown');
	await box.press('Enter');
	assert.equal(await page.locator('.search-box .chip').count(), 2);
	await box.press('Enter');
	await page.waitForURL(/status%3Abounced|status:bounced/);
	await settled(page);
	assert.match(await rows().first().innerText(), /Bounced/);
	await page.getByRole('button', {name: 'Remove status:bounced'}).click();
	await page.waitForURL(url => !url.search.includes('bounced'));
	await settled(page);
	await box.click();
	await box.press('Backspace');
	assert.equal(await box.inputValue(), 'last:24h');
});

test('a log line that is pasted finds its mail', async () => {
	await open('/');
	const line = generate(world.now).split('\n').find(text => text.includes('gone0@gmail.com'));
	await page.evaluate(text => navigator.clipboard.writeText(text), `${line}\n`);
	await page.getByRole('combobox', {name: 'Search'}).click();
	await page.keyboard.press('Control+V');
	await page.waitForURL(/\/messages\?q=/);
	await settled(page);
	assert.match(await rows().first().innerText(), /gone0@gmail\.com/);
});

test('a stretch of time is chosen by keys, and by the pointer', async () => {
	await open('/messages?q=last:24h');
	const plot = page.locator('.plot-wrap');
	await plot.focus();
	for (const key of ['ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowLeft', 'Enter']) await plot.press(key);
	await page.waitForURL(/after/);
	await settled(page);
	await open('/messages?q=last:24h');
	const box = await plot.boundingBox();
	await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
	await page.mouse.down();
	await page.mouse.move(box.x + box.width * 0.9, box.y + 40, {steps: 4});
	await page.mouse.up();
	await page.getByRole('button', {name: 'Zoom here'}).click();
	await page.waitForURL(/after/);
	await settled(page);
	assert.ok(await rows().count() > 0);
});

test('facets narrow the search and widen it again', async () => {
	await open('/messages?q=last:24h');
	await page.getByRole('button', {name: /^Rejected/}).click();
	await page.waitForURL(/rejected/);
	await settled(page);
	assert.match(await rows().first().innerText(), /Rejected/);
	await page.getByRole('button', {name: /^Delivered/}).click();
	await page.waitForURL(/rejected.*delivered/);
	await settled(page);
	await page.getByRole('button', {name: /^Rejected/}).click();
	await page.waitForURL(url => !decodeURIComponent(url.search).includes('rejected'));
});

test('of a thousand rows only those in sight are in the page, and the end is reached', async () => {
	await open('/messages?q=');
	for (let i = 0; i < 60 && !/that is all/.test(await main().innerText()); i++) {
		await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
		await page.waitForFunction(() => !document.querySelector('.table-foot')?.innerText.includes('Loading'));
	}
	assert.match(await main().innerText(), /that is all/);
	assert.ok(await rows().count() < 120);
	const last = Number(await rows().last().getAttribute('data-row'));
	assert.ok(last > 900, `${last} rows`);
});

test('a search is saved, found again and deleted', async () => {
	await open('/messages?q=status:bounced+last:7d');
	await page.getByRole('button', {name: 'Save'}).click();
	await page.getByRole('dialog').getByLabel('Name').fill('Bounces <b>');
	await page.getByRole('dialog').getByRole('button', {name: 'Save'}).click();
	await page.getByRole('dialog').waitFor({state: 'detached'});
	await open('/saved');
	await page.getByRole('link', {name: 'Bounces <b>'}).click();
	await page.waitForURL(/bounced/);
	await open('/saved');
	await page.getByRole('button', {name: 'Delete Bounces <b>'}).click();
	await page.getByRole('dialog').getByRole('button', {name: 'Delete'}).click();
	await page.getByRole('link', {name: 'Bounces <b>'}).waitFor({state: 'detached'});
});

test('matches are exported', async () => {
	await open('/messages?q=to:@gmail.com+status:bounced');
	await page.getByRole('button', {name: 'Export'}).click();
	const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', {name: /CSV/}).click()]);
	const stream = await download.createReadStream();
	let text = '';
	for await (const part of stream) text += part;
	assert.equal(text.trim().split('\n').length, 7);
});

test('a mail that comes in is shown by the live tail', async () => {
	await open('/live?q=from:fresh@acme.example');
	await page.getByText(/connected/).waitFor();
	const stamp = offset => new Date(Date.now() + offset).toISOString().replace('Z', '000+00:00');
	world.append([
		`${stamp(-3000)} mx-out-1.acme.example postfix/smtpd[7]: ABCDEF0123: client=pc7.acme.example[10.2.0.14], sasl_method=PLAIN, sasl_username=billing`,
		`${stamp(-2900)} mx-out-1.acme.example postfix/cleanup[7]: ABCDEF0123: message-id=<fresh.1@acme.example>`,
		`${stamp(-2800)} mx-out-1.acme.example postfix/qmgr[7]: ABCDEF0123: from=<fresh@acme.example>, size=2000, nrcpt=1 (queue active)`,
		`${stamp(-2700)} mx-out-1.acme.example postfix/smtp[7]: ABCDEF0123: to=<x@partner.example>, relay=mx1.partner.example[198.51.100.25]:25, delay=0.4, delays=0.1/0/0.1/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok)`,
		`${stamp(-2600)} mx-out-1.acme.example postfix/qmgr[7]: ABCDEF0123: removed`, ''].join('\n'));
	await page.getByRole('cell', {name: 'fresh@acme.example'}).first().waitFor();
	assert.match(await rows().first().innerText(), /Delivered/);
});

test('hostile text is shown, and does nothing', async () => {
	for (const from of [...Object.values(HOSTILE), 'long@evil.example']) {
		await open(`/messages?q=${encodeURIComponent(`from:"${from.replaceAll('"', '\\"')}"`)}`);
		const text = await main().innerText();
		assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069]/);
		await rows().first().getByRole('link').click();
		await page.waitForURL(/\/messages\/./);
		await settled(page);
		assert.doesNotMatch(await main().innerText(), /[\u202a-\u202e\u2066-\u2069]/);
		assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
	}
	await open(`/messages?q=${encodeURIComponent('from:@evil.example last:24h')}`);
	const text = await main().innerText();
	assert.match(text, /<img src=x onerror/);
	assert.match(text, /U\+202E/);
	assert.equal(await page.evaluate(() => window.hurt), undefined);
	assert.equal(await page.locator('main img, main script').count(), 0);
	assert.deepEqual(page.faults, []);
});

test('on a phone the status of a row is in sight, and all pages are reached', async () => {
	const phone = await visit(browser, world.url, 'desk', {viewport: {width: 390, height: 844}, hasTouch: true});
	const small = await openPage(phone);
	await small.goto('/messages?q=last:24h');
	await settled(small);
	const box = await small.locator('tr[data-row="0"] .badge').boundingBox();
	assert.ok(box.x >= 0 && box.x + box.width <= 390);
	await small.locator('.bottom').getByRole('button', {name: 'More'}).tap();
	await small.getByRole('dialog').getByRole('link', {name: 'Rejects'}).tap();
	await small.waitForURL('**/rejects');
	assert.deepEqual(small.faults, []);
	await phone.close();
});

test('what opens over a page is as clean as the page', async () => {
	await open('/messages?q=from:billing@acme.example+last:24h');
	const box = page.getByRole('combobox', {name: 'Search'});
	await box.click();
	await box.pressSequentially('sta');
	await page.getByRole('option', {name: /^status:/}).waitFor();
	await shoot(page, 'suggestions');
	assert.deepEqual(await audit(page), []);
	await box.press('Escape');
	await box.press('Escape');
	for (const [key, name] of [['s', 'save'], ['?', 'keys-dialog'], ['t', 'time-menu']]) {
		await page.keyboard.press(key);
		await page.locator('dialog, [role="menu"]').waitFor();
		await shoot(page, name);
		assert.deepEqual(await audit(page), [], name);
		await page.keyboard.press('Escape');
		await page.locator('dialog, [role="menu"]').waitFor({state: 'detached'});
	}
	await rows().first().getByRole('link').click();
	await page.getByRole('button', {name: 'Text for the user'}).click();
	await page.getByRole('dialog').getByText('Who can act').waitFor();
	await shoot(page, 'user-text');
	assert.deepEqual(await audit(page), []);
});
