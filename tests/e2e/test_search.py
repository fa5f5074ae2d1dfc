"""elsectl search, stats, tail and doctor against what really happened: the truth of the sample's mails and of a
generated log, written by those who made the mails."""

import collections
import json
import lzma
import random
import re
import subprocess

import pytest

from conftest import BUILD, ROOT, Elsectl

SAMPLE = ROOT / 'data' / 'sample'
TRUTH = ROOT / 'tests' / 'data' / 'three' / 'truth.jsonl.xz'
FIELDS = ['kind', 'id', 'time', 'way', 'from', 'msgid', 'rcpts', 'status', 'counts', 'code', 'reason', 'hosts', 'qids',
          'size', 'took_ms', 'tries', 'client']
STATUS = {'sent': 'delivered', 'bounced': 'bounced', 'expired': 'expired', 'discarded': 'discarded', 'held': 'held',
          'deleted': 'deleted', 'blocked_spam': 'blocked', 'blocked_banned': 'blocked'}


class Searched(Elsectl):
    """The program over one data folder that is filled once."""

    def find(self, query, *options, limit=0):
        """Rows of a search; nothing found is an empty list."""
        done = subprocess.run([self.path, 'search', '--json', '--limit', str(limit), *options, '--', query],
                              env=self.environment, capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == (0 if any(r['kind'] != 'page' for r in rows) else 1), done.stderr
        return rows

    def mails(self, query):
        """Message-IDs of the mails found, notices left out, with how often each was found."""
        return collections.Counter(r['msgid'] for r in self.find(f'({query}) NOT is:ndr') if r['kind'] == 'mail')


def stop(data):
    if (data / 'pg').exists():
        Elsectl(data).run('admin', 'stop')


@pytest.fixture(scope='module', name='sample')
def sample_fixture(shared_scratch):
    program = Searched(shared_scratch / 'sample')
    program.run('import', *sorted(SAMPLE.iterdir()))
    yield program
    stop(program.data)


@pytest.fixture(scope='module', name='truth')
def truth_fixture():
    """Every mail that was taken: its sender, and for each recipient who it was for and what became of it."""
    mails = []
    with lzma.open(TRUTH, 'rt') as lines:
        for mail in map(json.loads, lines):
            taken = any(a['final'] == 'accepted' for a in mail['attempts']) or mail['dir'] == 'local'
            # Discarded at a header that came before the Message-ID, which then is in no log.
            if taken and mail['kind'] not in ('dupmsgid', 'hc_discard') and not mail.get('nomsgid'):
                mails.append(mail)
    return mails


def addresses(delivery):
    return {(delivery.get(key) or '').lower() for key in ('to', 'orig_to')} - {''}


def of_truth(truth, holds):
    """Message-IDs of mails with a delivery for which holds(mail, delivery)."""
    return {m['msgid'] for m in truth if any(holds(m, d) for d in m['expect'])}


# ---- one condition ----

def test_every_mail_is_found_by_its_message_id(sample, truth):
    for mail in random.Random(8).sample(truth, 100):
        rows = sample.find(f'msgid:{mail["msgid"]}')
        assert [r['msgid'] for r in rows if r['kind'] == 'mail'] == [mail['msgid']]


def test_a_message_id_needs_no_brackets_and_must_be_whole(sample, truth):
    msgid = truth[0]['msgid']
    assert [r['msgid'] for r in sample.find(f'msgid:{msgid.strip("<>")}')] == [msgid]
    assert sample.find(f'msgid:{msgid[:-2]}>') == []
    assert sample.find(f'msgid:{msgid.upper()}') == []


def test_every_mail_is_found_by_the_queue_id_its_client_was_told(sample, truth):
    queued = [(a['queue_id'], m['msgid']) for m in truth for a in m['attempts'] if a.get('queue_id')]
    assert len(queued) > 500
    batch = collections.defaultdict(set)
    for qid, msgid in queued:
        batch[qid].add(msgid)
    for qid, msgids in random.Random(1).sample(sorted(batch.items()), 60):
        found = sample.find(f'qid:{qid}')
        assert msgids <= {r['msgid'] for r in found}
        assert all(qid in r['qids'] for r in found)


def test_senders(sample, truth):
    senders = sorted({m['mail_from'].lower() for m in truth} - {''})
    for sender in random.Random(2).sample(senders, 40):
        want = {m['msgid'] for m in truth if m['mail_from'].lower() == sender}
        assert want <= set(sample.mails(f'from:{sender}'))
        assert all(r['from'] == sender for r in sample.find(f'from:{sender}'))


def test_recipients_are_found_as_written_and_as_delivered(sample, truth):
    every = sorted({a for m in truth for d in m['expect'] for a in addresses(d)
                    if a.isascii() and '/' not in a})
    for rcpt in random.Random(3).sample(every, 60):
        want = of_truth(truth, lambda m, d: rcpt in addresses(d))
        found = set(sample.mails(f'to:{rcpt}'))
        assert want <= found, rcpt
        known = {m['msgid'] for m in truth}
        assert found & known == want, rcpt


def test_an_address_is_sender_or_recipient(sample):
    for who in ('user001@corp.test', 'r100@ok.test', 'all@corp.test'):
        either = {r['id'] for r in sample.find(f'addr:{who}')}
        assert either == {r['id'] for r in sample.find(f'from:{who}')} | {r['id'] for r in sample.find(f'to:{who}')}


def test_domains(sample, truth):
    for domain in ('bounce.test', 'ok.test', 'six.test', 'partner.test'):
        want = of_truth(truth, lambda m, d: any(a.endswith('@' + domain) for a in addresses(d)))
        assert want <= set(sample.mails(f'to:@{domain}'))
        assert {r['id'] for r in sample.find(f'domain:{domain}')} == (
            {r['id'] for r in sample.find(f'from:@{domain}')} | {r['id'] for r in sample.find(f'to:@{domain}')})
    assert sample.find('domain:ounce.test') == []


def test_wildcards(sample, truth):
    want = of_truth(truth, lambda m, d: any(a.startswith('policy') for a in addresses(d)))
    assert want and set(sample.mails('to:policy*')) == want
    assert {r['id'] for r in sample.find('to:*@bounce.test')} == {r['id'] for r in sample.find('to:@bounce.test')}
    assert {r['id'] for r in sample.find('to:fwd-*')} >= {r['id'] for r in sample.find('to:fwd-ext@corp.test')}
    assert sample.find('to:fwd_ext*') == [], 'an underscore is no wildcard'
    assert sample.find('to:"policy*"') == [], 'in quotes a star is a star'


def test_an_address_without_a_domain_is_that_name_anywhere(sample):
    assert {r['id'] for r in sample.find('to:all')} == {r['id'] for r in sample.find('to:all@corp.test')}


@pytest.mark.parametrize('status', sorted(set(STATUS.values())))
def test_states(sample, truth, status):
    want = of_truth(truth, lambda m, d: STATUS.get(d['final']) == status)
    found = set(sample.mails(f'status:{status}'))
    known = {m['msgid'] for m in truth if all(d['final'] in STATUS for d in m['expect'])}
    assert found & known == want & known


def test_null_sender_and_notices(sample):
    notices = sample.find('is:ndr')
    assert notices and all(r['kind'] == 'mail' for r in notices)
    assert {r['id'] for r in notices} <= {r['id'] for r in sample.find('from:<>')}
    assert all(r['from'] == '' for r in sample.find('from:<>'))


# ---- several conditions ----

def test_recipient_and_state_are_of_the_same_delivery(sample, truth):
    """A mail to bob and alice of which only alice's delivery bounced does not answer to:bob status:bounced."""
    mixed = [m for m in truth if len({d['final'] for d in m['expect']} & {'sent', 'bounced', 'expired'}) > 1]
    assert len(mixed) >= 10
    for mail in random.Random(9).sample(mixed, 12):
        for delivery in mail['expect']:
            to = delivery['to'] or delivery['orig_to']
            if not to.isascii():
                continue
            mine = {STATUS.get(d['final']) for d in mail['expect'] if to in addresses(d)}
            for status in ('delivered', 'bounced', 'expired'):
                rows = sample.find(f'msgid:{mail["msgid"]} to:{to} status:{status}')
                assert len(rows) == (status in mine), (mail['msgid'], to, status)


def test_the_row_says_how_many_recipients_matched_and_what_became_of_all(sample, truth):
    mail = next(m for m in truth if m['kind'] == 'out_multi' and
                len({d['final'] for d in m['expect']}) > 1)
    counts = collections.Counter(STATUS[d['final']] for d in mail['expect'])
    row = sample.find(f'msgid:{mail["msgid"]}')[0]
    assert row['status'] == 'mixed' and row['counts'] == counts
    assert row['rcpts']['count'] == row['rcpts']['matched'] == len(mail['expect'])
    row = sample.find(f'msgid:{mail["msgid"]} status:bounced')[0]
    assert row['status'] == 'bounced' and row['counts'] == counts
    assert row['rcpts'] == {'count': len(mail['expect']), 'matched': counts['bounced'],
                            'first': sorted(d['to'] for d in mail['expect'] if d['final'] == 'bounced')}
    assert row['code'] and row['reason']


def test_and_or_not(sample):
    ids = lambda query: {r['id'] for r in sample.find(query)}
    everything = ids('')
    a, b = ids('from:@corp.test'), ids('to:@ok.test')
    assert ids('from:@corp.test to:@ok.test') == a & b
    assert ids('from:@corp.test OR to:@ok.test') == a | b
    assert ids('NOT from:@corp.test') == everything - a, 'an unknown sender is none of corp.test'
    assert ids('-from:@corp.test to:@ok.test') == b - a
    assert ids('from:@corp.test,@ok.test') == a | ids('from:@ok.test')
    assert ids('NOT (from:@corp.test OR NOT to:@ok.test)') == b - a
    assert ids('(status:bounced OR status:expired) from:@corp.test') <= a


def test_an_alternative_that_no_index_answers_is_found_too(sample):
    ids = lambda query: {r['id'] for r in sample.find(query)}
    assert ids('qid:ABCDEF0123 OR size:>8000') == ids('size:>8000') != set()
    assert ids('helo:client1.world.test OR to:r100@ok.test') == (
        ids('helo:client1.world.test') | ids('to:r100@ok.test'))


def test_numbers(sample):
    rows = {r['id']: r for r in sample.find('')}
    mails = [r for r in rows.values() if r['size'] is not None]
    assert {r['id'] for r in sample.find('size:>=4000')} == {r['id'] for r in mails if r['size'] >= 4000}
    assert {r['id'] for r in sample.find('rcpts:>20')} == {r['id'] for r in rows.values() if r['rcpts']['count'] > 20}
    assert {r['id'] for r in sample.find('is:retried')} == {r['id'] for r in sample.find('tries:>1')}
    assert all(r['took_ms'] > 10000 for r in sample.find('delay:>10s'))


def test_codes_and_reasons(sample):
    unknown = sample.find('reason:user_unknown')
    assert unknown and all(r['reason'] == 'user_unknown' for r in unknown)
    assert {r['kind'] for r in unknown} == {'mail', 'reject'}
    exact = sample.find('code:5.1.1')
    assert exact and all(r['code'] == '5.1.1' for r in exact if r['status'] != 'mixed')
    assert {r['id'] for r in exact} <= {r['id'] for r in sample.find('code:5.1.*')} <= {
        r['id'] for r in sample.find('code:5*')}
    assert {r['id'] for r in sample.find('code:450')} <= {r['id'] for r in sample.find('code:4*')}


def test_clients_and_servers(sample):
    rows = sample.find('')
    for ip in ('10.77.9.10', 'fd77::9:10'):
        want = {r['id'] for r in rows if r['client']['ip'] == ip}
        assert {r['id'] for r in sample.find(f'ip:{ip}')} == want != set()
    assert {r['id'] for r in sample.find('ip:10.77.0.0/16')} == {
        r['id'] for r in rows if (r['client']['ip'] or '').startswith('10.77.')}
    assert {r['id'] for r in sample.find('ip:10.77.9.0/24')} == {
        r['id'] for r in rows if (r['client']['ip'] or '').startswith('10.77.9.')}
    for host in ('incoming.corp.test', 'outgoing.corp.test'):
        assert {r['id'] for r in sample.find(f'host:{host}')} == {r['id'] for r in rows if host in r['hosts']}
        assert len(sample.find(f'host:{host.split(".")[0]}')) == len(sample.find(f'host:{host}'))


def test_texts_of_replies(sample, truth):
    full = of_truth(truth, lambda m, d: m['kind'] == 'out_quota')
    assert full <= set(sample.mails('text:"quota"'))
    assert set(sample.mails('text:~"qu[o]ta"')) == set(sample.mails('text:quota'))
    assert sample.find('text:"no server ever said this"') == []
    rejected = sample.find('text:"relay access denied"')
    assert rejected and all(r['reason'] == 'relay_denied' for r in rejected)


def test_text_with_words_that_are_stored_once(sample):
    """Replies are stored as templates: the recipient is not in them."""
    for row in sample.find('status:bounced text:"Recipient address rejected"', limit=5):
        to = row['rcpts']['first'][0]
        found = sample.find(f'text:"<{to}>: Recipient address rejected"')
        assert row['id'] in {r['id'] for r in found}
        assert all(to in r['rcpts']['first'] for r in found)


def test_ways(sample):
    rows = sample.find('')
    for way in ('in', 'out', 'internal'):
        assert {r['id'] for r in sample.find(f'way:{way}')} == {r['id'] for r in rows if r['way'] == way} != set()


def test_refusals_are_found_with_mails(sample, truth):
    row = sample.find('to:nosuch22@corp.test')[0]
    assert row['kind'] == 'reject' and row['status'] == 'rejected' and row['msgid'] is None
    assert row['rcpts'] == {'count': 1, 'matched': 1, 'first': ['nosuch22@corp.test']}
    assert sample.find('status:greylisted') and all(r['kind'] == 'reject' for r in sample.find('status:greylisted'))


# ---- time ----

def test_a_mail_is_found_at_any_time_of_its_life(sample):
    row = max(sample.find('tries:>1 status:expired'), key=lambda r: r['took_ms'])
    assert row['took_ms'] > 2000
    qid = row['qids'][-1]
    last = sample.sql(f"SELECT to_char(max(last_try), 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM v_delivery "
                      f"WHERE msgid = '{row['msgid']}'")
    assert row['id'] in {r['id'] for r in sample.find(f'qid:{qid} after:{last}')}
    assert row['id'] in {r['id'] for r in sample.find(f'status:expired on:{last}')}


def test_times_outside_find_nothing(sample):
    assert sample.find('after:2026-11-23') == []
    assert sample.find('before:2026-11-22') == []
    assert len(sample.find('on:2026-11-22', '--tz', 'UTC')) == len(sample.find(''))
    assert sample.find('on:2026-11-22', '--tz', '-06:00') == [], 'there it was still the evening before'


def test_pasted_log_lines_find_their_mail(sample):
    lines = [line.rstrip('\n') for path in sorted(SAMPLE.iterdir()) for line in lzma.open(path, 'rt', errors='replace')]
    picked = random.Random(5).sample([line for line in lines if re.search(
        r' postfix\S* \d+ - - +[0-9A-F]{6,15}: (client|to|message-id|from|removed|uid)', line)], 80)
    for line in picked:
        qid = re.search(r' - - +([0-9A-F]{6,15}): ', line)[1]
        rows = sample.find(line)
        assert any(qid in r['qids'] for r in rows), line


# ---- pages and totals ----

def pages(program, query, size):
    """All rows page by page."""
    rows, cursor = [], ''
    while cursor is not None:
        page = program.find(query, '--cursor', cursor, limit=size)
        assert len(page) <= size + 1
        rows += page[:-1]
        cursor = page[-1]['cursor']
    return rows


@pytest.mark.parametrize('query', ['', 'from:@ok.test', 'to:@corp.test', 'status:bounced,rejected', 'NOT way:in',
                                   'to:user0*', 'is:ndr OR status:greylisted', 'host:incoming last:10y'])
def test_pages_have_no_gaps_and_no_repetitions(sample, query):
    whole = sample.find(query)
    times = [r['time'] for r in whole]
    assert times == sorted(times, reverse=True), 'newest first'
    assert len({r['id'] for r in whole if r['kind'] == 'mail'}) == sum(r['kind'] == 'mail' for r in whole)
    for size in (1, 7, 100) if len(whole) < 60 else (37, 250):
        assert pages(sample, query, size) == whole


@pytest.mark.parametrize('query', ['', 'from:@ok.test', 'status:bounced', 'to:*0*', 'size:>1000', 'reason:greylisted',
                                   'tries:>1', 'NOT to:@corp.test'])
def test_the_total_is_the_number_of_rows(sample, query):
    whole = sample.find(query)
    page = sample.find(query, '--count', limit=3)[-1]
    assert page['total'] == len(whole) and page['relation'] == 'eq' and page['complete']


def test_a_cursor_belongs_to_its_query(sample):
    cursor = sample.find('way:in', '--cursor', '', limit=1)[-1]['cursor']
    done = sample.run('search', '--cursor', cursor, 'way:out', status=2)
    assert 'cursor is of another query' in done.stderr
    assert 'no cursor' in sample.run('search', '--cursor', 'xyz', 'way:out', status=2).stderr


# ---- answers ----

def test_json_has_the_agreed_fields_in_order(sample):
    for row in sample.find('', limit=100):
        assert list(row) == FIELDS
        assert list(row['rcpts']) == ['count', 'matched', 'first'] and list(row['client']) == ['ip', 'name']
        assert row['kind'] in ('mail', 'reject') and row['time'].endswith('Z')


def test_the_table(sample):
    out = sample.run('search', '--limit', '3', 'status:bounced').stdout.splitlines()
    assert out[0].split() == ['time', 'status', 'way', 'from', 'to', 'size', 'reason', 'host', 'id']
    assert out[4].startswith(f'3 of {len(sample.find("status:bounced"))}, times in ')
    assert out[5].startswith('more: --cursor ')


def test_sorting(sample):
    sizes = [r['size'] or -1 for r in sample.find('way:in sort:-size')]
    assert sizes == sorted(sizes, reverse=True) and len(sizes) == len(sample.find('way:in'))
    assert sizes[0] == max(r['size'] or 0 for r in sample.find('way:in'))
    times = [r['time'] for r in sample.find('sort:time', limit=20)]
    assert times == sorted(r['time'] for r in sample.find(''))[:20]


def test_errors_show_the_place_and_a_way_out(sample):
    done = sample.run('search', 'form:bob', status=2)
    assert done.stderr.splitlines() == ['elsectl search: there is no key "form:"', '  form:bob', '  ^',
                                        '  did you mean from:']
    done = sample.run('search', 'way:in status:sent', status=2)
    assert done.stderr.splitlines()[2] == ' ' * (2 + len('way:in status:')) + '^'
    assert 'no GeoIP data' in sample.run('search', 'country:FR', status=2).stderr
    assert sample.run('search', status=2).stderr.startswith('elsectl search: say what to search for')


def test_nothing_found_says_what_is_in_the_way(sample):
    done = sample.run('search', 'to:user001@corp.test status:bounced', status=1)
    assert done.stdout == ''
    assert 'without status:bounced there are matches' in done.stderr
    assert 'host:mx9 is not in these logs' in sample.run('search', 'host:mx9 way:in', status=1).stderr
    assert 'addr:*zzzz*' in sample.run('search', 'zzzz', status=1).stderr


def test_a_value_is_never_part_of_a_statement(sample):
    for nasty in ["x'; DROP TABLE delivery; --", "$1", "\\", "%", "_", '{"a"}', "a'||'b"]:
        sample.find('text:"' + nasty.replace('\\', '\\\\').replace('"', '\\"') + '"')
        sample.find('from:"' + nasty.replace('\\', '\\\\').replace('"', '\\"') + '*"')
    assert len(sample.find('')) > 900


def test_batch(sample):
    queries = ['way:in', 'form:x', '', 'to:nobody-at-all@corp.test', 'text:~"("']
    done = sample.run('search', '--batch', '--limit', '10', stdin=None, input='\n'.join(queries) + '\n')
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r.get('rows') for r in rows] == [10, None, 10, 0, None]
    assert rows[0]['relation'] == 'gte' and rows[3] | {'took_ms': 0} == {
        'took_ms': 0, 'rows': 0, 'total': 0, 'relation': 'eq', 'complete': True}
    assert rows[1]['error'] == 'there is no key "form:"' and rows[1]['position'] == 0
    assert 'regular expression' in rows[4]['error']


