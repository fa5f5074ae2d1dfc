"""A real rsyslogd with the configuration that elsectl prints, and a receiver that writes down what it sends."""

import contextlib
import fcntl
import pathlib
import socket
import ssl
import subprocess
import termios
import threading
import zlib

from conftest import wait_until

RSYSLOGD = '/usr/sbin/rsyslogd'


class Receiver:
    """Takes one connection after the other and keeps the lines: RELP, or octet-counted in a zlib stream."""

    def __init__(self, tls=None, compressed=False):
        self.tls = tls
        self.read_session = self._read_stream if compressed else self._read_relp
        self.lines = []
        self.peers = []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
        self.listener.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with contextlib.suppress(OSError, EOFError), connection:
                    self._session(connection)

    def _session(self, connection):
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True)
            self.peers.append(connection.getpeercert()['subjectAltName'])
        with connection:
            self.read_session(connection)

    def _read_relp(self, connection):
        file = connection.makefile('rb')
        while True:
            number, command = self._word(file), self._word(file)
            length, end = self._word(file, b' \n', with_end=True)
            data = file.read(int(length)) if end == b' ' else b''
            if end == b' ':
                file.read(1)
            answer = b'200 OK\nrelp_version=0\ncommands=syslog' if command == b'open' else b'200 OK'
            if command == b'syslog':
                self.lines.append(data.decode())
            connection.sendall(b'%s rsp %d %s\n' % (number, len(answer), answer))

    def _word(self, file, ends=b' ', with_end=False):
        word = b''
        while True:
            byte = file.read(1)
            if not byte:
                raise EOFError
            if byte in ends:
                return (word, byte) if with_end else word
            word += byte

    def _read_stream(self, connection):
        unpack = zlib.decompressobj()
        text = b''
        while packed := connection.recv(65536):
            text += unpack.decompress(packed)
            while b' ' in text and len(text) > text.index(b' ') + int(text[:text.index(b' ')]):
                begin = text.index(b' ') + 1
                end = begin + int(text[:begin])
                self.lines.append(text[begin:end].decode())
                text = text[end:]


def server_tls(folder, name):
    """What a receiver needs to ask its clients for certificates of the folder's CA."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=folder / 'ca.crt')
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(folder / f'server-{name}.crt', folder / f'server-{name}.key')
    return tls


class Rsyslogd:
    """The daemon in the foreground, with a log socket and a queue of its own instead of the machine's."""

    def __init__(self, folder, config):
        self.folder = pathlib.Path(folder)
        self.socket = self.folder / 'log'
        self.queue = self.folder / 'queue'
        self.queue.mkdir(exist_ok=True)
        own = (config.replace('/var/spool/postfix/dev/log', str(self.socket))
                     .replace('/var/spool/rsyslog', str(self.queue)))
        assert own.count(str(self.folder)) >= 2
        (self.folder / 'main.conf').write_text('module(load="imuxsock" SysSock.Use="off")\n' + own)

    @contextlib.contextmanager
    def running(self):
        command = [RSYSLOGD, '-n', '-f', self.folder / 'main.conf', '-i', self.folder / 'pid']
        with (self.folder / 'stderr').open('a') as stderr:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)
        try:
            wait_until(lambda: self.socket.exists() or process.poll() is not None)
            assert process.poll() is None, self.stderr()
            yield self
        finally:
            process.terminate()
            process.wait(timeout=60)

    def stderr(self):
        return (self.folder / 'stderr').read_text()

    def log(self, lines):
        """Sends them, and waits until the daemon has read them: what it has not when it stops is lost."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(str(self.socket))
            for line in lines:
                sender.send(line.encode())
            wait_until(lambda: fcntl.ioctl(sender, termios.TIOCOUTQ, bytes(4)) == bytes(4))
