"""else-backend among hostile senders: each is cut or refused, which is counted and told at once; a good sender beside
them is acknowledged all the while; memory stays within what the limits of the configuration allow."""

import contextlib
import itertools
import pathlib
import random
import resource
import socket
import ssl
import threading
import time
import zlib

import pytest

from backend import Backend, RelpClient, free_port
from conftest import wait_until

GOOD, HOSTILE = '127.0.0.1', '127.0.0.2'  # where they come from
MIB = 1 << 20
MANY = 10000  # connections
LINE = b'<22>1 2026-11-22T05:21:39.087984+00:00 %s postfix/smtpd 640 - - connect from host%d.example.org[192.0.2.1]'


def memory_bound(sessions, line=128 << 10, repeats=4096):
    """Of the whole process: 64 MiB for itself, 64 for what it remembers of senders that are gone, 64 for what is not
    yet on the disk, and for each session two lines, its hashes, and answers that are not taken."""
    return 192 * MIB + sessions * (2 * line + 16 * repeats + (72 << 10))


class GoodSender(threading.Thread):
    """Sends one numbered line after the other, each when the one before was acknowledged, over one connection."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.client = RelpClient(port, [])
        self.progress = threading.Condition()
        self.ended = False
        self.lost = 0
        lose = self.client._lose
        self.client._lose = lambda: (self._count_loss(), lose())

    def _count_loss(self):
        self.lost += 1

    def run(self):
        for number in itertools.count():
            self.client.waiting.append(LINE % (b'good.corp.test', number))
            while self.client.step():
                pass
            with self.progress:
                self.progress.notify_all()
                if self.ended:
                    return

    def goes_on(self):
        """Until 20 more lines are acknowledged."""
        with self.progress:
            wanted = self.client.answered + 20
            assert self.progress.wait_for(lambda: self.client.answered >= wanted, 60), 'a good sender is held up'

    def stop(self):
        with self.progress:
            self.ended = True
        self.join(60)
        self.client.connection.close()


class Attacked(Backend):
    """With listeners of all kinds, rules for who may send, and a good sender."""

    def __init__(self, folder, limits=''):
        self.certificates = folder / 'certificates'
        self.ports = {'relp-tls': free_port(), 'compressed': free_port()}
        listeners = (f'[listener tls]\nkind = relp-tls\naddress = 127.0.0.1\nport = {self.ports["relp-tls"]}\n'
                     f'[listener z]\nkind = tcp\ncompressed = yes\naddress = 127.0.0.1\nport = {self.ports["compressed"]}\n')
        rules = ('[sender good]\nnetworks = 127.0.0.1/32\nhosts = good.corp.test\n'
                 '[sender others]\nnetworks = 127.0.0.2/32\nhosts = *\n'
                 '[sender mx1]\ncertificates = mx1.corp.test\n')
        tls = ''.join(f'{key} = {self.certificates}/{name}\n' for key, name in (
            ('certificate', 'server-localhost.crt'), ('key', 'server-localhost.key'), ('ca', 'ca.crt')))
        super().__init__(folder, listeners, f'{rules}[tls]\n{tls}[limits]\n{limits or "handshake = 2s"}\n')
        self.ports |= {'relp': self.relp_port, 'tcp': self.tcp_port}
        self.make_certificates(self.certificates, ['server', 'localhost'], ['client', 'mx1.corp.test'],
                               ['client', 'mx9.corp.test'])

    def make_certificates(self, folder, *wanted):
        for what in (['ca'], *wanted):
            self.elsectl.run('admin', 'certificates', '--out', folder, *what)

    def connect(self, kind, source=HOSTILE):
        return socket.create_connection((GOOD, self.ports[kind]), timeout=60, source_address=(source, 0))

    def log_text(self):
        return (self.folder / 'log').read_text()

    def memory(self):
        """The most that it has had so far, in bytes."""
        status = pathlib.Path(f'/proc/{self.process.pid}/status').read_text()
        return int(status.split('VmHWM:')[1].split()[0]) << 10

    def count(self, counter, kind):
        return self.metric(f'else_intake_{counter}_total', kind=kind)

    @contextlib.contextmanager
    def noticed(self, counter, kind, message, times=1):
        """What happens within is counted so many times and told, while it goes on, and holds up nobody."""
        wanted = self.count(counter, kind) + times
        yield
        wait_until(lambda: self.count(counter, kind) >= wanted)
        assert self.count(counter, kind) == wanted
        wait_until(lambda: message in self.log_text())
        self.good.goes_on()

    def assert_bounded(self, sessions=200, **limits):
        memory, bound = self.memory(), memory_bound(sessions, **limits)
        print(f'RSS at most {memory / MIB:.0f} MiB; the limits allow {bound / MIB:.0f} MiB')
        assert memory < bound


@contextlib.contextmanager
def running(made):
    with made.running():
        made.good = GoodSender(made.relp_port)
        made.good.start()
        try:
            made.good.goes_on()
            yield made
            made.good.goes_on()
        finally:
            made.good.stop()
        assert made.good.lost == 0
        wait_until(lambda: made.count('stored', 'relp') >= made.good.client.answered)
    made.elsectl.run('admin', 'stop')


@pytest.fixture
def attacked(scratch):
    with running(Attacked(scratch)) as made:
        yield made


def send(connection, *pieces):
    """As far as the other side takes it."""
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            connection.sendall(piece)


def relp(number, command, data=b'', length=None):
    return b'%d %s %d%s\n' % (number, command, len(data) if length is None else length, b' ' + data if data else b'')


OPEN = relp(1, b'open', b'relp_version=0\nrelp_software=test\ncommands=syslog')


def wait_for_end(connection):
    """Until the other side has ended it. Returns what it said before."""
    said = b''
    with contextlib.suppress(ConnectionError):
        while data := connection.recv(65536):
            said += data
    return said


# ---- frames ----

@pytest.mark.parametrize('frame, reason', [
    (relp(2, b'syslog', b'<22>x', length=3), 'a line feed must follow the data'),
    (b'2 syslog 9999999999 x', 'data length of more than 9 digits'),
    (b'2 syslog -1 x', 'a data length must follow the command'),
    (b'12345678901 syslog 1 x', 'transaction number of more than 9 digits'),
    (relp(2, b'x' * 33, b''), 'command of more than 32 letters'),
    (relp(2, b'shutdown', b'now'), 'unknown command'),
    (b'GET / HTTP/1.0\r\n\r\n', 'a frame must begin with a transaction number'),
])
def test_a_frame_that_is_no_relp_ends_its_session(attacked, frame, reason):
    with attacked.noticed('refused', 'relp', reason), attacked.connect('relp') as connection:
        send(connection, OPEN, frame)
        wait_for_end(connection)


def endless(connection, total, head=b''):
    send(connection, head, *itertools.repeat(b'x' * 65536, total >> 16))


def test_a_frame_of_huge_length_is_cut(attacked):
    with attacked.noticed('cut', 'relp', 'was cut to 131072 bytes'), attacked.connect('relp') as connection:
        endless(connection, 256 * MIB, OPEN + b'2 syslog %d ' % (256 * MIB))
        connection.sendall(b'\n' + relp(3, b'close'))
        assert b'2 rsp 6 200 OK' in wait_for_end(connection)  # it would send it again for ever
    attacked.assert_bounded()


def test_a_counted_line_of_huge_length_is_cut(attacked):
    with attacked.noticed('cut', 'tcp', 'was cut to 131072 bytes'), attacked.connect('tcp') as connection:
        endless(connection, 64 * MIB, b'999999999 <22>')
    attacked.assert_bounded()


def test_a_line_without_end_is_cut(attacked):
    with attacked.noticed('cut', 'tcp', 'was cut to 131072 bytes'), attacked.connect('tcp') as connection:
        endless(connection, 256 * MIB)
        connection.sendall(b'\n')
    attacked.assert_bounded()


def test_a_stream_that_expands_without_end_is_refused(attacked):
    pack = zlib.compressobj(9)
    bomb = b''.join(pack.compress(bytes(MIB)) for _ in range(512)) + pack.flush()
    with attacked.noticed('refused', 'tcp', 'expands too much'), attacked.connect('compressed') as connection:
        send(connection, bomb)
        wait_for_end(connection)
    attacked.assert_bounded()


def test_all_sessions_hold_half_a_line(attacked):
    """As much as a session can make us keep, by as many sessions as an address may have."""
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            connection = stack.enter_context(attacked.connect('relp'))
            connection.sendall(OPEN + b'2 syslog 131072 ' + b'x' * 131000)
        wait_until(lambda: attacked.metric('else_intake_sessions', kind='relp') == 201)
        attacked.good.goes_on()
        attacked.assert_bounded()


def test_noise_at_all_ports(attacked):
    chance = random.Random(1)
    for kind in itertools.islice(itertools.cycle(attacked.ports), 400):
        with attacked.connect(kind) as connection:
            head = OPEN if kind == 'relp' and chance.random() < 0.5 else b''
            send(connection, head + chance.randbytes(chance.randrange(1, 5000)))
    attacked.good.goes_on()
    wait_until(lambda: attacked.count('refused', 'relp') > 50 and attacked.count('refused', 'relp-tls') > 50)
    attacked.assert_bounded()


# ---- repeats ----

def stamped(number):
    return (b'<22>1 2026-11-22T05:21:39.087984+00:00 mx7 postfix/smtpd 640 - [else@32473 u="%032d" s="%d" b="1"] connect from '
            b'unknown[192.0.2.1]' % (number, number))


@pytest.mark.parametrize('line', [stamped, lambda number: LINE % (b'mx7', number)], ids=['stamped', 'plain'])
def test_a_session_that_is_replayed_is_kept_once(attacked, line):
    session = OPEN + b''.join(relp(2 + i, b'syslog', line(i)) for i in range(1000)) + relp(1002, b'close')

    def play():
        with attacked.connect('relp') as connection:
            send(connection, session)
            assert wait_for_end(connection).count(b'200 OK') == 1001

    play()
    for _ in range(3):
        with attacked.noticed('repeats', 'relp', 'ready', 1000):
            play()


# ---- connections ----

@pytest.fixture
def descriptors():
    """Enough for MANY connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < MANY + 1000:
        pytest.skip(f'needs {MANY + 1000} file descriptors, the hard limit is {hard}')
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, MANY + 1000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_ten_thousand_connections_are_refused_by_default(attacked, descriptors):
    with contextlib.ExitStack() as stack:
        with attacked.noticed('refused', 'relp', f'{HOSTILE} refused: too many sessions from there', MANY - 200):
            for _ in range(MANY):
                stack.enter_context(attacked.connect('relp')).sendall(OPEN)
        assert attacked.metric('else_intake_sessions', kind='relp') == 201
        attacked.assert_bounded()