# ---- stats, doctor, tail ----

def test_stats_agree_with_search(sample):
    stats = json.loads(sample.run('stats', '--json', '--by', 'day,hour,domain,sender,recipient,client').stdout)
    rows = sample.find('')
    notices = {r['id'] for r in sample.find('is:ndr')}
    counted = [r for r in rows if r['kind'] == 'mail' and r['id'] not in notices]
    assert stats['mails'] == len(counted)
    assert sum(w['mails'] for w in stats['by_way'].values()) == stats['mails']
    assert sum(stats['by_status'].values()) == stats['deliveries']
    assert sum(stats['rejects_by_status'].values()) == stats['rejects']
    for part in ('by_host', 'by_day', 'by_hour'):
        assert sum(c['mails'] for c in stats[part].values()) == stats['mails']
        assert sum(c['rejects'] for c in stats[part].values()) == stats['rejects']
    sender, top = next(iter(stats['by_sender'].items()))
    assert top['mails'] == sum(sample.mails(f'from:{sender}').values())
    assert stats['by_status']['bounced'] == sum(r['counts'].get('bounced', 0) for r in counted)


def test_stats_of_a_time(sample):
    assert json.loads(sample.run('stats', '--json', '--from', '2026-11-22', '--to', '2026-11-23').stdout)['mails'] > 0
    assert sample.run('stats', '--to', '2026-11-01', status=1).stdout == ''
    assert 'is no time' in sample.run('stats', '--last', 'soon', status=2).stderr
    assert '--by knows' in sample.run('stats', '--by', 'colour', status=2).stderr


