"""The API is what api/openapi.yaml says: every route, every answer."""

import subprocess

import jsonschema
import pytest

from conftest import BUILD, ROOT
from frontend import CONTRACT, Frontend, check_contract, operations

SAMPLE = sorted((ROOT / 'data' / 'sample').glob('*.log.xz'))
RANGE = '2026-11-01T00:00:00Z..2026-12-31T00:00:00Z'


@pytest.fixture(scope='module')
def frontend(shared_scratch, cluster_of_module):
    elsectl = cluster_of_module.on_database('contract')
    elsectl.run('import', *SAMPLE)
    with Frontend(shared_scratch, elsectl).running() as running:
        running.admin = running.administrator()
        yield running


@pytest.fixture
def admin(frontend):
    return frontend.admin


def newest(admin, q=''):
    return admin.get('/messages', q=q, limit=1)['items'][0]


def test_the_program_and_the_contract_have_the_same_routes():
    done = subprocess.run([BUILD / 'src' / 'frontend' / 'else-frontend', '--routes'], capture_output=True, text=True,
                          check=True)
    has = {tuple(line.split()) for line in done.stdout.splitlines()}
    wants = {(method, path, o['operationId'], o['x-permission']) for method, path, o in operations()}
    assert has == wants


def test_the_contract_is_served_as_it_is(frontend):
    assert frontend.client().get('/openapi.json') == CONTRACT


def test_every_schema_of_the_contract_is_one():
    for schema in CONTRACT['components']['schemas'].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_an_answer_that_the_contract_does_not_know_is_found(frontend):
    answer = frontend.client().request('GET', '/version')
    answer.body = b'{"name":"else-frontend","version":"1","api":"v1","more":1}'
    with pytest.raises(jsonschema.ValidationError):
        check_contract('GET', '/version', answer)


READS = [
    '/me', '/auth/session', '/auth/sessions', '/codes', '/my/messages', '/my/messages?problems=1&text=user',
    f'/overview?range={RANGE}', '/overview', '/overview?range=7d&domain=corp.test',
    '/messages', '/messages?q=status:bounced&limit=1000&total=exact', '/messages?total=estimate&tz=-300',
    '/messages/histogram', '/messages/histogram?q=to:@corp.test&buckets=10&tz=60', '/messages/facets',
    '/messages/facets?q=way:in+status:bounced&fields=status,way,reason,from.domain,to.domain,host,code&limit=2',
    '/messages/suggest?q=', '/messages/suggest?q=status:de', '/messages/suggest?q=to:@c',
    '/messages/suggest?q=is:ndr+host:i&pos=13', '/messages/relax?q=status:bounced+from:nobody@nowhere.example',
    '/messages/relax?q=', '/stats/flow', '/stats/domains?limit=5', f'/stats/heatmap?range={RANGE}&tz=60',
    *(f'/stats/series?range={RANGE}&by={by}&metric={metric}' for by in ('status', 'way', 'host', 'reason')
      for metric in ('messages', 'bytes')),
    *(f'/stats/top?range={RANGE}&dim={dim}' for dim in
      ('from', 'to', 'from.domain', 'to.domain', 'ip', 'user', 'host', 'mx', 'reason')),
    *(f'/stats/rejects?range={RANGE}&by={by}' for by in ('reason', 'ip', 'helo', 'from.domain', 'to', 'code')),
    f'/stats/flow?range={RANGE}&way=in', f'/stats/domains?range={RANGE}', '/hosts', '/saved', '/users', '/groups',
    '/domains', '/tokens', '/audit?limit=3', '/audit?action=stats_*&actor=admin', '/users/1',
]


@pytest.mark.parametrize('path', READS)
def test_it_answers_as_the_contract_says(admin, path):
    assert admin.request('GET', path).status == 200


@pytest.mark.parametrize('path, status', [
    ('/messages?q=form:x', 400), ('/messages?q=(', 400), ('/messages?limit=0', 422), ('/messages?limit=x', 422),
    ('/messages?cursor=abc', 400), ('/messages?total=some', 422), ('/messages/nothing', 404),
    ('/messages/m0000000000000000-00000000-0', 404), ('/messages/r0-0-0000000000000000', 404),
    ('/messages/nothing/log', 404), ('/stats/top', 422), ('/stats/top?dim=x', 422), ('/stats/series?range=x', 422),
    ('/stats/series?range=7d&domain=a%20b', 422), ('/messages/facets?fields=subject', 422), ('/users/77', 404),
    ('/users/x', 404), ('/groups/1', 404), ('/overview?range=2026-01-01..2025-01-01', 422), ('/audit?after=x', 400),
])
def test_what_cannot_be_answered_is_a_problem_of_its_kind(admin, path, status):
    assert admin.request('GET', path).status == status


