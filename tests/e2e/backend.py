"""The program else-backend with a data folder and ports of its own, and a RELP client that forgets nothing."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from conftest import BUILD, Elsectl, wait_until


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return listener.getsockname()[1]


class Backend:
    def __init__(self, folder, listeners='', extra=''):
        self.folder = folder
        self.data = folder / 'data'
        self.elsectl = Elsectl(self.data)
        self.relp_port, self.tcp_port, self.metrics_port = free_port(), free_port(), free_port()
        self.config = folder / 'else.conf'
        self.base = (f'[backend]\ndata = {self.data}\n[spool]\nfolder = {self.data}/spool\n'
                     f'[metrics]\naddress = 127.0.0.1\nport = {self.metrics_port}\n'
                     f'[listener relp]\nkind = relp\naddress = 127.0.0.1\nport = {self.relp_port}\n'
                     f'[listener tcp]\nkind = tcp\naddress = 127.0.0.1\nport = {self.tcp_port}\n')
        self.config.write_text(self.base + listeners + extra)
        self.process = None

    def start(self):
        self.log = (self.folder / 'log').open('a')
        self.process = subprocess.Popen([BUILD / 'src' / 'backend' / 'else-backend', '-c', self.config],
                                        stdin=subprocess.DEVNULL, stderr=self.log,
                                        env={'PATH': os.environ['PATH'], 'HOME': '/'})
        wait_until(lambda: self.process.poll() is not None or self.get('/livez'))
        assert self.process.poll() is None, (self.folder / 'log').read_text()

    def stop(self, number=signal.SIGTERM):
        if not self.process:
            return None
        self.process.send_signal(number)
        status = self.process.wait(60)
        self.process = None
        self.log.close()
        return status

    @contextlib.contextmanager
    def running(self):
        self.start()
        try:
            yield self
        finally:
            if self.process:
                self.stop()

    def get(self, path):
        """The body, or None when nobody answers or the answer is an error."""
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{self.metrics_port}{path}', timeout=10) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, OSError):
            return None

    def metric(self, name, **labels):
        wanted = name + ('{' + ','.join(f'{k}="{v}"' for k, v in labels.items()) + '}' if labels else '')
        for line in (self.get('/metrics') or '').splitlines():
            if line.startswith(wanted + ' '):
                return float(line.split(' ')[1])
        return None

    def lines(self):
        return sum(self.metric('else_lines_total', result=r) or 0 for r in ('ok', 'ignored', 'unknown'))

    def wait_for_lines(self, n):
        """Until so many were read since the program began, and committed."""
        wait_until(lambda: self.lines() >= n)
        self.wait_until_idle()

    def wait_until_idle(self):
        """Until everything spooled is read and shown."""
        wait_until(lambda: self.metric('else_spool_unread_bytes') == 0 and self.metric('else_all_shown') == 1)

    def send_tcp(self, data):
        with socket.create_connection(('127.0.0.1', self.tcp_port)) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b''

    def report(self, *args):
        return json.loads(self.elsectl.run(*args, '--json').stdout)


class RelpClient:
    """Sends lines in a window, connects again when the server goes, and sends again what was not answered."""

    def __init__(self, port, lines, window=128):
        self.port, self.window = port, window
        self.waiting = list(lines)[::-1]
        self.unanswered = {}
        self.answered = 0
        self.number = 0
        self.connection = None

    def step(self):
        """Sends up to the window and takes one lot of answers; False when all is done."""
        if not self.waiting and not self.unanswered:
            return False
        try:
            if not self.connection:
                self._connect()
            self._send()
            self._receive()
        except OSError:
            self._lose()
        return True

    def run(self):
        while self.step():
            pass
        self.connection.close()

    def _connect(self):
        wait_until(self._reach)
        self.number, self.buffer = 0, b''
        self._command(b'open', b'relp_version=0\nrelp_software=test\ncommands=syslog')

    def _reach(self):
        try:
            self.connection = socket.create_connection(('127.0.0.1', self.port), timeout=60)
        except OSError:
            return False
        return True

    def _command(self, name, data):
        self.number += 1
        self.connection.sendall(b'%d %s %d %s\n' % (self.number, name, len(data), data))
        return self.number

    def _send(self):
        while self.waiting and len(self.unanswered) < self.window:
            line = self.waiting.pop()
            self.unanswered[self.number + 1] = line
            self._command(b'syslog', line)

    def _receive(self):
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionError('closed')
        self.buffer += data
        while (frame := self._frame()) is not None:
            number, text = frame
            if number in self.unanswered:
                assert text.startswith(b'200'), text
                del self.unanswered[number]
                self.answered += 1

    def _frame(self):
        head = self.buffer.split(b' ', 3)
        if len(head) < 4 or b'\n' in head[2]:
            return None
        number, _, length = head[:3]
        begin = len(number) + len(head[1]) + len(length) + 3
        if len(self.buffer) < begin + int(length) + 1:
            return None
        text = self.buffer[begin:begin + int(length)]
        self.buffer = self.buffer[begin + int(length) + 1:]
        return int(number), text

    def _lose(self):
        if self.connection:
            self.connection.close()
        self.connection = None
        self.waiting += [self.unanswered[n] for n in sorted(self.unanswered, reverse=True)]
        self.unanswered = {}
