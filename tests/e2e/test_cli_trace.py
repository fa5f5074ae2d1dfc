"""elsectl trace: one mail over all servers, as text and as JSON."""

import json
import lzma
import re

import pytest

from conftest import ROOT

SAMPLE = sorted((ROOT / 'data' / 'sample').glob('*.log.xz'))
MEMBERS = ['id', 'msgid', 'from', 'size', 'way', 'first', 'last', 'complete', 'verdict', 'hops', 'deliveries', 'related']
HOP = ['n', 'host', 'role', 'qid', 'instance', 'arrived', 'left', 'client', 'checks', 'next', 'gap_ms']
DELIVERY = ['to', 'orig_to', 'hop', 'status', 'final', 'code', 'reply', 'relay', 'tries', 'ndr']
TRY = ['t', 'status', 'code', 'relay', 'reply', 'delays']
WHO = {'sender', 'recipient', 'we', 'remote_administrator', 'nobody'}


@pytest.fixture(scope='module')
def sample(cluster_of_module):
    elsectl = cluster_of_module.on_database('traced')
    elsectl.run('import', '--quiet', *SAMPLE)
    return elsectl


@pytest.fixture(scope='module')
def logged():
    """All lines of the sample."""
    return [line for path in SAMPLE for line in lzma.open(path, 'rt').read().splitlines()]


def trace(elsectl, *args):
    return json.loads(elsectl.run('trace', '--json', *args).stdout)


def write_log(path, lines):
    """Lines of one server; each is (second, program, text)."""
    path.write_text(''.join(f'2026-11-22T05:{n // 60:02d}:{n % 60:02d}+00:00 mx1.example.net postfix/{program}: {text}\n'
                            for n, program, text in lines))


def mail_lines(qid, start=0, sender='s@a.example', to='r@b.example', msgid='<1@a.example>'):
    return [(start, 'smtpd[5]', f'{qid}: client=mail.a.example[192.0.2.1]'),
            (start + 1, 'cleanup[7]', f'{qid}: message-id={msgid}'),
            (start + 2, 'qmgr[8]', f'{qid}: from=<{sender}>, size=400, nrcpt=1 (queue active)'),
            (start + 3, 'smtp[9]', f'{qid}: to=<{to}>, relay=mx.b.example[192.0.2.9]:25, delay=3, delays=2/0/0.5/0.5, '
             'dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 77)'),
            (start + 4, 'qmgr[8]', f'{qid}: removed')]


def test_every_mail_has_the_members_of_the_contract_in_their_order(sample):
    for row in sample.sql("SELECT DISTINCT ON (way, status) msgid FROM v_delivery WHERE msgid <> ''").splitlines():
        mail = trace(sample, row)
        assert list(mail)[:len(MEMBERS)] == MEMBERS
        assert list(mail['verdict']) == ['key', 'text', 'who_acts', 'counts']
        assert mail['verdict']['who_acts'] in WHO
        assert all(list(hop)[:len(HOP)] == HOP for hop in mail['hops'])
        assert all(list(hop['client'])[:5] == ['ip', 'name', 'helo', 'tls', 'user'] for hop in mail['hops'])
        assert all(list(d)[:len(DELIVERY)] == DELIVERY for d in mail['deliveries'])
        assert all(list(t)[:len(TRY)] == TRY for d in mail['deliveries'] for t in d['tries'])
        assert [hop['n'] for hop in mail['hops']] == list(range(1, len(mail['hops']) + 1))
        finals = [d['status'] for d in mail['deliveries'] if d['final']]
        assert mail['verdict']['counts'] == {status: finals.count(status) for status in set(finals)}


