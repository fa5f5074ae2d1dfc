"""else-backend: what is acknowledged is in the database once, whatever dies meanwhile."""

import lzma
import os
import pathlib
import random
import signal
import socket
import subprocess

import pytest

from backend import Backend, RelpClient, free_port
from conftest import BUILD, ROOT, wait_until
from rsyslog_sender import RSYSLOGD, Rsyslogd
from test_cli_import import assert_same, seen

SAMPLE = sorted((ROOT / 'data' / 'sample').glob('*.log.xz'))


@pytest.fixture
def backend(scratch):
    made = Backend(scratch)
    with made.running():
        yield made
    made.elsectl.run('admin', 'stop')


@pytest.fixture(scope='module')
def log(shared_scratch):
    """Some seconds of work, in the order in which a log server would write it."""
    path = shared_scratch / 'generated.log'
    subprocess.run([BUILD / 'tests' / 'bench' / 'else-generate', '--mails', '1500', '--rate', '20', '--merged', path],
                   check=True)
    return path


@pytest.fixture(scope='module')
def imported(cluster_of_module, log):
    """What an import of the same lines gives."""
    elsectl = cluster_of_module.on_database('imported')
    elsectl.run('import', log)
    return seen(elsectl)


@pytest.fixture
def lines(log):
    return log.read_bytes().splitlines()


def test_stream_gives_the_rows_of_an_import(backend, fresh):
    elsectl = fresh()
    elsectl.run('import', *SAMPLE)
    logs = [lzma.open(path).read() for path in SAMPLE]
    for text in logs:
        backend.send_tcp(text)
    backend.wait_for_lines(sum(text.count(b'\n') for text in logs))
    assert_same(seen(backend.elsectl), seen(elsectl))


def test_a_line_without_a_stamp_is_counted(backend):
    backend.send_tcp(b'<22>postfix/qmgr[7]: 3F2A11B: removed\n')
    backend.wait_for_lines(1)
    assert backend.metric('else_undated_lines_total') == 1


def test_relp_gives_the_rows_of_an_import(backend, lines, imported):
    client = RelpClient(backend.relp_port, lines)
    client.run()
    assert client.answered == len(lines)
    assert backend.metric('else_intake_stored_total', kind='relp') == len(lines)
    backend.wait_for_lines(len(lines))
    assert_same(seen(backend.elsectl), imported)


