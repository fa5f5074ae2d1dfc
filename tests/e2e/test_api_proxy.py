"""Behind a real Apache with the configuration of deploy/reverse-proxy."""

import contextlib
import http.client
import os
import shutil
import signal
import ssl
import subprocess

import pytest

from backend import free_port
from conftest import ROOT, wait_until
from frontend import PASSWORD, Answer, Frontend

MODULES = '/usr/lib/apache2/modules'


@pytest.fixture
def apache(scratch, fresh):
    """The daemon and an Apache in front of it, as the example says; its port."""
    port = free_port()
    with Frontend(scratch, fresh(), 'proxies = 127.0.0.1/32\n').running() as frontend:
        frontend.administrator()
        key, certificate = scratch / 'key.pem', scratch / 'certificate.pem'
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate,
                        '-days', '2', '-subj', '/CN=else.example.com'], check=True, capture_output=True)
        site = (ROOT / 'deploy' / 'reverse-proxy' / 'apache.conf').read_text()
        site = (site.replace('*:443', f'127.0.0.1:{port}').replace(':8025', f':{frontend.port}')
                .replace('/etc/ssl/certs/else.example.com.pem', str(certificate))
                .replace('/etc/ssl/private/else.example.com.key', str(key)))
        modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'headers', 'ssl', 'socache_shmcb']
        config = scratch / 'apache.conf'
        config.write_text(''.join(f'LoadModule {m}_module {MODULES}/mod_{m}.so\n' for m in modules)
                          + f'ServerRoot {scratch}\nPidFile {scratch}/apache.pid\nErrorLog {scratch}/error.log\n'
                          f'DefaultRuntimeDir {scratch}\nListen 127.0.0.1:{port}\nServerName localhost\n'
                          + ('User www-data\nGroup www-data\n' if os.geteuid() == 0 else '') + site)
        environment = {'PATH': os.environ['PATH'], 'APACHE_LOG_DIR': str(scratch)}
        process = subprocess.Popen([shutil.which('apache2', path='/usr/sbin:/usr/bin'), '-DFOREGROUND', '-f', config],
                                   env=environment, stderr=subprocess.PIPE, text=True)
        try:
            wait_until(lambda: (scratch / 'apache.pid').exists() or process.poll() is not None)
            assert process.poll() is None, process.stderr.read()
            frontend.apache_port, frontend.scratch = port, scratch
            yield frontend
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


@contextlib.contextmanager
def request(frontend, method, path, body=None, **headers):
    context = ssl.create_default_context(cafile=frontend.scratch / 'certificate.pem')
    context.check_hostname = False
    connection = http.client.HTTPSConnection('127.0.0.1', frontend.apache_port, context=context, timeout=30,
                                              source_address=('127.0.0.2', 0))
    connection.request(method, '/api/v1' + path, body, {'Host': 'else.example.com'} | headers)
    yield connection.getresponse()
    connection.close()


def test_a_browser_behind_apache(apache):
    body = f'{{"name":"admin","password":"{PASSWORD}"}}'
    headers = {'X-CSRF': '1', 'Content-Type': 'application/json', 'Origin': 'https://else.example.com',
               'X-Forwarded-For': '203.0.113.66'}
    with request(apache, 'POST', '/auth/login', body, **headers) as response:
        answer = Answer(response)
    assert answer.status == 200, answer.body
    cookie = answer.headers['Set-Cookie']
    assert cookie.startswith('__Host-sid=') and cookie.endswith('; Secure')
    assert answer.headers['Strict-Transport-Security']
    assert apache.elsectl.sql('SELECT ip FROM web_session ORDER BY began DESC LIMIT 1') == '127.0.0.2'
    with request(apache, 'GET', '/messages?q=to:private@acme.example', Cookie=cookie.split(';')[0]) as response:
        assert response.status == 200
    with request(apache, 'GET', '/messages/stream', Cookie=cookie.split(';')[0]) as response:
        assert response.readline() == b'retry: 3000\n'  # at once, not when a buffer is full
    wait_until(lambda: '/api/v1/messages ' in (apache.scratch / 'else.log').read_text())
    assert 'private' not in (apache.scratch / 'else.log').read_text()