def test_ten_thousand_connections_are_served_where_the_limits_let_them(scratch, descriptors):
    limits = f'sessions = {MANY + 100}\nsessions_per_address = {MANY}\nline = 8k\nrepeats = 512'
    with running(Attacked(scratch, limits)) as made, contextlib.ExitStack() as stack:
        begun = time.monotonic()
        connections = []
        for number in range(MANY):
            connections.append(stack.enter_context(made.connect('relp')))
            connections[-1].sendall(OPEN + relp(2, b'syslog', LINE % (b'mx7', number)))
        wait_until(lambda: made.metric('else_intake_sessions', kind='relp') == MANY + 1)
        for connection in connections:
            connection.sendall(relp(3, b'close'))
        answers = [wait_for_end(connection) for connection in connections]
        print(f'{MANY:,} connections, a line acknowledged on each: {time.monotonic() - begun:.1f} s')
        assert all(b'2 rsp 6 200 OK' in answer for answer in answers)
        assert made.count('refused', 'relp') == 0
        made.good.goes_on()
        made.assert_bounded(MANY, line=8 << 10, repeats=512)


def test_a_sender_that_does_not_come_to_the_point_is_refused(attacked):
    with attacked.noticed('refused', 'relp', 'it said nothing for too long', 100), contextlib.ExitStack() as stack:
        connections = [stack.enter_context(attacked.connect('relp')) for _ in range(100)]
        for connection in connections:
            send(connection, b'1 ope')
        for connection in connections:
            wait_for_end(connection)