@pytest.mark.parametrize('seed', range(2))
def test_killed_again_and_again_it_loses_and_doubles_nothing(backend, lines, imported, seed):
    client = RelpClient(backend.relp_port, lines)
    chance = random.Random(seed)
    kills = sorted(chance.sample(range(1, len(lines) * 9 // 10), 6))
    while client.step():
        if kills and client.answered >= kills[0]:
            kills.pop(0)
            backend.stop(signal.SIGKILL)
            backend.start()
    assert not kills
    backend.wait_until_idle()
    assert_same(seen(backend.elsectl), imported)


def half_way(backend, lines):
    """Some lines are in the database, some on the way, some to come."""
    client = RelpClient(backend.relp_port, lines)
    while client.answered < len(lines) // 3:
        client.step()
    wait_until(lambda: backend.metric('else_commits_total') > 0)
    while client.answered < len(lines) // 2:
        client.step()
    return client


def test_database_killed_meanwhile(backend, lines, imported):
    client = half_way(backend, lines)
    os.kill(backend.elsectl.server_pid(), signal.SIGKILL)
    client.run()  # goes on without a database
    backend.wait_until_idle()
    assert_same(seen(backend.elsectl), imported)


def test_database_that_hangs_does_not_hold_up_the_senders(backend, lines, imported):
    client = half_way(backend, lines)
    server = backend.elsectl.server_pid()
    children = [int(pid) for pid in subprocess.run(['pgrep', '-P', str(server)], capture_output=True, text=True,
                                                   check=True).stdout.split()]
    for pid in [server, *children]:
        os.kill(pid, signal.SIGSTOP)
    client.run()
    assert client.answered == len(lines)
    for pid in [server, *children]:
        os.kill(pid, signal.SIGCONT)
    backend.wait_until_idle()
    assert_same(seen(backend.elsectl), imported)


def test_import_and_daemon_give_way_to_each_other(backend, lines, imported, log):
    client = half_way(backend, lines)
    backend.elsectl.run('import', log)
    client.run()
    backend.wait_until_idle()
    assert_same(seen(backend.elsectl), imported)


def test_an_import_gets_its_turn_while_the_daemon_is_idle(backend, log):
    wait_until(lambda: backend.metric('else_database_connected') == 1)
    backend.elsectl.run('import', log)


@pytest.fixture(scope='module')
def quiet_log(shared_scratch):
    """Few enough mails that now and then nobody is connected."""
    path = shared_scratch / 'quiet.log'
    subprocess.run([BUILD / 'tests' / 'bench' / 'else-generate', '--mails', '600', '--rate', '0.1', '--merged', path],
                   check=True)
    return path


def without_session(lines):
    """The place after the middle where no SMTP session is open: what one is about is lost where its log is cut."""
    connected = set()
    for i, line in enumerate(lines):
        words = line.split(b' ', 4)
        if words[3:4] == [b'connect']:
            connected.add(words[2])
        elif words[3:4] == [b'disconnect']:
            connected.discard(words[2])
        if i > len(lines) // 2 and not connected:
            return i + 1
    raise AssertionError('somebody is always connected')


def test_two_daemons_write_to_one_database(backend, quiet_log, fresh, scratch):
    """The servers are shared out among them; one dies, and its sender goes to the other."""
    imported = fresh()
    imported.run('import', quiet_log)
    lines = quiet_log.read_bytes().splitlines()
    mx = [line for line in lines if b' mx1.example.net ' in line]
    rest = [line for line in lines if b' mx1.example.net ' not in line]
    cut = without_session(mx)
    (scratch / 'other').mkdir()
    other = Backend(scratch / 'other')
    url = f'host={backend.data} user=else dbname=else'
    other.config.write_text(other.base.replace('[spool]', f'database = {url}\n[spool]', 1))
    wait_until(lambda: backend.metric('else_database_connected') == 1)
    with other.running():
        here, there = RelpClient(backend.relp_port, rest), RelpClient(other.relp_port, mx[:cut])
        while there.step():
            here.step()
        other.stop(signal.SIGKILL)
        RelpClient(backend.relp_port, mx[cut:]).run()
        here.run()
        other.start()  # what it had acknowledged and not stored
        other.stop()
        backend.wait_until_idle()
        assert_same(seen(backend.elsectl), seen(imported))


def test_stop_stores_what_has_arrived(backend, lines, imported):
    RelpClient(backend.relp_port, lines).run()
    assert backend.stop() == 0
    backend.elsectl.run('admin', 'start')
    assert_same(seen(backend.elsectl), imported)


def test_reload_takes_good_settings_and_refuses_bad_ones(backend, lines):
    port = free_port()
    backend.config.write_text(backend.base + f'[listener more]\nkind = tcp\naddress = 127.0.0.1\nport = {port}\n')
    backend.process.send_signal(signal.SIGHUP)
    client = RelpClient(backend.relp_port, lines[:1000])
    client.run()
    with socket.create_connection(('127.0.0.1', port)) as connection:
        connection.sendall(b'\n'.join(lines[1000:1100]) + b'\n')
    backend.wait_for_lines(1100)
    backend.config.write_text(backend.base + '[listener bad]\nkind = teletype\n')
    backend.process.send_signal(signal.SIGHUP)
    backend.send_tcp(b'\n'.join(lines[1100:1200]) + b'\n')
    backend.wait_for_lines(1200)
    assert 'teletype' in (backend.folder / 'log').read_text()


def test_bad_configuration_is_told_at_once(scratch):
    config = scratch / 'else.conf'
    config.write_text('[listener x]\nkind = relp\nprot = 1\n')
    done = subprocess.run([BUILD / 'src' / 'backend' / 'else-backend', '-t', '-c', config], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 2 and 'else.conf:3' in done.stderr and 'port' in done.stderr


@pytest.fixture
def followed(scratch):
    """A daemon that follows a log file, which does not exist yet."""
    path = scratch / 'mail.log'
    made = Backend(scratch, f'[listener file]\nkind = follow\npath = {path}\n')
    with made.running():
        yield made, path
    made.elsectl.run('admin', 'stop')


def append(path, lines):
    with path.open('ab') as file:
        file.write(b''.join(line + b'\n' for line in lines))


def test_follows_a_log_that_is_rotated_and_truncated(followed, lines, imported):
    backend, path = followed
    fifth = len(lines) // 5
    parts = [lines[i * fifth:(i + 1) * fifth if i < 4 else len(lines)] for i in range(5)]

    def read_until(n):
        wait_until(lambda: backend.metric('else_intake_stored_total', kind='file') >= sum(map(len, parts[:n])))

    append(path, parts[0])
    read_until(1)
    path.rename(path.with_suffix('.log.1'))  # the logger has not noticed yet
    append(path.with_suffix('.log.1'), parts[1])
    append(path, parts[2])
    read_until(3)
    path.write_bytes(b'')
    wait_until(lambda: 'truncated' in (backend.folder / 'log').read_text())
    append(path, parts[3])
    read_until(4)
    assert backend.stop() == 0
    append(path, parts[4][:100])
    path.rename(path.with_suffix('.log.1'))
    append(path, parts[4][100:])
    backend.start()
    wait_until(lambda: backend.metric('else_intake_stored_total', kind='file') >= len(parts[4]))
    backend.wait_until_idle()
    assert_same(seen(backend.elsectl), imported)


# ---- real rsyslog ----

HOSTS = {'incoming.log.xz': 'incoming.corp.test', 'outgoing.log.xz': 'outgoing.corp.test', 'dns.log.xz': 'dns.corp.test'}


@pytest.fixture
def certified(scratch):
    """A daemon with RELP over TLS, and certificates for it and the three servers of the sample."""
    folder = scratch / 'certificates'
    made = Backend(scratch, f'[listener tls]\nkind = relp-tls\naddress = 127.0.0.1\nport = {(port := free_port())}\n'
                   f'[tls]\ncertificate = {folder}/server-localhost.crt\nkey = {folder}/server-localhost.key\n'
                   f'ca = {folder}/ca.crt\n')
    for what in (['ca'], ['server', 'localhost'], *(['client', host] for host in HOSTS.values())):
        made.elsectl.run('admin', 'certificates', '--out', folder, *what)
    made.tls_port, made.certificates = port, folder
    with made.running():
        yield made
    made.elsectl.run('admin', 'stop')


class MailHost(Rsyslogd):
    """The rsyslogd of one server: sends as elsectl configures it, and writes a file as Debian does."""

    def __init__(self, backend, host):
        folder = backend.folder / host
        folder.mkdir()
        self.written = folder / 'mail.log'
        snippet = backend.elsectl.run('admin', 'rsyslog-config', host, '--server', 'localhost', '--port', str(backend.tls_port),
                                      '--certificates', backend.certificates).stdout
        super().__init__(folder, f'global(localHostname="{host}")\n{snippet}\n'
                         f'action(type="omfile" file="{self.written}" template="RSYSLOG_FileFormat")\n')

    def count(self):
        return self.written.read_bytes().count(b'\n') if self.written.exists() else 0

    def log_all(self, texts):
        for i in range(0, len(texts), 200):  # no more than the socket holds
            self.log(f'<22>{text}' for text in texts[i:i + 200])
            wait_until(lambda: self.count() >= min(i + 200, len(texts)))


@pytest.mark.skipif(not pathlib.Path(RSYSLOGD).exists(), reason='needs rsyslogd')
def test_rsyslog_of_three_hosts_gives_the_rows_of_an_import(certified, fresh):
    hosts, total = [], 0
    for path in SAMPLE:
        texts = [line.split(' ', 2)[2] for line in lzma.open(path).read().decode().splitlines()]
        hosts.append(MailHost(certified, HOSTS[path.name]))
        with hosts[-1].running() as host:
            host.log_all(texts)
            total += len(texts)
            wait_until(lambda: certified.metric('else_intake_stored_total', kind='relp-tls') >= total)
    certified.wait_until_idle()
    assert certified.metric('else_missing_lines_total') == 0
    elsectl = fresh()
    elsectl.run('import', *[host.written for host in hosts])
    assert_same(seen(certified.elsectl), seen(elsectl))