def test_doctor(sample, scratch):
    done = sample.run('doctor')
    assert 'FAIL' not in done.stdout and 'incoming.corp.test' in done.stdout
    missing = Elsectl(scratch / 'nowhere').run('doctor', status=3)
    assert missing.stdout.startswith('FAIL  data') and not (scratch / 'nowhere').exists()


def test_tail_shows_what_is_imported_meanwhile(elsectl):
    elsectl.run('import', SAMPLE / 'outgoing.log.xz')
    query = 'to:nosuch22@corp.test OR to:r187@ok.test'
    assert len(elsectl.run('search', '--json', query).stdout.splitlines()) > 1
    with elsectl.running('tail', '--json', '--lines', '1', query) as tail:
        assert json.loads(tail.stdout.readline())['rcpts']['first'] == ['r187@ok.test']
        elsectl.run('import', SAMPLE / 'incoming.log.xz')
        assert json.loads(tail.stdout.readline())['rcpts']['first'] == ['nosuch22@corp.test']
        tail.terminate()
        assert tail.wait(20) == 0


# ---- generated logs ----

@pytest.fixture(scope='module', name='generated')
def generated_fixture(shared_scratch):
    """5,000 mails of four weeks with their refusals: many partitions, keys both common and rare."""
    logs, truth = shared_scratch / 'logs', shared_scratch / 'truth.jsonl'
    subprocess.run([BUILD / 'tests' / 'bench' / 'else-generate', '--mails', '5000', '--days', '28', '--tail', '150',
                    '--hosts-dir', logs, '--truth', truth], check=True, timeout=60)
    program = Searched(shared_scratch / 'generated')
    program.run('import', *sorted(logs.iterdir()))
    rows = [json.loads(line) for line in truth.open()]
    program.written = [r for r in rows if not r.get('reject') and r['msgid']]
    program.refused = [r for r in rows if r.get('reject')]
    yield program
    stop(program.data)


