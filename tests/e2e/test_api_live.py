"""The live tail, exports, and what happens when somebody goes away in the middle."""

import csv
import http.client
import io
import json
import socket
import urllib.parse

import pytest

from conftest import ROOT, wait_until
from frontend import Frontend

LINES = '''\
{t} mx1 postfix/smtpd[101]: {qid}: client=mail.out.example[192.0.2.5]
{t} mx1 postfix/cleanup[102]: {qid}: message-id=<{qid}@out.example>
{t} mx1 postfix/qmgr[103]: {qid}: from=<{sender}>, size=1000, nrcpt=1 (queue active)
{t} mx1 postfix/virtual[104]: {qid}: to=<{to}>, relay=virtual, delay=1, delays=0.5/0/0/0.5, dsn=2.0.0, status=sent (ok)
{t} mx1 postfix/qmgr[103]: {qid}: removed
'''


@pytest.fixture
def frontend(scratch, fresh):
    with Frontend(scratch, fresh()).running() as running:
        running.scratch = scratch
        running.mails = 0
        running.admin = running.administrator()
        yield running


def mail(frontend, to='a@acme.example', sender='x@out.example'):
    """One more mail, imported; its queue id."""
    frontend.mails += 1
    qid = f'4C{frontend.mails:010d}'
    log = frontend.scratch / f'{qid}.log'
    log.write_text(LINES.format(t=f'2026-11-20T10:{frontend.mails:02d}:00.000000+00:00', qid=qid, to=to, sender=sender))
    frontend.elsectl.run('import', log)
    return qid


class Stream:
    def __init__(self, client, q='', last=None):
        self.connection = http.client.HTTPConnection('127.0.0.1', client.port, timeout=30)
        headers = {'Cookie': client.cookie} | ({'Last-Event-ID': last} if last else {})
        self.connection.request('GET', '/api/v1/messages/stream?' + urllib.parse.urlencode({'q': q}), headers=headers)
        self.response = self.connection.getresponse()
        self.last = last

    def close(self):
        self.response.close()
        self.connection.close()

    def event(self):
        """The next one: its name and data."""
        fields = {}
        while True:
            line = self.response.readline().decode().rstrip('\n')
            if not line and 'event' in fields:
                self.last = fields.get('id', self.last)
                return fields['event'], json.loads(fields['data'])
            if line:
                name, value = line.split(': ', 1)
                fields[name] = value

    def messages(self, n):
        found = []
        while len(found) < n:
            event, data = self.event()
            assert event in ('message', 'rate', 'ping'), (event, data)
            if event == 'message':
                found.append(data['qids'][0])
        return found


def test_new_mails_come_once_each_also_after_a_break(frontend):
    stream = Stream(frontend.admin)
    first = [mail(frontend)]
    while True:  # the stream may have looked before or after this mail
        first.append(mail(frontend))
        got = stream.messages(1)
        if got[0] in first:
            break
    seen = got
    seen += stream.messages(len(first) - 1 - first.index(got[0]))
    stream.close()
    missed = [mail(frontend), mail(frontend)]
    again = Stream(frontend.admin, last=stream.last)
    assert again.messages(2) == missed
    more = mail(frontend)
    assert again.messages(1) == [more]
    again.close()


def test_who_comes_back_too_late_or_to_another_stream_is_told_of_the_gap(frontend):
    stream = Stream(frontend.admin, last='nothing.7')
    assert stream.event() == ('gap', {})
    stream.close()


def test_a_stream_shows_what_its_reader_may_see(frontend):
    group = frontend.admin.send('POST', '/groups', {'name': 'g', 'domains': ['acme.example']}, 201)
    client = frontend.user(frontend.admin, 'u', 'help_desk', groups=[group['id']])
    stream = Stream(client)
    mail(frontend, 'hidden@other.example')
    while True:
        mail(frontend, 'hidden@other.example')
        mail(frontend)
        event, data = stream.event()
        if event == 'message':
            break
    assert data['rcpts']['first'] == ['a@acme.example']
    stream.close()


def test_a_stream_needs_a_query_that_can_be_answered(frontend):
    assert frontend.admin.request('GET', '/messages/stream?q=form:x').status == 400
    assert frontend.client().request('GET', '/messages/stream').status == 401


