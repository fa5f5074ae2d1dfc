"""Who may see what: every operation of the contract, each role, and data of somebody else.

Two customers, acme.example and other.example, share servers. What is the other's has a word in it that must
not come through: FOREIGN. The matrix is made from the contract, so a new operation without a rule fails."""

import re
import urllib.parse

import pytest

from frontend import Frontend, operations, resolve

LOG = '''\
2026-11-20T10:00:00.000000+00:00 mx1 postfix/smtpd[101]: connect from mail.out.example[192.0.2.5]
2026-11-20T10:00:00.100000+00:00 mx1 postfix/smtpd[101]: 4A0000000001: client=mail.out.example[192.0.2.5]
2026-11-20T10:00:00.200000+00:00 mx1 postfix/cleanup[102]: 4A0000000001: message-id=<one@out.example>
2026-11-20T10:00:00.300000+00:00 mx1 postfix/qmgr[103]: 4A0000000001: from=<x@out.example>, size=1000, nrcpt=1 (queue active)
2026-11-20T10:00:01.000000+00:00 mx1 postfix/virtual[104]: 4A0000000001: to=<a@acme.example>, relay=virtual, delay=1, delays=0.5/0/0/0.5, dsn=2.0.0, status=sent (delivered to maildir)
2026-11-20T10:00:01.100000+00:00 mx1 postfix/qmgr[103]: 4A0000000001: removed
2026-11-20T10:00:01.200000+00:00 mx1 postfix/smtpd[101]: disconnect from mail.out.example[192.0.2.5] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
2026-11-20T10:01:00.000000+00:00 mx1 postfix/smtpd[111]: connect from secret.out.example[198.51.100.9]
2026-11-20T10:01:00.100000+00:00 mx1 postfix/smtpd[111]: 4A0000000002: client=secret.out.example[198.51.100.9]
2026-11-20T10:01:00.200000+00:00 mx1 postfix/cleanup[112]: 4A0000000002: message-id=<secret@out.example>
2026-11-20T10:01:00.300000+00:00 mx1 postfix/qmgr[103]: 4A0000000002: from=<secret-sender@out.example>, size=2000, nrcpt=1 (queue active)
2026-11-20T10:01:01.000000+00:00 mx1 postfix/virtual[114]: 4A0000000002: to=<secret@other.example>, relay=virtual, delay=1, delays=0.5/0/0/0.5, dsn=2.0.0, status=sent (delivered to maildir)
2026-11-20T10:01:01.100000+00:00 mx1 postfix/qmgr[103]: 4A0000000002: removed
2026-11-20T10:01:01.200000+00:00 mx1 postfix/smtpd[111]: disconnect from secret.out.example[198.51.100.9] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
2026-11-20T10:02:00.000000+00:00 mx1 postfix/smtpd[121]: connect from mail.out.example[192.0.2.5]
2026-11-20T10:02:00.100000+00:00 mx1 postfix/smtpd[121]: 4A0000000003: client=mail.out.example[192.0.2.5]
2026-11-20T10:02:00.200000+00:00 mx1 postfix/cleanup[122]: 4A0000000003: message-id=<three@out.example>
2026-11-20T10:02:00.300000+00:00 mx1 postfix/qmgr[103]: 4A0000000003: from=<x@out.example>, size=3000, nrcpt=2 (queue active)
2026-11-20T10:02:01.000000+00:00 mx1 postfix/virtual[124]: 4A0000000003: to=<a@acme.example>, relay=virtual, delay=1, delays=0.5/0/0/0.5, dsn=2.0.0, status=sent (delivered to maildir)
2026-11-20T10:02:01.100000+00:00 mx1 postfix/smtp[125]: 4A0000000003: to=<secret-two@other.example>, relay=secret-store.other.example[198.51.100.10]:25, delay=1, delays=0.5/0/0/0.5, dsn=5.1.1, status=bounced (host secret-store.other.example[198.51.100.10] said: 550 5.1.1 no such user (in reply to RCPT TO command))
2026-11-20T10:02:01.200000+00:00 mx1 postfix/qmgr[103]: 4A0000000003: removed
2026-11-20T10:02:01.300000+00:00 mx1 postfix/smtpd[121]: disconnect from mail.out.example[192.0.2.5] ehlo=1 mail=1 rcpt=2 data=1 quit=1 commands=6
2026-11-20T10:03:00.000000+00:00 mx2 postfix/smtpd[131]: connect from pc.acme.example[10.0.0.7]
2026-11-20T10:03:00.100000+00:00 mx2 postfix/smtpd[131]: 4B0000000004: client=pc.acme.example[10.0.0.7], sasl_method=PLAIN, sasl_username=a
2026-11-20T10:03:00.200000+00:00 mx2 postfix/cleanup[132]: 4B0000000004: message-id=<four@acme.example>
2026-11-20T10:03:00.300000+00:00 mx2 postfix/qmgr[133]: 4B0000000004: from=<a@acme.example>, size=4000, nrcpt=1 (queue active)
2026-11-20T10:03:01.000000+00:00 mx2 postfix/smtp[134]: 4B0000000004: to=<z@out.example>, relay=mail.out.example[192.0.2.5]:25, delay=1, delays=0.5/0/0/0.5, dsn=4.2.2, status=deferred (host mail.out.example[192.0.2.5] said: 452 4.2.2 Over quota (in reply to RCPT TO command))
2026-11-20T10:04:00.000000+00:00 mx1 postfix/smtpd[141]: NOQUEUE: reject: RCPT from bad.spam.example[203.0.113.7]: 550 5.7.1 <a@acme.example>: Recipient address rejected: spam; from=<bad@spam.example> to=<a@acme.example> proto=ESMTP helo=<bad.spam.example>
2026-11-20T10:04:01.000000+00:00 mx1 postfix/smtpd[142]: NOQUEUE: reject: RCPT from secret.spam.example[203.0.113.8]: 550 5.7.1 <secret@other.example>: Recipient address rejected: spam; from=<secret-bad@spam.example> to=<secret@other.example> proto=ESMTP helo=<secret.spam.example>
'''
FOREIGN = re.compile(rb'secret|other\.example|198\.51\.100|203\.0\.113\.8|4A0000000002')
RANGE = '2026-11-20T00:00:00Z..2026-11-21T00:00:00Z'

