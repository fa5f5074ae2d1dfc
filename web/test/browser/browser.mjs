// Debian's Chromium, and pages that tell what went wrong on them: errors of the console (violations of the CSP are some),
// requests to other hosts, text beside the screen, breaches of WCAG 2.2 AA.
import {mkdirSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';
import {chromium} from 'playwright-core';
import {PASSWORD} from './world.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
export const SHOTS = process.env.ELSE_SHOTS ?? fileURLToPath(new URL('../../shots/', import.meta.url));
mkdirSync(SHOTS, {recursive: true});

export const WIDE = {width: 1280, height: 900};
export const PHONE = {width: 390, height: 844};

export function launch() {
	return chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage']});
}

/** A page with a list of its faults. */
export async function openPage(context) {
	const page = await context.newPage();
	page.faults = [];
	const origin = new URL(context.url).origin;
	page.on('console', message => {
		if (message.type() === 'error' && !page.expected?.test(message.text())) page.faults.push(`console: ${message.text()}`);
	});
	page.on('pageerror', error => page.faults.push(`exception: ${error.stack}`));
	page.on('request', request => {
		const target = new URL(request.url());
		if (!['data:', 'blob:'].includes(target.protocol) && target.origin !== origin) page.faults.push(`foreign request: ${request.url()}`);
	});
	return page;
}

/** A browser of its own in which `name` is logged in; nobody where there is no name. */
export async function visit(browser, url, name, options = {}) {
	const context = await browser.newContext({viewport: WIDE, locale: 'en-GB', timezoneId: process.env.TZ ?? 'UTC', baseURL: url, permissions: ['clipboard-read', 'clipboard-write'], ...options});
	context.url = url;
	context.setDefaultTimeout(15_000);
	if (name) {
		const page = await openPage(context);
		page.expected = /401/;
		await page.goto('/account');
		await logIn(page, name, PASSWORD);
		await page.getByRole('heading', {name: /where i am logged in|sessions/i}).waitFor();
		await page.close();
	}
	return context;
}

export async function logIn(page, name, password) {
	await page.getByLabel('Name').fill(name);
	await page.getByLabel('Password').fill(password);
	await page.getByRole('button', {name: 'Log in'}).click();
}

/** Until nothing is loading and no card is dimmed. */
export async function settled(page) {
	await page.waitForFunction(() => document.querySelector('main, .login') && !document.querySelector('.skeleton, [aria-busy="true"], .chart:empty'));
	await page.evaluate(() => document.fonts.ready.then(() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))));
}

/** Everything that is wrong on the page as it is now. */
export async function audit(page) {
	const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
	if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
	const breaches = await page.evaluate(async rules => {
		const {violations} = await globalThis.axe.run(document, {runOnly: rules});
		return violations.map(v => `axe ${v.id}: ${v.nodes.slice(0, 3).map(node => `${node.target} ${node.any[0]?.message ?? node.failureSummary}`).join(' | ')}`);
	}, RULES);
	return [...page.faults, ...breaches, ...(over > 0 ? [`overflow: ${over} px`] : [])];
}

export async function shoot(page, name) {
	await page.screenshot({path: `${SHOTS}/${name}.png`});
}