def test_what_went_wrong_is_explained_once_for_each_answer(sample):
    explained = 0
    for msgid in sample.sql("SELECT DISTINCT msgid FROM v_delivery WHERE msgid <> '' AND counted AND status IN "
                            "('bounced', 'expired', 'rejected', 'blocked') LIMIT 40").splitlines():
        mail = trace(sample, msgid)
        reasons = {d['reason'] for d in mail['deliveries'] if d['final'] and d['status'] not in ('delivered', 'relayed')}
        assert {e['reason'] for e in mail['explain']} <= reasons
        assert len({(e['code'], e['text_key']) for e in mail['explain']}) == len(mail['explain'])
        assert all(e['who_acts'] in WHO and e['retry'] is False for e in mail['explain'])
        explained += len(mail['explain'])
    assert explained > 20
    assert trace(sample, sample.sql("SELECT min(msgid) FROM (SELECT msgid FROM v_delivery WHERE msgid <> '' "
                                    "GROUP BY msgid HAVING bool_and(status = 'delivered')) d"))['explain'] == []


def test_why_and_who_can_act_are_said_in_words(fresh, scratch):
    elsectl = fresh()
    lines = mail_lines('4104E3D1')
    lines[3] = (3, 'smtp[9]', '4104E3D1: to=<r@b.example>, relay=gmail-smtp-in.l.google.com[192.0.2.9]:25, delay=1, '
                'delays=1/0/0/0, dsn=5.7.27, status=bounced (host gmail-smtp-in.l.google.com[192.0.2.9] said: 550-5.7.27 '
                'This mail has been blocked because SPF does not pass (in reply to end of DATA command))')
    write_log(scratch / 'mail.log', lines)
    elsectl.run('import', '--quiet', scratch / 'mail.log')
    mail = trace(elsectl, '4104E3D1')
    [explained] = mail['explain']
    assert (explained['code'], explained['provider'], explained['text_key']) == ('5.7.27', 'gmail', 'spf_fail')
    assert mail['verdict']['who_acts'] == explained['who_acts'] == 'we'
    elsectl.environment['LANG'] = 'fr_FR.UTF-8'
    shown = ' '.join(elsectl.run('trace', '4104E3D1').stdout.split())
    assert f"Why: {explained['title']}. {explained['what']} What to do: {explained['advice']} Who can act: we, " in shown


def test_last_words_are_those_of_the_stored_rows(sample):
    for msgid in sample.sql("SELECT DISTINCT msgid FROM v_delivery WHERE msgid <> '' LIMIT 60").splitlines():
        quoted = msgid.replace("'", "''")
        stored = sample.sql(f"SELECT rcpt, status FROM v_delivery WHERE msgid = '{quoted}' ORDER BY 1, 2").splitlines()
        found = [f"{d['to'].lower()}|{d['status']}" for d in trace(sample, msgid)['deliveries'] if d['final']]
        assert sorted(found) == sorted(stored), msgid


def test_id_queue_id_and_message_id_lead_to_the_same_mail(sample):
    msgid, qid = sample.sql("SELECT d.msgid, h.qid FROM v_hop h JOIN v_delivery d USING (mail_id) WHERE h.entry "
                            "AND d.msgid <> '' AND d.msgid NOT LIKE '%dup-%' ORDER BY h.arrived LIMIT 1").split('|')
    mail = trace(sample, msgid)
    assert trace(sample, msgid.strip('<>')) == mail
    assert trace(sample, mail['id']) == mail
    assert trace(sample, qid) == mail
    assert re.fullmatch('m[0-9a-f]{16}-[0-9a-f]{8}-[0-9a-f]+', mail['id'])


def test_lines_are_those_of_the_log_byte_for_byte(sample, logged):
    for msgid in sample.sql("SELECT DISTINCT msgid FROM v_delivery WHERE msgid <> '' LIMIT 20").splitlines():
        raw = [line['raw'] for line in trace(sample, '--lines', msgid)['lines']]
        assert len(set(raw)) == len(raw) > 3
        assert set(raw) <= set(logged)
        printed = sample.run('trace', '--lines', msgid).stdout.splitlines()
        assert printed[-len(raw):] == raw
        assert [line[5:37] for line in raw] == sorted(line[5:37] for line in raw)


