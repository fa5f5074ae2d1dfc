"""The program else-frontend, clients of its API, and the contract that every answer is checked against."""

import contextlib
import http.client
import json
import re
import signal
import subprocess
import urllib.parse

import jsonschema
import yaml

from backend import free_port
from conftest import BUILD, ROOT, wait_until

CONTRACT = yaml.safe_load((ROOT / 'api' / 'openapi.yaml').read_text())
METHODS = ('get', 'post', 'put', 'delete')
PASSWORD = 'correct horse battery staple'


def operations():
    """(METHOD, path, operation) of the contract."""
    return [(method.upper(), path, item[method])
            for path, item in CONTRACT['paths'].items() for method in METHODS if method in item]


def resolve(node):
    while '$ref' in node:
        target = CONTRACT
        for part in node['$ref'][2:].split('/'):
            target = target[part]
        node = target
    return node


def operation_of(method, path):
    """The operation of a path without its query. One without {id} goes first."""
    method = 'GET' if method == 'HEAD' else method
    fits = [(p.count('{'), p, o) for m, p, o in operations()
            if m == method and re.fullmatch(re.sub(r'\{id\}', '[^/]+', re.escape(p).replace(r'\{id\}', '{id}')), path)]
    return min(fits, key=lambda fit: fit[0])[2] if fits else None


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()
        self.type = (response.headers.get('Content-Type') or '').split(';')[0]

    @property
    def json(self):
        return json.loads(self.body)


def check_contract(method, path, answer):
    """Is this answer one that the contract allows here?"""
    operation = operation_of(method, path)
    assert operation, f'{method} {path} is not in the contract'
    responses = operation['responses']
    found = resolve(responses.get(str(answer.status)) or responses['default'])
    content = found.get('content')
    if answer.status >= 400:
        assert answer.type == 'application/problem+json', (method, path, answer.status, answer.body[:300])
    if not content:
        assert answer.body == b'', (method, path, answer.status, answer.body[:300])
        return
    assert answer.type in content, (method, path, answer.status, answer.type, answer.body[:300])
    if answer.type.endswith('json') and answer.type != 'application/x-ndjson':
        schema = {'$ref': '#/x', 'x': content[answer.type]['schema'], 'components': CONTRACT['components']}
        jsonschema.Draft202012Validator(schema, format_checker=None).validate(answer.json)


class Client:
    """A browser (cookie) or a program (token). Every answer is checked against the contract."""

    def __init__(self, port, token=None):
        self.port = port
        self.cookie = None
        self.token = token

    def request(self, method, path, body=None, headers=None, checked=True):
        sent = {'X-CSRF': '1', 'Sec-Fetch-Site': 'same-origin'}
        if body is not None:
            sent['Content-Type'] = 'application/json'
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        if self.cookie:
            sent['Cookie'] = self.cookie
        if self.token:
            sent['Authorization'] = 'Bearer ' + self.token
        sent.update(headers or {})
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, '/api/v1' + path, body, {k: v for k, v in sent.items() if v is not None})
            answer = Answer(connection.getresponse())
        for cookie in answer.headers.get_all('Set-Cookie') or []:
            self.cookie = cookie.split(';')[0]
        if checked:
            check_contract(method, path.split('?')[0], answer)
        return answer

    def get(self, path, status=200, **arguments):
        """The JSON of an answer with this status."""
        if arguments:
            path += '?' + urllib.parse.urlencode(arguments)
        answer = self.request('GET', path)
        assert answer.status == status, (path, answer.status, answer.body)
        return answer.json

    def send(self, method, path, body=None, status=200, **headers):
        answer = self.request(method, path, body, {k.replace('_', '-'): v for k, v in headers.items()})
        assert answer.status == status, (method, path, answer.status, answer.body)
        return answer.json if answer.body else None

    def login(self, name, password, status=200):
        return self.send('POST', '/auth/login', {'name': name, 'password': password}, status)

    def login_first(self, name, once):
        """The first login of an account: with its one-time password, which is changed."""
        self.login(name, once)
        self.send('POST', '/auth/password', {'old': once, 'new': PASSWORD}, 204)
        return self


class Frontend:
    """The daemon on a database of its own."""

    def __init__(self, folder, elsectl, extra=''):
        self.elsectl = elsectl
        self.port, self.metrics_port = free_port(), free_port()
        self.web = folder / 'web'
        self.web.mkdir(exist_ok=True)
        self.log_path = folder / 'else-frontend.log'
        self.config = folder / 'frontend.conf'
        database = elsectl.environment.get('ELSE_DATABASE')
        self.config.write_text(f'[backend]\ndata = {elsectl.data}\n'
                               + (f'database = {database}\n' if database else '')
                               + f'[frontend]\nport = {self.port}\nmetrics_port = {self.metrics_port}\n'
                               f'web = {self.web}\n{extra}')
        self.config.chmod(0o644)
        self.process = None

    def log(self):
        return self.log_path.read_text()

    def start(self):
        starts = self.log().count('ready: ') if self.log_path.exists() else 0
        with open(self.log_path, 'a') as log:
            self.process = subprocess.Popen([BUILD / 'src' / 'frontend' / 'else-frontend', '-c', self.config],
                                            env=self.elsectl.environment, stdin=subprocess.DEVNULL, stderr=log)
        wait_until(lambda: self.log().count('ready: ') > starts or self.process.poll() is not None)
        assert self.process.poll() is None, self.log()
        return self

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    @contextlib.contextmanager
    def running(self):
        """Meanwhile. It ends well, and says nothing that nobody expects."""
        self.start()
        try:
            yield self
        finally:
            status = self.stop()
        assert status == 0, self.log()
        unexpected = [line for line in self.log().splitlines()
                      if 'ready: ' not in line and 'one-time password' not in line]
        assert not unexpected, unexpected

    def client(self, token=None):
        return Client(self.port, token)

    def administrator(self):
        once = re.search('one-time password (\\S+)', self.log())[1]
        return self.client().login_first('admin', once)

    def user(self, administrator, name, role, **more):
        """A new account that has logged in."""
        made = administrator.send('POST', '/users', {'name': name, 'role': role} | more, 201)
        return self.client().login_first(name, made['password'])
