"""Who is it? Login, sessions, what protects them, and the audit log."""

import pytest

from frontend import PASSWORD, Frontend

OTHER = 'another long password'


@pytest.fixture
def frontend(scratch, fresh):
    with Frontend(scratch, fresh()).running() as running:
        running.admin = running.administrator()
        yield running


def test_only_the_first_start_makes_an_account(scratch, fresh):
    made = Frontend(scratch, fresh())
    for _ in range(2):
        with made.running():
            pass
    assert made.log().count('one-time password') == 1
    assert made.elsectl.sql('SELECT name, role, must_change FROM account') == 'admin|administrator|t'


def test_a_one_time_password_opens_nothing_but_its_change(frontend):
    once = frontend.admin.send('POST', '/users', {'name': 'u', 'role': 'operator'}, 201)['password']
    client = frontend.client()
    assert client.login('u', once)['must_change_password']
    assert client.get('/messages', 403)['type'] == '/problems/password-change-required'
    client.send('POST', '/auth/password', {'old': once, 'new': 'too short'}, 422)
    client.send('POST', '/auth/password', {'old': once, 'new': once}, 422)
    client.send('POST', '/auth/password', {'old': 'wrong', 'new': PASSWORD}, 422)
    client.send('POST', '/auth/password', {'old': once, 'new': PASSWORD}, 204)
    client.get('/messages')
    frontend.client().login('u', once, 401)


def test_passwords_are_stored_as_argon2id_and_cookies_as_hashes(frontend):
    assert frontend.elsectl.sql('SELECT password FROM account').startswith('$argon2id$v=19$m=19456,t=2,p=1$')
    value = frontend.admin.cookie.split('=')[1]
    assert value not in frontend.elsectl.sql('SELECT * FROM web_session')
    assert frontend.elsectl.sql(f"SELECT count(*) FROM web_session WHERE hash = sha256('{value}')") == '1'


def test_a_wrong_name_and_a_wrong_password_answer_alike(frontend):
    answers = [frontend.client().request('POST', '/auth/login', {'name': name, 'password': 'x'})
               for name in ('admin', 'nobody-of-that-name')]
    assert [a.status for a in answers] == [401, 401]
    assert answers[0].json['title'] == answers[1].json['title']


def test_guessing_is_slowed_down_and_ends_with_a_good_wait(frontend):
    client = frontend.client()
    for _ in range(5):
        client.login('admin', 'wrong', 401)
    answer = client.request('POST', '/auth/login', {'name': 'admin', 'password': PASSWORD})
    assert answer.status == 429 and 0 < int(answer.headers['Retry-After']) <= 900
    frontend.elsectl.sql("UPDATE login_failure SET t = t - interval '15 minutes'")
    client.login('admin', PASSWORD)


def test_a_session_ends_when_it_is_told_to(frontend):
    client = frontend.client()
    client.login('admin', PASSWORD)
    assert sorted(s['current'] for s in client.get('/auth/sessions')['items']) == [False, True]
    other = next(s['id'] for s in client.get('/auth/sessions')['items'] if not s['current'])
    client.send('DELETE', '/auth/sessions/' + other, None, 204)
    frontend.admin.get('/me', 401)
    cookie = client.cookie
    client.send('POST', '/auth/logout', None, 204)
    client.cookie = cookie
    client.get('/me', 401)


@pytest.mark.parametrize('column, age', [('last_used', '31 minutes'), ('began', '12 hours 1 minute')])
def test_a_session_ends_by_itself(frontend, column, age):
    frontend.admin.get('/me')
    frontend.elsectl.sql(f"UPDATE web_session SET {column} = now() - interval '{age}'")
    frontend.admin.get('/me', 401)


def test_a_new_password_ends_all_other_sessions(frontend):
    client = frontend.client()
    client.login('admin', PASSWORD)
    client.send('POST', '/auth/password', {'old': PASSWORD, 'new': OTHER}, 204)
    client.get('/me')
    frontend.admin.get('/me', 401)


def test_whoever_is_disabled_or_gets_another_role_is_out_at_once(frontend):
    client = frontend.user(frontend.admin, 'u', 'operator')
    user = next(u for u in frontend.admin.get('/users')['items'] if u['name'] == 'u')
    changed = frontend.admin.send('PUT', '/users/' + user['id'], {'name': 'u', 'role': 'help_desk'}, If_Match=user['etag'])
    client.get('/me', 401)
    client.login('u', PASSWORD)
    frontend.admin.send('PUT', '/users/' + user['id'], {'name': 'u', 'role': 'help_desk', 'disabled': True},
                        If_Match=changed['etag'])
    client.get('/me', 401)
    client.login('u', PASSWORD, 401)