# What each role may do: the rule, in the words of the contract.
SHARED = {'session', 'my:read', 'messages:read', 'logs:read', 'export', 'tokens'}
MAY = {
    'administrator': SHARED | {'hosts:read', 'users:manage', 'admin', 'audit:read'},
    'operator': SHARED | {'hosts:read'},
    'help_desk': SHARED,
    'domain_administrator': SHARED | {'users:manage'},
    'auditor': {'session', 'audit:read'},
    'end_user': {'session', 'my:read'},
    'nobody': set(),
}
PERMISSIONS = {'public'} | MAY['administrator']

# Those whose scope is acme.example, in one way or another.
SCOPED = {'help_desk', 'domain_administrator', 'end_user'}

# A body for each operation that has one.
BODIES = {
    'login': {'name': 'nobody', 'password': 'wrong'},
    'password_change': {'old': 'wrong', 'new': 'also wrong, but longer'},
    'messages_search': {'q': ''},
    'saved_add': {'name': 'mine', 'q': ''},
    'saved_change': {'name': 'taken', 'q': ''},
    'export_search': {'q': '', 'format': 'ndjson'},
    'user_add': {'name': 'made', 'role': 'administrator'},
    'user_change': {'name': 'changed', 'role': 'administrator'},
    'group_add': {'name': 'made', 'domains': ['*']},
    'group_change': {'name': 'changed'},
    'domain_add': {'name': 'made.example'},
    'token_add': {'name': 'made', 'permissions': ['admin'], 'days': 1},
}