def test_hops_are_joined_and_say_how(sample):
    qid = sample.sql('SELECT h.qid FROM v_hop h JOIN v_hop o USING (mail_id, branch) WHERE h.entry '
                     'GROUP BY h.qid HAVING count(DISTINCT o.host) > 1 ORDER BY 1 LIMIT 1')
    hops = trace(sample, qid)['hops']
    assert len({hop['host'] for hop in hops}) > 1
    for hop in hops[1:]:
        before = hops[hop['before'] - 1]
        assert {'host': hop['host'], 'qid': hop['qid'], 'join': hop['join'], 'n': hop['n']} in before['next']
        assert hop['join'] in ('orig_queue_id', 'queued_as', 'forwarded', 'message_id')


def test_all_arrivals_of_a_message_id_and_one_of_an_id(sample):
    msgid = sample.sql('SELECT max(msgid) FROM v_delivery WHERE counted GROUP BY mail_id '
                       'HAVING count(DISTINCT branch) > 1 LIMIT 1')
    mail = trace(sample, msgid)
    assert len(mail['arrivals']) > 1
    assert sorted(n for arrival in mail['arrivals'] for n in arrival['hops']) == [hop['n'] for hop in mail['hops']]
    for number, arrival in enumerate(mail['arrivals']):
        one = trace(sample, arrival['id'])
        assert one['id'] == arrival['id']
        assert len(one['hops']) == len(arrival['hops']) and len(one['arrivals']) == 1
        others = {other['id'] for other in mail['arrivals']} - {arrival['id']}
        assert others <= {related['id'] for related in one['related'] if related['rel'] == 'same_msgid'}
        expected = [d['to'] for d in mail['deliveries'] if d['arrival'] == number]
        assert [d['to'] for d in one['deliveries']] == expected


def test_bounce_and_its_notice_point_to_each_other(sample):
    qid = sample.sql("SELECT qid FROM v_delivery WHERE status = 'bounced' AND sender <> '' AND counted ORDER BY arrived "
                     'LIMIT 1')
    mail = trace(sample, qid)
    notices = [related['id'] for related in mail['related'] if related['rel'] == 'ndr']
    assert notices
    notice = trace(sample, notices[0])
    assert notice['hops'][0]['notice'] and notice['from'] == ''
    assert mail['id'] in [related['id'] for related in notice['related'] if related['rel'] == 'ndr_of']
    assert any(d['ndr'] for d in mail['deliveries'])


def test_refused_recipient_of_an_accepted_mail_is_one_of_its_deliveries(sample):
    msgid = sample.sql("SELECT msgid FROM v_delivery WHERE status = 'rejected' AND msgid <> '' AND nrcpt > 1 LIMIT 1")
    statuses = {d['status'] for d in trace(sample, msgid)['deliveries']}
    assert 'rejected' in statuses and len(statuses) > 1


def test_tries_say_when_where_and_how_long(fresh, scratch):
    elsectl = fresh()
    lines = mail_lines('4104E3D1')
    retry = (2, 'smtp[9]', '4104E3D1: to=<r@b.example>, relay=none, delay=1, delays=1/0/0/0, dsn=4.4.1, '
             'status=deferred (connect to mx.b.example[192.0.2.9]:25: Connection timed out)')
    write_log(scratch / 'mail.log', lines[:3] + [retry] + lines[3:])
    elsectl.run('import', '--quiet', scratch / 'mail.log')
    delivery = trace(elsectl, '4104E3D1')['deliveries'][0]
    assert [(t['status'], t['code'], t['delays']) for t in delivery['tries']] == [
        ('deferred', '4.4.1', [1, 0, 0, 0]), ('delivered', '2.0.0', [2, 0, 0.5, 0.5])]
    assert delivery['tries'][1]['relay'] == delivery['relay'] == 'mx.b.example[192.0.2.9]:25'
    assert delivery['tries'][0]['t'] == '2026-11-22T05:00:02.000Z'
    shown = elsectl.run('trace', '4104E3D1').stdout
    assert shown.startswith('Delivered to r@b.example: mx.b.example took it at 2026-11-22 05:00:03 UTC.')
    assert 'Connection timed out' in shown