def test_slow_senders_are_served_and_hold_up_nobody(attacked):
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(attacked.connect('relp')) for _ in range(50)]
        for connection in connections:
            connection.sendall(OPEN)
        for byte in relp(2, b'syslog', LINE % (b'mx7', 1)) + relp(3, b'close'):
            for connection in connections:
                connection.sendall(bytes([byte]))
            attacked.good.goes_on()
        assert all(b'2 rsp 6 200 OK' in wait_for_end(connection) for connection in connections)


def test_a_sender_that_takes_no_answers_is_read_no_more(attacked):
    frames = b''.join(relp(2, b'syslog') for _ in range(5000))
    with attacked.connect('relp') as connection:
        connection.settimeout(3)
        connection.sendall(OPEN)
        with pytest.raises(TimeoutError):
            for piece in itertools.repeat(frames, 2000):
                connection.sendall(piece)
        attacked.good.goes_on()
    attacked.assert_bounded()


# ---- TLS ----

def test_half_open_tls_is_ended(attacked):
    with attacked.noticed('refused', 'relp-tls', 'it said nothing for too long', 100), contextlib.ExitStack() as stack:
        connections = [stack.enter_context(attacked.connect('relp-tls')) for _ in range(100)]
        for connection in connections:
            send(connection, b'\x16\x03\x01\x02\x00\x01')
        for connection in connections:
            wait_for_end(connection)


