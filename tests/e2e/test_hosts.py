"""elsectl hosts and elsectl admin host, network, domain: what is known of the servers, and what is ours."""

import json
import signal
import time

import pytest

from backend import Backend, RelpClient
from conftest import ROOT, wait_until

SAMPLE = sorted((ROOT / 'data' / 'sample').glob('*.log.xz'))


def objects(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def hosts_of(elsectl):
    return {host['name']: host for host in objects(elsectl.run('hosts', '--json'))}


# ---- from files ----

@pytest.fixture
def imported(fresh):
    elsectl = fresh()
    elsectl.run('import', *SAMPLE)
    return elsectl


def ways(elsectl):
    return elsectl.rows('v_delivery', 'entry_host, qid, rcpt, way')


def test_hosts_of_an_import_have_guessed_roles(imported):
    hosts = hosts_of(imported)
    assert hosts['incoming.corp.test']['role'] == 'mx' and not hosts['incoming.corp.test']['role_set']
    assert hosts['incoming.corp.test']['state'] == 'imported'
    assert 'mx*' in imported.run('hosts').stdout
    assert 'mx (guessed)' in imported.run('hosts', 'incoming.corp.test').stdout
    assert 'no host is called "x"' in imported.run('hosts', 'x', status=1).stderr


def test_what_is_said_of_a_host_is_kept(imported):
    imported.run('admin', 'host', 'set', 'incoming.corp.test', '--role', 'relay', '--note', 'old one', '--silent-after', '2h')
    host = hosts_of(imported)['incoming.corp.test']
    assert (host['role'], host['role_set'], host['note'], host['silent_after_s']) == ('relay', True, 'old one', 7200)
    listed = {row['host']: row for row in objects(imported.run('admin', 'host', 'list', '--json'))}
    assert listed['incoming.corp.test']['guessed'] == 'mx'
    imported.run('admin', 'host', 'set', 'incoming.corp.test', '--role', 'guess', '--note', '', '--silent-after', 'never')
    host = hosts_of(imported)['incoming.corp.test']
    assert (host['role'], host['role_set'], host['note'], host['silent_after_s']) == ('mx', False, None, None)


def test_a_host_may_be_known_before_its_first_line(imported):
    assert '--new' in imported.run('admin', 'host', 'set', 'mx9', '--role', 'mx', status=1).stderr
    assert 'mx9' not in hosts_of(imported)
    imported.run('admin', 'host', 'set', 'mx9', '--role', 'mx', '--new')
    assert hosts_of(imported)['mx9']['state'] == 'never seen'


def test_a_host_that_is_forgotten_is_off_the_list_and_its_mails_stay(imported):
    before = ways(imported)
    imported.run('admin', 'host', 'forget', 'outgoing.corp.test')
    assert list(hosts_of(imported)) == ['incoming.corp.test']
    assert ways(imported) == before


CHANGES = [
    ('network', 'add', '10.77.9.11', {'in': 'internal'}),
    ('domain', 'add', 'ok.test', None),
    ('host', 'set', 'incoming.corp.test', {'in': 'internal'}),
]


@pytest.mark.parametrize('kind, action, word, expected', CHANGES)
def test_a_dry_run_shows_what_would_change_and_changes_nothing(imported, kind, action, word, expected):
    role = ['--role', 'submission'] if kind == 'host' else []
    before = ways(imported), imported.rows('own_network'), imported.rows('own_domain'), imported.rows('stat_hour')
    shown = objects(imported.run('admin', kind, action, word, *role, '--dry-run', '--json'))[0]
    assert shown['dry_run'] and not shown['applied'] and shown['mails'] > 0 and 1 <= len(shown['examples']) <= 5
    if expected:
        assert {change['way']: change['new_way'] for change in shown['changes']} == expected
    text = imported.run('admin', kind, action, word, *role, '--dry-run').stdout
    assert f'{shown["mails"]} mails' in text and 'Nothing was changed' in text
    after = ways(imported), imported.rows('own_network'), imported.rows('own_domain'), imported.rows('stat_hour')
    assert after == before

    done = objects(imported.run('admin', kind, action, word, *role, '--apply-to', '1', '--json'))[0]
    assert done['applied'] and (done['mails'], done['changes']) == (shown['mails'], shown['changes'])
    again = objects(imported.run('admin', kind, action, word, *role, '--dry-run', '--json'))[0]
    assert again['mails'] == 0


def test_a_change_is_for_new_mails_unless_it_is_applied(imported, fresh):
    before = ways(imported)
    assert '--apply-to' in imported.run('admin', 'network', 'add', '10.77.9.11').stdout
    assert ways(imported) == before
    other = fresh()
    other.run('admin', 'network', 'add', '10.77.9.11/32')
    other.run('import', *SAMPLE)
    imported.run('admin', 'network', 'add', '10.77.9.11', '--apply-to', '1')
    assert ways(imported) == ways(other) != before
    imported.run('admin', 'network', 'remove', '10.77.9.11/32', '--apply-to', '1')
    assert ways(imported) == before


def test_own_networks_and_domains_are_listed_with_where_they_are_from(imported):
    imported.run('admin', 'network', 'add', '192.0.2.77/24', '2001:db8::/32')
    networks = objects(imported.run('admin', 'network', 'list', '--json'))
    assert [(n['network'], n['origin']) for n in networks] == [('192.0.2.0/24', 'admin'), ('2001:db8::/32', 'admin')]
    imported.run('admin', 'domain', 'add', 'Example.ORG')
    domains = {d['domain']: d['origin'] for d in objects(imported.run('admin', 'domain', 'list', '--json'))}
    assert domains['example.org'] == 'admin' and domains['corp.test'] == 'learned'
    assert 'learned' in imported.run('admin', 'domain', 'remove', 'corp.test').stderr
    assert 'not among' in imported.run('admin', 'domain', 'remove', 'corp.test', status=1).stderr


@pytest.mark.parametrize('args, message', [
    (['network', 'add', '192.0.2.0/33'], 'is no network'),
    (['network', 'add'], 'name a network'),
    (['network'], 'say list'),
    (['domain', 'add', 'a@b'], 'is no domain'),
    (['domain', 'add', "x'; DROP TABLE host; --"], 'is no domain'),
    (['host', 'set', 'mx1', '--role', 'king'], 'mx, submission'),
    (['host', 'set', 'mx1', '--silent-after', '5'], '90s'),
    (['host', 'set', 'mx1', '--dry-run'], '--role'),
    (['host', 'set'], 'say list'),
    (['network', 'add', '192.0.2.1', '--dry-run', '--apply-to', '1'], 'changes nothing'),
])
def test_wrong_usage(elsectl, args, message):
    assert message in elsectl.run('admin', *args, status=2).stderr
    assert not elsectl.data.exists()


# ---- live ----

@pytest.fixture
def backend(scratch):
    made = Backend(scratch)
    with made.running():
        wait_until(lambda: made.metric('else_database_connected') == 1)
        yield made
    made.elsectl.run('admin', 'stop')


class Sender:
    """A host that logs with stamps, by a clock that may be wrong."""

    def __init__(self, backend, name, ahead_s=0):
        self.backend, self.name, self.ahead_s, self.number = backend, name, ahead_s, 0

    def line(self, text='4104E3D1: removed'):
        self.number += 1
        stamp = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + self.ahead_s))
        return (f'<22>1 {stamp} {self.name} postfix/qmgr 7 - [else@32473 u="{self.name}-{self.number}" '
                f's="{self.number}" b="5"] {text}').encode()

    def send(self, n=1, **line):
        RelpClient(self.backend.relp_port, [self.line(**line) for _ in range(n)]).run()

    def lose(self, n):
        for _ in range(n):
            self.line()


