// Every page, in both themes, wide and on a phone: no fault of any kind, and a picture of it in web/shots.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {audit, launch, logIn, openPage, PHONE, settled, shoot, visit, WIDE} from './browser.mjs';
import {makeWorld} from './world.mjs';

let world;
let browser;
let journeys;

const PAGES = {
	overview: '/', messages: '/messages?q=last:24h', nothing: '/messages?q=from:nobody@nowhere.example+last:24h', mistake: '/messages?q=form:bob',
	live: '/live', flows: '/flows', rejects: '/rejects', 'rejects-ip': '/rejects?by=ip&range=7d', saved: '/saved', hosts: '/hosts',
	users: '/admin/users', groups: '/admin/groups', domains: '/admin/domains', tokens: '/admin/tokens', audit: '/audit', my: '/my', account: '/account',
	help: '/help', codes: '/help/codes', keys: '/help/keys', absent: '/no/such/page', 'no-mail': '/messages/m0',
};

before(async () => {
	world = await makeWorld();
	browser = await launch();
	const first = async q => (await world.admin.send('POST', '/messages/search', {q, limit: 1})).items[0].id;
	journeys = {
		'journey-bounced': `/messages/${await first('to:@gmail.com status:bounced')}`,
		'journey-waiting': `/messages/${await first('to:ap@partner.example status:deferred')}`,
		'journey-refused': `/messages/${await first('from:ceo@new-supplier.example')}`,
		'journey-hostile': `/messages/${await first('from:invoice*@evil.example')}`,
		'journey-long': `/messages/${await first('from:long@evil.example')}`,
	};
});

after(async () => {
	await browser?.close();
	await world?.stop();
});

for (const [size, viewport] of Object.entries({wide: WIDE, phone: PHONE}))
	test(`all pages, ${size}`, async t => {
		const context = await visit(browser, world.url, 'admin', {viewport});
		for (const [name, path] of Object.entries({...PAGES, ...journeys}))
			await t.test(name, async () => {
				const page = await openPage(context);
				page.expected = /status of (400|404)/;
				await page.goto(path);
				for (const colorScheme of ['light', 'dark']) {
					await page.emulateMedia({colorScheme});
					await settled(page);
					await shoot(page, `${name}-${colorScheme}-${size}`);
					assert.deepEqual(await audit(page), [], colorScheme);
				}
				await page.close();
			});
		await context.close();
	});

test('the login, and a first password that must be changed', async () => {
	const context = await visit(browser, world.url);
	const page = await openPage(context);
	page.expected = /status of (401|403|422)/;
	await page.goto('/');
	await page.getByRole('button', {name: 'Log in'}).waitFor();
	await shoot(page, 'login');
	assert.deepEqual(await audit(page), []);
	await logIn(page, world.newcomer.name, 'wrong');
	await page.getByText('Name or password is wrong.').waitFor();
	await logIn(page, world.newcomer.name, world.newcomer.once);
	await page.getByText('Your password was for once').waitFor();
	await page.getByLabel('Present password').fill(world.newcomer.once);
	await page.getByLabel('New password', {exact: true}).fill('a long enough passphrase');
	await page.getByLabel('New password again').fill('a long enough passphrase');
	assert.deepEqual(await audit(page), []);
	await page.getByRole('button', {name: 'Change the password'}).click();
	await page.getByRole('heading', {name: 'Overview'}).waitFor();
	await settled(page);
	await shoot(page, 'domain-administrator');
	assert.deepEqual(await audit(page), []);
	assert.match(await page.locator('main').innerText(), /Within what you may see: acme\.example/);
	await context.close();
});

test('an end user sees his own mail in plain words, and no other page', async () => {
	const context = await visit(browser, world.url, 'jo', {viewport: PHONE});
	const page = await openPage(context);
	await page.goto('/');
	await page.getByRole('heading', {name: 'Where is my mail?'}).waitFor();
	await settled(page);
	await shoot(page, 'end-user');
	assert.deepEqual(await audit(page), []);
	const text = await page.locator('main').innerText();
	assert.match(text, /is in your mailbox/);
	assert.doesNotMatch(text, /mx-in-1|4\.2\.2|192\.0\.2/);
	await page.goto('/messages');
	await page.getByText('You may not see this page').waitFor();
	await context.close();
});

test('in French no word is missing', async () => {
	const context = await visit(browser, world.url, 'admin');
	await context.addInitScript(() => localStorage.setItem('language', 'fr'));
	for (const path of ['/', '/messages?q=last:24h', '/flows', '/help/search', journeys['journey-waiting']]) {
		const page = await openPage(context);
		await page.goto(path);
		await settled(page);
		assert.equal(await page.getAttribute('html', 'lang'), 'fr');
		assert.doesNotMatch(await page.locator('body').innerText(), /\b(nav|status|col|verdict|way|kpi)\.[a-z]/);
		assert.deepEqual(page.faults, []);
		await page.close();
	}
	await context.close();
});

test('the guards can fail', async () => {
	const context = await visit(browser, world.url, 'admin');
	const page = await openPage(context);
	await page.goto('/hosts');
	await settled(page);
	await page.evaluate(() => {
		const box = document.createElement('div');
		box.append(Object.assign(document.createElement('img'), {src: 'http://192.0.2.1/x.png'}), Object.assign(document.createElement('button'), {}));
		box.setAttribute('style', 'color: #fefefe');
		box.style.inlineSize = '5000px';
		document.querySelector('main').append(box);
		document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.hurt = 1'}));
	});
	const faults = (await audit(page)).join('\n');
	for (const kind of [/Content Security Policy/, /foreign request/, /axe button-name/, /axe image-alt/, /overflow/]) assert.match(faults, kind);
	assert.equal(await page.evaluate(() => window.hurt), undefined);
	await context.close();
});