def test_four_streams_are_enough(frontend):
    streams = [Stream(frontend.admin, 'way:in') for _ in range(4)]
    assert [s.response.status for s in streams] == [200] * 4
    assert frontend.admin.request('GET', '/messages/stream').status == 429
    for stream in streams:
        stream.close()


def test_a_stop_says_bye(frontend):
    stream = Stream(frontend.admin)
    frontend.stop()
    assert stream.event() == ('bye', {})
    frontend.start()


# ---- exports ----

def test_a_spreadsheet_runs_nothing_of_an_export(frontend):
    mail(frontend, sender='=cmd|calc!a@out.example')
    mail(frontend, sender='"a,b"@out.example')
    answer = frontend.admin.request('GET', '/exports?q=')
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline='')))
    assert [row['from'] for row in rows] == ['"a,b"@out.example', "'=cmd|calc!a@out.example"]
    assert answer.headers['Content-Disposition'] == 'attachment; filename="messages.csv"'


def test_an_export_has_all_that_the_search_has(frontend):
    frontend.elsectl.run('import', *sorted((ROOT / 'data' / 'sample').glob('*.log.xz')))
    answer = frontend.admin.request('POST', '/exports', {'q': 'way:in', 'format': 'ndjson'})
    exported = [json.loads(line) for line in answer.body.splitlines()]
    listed = frontend.admin.get('/messages', q='way:in', limit=1000)['items']
    assert exported == listed
    rows = list(csv.DictReader(io.StringIO(frontend.admin.request('GET', '/exports?q=way:in').body.decode())))
    assert [row['id'] for row in rows] == [item['id'] for item in listed]


# ---- somebody goes ----

def test_a_search_whose_client_has_gone_is_cancelled(frontend):
    sql = frontend.elsectl.sql
    sql('CREATE FUNCTION slow() RETURNS api_answer LANGUAGE sql AS $$ SELECT pg_sleep(60); SELECT api_done() $$;'
        'CREATE OR REPLACE FUNCTION api_hosts() RETURNS api_answer LANGUAGE sql AS $$ SELECT slow() $$')
    running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%api_hosts()%' AND pid <> pg_backend_pid()"
    with socket.create_connection(('127.0.0.1', frontend.port)) as connection:
        connection.sendall(f'GET /api/v1/hosts HTTP/1.1\r\nHost: x\r\nCookie: {frontend.admin.cookie}\r\n\r\n'.encode())
        wait_until(lambda: sql(running) == '1')
    wait_until(lambda: sql(running) == '0', 8)  # the time limit would be 10 s


def test_a_query_that_takes_too_long_is_told_so(scratch, fresh):
    with Frontend(scratch, fresh(), 'time_limit = 1s\n').running() as frontend:
        admin = frontend.administrator()
        frontend.elsectl.sql('CREATE OR REPLACE FUNCTION api_hosts() RETURNS api_answer LANGUAGE sql AS '
                             '$$ SELECT pg_sleep(60); SELECT api_done() $$')
        assert admin.get('/hosts', 503)['type'] == '/problems/too-slow'


def test_a_database_that_was_restarted_is_found_again(frontend):
    frontend.elsectl.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                         'AND pid <> pg_backend_pid()')
    wait_until(lambda: frontend.admin.request('GET', '/me').status == 200)
    wait_until(lambda: all(frontend.admin.request('GET', '/me').status == 200 for _ in range(8)))
    frontend.log_path.write_text('ready: \none-time password x\n')  # it complained, rightly


def test_hostile_text_comes_as_json_strings_and_nothing_else(frontend):
    hostile = '<script>alert(1)</script>\u202egpj.exe'
    mail(frontend, to='a@acme.example', sender='"' + hostile + '"@out.example')
    mail(frontend, to='b' * 10000 + '@acme.example')
    answer = frontend.admin.request('GET', '/messages')
    assert answer.headers['X-Content-Type-Options'] == 'nosniff' and answer.type == 'application/json'
    items = answer.json['items']
    assert hostile in items[1]['from'] and len(items) == 2
    for item in items:
        for suffix in ('', '/log', '/text'):
            assert frontend.admin.request('GET', f'/messages/{item["id"]}{suffix}').status == 200
    assert '\u202e' not in frontend.admin.request('GET', f'/messages/{items[1]["id"]}/text').body.decode()