def host_in(backend, name, **expected):
    if not backend.metric('else_hosts'):
        return False
    host = hosts_of(backend.elsectl).get(name)
    return host and all(host[key] == value for key, value in expected.items())


def test_two_hosts_a_gap_a_wrong_clock_and_a_silence(backend):
    good, bad = Sender(backend, 'mx1'), Sender(backend, 'mx2', ahead_s=90)
    good.send(3)
    good.lose(4)
    good.send(3)
    good.send(text='nobody has ever seen this line')
    wait_until(lambda: host_in(backend, 'mx1', missing=4, lines_24h=7, unknown_24h=1))
    one = objects(backend.elsectl.run('hosts', 'mx1', '--json'))[0]
    assert [(g['boot'], g['first'], g['last'], g['lines']) for g in one['gaps']] == [('5', 4, 7, 4)]
    assert [(s['shape'], s['count']) for s in one['unknown_shapes']] == [('postfix/qmgr: nobody has ever seen this line', 1)]
    assert backend.metric('else_missing_lines_total') == 4
    assert backend.metric('else_host_missing_lines', host='mx1') == 4

    def clock_is_told():
        bad.send()
        host = hosts_of(backend.elsectl).get('mx2')
        return host and host['skew_ms'] is not None

    wait_until(clock_is_told)
    assert -91000 < hosts_of(backend.elsectl)['mx2']['skew_ms'] < -88000
    assert 'ahead' in backend.elsectl.run('hosts').stdout

    backend.elsectl.run('admin', 'host', 'set', 'mx1', '--silent-after', '1s')
    wait_until(lambda: host_in(backend, 'mx1', state='silent'))
    wait_until(lambda: backend.metric('else_hosts_silent') == 1)
    said = backend.elsectl.run('doctor').stdout
    assert 'mx1: silent since' in said and 'mx1: 4 lines' in said and 'mx2: its clock is' in said
    backend.elsectl.run('admin', 'host', 'set', 'mx1', '--silent-after', '1h')
    good.send()
    wait_until(lambda: host_in(backend, 'mx1', state='ok'))
    log = (backend.folder / 'log').read_text()
    assert log.count('host mx1 is silent') == 1 and log.count('host mx1 sends again') == 1


