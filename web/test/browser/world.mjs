// The real programs on a database of their own: the sample, the generated logs, else-frontend, and accounts.
import {spawn, spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync, readdirSync, openSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {generate} from './generate.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BUILD = process.env.ELSE_BUILD ?? join(ROOT, 'build/check/gcc');
export const PASSWORD = 'correct horse battery staple';

function freePort() {
	return new Promise(resolve => {
		const server = createServer().listen(0, '127.0.0.1', () => {
			const {port} = server.address();
			server.close(() => resolve(port));
		});
	});
}

export async function until(condition, what, seconds = 60) {
	const end = Date.now() + seconds * 1000;
	for (;;) {
		const value = await condition();
		if (value) return value;
		if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
		await new Promise(resolve => setTimeout(resolve, 50));
	}
}

/** A program's calls of the API. */
class Api {
	constructor(url) {
		this.url = url;
	}

	async send(method, path, body) {
		const response = await fetch(`${this.url}/api/v1${path}`, {
			method, body: body && JSON.stringify(body),
			headers: {'X-CSRF': '1', 'Sec-Fetch-Site': 'same-origin', Origin: this.url, ...(body ? {'Content-Type': 'application/json'} : {}), ...(this.cookie ? {Cookie: this.cookie} : {})},
		});
		for (const cookie of response.headers.getSetCookie()) this.cookie = cookie.split(';')[0];
		if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
		return response.status === 204 ? null : response.json();
	}

	async first(name, once) {
		await this.send('POST', '/auth/login', {name, password: once});
		await this.send('POST', '/auth/password', {old: once, new: PASSWORD});
		return this;
	}
}

export async function makeWorld() {
	const folder = mkdtempSync(join(tmpdir(), 'else-web-'));
	const ends = [];
	const stop = async () => {
		for (const end of ends.reverse()) await end();
		rmSync(folder, {recursive: true, force: true});
	};
	process.once('SIGTERM', () => stop().then(() => process.exit(1))); // the time of the whole run is over
	try {
		return {...(await fill(folder, ends)), stop};
	} catch (error) {
		await stop();
		throw error;
	}
}

/** `ends` takes what must be done to end what was begun. */
async function fill(folder, ends) {
	chmodSync(folder, 0o755);
	const data = join(folder, 'data');
	mkdirSync(data);
	const environment = {PATH: process.env.PATH, HOME: '/', ELSE_DATA: data};
	const elsectl = (...args) => {
		const done = spawnSync(join(BUILD, 'src/elsectl/elsectl'), args, {env: environment, encoding: 'utf8'});
		if (done.status !== 0) throw new Error(`elsectl ${args}: ${done.status}\n${done.stdout}${done.stderr}`);
		return done.stdout;
	};

	ends.push(() => spawnSync(join(BUILD, 'src/elsectl/elsectl'), ['admin', 'stop'], {env: environment}));
	const now = Date.now();
	const log = join(folder, 'generated.log');
	writeFileSync(log, generate(now));
	const sample = join(ROOT, 'data/sample');
	elsectl('import', log, ...readdirSync(sample).filter(name => name.endsWith('.xz')).map(name => join(sample, name)));

	const port = await freePort();
	const config = join(folder, 'else.conf');
	writeFileSync(config, `[backend]\ndata = ${data}\n[frontend]\nport = ${port}\nmetrics_port = ${await freePort()}\nweb = ${join(ROOT, 'web/dist')}\n`);
	const logPath = join(folder, 'frontend.log');
	const daemon = spawn(join(BUILD, 'src/frontend/else-frontend'), ['-c', config], {env: environment, stdio: ['ignore', 'ignore', openSync(logPath, 'a')]});
	daemon.on('error', error => writeFileSync(logPath, String(error)));
	ends.push(async () => {
		daemon.kill('SIGTERM');
		await until(() => daemon.exitCode !== null || daemon.pid === undefined, 'the end of else-frontend');
	});
	const said = () => (existsSync(logPath) ? readFileSync(logPath, 'utf8') : '');
	await until(() => said().includes('ready: ') || daemon.exitCode !== null, 'else-frontend');
	if (daemon.exitCode !== null) throw new Error(`else-frontend ended with ${daemon.exitCode}: ${said()}`);

	const url = `http://127.0.0.1:${port}`;
	const once = /one-time password (\S+)/.exec(said())[1];
	const admin = await new Api(url).first('admin', once);
	for (const account of [
		{name: 'desk', role: 'operator'},
		{name: 'jo', role: 'end_user', addresses: ['jo@acme.example']},
		{name: 'audra', role: 'auditor'},
	]) {
		const made = await admin.send('POST', '/users', account);
		await new Api(url).first(account.name, made.password);
	}
	const group = await admin.send('POST', '/groups', {name: 'ACME', domains: ['acme.example'], hosts: []});
	const once2 = await admin.send('POST', '/users', {name: 'newcomer', role: 'domain_administrator', groups: [group.id]});
	await admin.send('POST', '/saved', {name: 'Waiting at partner.example', q: 'to:@partner.example status:deferred', shared: true});
	await admin.send('POST', '/tokens', {name: 'dashboard', permissions: ['messages:read'], days: 90});

	return {
		url, now, admin, newcomer: {name: 'newcomer', once: once2.password},
		/** Lines that come in now. */
		append(text) {
			const more = join(folder, `more-${Date.now()}.log`);
			writeFileSync(more, text);
			elsectl('import', more);
		},
	};
}