def expected(program, holds):
    return collections.Counter(m['msgid'] for m in program.written if any(holds(m, r) for r in m['rcpts']))


def found(rows):
    return collections.Counter(r['msgid'] for r in rows if r['kind'] == 'mail' and r['msgid'])


def some(values, n):
    """The most common ones and as many of the rest."""
    counts = collections.Counter(values)
    common = [v for v, _ in counts.most_common(n)]
    return common + random.Random(6).sample(sorted(set(counts) - set(common)), n)


def names(rcpt):
    return {rcpt['to'], rcpt.get('orig_to')}


def test_generated_senders_recipients_and_domains(generated):
    for sender in some([m['from'] for m in generated.written if m['from']], 8):
        assert found(generated.find(f'from:{sender}')) == expected(
            generated, lambda m, r: m['from'].lower() == sender.lower())
    for rcpt in some([r['to'] for m in generated.written for r in m['rcpts']], 8):
        assert found(generated.find(f'to:{rcpt}')) == expected(generated, lambda m, r: rcpt in names(r))
    for domain in some([r['to'].split('@')[1] for m in generated.written for r in m['rcpts']], 8):
        assert found(generated.find(f'to:@{domain}')) == expected(
            generated, lambda m, r: any((a or '').endswith('@' + domain) for a in names(r)))