@pytest.mark.parametrize('headers', [
    {'X-CSRF': None}, {'X-CSRF': '0'}, {'Sec-Fetch-Site': 'cross-site'}, {'Sec-Fetch-Site': 'same-site'},
    {'Sec-Fetch-Site': None}, {'Sec-Fetch-Site': None, 'Origin': 'http://evil.example'},
    {'Sec-Fetch-Site': None, 'Origin': 'https://127.0.0.1'}])
def test_another_site_cannot_act_in_our_name(frontend, headers):
    for path, body in (('/saved', {'name': 'x', 'q': ''}), ('/auth/login', {'name': 'admin', 'password': PASSWORD})):
        answer = frontend.admin.request('POST', path, body, headers)
        assert (answer.status, answer.json['type']) == (403, '/problems/cross-site')


def test_an_old_browser_of_ours_is_known_by_its_origin(frontend):
    headers = {'Sec-Fetch-Site': None, 'Origin': f'http://127.0.0.1:{frontend.port}'}
    assert frontend.admin.request('POST', '/saved', {'name': 'x', 'q': ''}, headers).status == 201


def test_a_form_of_another_site_is_no_json(frontend):
    answer = frontend.admin.request('POST', '/saved', 'name=x', {'Content-Type': 'text/plain'})
    assert (answer.status, answer.json['type']) == (415, '/problems/not-json')


def test_the_cookie_is_for_us_alone(frontend):
    answer = frontend.client().request('POST', '/auth/login', {'name': 'admin', 'password': PASSWORD})
    assert answer.headers['Set-Cookie'].split('; ')[1:] == ['Path=/', 'HttpOnly', 'SameSite=Lax']


def test_nobody_is_proxied_who_is_no_proxy(frontend):
    headers = {'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': 'https'}
    answer = frontend.client().request('POST', '/auth/login', {'name': 'admin', 'password': 'x'}, headers)
    assert answer.status == 401
    assert frontend.elsectl.sql('SELECT DISTINCT ip FROM login_failure') == '127.0.0.1'


def test_a_proxy_says_who_it_is(scratch, fresh):
    with Frontend(scratch, fresh(), 'proxies = 127.0.0.1/32\n').running() as frontend:
        headers = {'X-Forwarded-For': '203.0.113.9, 192.0.2.1', 'X-Forwarded-Proto': 'https'}
        client = frontend.client()
        assert client.request('POST', '/auth/login', {'name': 'admin', 'password': 'x'}, headers).status == 401
        assert frontend.elsectl.sql('SELECT ip FROM login_failure') == '192.0.2.1'
        assert client.request('GET', '/version', None, headers).headers['Strict-Transport-Security']


def test_reads_of_mail_and_changes_are_in_the_audit_log(frontend):
    admin = frontend.admin
    admin.get('/messages', q='to:someone@acme.example')
    admin.get('/messages/m0000000000000000-00000000-0', 404)
    admin.send('POST', '/groups', {'name': 'g', 'domains': ['acme.example']}, 201)
    frontend.client().login('admin', 'a wrong one', 401)
    rows = admin.get('/audit')['items']
    assert [(r['actor'], r['action'], r['object'], r['result']) for r in rows[:4]] == [
        ('admin', 'login', None, 401), ('admin', 'group_add', None, 201),
        ('admin', 'journey', 'm0000000000000000-00000000-0', 404),
        ('admin', 'messages', 'to:someone@acme.example', 200)]
    assert rows[1]['detail'] == {'name': 'g', 'domains': ['acme.example']}
    assert rows[0]['ip'] == '127.0.0.1' and rows[0]['role'] is None
    everything = frontend.elsectl.sql('SELECT * FROM audit')
    assert PASSWORD not in everything and 'a wrong one' not in everything


def test_the_audit_log_cannot_be_changed_and_a_change_is_seen(frontend):
    frontend.admin.get('/messages')
    sql = frontend.elsectl.sql
    with pytest.raises(AssertionError, match='append-only'):
        sql('DELETE FROM audit')
    assert sql('SELECT audit_broken()') == ''
    sql("ALTER TABLE audit DISABLE TRIGGER audit_keep; UPDATE audit SET actor = 'x' WHERE id = 2;"
        'DELETE FROM audit WHERE id = 1')
    assert sql('SELECT audit_broken()') == '2'


def test_two_administrators_cannot_demote_each_other(frontend):
    frontend.user(frontend.admin, 'b', 'administrator')
    users = {u['name']: u for u in frontend.admin.get('/users')['items']}
    frontend.admin.send('DELETE', '/users/' + users['b']['id'], None, 204, If_Match=users['b']['etag'])
    frontend.admin.send('PUT', '/users/' + users['admin']['id'], {'name': 'admin', 'role': 'auditor'}, 409,
                        If_Match=users['admin']['etag'])