def test_a_wrong_query_says_where_and_what_was_meant(admin):
    problem = admin.get('/messages', 400, q='to:a@b.example form:x')
    assert problem['type'] == '/problems/bad-query'
    assert problem['errors'][0]['pointer'] == '#/q'
    assert problem['errors'][0]['pos'] == 15
    assert 'from:' in problem['errors'][0]['hint']


def test_unknown_paths_and_methods(frontend, admin):
    assert admin.request('GET', '/nothing', checked=False).status == 404
    answer = admin.request('PUT', '/me', {}, checked=False)
    assert (answer.status, answer.headers['Allow']) == (405, 'GET')
    assert admin.request('HEAD', '/me', checked=False).body == b''


def test_pages_follow_each_other_without_gaps_and_repetitions(admin):
    ids, cursor, total = [], None, admin.get('/messages', total='exact')['total']
    while True:
        page = admin.get('/messages', limit=200, **({'cursor': cursor} if cursor else {}))
        ids += [item['id'] for item in page['items']]
        cursor = page['next']
        if not cursor:
            break
    assert total == {'value': len(ids), 'relation': 'eq'}
    assert len(set(ids)) == len(ids)


def test_a_cursor_of_another_query_is_refused(admin):
    cursor = admin.get('/messages', limit=1)['next']
    assert admin.get('/messages', 400, q='way:in', cursor=cursor)['type'] == '/problems/bad-cursor'


def test_the_same_search_by_post(admin):
    asked = admin.get('/messages', q='status:bounced', limit=5, total='exact')
    posted = admin.send('POST', '/messages/search', {'q': 'status:bounced', 'limit': 5, 'total': 'exact', 'cursor': None})
    assert posted['items'] == asked['items'] and posted['total'] == asked['total']


@pytest.mark.parametrize('body', ['{', '[1]', '"x"', '{"q":"\\u0000"}', ''])
def test_a_body_that_is_no_object_is_refused(admin, body):
    assert admin.request('POST', '/messages/search', body).status == 400


def test_recipients_of_one_condition_are_those_of_the_other(admin):
    """`to:A status:bounced` finds no mail of which only B's delivery bounced."""
    mixed = [m for m in admin.get('/messages', q='status:bounced', limit=1000)['items']
             if m['counts'].get('delivered') and m['counts'].get('bounced')]
    assert mixed
    for mail in mixed[:10]:
        journey = admin.get('/messages/' + mail['id'])
        final = {d['to']: d['status'] for d in journey['deliveries'] if d['final']}
        good = next(to for to, status in final.items() if status == 'delivered')
        found = admin.get('/messages', q=f'msgid:"{mail["msgid"]}" to:"{good}" status:bounced')
        assert mail['id'] not in [m['id'] for m in found['items']]


@pytest.mark.parametrize('q', ['status:bounced', 'status:rejected', 'is:multi', 'is:ndr', 'has:quarantine', 'way:out', 'status:greylisted'])
def test_journey_log_and_text_of_what_was_found(admin, q):
    for item in admin.get('/messages', q=q, limit=4)['items']:
        journey = admin.get('/messages/' + item['id'])
        assert (journey['from'], journey['way']) == (item['from'], item['way'])
        log = admin.get(f'/messages/{item["id"]}/log')
        text = admin.request('GET', f'/messages/{item["id"]}/log?format=text')
        assert log['lines'] and not log['withheld'] and text.type == 'text/plain'
        assert len(text.body.splitlines()) == len(log['lines'])
        assert admin.request('GET', f'/messages/{item["id"]}/text').body


def test_histogram_and_facets_count_what_the_search_finds(admin):
    histogram = admin.get('/messages/histogram', q='way:in')
    facet = admin.get('/messages/facets', q='way:in', fields='status', limit=50)['facets'][0]
    by_status = {key: sum(counts) for key, counts in zip(histogram['keys'], histogram['counts'])}
    assert by_status == {v['v']: v['n'] for v in facet['values']}
    rows = {}
    for item in admin.get('/messages', q='way:in', limit=1000)['items']:
        for status, n in item['counts'].items():
            rows[status] = rows.get(status, 0) + n
    assert by_status == rows


def test_a_facet_leaves_its_own_condition_out(admin):
    alone = admin.get('/messages/facets', q='way:in', fields='status')['facets'][0]
    with_status = admin.get('/messages/facets', q='way:in status:bounced', fields='status')['facets'][0]
    assert with_status == alone