def test_generated_refusals(generated):
    every = generated.find('status:rejected,greylisted,blocked')
    assert sum(r['kind'] == 'reject' for r in every) == len(generated.refused)
    for domain in some([r['from'].split('@')[1] for r in generated.refused if '@' in r['from']], 6):
        rows = generated.find(f'from:@{domain} status:rejected,greylisted')
        assert sum(r['kind'] == 'reject' and r['msgid'] is None for r in rows) == sum(
            r['from'].endswith('@' + domain) for r in generated.refused)
    for ip in some([r['ip'] for r in generated.refused], 6):
        rows = generated.find(f'ip:{ip}')
        assert sum(r['kind'] == 'reject' for r in rows) == sum(r['ip'] == ip for r in generated.refused)
        assert found(rows) == expected(generated, lambda m, r: m.get('ip') == ip)


def test_generated_states_and_substrings(generated):
    for status in ('bounced', 'expired', 'blocked'):
        assert found(generated.find(f'status:{status}')) == expected(generated, lambda m, r: r['status'] == status)
    for part in ('ller', 'office', 'a.m'):
        assert found(generated.find(f'to:*{part}*')) == expected(
            generated, lambda m, r: any(part in (a or '') for a in names(r)))
        assert found(generated.find(f'to:*{part}* status:bounced')) == expected(
            generated, lambda m, r: r['status'] == 'bounced' and any(part in (a or '') for a in names(r)))
    for rcpt in some([r['to'] for m in generated.written for r in m['rcpts']], 5):
        part = rcpt.lower()[1:-10]
        assert found(generated.find(f'to:*{part}*')) == expected(
            generated, lambda m, r: any(part in (a or '').lower() for a in names(r)))