@contextlib.contextmanager
def tls_session(made, folder, name):
    """As client `name` of the CA in the folder; without a certificate when there is no name."""
    context = ssl.create_default_context(cafile=made.certificates / 'ca.crt')
    if name:
        context.load_cert_chain(folder / f'client-{name}.crt', folder / f'client-{name}.key')
    with made.connect('relp-tls', '127.0.0.3') as plain, context.wrap_socket(plain, server_hostname='localhost') as connection:
        yield connection


def refused_by(connection):
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        connection.sendall(OPEN)
        assert connection.recv(1) == b''


def test_a_certificate_of_another_ca_is_refused(attacked):
    foreign = attacked.folder / 'foreign'
    attacked.make_certificates(foreign, ['client', 'mx1.corp.test'])
    with attacked.noticed('refused', 'relp-tls', '127.0.0.3 refused: no TLS connection: its certificate: '):
        with tls_session(attacked, foreign, 'mx1.corp.test') as connection:
            refused_by(connection)


def test_a_certificate_that_no_sender_has_is_refused(attacked):
    with attacked.noticed('refused', 'relp-tls', '127.0.0.3 refused: no sender has its certificate'):
        with tls_session(attacked, attacked.certificates, 'mx9.corp.test') as connection:
            refused_by(connection)


def test_a_client_without_certificate_is_refused(attacked):
    with attacked.noticed('refused', 'relp-tls', 'peer did not return a certificate'):
        with tls_session(attacked, attacked.certificates, None) as connection:
            refused_by(connection)


def test_a_sender_that_lies_about_its_host_is_told_while_its_session_lives(attacked):
    with tls_session(attacked, attacked.certificates, 'mx1.corp.test') as connection:
        connection.sendall(OPEN)
        with attacked.noticed('foreign', 'relp-tls', 'mx1.corp.test may not speak for host mx2.corp.test'):
            connection.sendall(relp(2, b'syslog', LINE % (b'mx2.corp.test', 1)))
        connection.sendall(relp(3, b'syslog', LINE % (b'mx1.corp.test', 1)) + relp(4, b'close'))
        assert b'3 rsp 6 200 OK' in wait_for_end(connection)
    wait_until(lambda: attacked.count('stored', 'relp-tls') == 1)


def test_a_sender_bound_to_its_host_may_send_no_tracking_rows(attacked):
    row = b'2026-03-01T10:00:00.100Z,192.0.2.25,a,192.0.2.80,EX1.other.test,,,SMTP,RECEIVE,1,<a@b.example>,,c@d.test,,1,1,,,,,,,,,,,'
    heads = b'<22>1 2026-11-22T05:21:39Z mx1.corp.test MSGTRK - - - ', b'<22>Nov 22 05:21:39 mx1.corp.test ', b''
    with tls_session(attacked, attacked.certificates, 'mx1.corp.test') as connection:
        connection.sendall(OPEN)
        with attacked.noticed('foreign', 'relp-tls', 'may send no rows of a message tracking log', 4):
            for number, text in enumerate([*(head + row for head in heads), b'#Fields: date-time,event-id']):
                connection.sendall(relp(2 + number, b'syslog', text))
    assert attacked.count('stored', 'relp-tls') == 0