def test_statistics_agree_with_each_other(admin):
    series = admin.get('/stats/series', range=RANGE, by='status')
    flow = admin.get('/stats/flow', range=RANGE)
    nodes = {n['id']: n['n'] for n in flow['nodes']}
    for key, counts in zip(series['keys'], series['counts']):
        assert nodes['status:' + key] == sum(counts)
    heat = admin.get('/stats/heatmap', range=RANGE)
    assert sum(map(sum, heat['counts'])) == sum(map(sum, series['counts']))


def test_etags_spare_what_is_known(admin):
    identity = newest(admin)['id']
    first = admin.request('GET', f'/messages/{identity}')
    again = admin.request('GET', f'/messages/{identity}', headers={'If-None-Match': first.headers['ETag']})
    assert (again.status, again.body) == (304, b'')


def test_large_answers_are_packed(admin):
    plain = admin.request('GET', '/messages?limit=100')
    packed = admin.request('GET', '/messages?limit=100', headers={'Accept-Encoding': 'gzip'}, checked=False)
    assert packed.headers['Content-Encoding'] == 'gzip'
    assert len(packed.body) * 3 < len(plain.body)


def test_every_answer_has_the_headers_of_safety(admin):
    answer = admin.request('GET', '/version')
    assert answer.headers['Content-Security-Policy'].startswith("default-src 'none'; script-src 'self';")
    assert answer.headers['X-Content-Type-Options'] == 'nosniff'
    assert answer.headers['Referrer-Policy'] == 'no-referrer'
    assert answer.headers['X-Request-Id']


def test_suggestions_fit_where_the_cursor_is(admin):
    items = admin.get('/messages/suggest', q='way:in status:de')
    assert items['at'] == [7, 16]
    assert [i['insert'] for i in items['items']][:2] == ['status:delivered', 'status:deferred']


def test_relax_names_the_condition_in_the_way(admin):
    relaxed = admin.get('/messages/relax', q='status:bounced from:nobody@nowhere.example')
    assert [i['without'] for i in relaxed['items']] == ['from:nobody@nowhere.example']
    assert relaxed['stored']


def test_accounts_groups_domains_and_saved_searches_come_and_go(admin):
    group = admin.send('POST', '/groups', {'name': 'g', 'domains': ['Corp.Test'], 'hosts': []}, 201)
    assert group['domains'] == ['corp.test']
    path = '/groups/' + group['id']
    admin.send('PUT', path, {'name': 'g'}, 428)
    changed = admin.send('PUT', path, {'name': 'g2', 'domains': ['*']}, If_Match=group['etag'])
    admin.send('PUT', path, {'name': 'g3'}, 412, If_Match=group['etag'])
    user = admin.send('POST', '/users', {'name': 'U', 'role': 'help_desk', 'groups': [group['id']]}, 201)['user']
    assert user['name'] == 'u' and user['groups'] == [{'id': group['id'], 'name': 'g2'}]
    admin.send('POST', '/users', {'name': 'u', 'role': 'help_desk'}, 409)
    admin.send('POST', '/users', {'name': 'v', 'role': 'king'}, 422)
    admin.send('POST', f'/users/{user["id"]}/password', {})
    admin.send('DELETE', '/users/' + user['id'], None, 204, If_Match=user['etag'])
    admin.send('DELETE', path, None, 204, If_Match=changed['etag'])
    me = admin.get('/users/' + admin.get('/me')['id'])
    admin.send('DELETE', '/users/' + me['id'], None, 409, If_Match=me['etag'])
    admin.send('POST', '/domains', {'name': 'new.example'}, 201)
    admin.send('POST', '/domains', {'name': 'new.example'}, 409)
    admin.send('DELETE', '/domains/new.example', None, 204)
    saved = admin.send('POST', '/saved', {'name': 's', 'q': 'way:in', 'shared': True}, 201)
    admin.send('PUT', '/saved/' + saved['id'], {'name': 's2', 'q': ''})
    admin.send('DELETE', '/saved/' + saved['id'], None, 204)


def test_pages_of_the_web_interface(frontend, admin):
    assert admin.request('GET', '/../../index.html', checked=False).status == 404


def test_metrics_count_requests_and_know_readiness(frontend, admin):
    import urllib.request
    admin.get('/me')
    base = f'http://127.0.0.1:{frontend.metrics_port}'
    text = urllib.request.urlopen(base + '/metrics').read().decode()
    assert text.endswith('# EOF\n') and 'else_http_requests_total{status="2xx"}' in text
    assert urllib.request.urlopen(base + '/readyz').read() == b'ready\n'
