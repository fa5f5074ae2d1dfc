"""elsectl import of generated logs: in whatever order the hosts' logs come, the rows say what really happened."""

import itertools
import json
import subprocess
from collections import Counter

import pytest

from conftest import BUILD

MAILS = 1000
HOSTS = ['mx1', 'store1', 'out1']

# Final recipients of each arrival: time, Message-ID, sender, recipient as written and as it became, status, size, whether
# it is a notice, and the queue ids on the way.
DELIVERIES = """SELECT to_char(d.t, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), d.msgid, coalesce(d.sender, ''),
    coalesce(d.orig_rcpt, d.rcpt), d.rcpt, s.name, d.size, (d.flags & 4) <> 0,
    (SELECT string_agg(h.qid, ',' ORDER BY h.qid COLLATE "C") FROM hop h WHERE h.mail_id = d.mail_id AND h.branch = d.branch)
    FROM delivery d JOIN status_name s ON s.id = d.status"""
WAYS = """SELECT DISTINCT d.mail_id, d.branch, d.msgid, w.name FROM delivery d JOIN way_name w ON w.id = d.way"""
DUMPS = {
    'deliveries': DELIVERIES,
    'hops': "SELECT h.t, h.mail_id, h.branch, h.flags, h.left_ms, n.name, h.qid FROM hop h JOIN host n ON n.id = h.host",
    'refusals': "SELECT r.t, n.name, r.status, r.reason, r.code, r.client_ip, r.sender, r.rcpt FROM reject r "
                "JOIN host n ON n.id = r.host",
    'ways': WAYS,
    'statistics': "SELECT hour, way, n.name, status, reason, kind, sum(mails), sum(n), sum(bytes) FROM stat_hour s "
                  "JOIN host n ON n.id = s.host GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0 OR sum(mails) <> 0",
    'domains': 'SELECT name FROM own_domain',
}


def dump(elsectl):
    return {name: elsectl.rows(f'({sql})') for name, sql in DUMPS.items()}


@pytest.fixture(scope='module')
def logs(shared_scratch):
    """The logs of three hosts, and what they mean."""
    folder = shared_scratch / 'logs'
    folder.mkdir()
    subprocess.run([BUILD / 'tests' / 'bench' / 'else-generate', '--mails', str(MAILS), '--rate', '1', '--hosts-dir', folder,
                    '--truth', folder / 'truth'], check=True)
    return folder


@pytest.fixture(scope='module')
def truth(logs):
    return [json.loads(line) for line in open(logs / 'truth')]


@pytest.fixture(scope='module')
def together(cluster_of_module, logs):
    elsectl = cluster_of_module.on_database('together')
    elsectl.run('import', '--quiet', *[logs / f'{host}.log' for host in HOSTS])
    return elsectl


def test_deliveries_are_the_true_ones(together, truth):
    expected = Counter()
    for mail in truth:
        for rcpt in mail.get('rcpts', []):
            written = rcpt.get('orig_to', rcpt['to']).lower()
            # What a mail that the filter stopped would have become, no log tells.
            became = written if rcpt['status'] == 'blocked' else rcpt['to'].lower()
            expected[mail['time'], mail['msgid'] or '', mail['from'].lower(), written, became, rcpt['status'],
                     str(mail['size']), 't' if 'ndr_of' in mail else 'f', ','.join(sorted(mail['qids']))] += 1
    found = Counter(tuple(row.split('|')) for row in together.rows(f'({DELIVERIES})'))
    assert sum(expected.values()) > MAILS
    assert not (expected - found), next(iter(expected - found))
    assert not (found - expected), next(iter(found - expected))


def test_mails_are_counted_once(together, truth):
    mails = [mail for mail in truth if 'rcpts' in mail and 'ndr_of' not in mail]
    assert together.sql('SELECT sum(mails) FROM stat_hour') == str(len(mails))
    assert together.sql('SELECT sum(bytes) FROM stat_hour') == str(sum(mail['size'] for mail in mails))
    assert together.sql('SELECT sum(n) FROM stat_hour WHERE kind = 0') == str(sum(len(mail['rcpts']) for mail in mails))


def test_refusals_are_the_true_ones(together, truth):
    expected = Counter((r['time'], r['ip'], r.get('code') or '') for r in truth if r.get('reject'))
    found = Counter(tuple(row.split('|')) for row in together.rows(
        "(SELECT to_char(t, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), client_ip, smtp FROM reject)"))
    assert found == expected


def test_ways_are_the_true_ones(together, truth):
    # A domain of ours to which no mail of this log was delivered is not known to be ours.
    own = set(together.rows('own_domain', 'name'))
    wrong = []
    found = {msgid: way for _, _, msgid, way in (row.split('|') for row in together.rows(f'({WAYS})')) if msgid}
    for mail in truth:
        addresses = [mail.get('from', '')] + [rcpt['to'] for rcpt in mail.get('rcpts', [])]
        inside = [a for a in addresses if a.endswith('.test')]
        known = all(a.split('@')[-1].lower() in own for a in inside)
        if mail.get('msgid') and known and found[mail['msgid']] != mail['way']:
            wrong.append((mail, found[mail['msgid']]))
    assert not wrong, wrong[0]


@pytest.mark.parametrize('order', itertools.permutations(HOSTS))
def test_hosts_one_after_the_other_give_the_same(fresh, logs, together, order):
    elsectl = fresh()
    for host in order:
        elsectl.run('import', '--quiet', logs / f'{host}.log')
    expected = dump(together)
    for name, rows in dump(elsectl).items():
        assert set(rows) - set(expected[name]) == set() and rows == expected[name], name
