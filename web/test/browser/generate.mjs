// A day and a half of logs that end now, of two servers of acme.example: traffic, a newsletter, bounces at Gmail, refusals,
// a mailbox that is full, and texts that are meant to hurt. The same seed gives the same mails.
const HOUR = 3_600_000;

function random(seed) {
	let state = seed;
	return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

export const HOSTILE = {
	markup: '"<img src=x onerror=window.hurt=1>"@evil.example',
	script: '"<script>window.hurt=1</script>"@evil.example',
	bidi: 'invoice\u202efdp.exe@evil.example',
};

export const LONG = `${'a'.repeat(10_000)}@acme.example`;

export function generate(now, mails = 700) {
	const next = random(4711);
	const lines = [];
	let pid = 1000;
	let number = 0;

	const log = (time, host, program, text) => lines.push([time, `${new Date(time).toISOString().replace('Z', '000+00:00')} ${host}.acme.example postfix/${program}[${pid}]: ${text}`]);
	const qid = () => (0x10000000 + ++number * 7919).toString(16).toUpperCase();

	/** One mail on one server; `out`: by a logged-in user of ours to the world, else from the world into a mailbox. */
	function mail({time, from, to, out, status = 'sent', code = '2.0.0', answer = '250 2.0.0 Ok: queued as 9A1', relay, removed = true}) {
		const host = out ? 'mx-out-1' : 'mx-in-1';
		const id = qid();
		pid++;
		const client = out ? 'client=pc7.acme.example[10.2.0.14], sasl_method=PLAIN, sasl_username=billing' : 'client=mail.world.example[203.0.113.9]';
		const server = relay ?? (out ? 'mx1.partner.example[198.51.100.25]:25' : 'mx-in-1.acme.example[private/dovecot-lmtp]');
		log(time, host, 'smtpd', `${id}: ${client}`);
		log(time + 20, host, 'cleanup', `${id}: message-id=<${id.toLowerCase()}.${number}@${out ? 'acme.example' : 'world.example'}>`);
		log(time + 30, host, 'qmgr', `${id}: from=<${from}>, size=${2000 + Math.floor(next() * 60_000)}, nrcpt=${to.length} (queue active)`);
		to.forEach((rcpt, i) => log(time + 400 + 20 * i, host, out ? 'smtp' : 'lmtp', `${id}: to=<${rcpt}>, relay=${server}, delay=0.4, delays=0.1/0/0.1/0.2, dsn=${code}, status=${status} (${answer})`));
		if (removed) log(time + 900, host, 'qmgr', `${id}: removed`);
		return id;
	}

	function refuse(time, from, to, answer) {
		pid++;
		log(time, 'mx-in-1', 'smtpd', `NOQUEUE: reject: RCPT from bad.host.example[192.0.2.66]: ${answer}; from=<${from}> to=<${to}> proto=ESMTP helo=<bad.host.example>`);
	}

	const start = now - 36 * HOUR;
	for (let i = 0; i < mails; i++) {
		const time = start + next() * 36 * HOUR;
		const user = `user${Math.floor(next() * 30)}@acme.example`;
		const peer = `peer${Math.floor(next() * 80)}@${['partner.example', 'kunde.example', 'world.example'][Math.floor(next() * 3)]}`;
		if (next() < 0.5) mail({time, from: user, to: [peer], out: true});
		else mail({time, from: peer, to: [user], out: false});
		if (next() < 0.25) refuse(time + 5000, `promo${i}@cheap-pills.example`, user, '554 5.7.1 Service unavailable; Client host [192.0.2.66] blocked using zen.spamhaus.org');
	}
	for (let i = 0; i < 160; i++) mail({time: now - 5 * HOUR + i * 20_000, from: 'newsletter@acme.example', to: [`reader${i}@world.example`], out: true});
	for (let i = 0; i < 6; i++)
		mail({time: now - 3 * HOUR + i * 60_000, from: 'billing@acme.example', to: [`gone${i}@gmail.com`], out: true, status: 'bounced', code: '5.1.1', relay: 'gmail-smtp-in.l.google.com[142.250.110.26]:25', answer: 'host gmail-smtp-in.l.google.com[142.250.110.26] said: 550-5.1.1 The email account that you tried to reach does not exist. (in reply to RCPT TO command)'});
	for (let i = 0; i < 4; i++)
		mail({time: now - 2 * HOUR + i * 60_000, from: 'billing@acme.example', to: ['ap@partner.example'], out: true, status: 'deferred', code: '4.2.2', removed: false, answer: 'host mx1.partner.example[198.51.100.25] said: 452 4.2.2 Over quota (in reply to RCPT TO command)'});

	const yesterday = new Date(now - 24 * HOUR);
	const at = (hour, minute) => new Date(yesterday).setHours(hour, minute, 3, 0);
	mail({time: at(15, 30), from: 'anna@acme.example', to: ['bob@partner.example'], out: true});
	for (let i = 0; i < 3; i++) mail({time: at(10, 12) + i * 9000, from: 'burst@acme.example', to: [`many${i}@kunde.example`], out: true});
	refuse(now - HOUR, 'ceo@new-supplier.example', 'jo@acme.example', '554 5.7.1 Service unavailable; Client host [192.0.2.66] blocked using zen.spamhaus.org');
	mail({time: now - 25 * 60_000, from: 'long@evil.example', to: [LONG], out: false});
	for (const [i, from] of Object.values(HOSTILE).entries()) mail({time: now - 20 * 60_000 + i * 60_000, from, to: ['jo@acme.example'], out: false, answer: '250 2.0.0 <b>ok</b> \u202eko'});

	return lines.filter(([time]) => time < now).sort((a, b) => a[0] - b[0]).map(([, line]) => line).join('\n') + '\n';
}