class World:
    """The daemon, somebody of each role, and ids of what is somebody else's."""

    def __init__(self, frontend):
        self.frontend = frontend
        self.admin = frontend.administrator()
        acme = self.admin.send('POST', '/groups', {'name': 'acme', 'domains': ['acme.example']}, 201)
        everything = self.admin.send('POST', '/groups', {'name': 'secret other group', 'domains': ['other.example']}, 201)
        more = {'help_desk': {'groups': [acme['id']]}, 'domain_administrator': {'groups': [acme['id']]},
                'end_user': {'addresses': ['a@acme.example']}}
        self.clients = {role: frontend.user(self.admin, role, role, **more.get(role, {}))
                        for role in MAY if role not in ('administrator', 'nobody')}
        self.clients |= {'administrator': self.admin, 'nobody': frontend.client()}
        stranger = frontend.user(self.admin, 'secret-user', 'domain_administrator', groups=[everything['id']])
        victim = self.admin.send('POST', '/users', {'name': 'secret@other.example', 'role': 'end_user',
                                                    'addresses': ['secret@other.example']}, 201)['user']
        self.victim = victim
        self.foreign = {
            'session_end': stranger.get('/auth/session')['id'],
            'saved': stranger.send('POST', '/saved', {'name': 'secret', 'q': 'secret', 'shared': True}, 201)['id'],
            'token': stranger.send('POST', '/tokens', {'name': 'secret', 'permissions': ['messages:read'], 'days': 1},
                                   201)['token']['id'],
            'user': victim['id'],
            'group': everything['id'],
            'domain': 'other.example',
            'journey': self.admin.get('/messages', q='msgid:secret@out.example')['items'][0]['id'],
        }
        self.refusal = self.admin.get('/messages', q='to:secret@other.example status:rejected')['items'][0]['id']
        self.shared = self.admin.get('/messages', q='msgid:three@out.example')['items'][0]['id']

    def id_for(self, operation):
        name = operation['operationId']
        return next(value for key, value in self.foreign.items() if name.startswith(key))


@pytest.fixture(scope='module')
def world(shared_scratch, cluster_of_module):
    elsectl = cluster_of_module.on_database('scope')
    log = shared_scratch / 'two.log'
    log.write_text(LOG)
    elsectl.run('import', log)
    elsectl.sql("INSERT INTO own_domain (name) VALUES ('acme.example'), ('other.example') ON CONFLICT DO NOTHING")
    with Frontend(shared_scratch, elsectl).running() as frontend:
        yield World(frontend)


def paths_of(world, path, operation):
    """With somebody else's id, everything asked for, and each word of `by`, `dim` and `fields`."""
    path = path.replace('{id}', world.id_for(operation)) if '{id}' in path else path
    parameters = {p['name']: p['schema'] for p in map(resolve, operation.get('parameters', [])) if p['in'] == 'query'}
    arguments = {}
    if 'range' in parameters:
        arguments['range'] = '90d' if 'enum' in parameters['range'] else RANGE
    if 'limit' in parameters:
        arguments['limit'] = parameters['limit']['maximum']
    words = [{name: word} for name in ('by', 'dim', 'format') for word in parameters.get(name, {}).get('enum', [])]
    words += [{'fields': 'from.domain,to.domain,host,code'}] if 'fields' in parameters else []
    return [path + '?' + urllib.parse.urlencode(arguments | more) for more in words or [{}]]


def is_stream(operation):
    return 'text/event-stream' in str(operation['responses'])


MATRIX = [pytest.param(role, method, path, operation, id=f'{role} {method} {path}')
          for role in MAY for method, path, operation in operations() if not is_stream(operation)]