def test_a_gap_where_the_daemon_was_killed_and_no_line_twice(backend):
    sender = Sender(backend, 'mx1')
    sender.send(5)
    wait_until(lambda: host_in(backend, 'mx1', lines_24h=5))
    sender.send(2)
    backend.stop(signal.SIGKILL)
    sender.lose(3)
    backend.start()
    sender.send(2)
    wait_until(lambda: host_in(backend, 'mx1', missing=3, lines_24h=9))
    one = objects(backend.elsectl.run('hosts', 'mx1', '--json'))[0]
    assert [(g['first'], g['last']) for g in one['gaps']] == [(8, 10)]


def mail(number, client):
    stamp = time.strftime('%Y-%m-%dT%H:%M:%S+00:00', time.gmtime())
    qid = f'4A0000{number}'
    return '\n'.join(f'{stamp} mx1 postfix/{text}' for text in (
        f'smtpd[11]: {qid}: client=x[{client}]',
        f'cleanup[12]: {qid}: message-id=<{number}@x.example>',
        f'qmgr[13]: {qid}: from=<a@x.example>, size=1234, nrcpt=1 (queue active)',
        f'smtp[14]: {qid}: to=<b@elsewhere.example>, relay=mx.elsewhere.example[198.51.100.9]:25, delay=0.7, '
        'delays=0.2/0/0/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok)',
        f'qmgr[13]: {qid}: removed')).encode() + b'\n'


def test_the_daemon_takes_up_what_is_set_while_it_is_idle(backend):
    def way(number):
        return backend.elsectl.sql(f"SELECT way FROM v_delivery WHERE qid = '4A0000{number}'")

    backend.send_tcp(mail(1, '203.0.113.5'))
    wait_until(lambda: way(1) == 'relay')
    backend.wait_until_idle()
    backend.elsectl.run('admin', 'network', 'add', '203.0.113.0/24')
    backend.send_tcp(mail(2, '203.0.113.5'))
    wait_until(lambda: way(2) == 'out')
    assert way(1) == 'relay'


def test_what_else_conf_states_is_in_the_list(scratch):
    made = Backend(scratch)
    made.config.write_text(made.base.replace('[spool]', 'own_networks = 192.0.2.0/24\nown_domains = example.org\n[spool]', 1))
    with made.running():
        wait_until(lambda: made.metric('else_database_connected') == 1)
        assert objects(made.elsectl.run('admin', 'network', 'list', '--json'))[0]['origin'] == 'else.conf'
        done = made.elsectl.run('admin', 'network', 'remove', '192.0.2.0/24')
        assert 'else.conf' in done.stderr
        made.send_tcp(mail(1, '192.0.2.5'))  # by who reads anew what is ours
        wait_until(lambda: made.elsectl.sql('SELECT way FROM v_delivery') == 'relay')
        assert 'there are none' in made.elsectl.run('admin', 'network', 'list', status=1).stderr
    made.elsectl.run('admin', 'stop')