@pytest.mark.parametrize('kept, complete', [(5, True), (4, False), (3, False)])
def test_mail_whose_end_is_not_in_the_log_is_not_complete(fresh, scratch, kept, complete):
    elsectl = fresh()
    write_log(scratch / 'mail.log', mail_lines('4104E3D1')[:kept])
    elsectl.run('import', '--quiet', scratch / 'mail.log')
    mail = trace(elsectl, '4104E3D1')
    assert mail['complete'] is complete
    assert ('not complete' in elsectl.run('trace', '4104E3D1').stdout) is not complete


def test_several_mails_with_one_queue_id_are_listed_newest_first(fresh, scratch):
    elsectl = fresh()
    write_log(scratch / 'mail.log', mail_lines('4104E') + mail_lines('4104E', 600, 'two@a.example', msgid='<2@a.example>'))
    elsectl.run('import', '--quiet', scratch / 'mail.log')
    listed = elsectl.run('trace', '4104E').stdout.splitlines()
    assert 'Several mails' in listed[0]
    assert ['two@a.example' in line for line in listed[-2:]] == [True, False]
    for line, sender in zip(listed[-2:], ['two@a.example', 's@a.example']):
        assert trace(elsectl, line.split()[-1])['from'] == sender
    objects = [json.loads(line) for line in elsectl.run('trace', '--json', '4104E').stdout.splitlines()]
    assert [mail['from'] for mail in objects] == ['two@a.example', 's@a.example']


def test_long_lists_are_cut_for_people_unless_all_is_said(fresh, scratch):
    elsectl = fresh()
    lines = mail_lines('4104E3D1')
    rcpts = [(3, 'smtp[9]', f'4104E3D1: to=<r{n}@b.example>, relay=mx.b.example[192.0.2.9]:25, delay=3, '
              f'delays=2/0/0/1, dsn={dsn}, status={status} (answer)')
             for n, (dsn, status) in enumerate([('2.0.0', 'sent')] * 500 + [('5.1.1', 'bounced')])]
    write_log(scratch / 'mail.log', lines[:3] + rcpts + lines[4:])
    elsectl.run('import', '--quiet', scratch / 'mail.log')
    shown = elsectl.run('trace', '4104E3D1').stdout
    assert shown.count('@b.example') < 30 and 'more recipients (--all shows them)' in shown
    assert 'r500@b.example' in shown, 'what went wrong comes first'
    assert '501 recipients: 1 bounced, 500 delivered' in ' '.join(shown.split())
    assert 'r499@b.example' in elsectl.run('trace', '--all', '4104E3D1').stdout
    assert len(trace(elsectl, '4104E3D1')['deliveries']) == 501


def test_control_characters_of_the_log_never_reach_the_terminal(fresh, scratch):
    elsectl = fresh()
    evil = '\x1b[2J\x1b]0;owned\x07\u202eexe.\u2066\x9b31m'
    lines = mail_lines('4104E3D1', sender=f's{evil}@a.example', to=f'r{evil}@b.example')
    lines[0] = (0, 'smtpd[5]', f'4104E3D1: client=evil{evil}.example[192.0.2.1]')
    write_log(scratch / 'mail.log', lines)
    elsectl.run('import', '--quiet', scratch / 'mail.log')
    for args in (['4104E3D1'], ['--lines', '4104E3D1'], ['--json', '--lines', '4104E3D1'], ['<1@a.example>']):
        shown = elsectl.run('trace', *args).stdout
        assert not re.search('[\x00-\x08\x0b-\x1f\x7f-\x9f]', shown)
        if '--json' not in args:
            assert not re.search('[\u202a-\u202e\u2066-\u2069]', shown)
            assert r'\x1b[2J' in shown
    missing = elsectl.run('trace', f'nothing{evil}', status=1).stderr
    assert '\x1b' not in missing


def test_what_is_not_there_is_exit_status_1(sample):
    for name in ('NOSUCHQID', '<nobody@nowhere.example>', 'nobody@nowhere.example', 'm0123456789abcdef-01234567-374f61',
                 'r374f61-1-0123456789abcdef'):
        done = sample.run('trace', '--json', name, status=1)
        assert done.stdout == '' and 'nothing is stored' in done.stderr