@pytest.mark.parametrize('role, method, path, operation', MATRIX)
def test_nothing_leaks(world, role, method, path, operation):
    permission, scope = operation['x-permission'], operation['x-scope']
    assert permission in PERMISSIONS and scope in ('none', 'own', 'scope', 'all')
    if role in ('administrator', 'operator') and method != 'GET':
        pytest.skip('may do it: see test_api_contract.py')
    if operation['operationId'] in ('logout', 'login'):
        pytest.skip('see test_api_login.py')
    body = BODIES[operation['operationId']] if 'requestBody' in operation else None
    headers = {'If-Match': '"1"'} if 'if_match' in str(operation.get('parameters')) else {}
    allowed = permission == 'public' or permission in MAY[role]
    for asked in paths_of(world, path, operation):
        answer = world.clients[role].request(method, asked, body, headers)
        if not allowed:
            assert answer.status == (401 if role == 'nobody' else 403)
        elif '{id}' in path and method in ('PUT', 'DELETE') or ('{id}' in path and role in SCOPED):
            assert answer.status == 404, answer.body
        elif method == 'GET' and '{id}' not in path:
            assert answer.status == 200, (asked, answer.body)
        if scope != 'none' and role not in ('administrator', 'operator', 'auditor'):
            assert not FOREIGN.search(answer.body), (asked, answer.body)


@pytest.mark.parametrize('role', sorted(SCOPED - {'end_user'}))
def test_a_mail_with_recipients_of_both_shows_half_of_it(world, role):
    client = world.clients[role]
    path = '/messages/' + world.shared
    journey = client.request('GET', path)
    assert not FOREIGN.search(journey.body)
    assert journey.json['partial'] and [d['to'] for d in journey.json['deliveries']] == ['a@acme.example']
    assert journey.json['verdict']['key'] == 'delivered'
    assert client.get(path + '/log') == {'lines': [], 'withheld': True}
    assert client.request('GET', path + '/log?format=text').body == b''
    assert not FOREIGN.search(client.request('GET', path + '/text').body)
    row = client.get('/messages', q='msgid:three@out.example')['items'][0]
    assert row['status'] == 'delivered' and row['rcpts']['count'] == 1
    assert 'partial' not in world.admin.get(path)


@pytest.mark.parametrize('role', sorted(SCOPED - {'end_user'}))
@pytest.mark.parametrize('q', ['to:secret@other.example', 'ip:198.51.100.9', 'qid:4A0000000002', 'status:bounced',
                               'msgid:secret@out.example', 'from:secret-*', 'text:"no such user"', 'addr:*secret*'])
def test_no_query_finds_what_is_somebody_elses(world, role, q):
    client = world.clients[role]
    assert world.admin.get('/messages', q=q)['items']
    assert client.get('/messages', q=q, total='exact')['total']['value'] == 0
    assert client.get('/messages/histogram', q=q)['keys'] == []
    assert client.request('GET', '/exports?format=ndjson&q=' + q.replace('"', '%22').replace(' ', '%20')).body == b''


@pytest.mark.parametrize('suffix', ['', '/log', '/text'])
@pytest.mark.parametrize('role', sorted(SCOPED - {'end_user'}))
def test_a_refusal_of_somebody_else_does_not_exist(world, role, suffix):
    world.clients[role].get(f'/messages/{world.refusal}{suffix}', 404)


def test_a_scope_shows_all_that_is_in_it(world):
    found = world.clients['help_desk'].get('/messages', total='exact')
    assert found['total']['value'] == 4
    assert found['scope'] == {'domains': ['acme.example'], 'hosts': [], 'addresses': []}
    own = world.clients['help_desk'].get('/messages', q='status:deferred')['items'][0]
    assert world.clients['help_desk'].get(f'/messages/{own["id"]}/log')['lines']


def test_groups_are_united_and_may_be_of_servers(world):
    of_mx2 = world.admin.send('POST', '/groups', {'name': 'mx2', 'domains': ['*'], 'hosts': ['mx2']}, 201)
    of_spam = world.admin.send('POST', '/groups', {'name': 'spam', 'domains': ['spam.example']}, 201)
    none = world.admin.send('POST', '/groups', {'name': 'none', 'domains': ['*'], 'hosts': ['not-there']}, 201)
    makes = lambda name, *groups: world.frontend.user(  # noqa: E731
        world.admin, name, 'help_desk', groups=[g['id'] for g in groups])
    total = lambda client: client.get('/messages', total='exact')['total']['value']  # noqa: E731
    assert total(makes('h1', of_mx2)) == 1
    assert total(makes('h2', of_mx2, of_spam)) == 3
    assert total(makes('h3', none)) == 0
    assert total(makes('h4')) == 0