def test_generated_ids_and_hops(generated):
    for mail in random.Random(7).sample(generated.written, 40):
        row = generated.find(f'msgid:{mail["msgid"]}')[0]
        assert row['hosts'] == list(dict.fromkeys(mail['hosts'])) and set(row['qids']) == set(mail['qids'])
        assert row['time'] == mail['time'] and row['from'] == mail['from'].lower()
        for qid in mail['qids']:
            assert mail['msgid'] in found(generated.find(f'qid:{qid}'))


def test_generated_pages_and_totals(generated):
    for query in ('', 'way:in size:>20k', 'from:*a*', 'status:greylisted'):
        whole = generated.find(query)
        assert generated.find(query, '--count', limit=1)[-1]['total'] == len(whole)
        assert pages(generated, query, 2500) == whole


def test_generated_time_ranges(generated):
    everything = generated.find('')
    for start, end in (('2026-11-05', '2026-11-06'), ('2026-11-09', '2026-11-16')):
        rows = generated.find(f'on:{start}..{end}', '--tz', 'UTC')
        for row in everything:
            arrived = start <= row['time'][:10] <= end
            assert not arrived or row in rows
        late = [r for r in rows if r['time'][:10] < start]
        assert all(r['took_ms'] for r in late) and late, 'mails that were still on their way then'