def test_a_domain_administrator_manages_end_users_of_his_domains_alone(world):
    client = world.clients['domain_administrator']
    made = client.send('POST', '/users', {'name': 'eu', 'role': 'end_user', 'addresses': ['eu@acme.example']}, 201)
    assert [u['name'] for u in client.get('/users')['items']] == ['end_user', 'eu']
    user = made['user']
    for body in ({'role': 'administrator'}, {'role': 'end_user', 'addresses': ['x@other.example']}, {'role': 'end_user'},
                 {'role': 'end_user', 'addresses': ['eu@acme.example'], 'groups': [world.foreign['group']]}):
        client.send('PUT', '/users/' + user['id'], {'name': 'eu'} | body, 422, If_Match=user['etag'])
    client.send('POST', f'/users/{world.victim["id"]}/password', {}, 404)
    client.send('DELETE', '/users/' + user['id'], None, 204, If_Match=user['etag'])


def test_an_end_user_sees_his_mail_and_no_technical_details(world):
    mail = world.clients['end_user'].get('/my/messages', range='90d')['items']
    assert [(m['direction'], m['peer'], m['status']) for m in mail] == [
        ('received', 'bad@spam.example', 'rejected'), ('sent', 'z@out.example', 'deferred'),
        ('received', 'x@out.example', 'delivered'), ('received', 'x@out.example', 'delivered')]
    problems = world.clients['end_user'].get('/my/messages', range='90d', problems='1')['items']
    assert [m['status'] for m in problems] == ['rejected', 'deferred']
    assert len(world.clients['end_user'].get('/my/messages', range='90d', text='out.ex')['items']) == 3


def test_a_token_may_no_more_than_it_was_made_for(world):
    made = world.clients['help_desk'].send('POST', '/tokens', {
        'name': 't', 'permissions': ['messages:read'], 'days': 2, 'networks': ['127.0.0.0/8']}, 201)
    client = world.frontend.client(made['secret'])
    assert client.get('/messages', total='exact')['total']['value'] == 4
    for path in ('/tokens', '/exports', '/auth/session'):
        client.get(path, 403)
    client.send('POST', '/auth/logout', None, 403)
    elsewhere = world.clients['help_desk'].send('POST', '/tokens', {
        'name': 't', 'permissions': ['messages:read'], 'days': 2, 'networks': ['192.0.2.0/24']}, 201)
    world.frontend.client(elsewhere['secret']).get('/me', 401)
    world.clients['help_desk'].send('DELETE', '/tokens/' + made['token']['id'], None, 204)
    client.get('/me', 401)


def test_both_logins_at_once_are_refused(world):
    client = world.frontend.client('else_pat_a_b')
    client.cookie = world.admin.cookie
    assert client.get('/me', 400)['type'] == '/problems/two-logins'


@pytest.mark.parametrize('role, rows', [('administrator', 7), ('help_desk', 4), ('domain_administrator', 4)])
def test_figures_count_what_may_be_seen(world, role, rows):
    client = world.clients[role]
    count = lambda counts: sum(map(sum, counts))  # noqa: E731
    assert count(client.get('/messages/histogram')['counts']) == rows
    assert count(client.get('/stats/series', range=RANGE, by='way')['counts']) == rows
    assert count(client.get('/stats/heatmap', range=RANGE)['counts']) == rows
    assert sum(n['n'] for n in client.get('/stats/flow', range=RANGE)['nodes'] if n['id'].startswith('way:')) == rows
    overview = client.get('/overview', range=RANGE)
    assert count(overview['series']['counts']) == rows
    assert overview['kpi']['rejected']['value'] == (2 if rows == 7 else 1)
