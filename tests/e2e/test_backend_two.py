"""Two daemons with one database: each writes when it has something, and neither waits for the other in vain."""

from backend import Backend
from conftest import wait_until

MAIL = ('2026-11-22T05:21:39.{n:06d}+00:00 mx{n}.corp.test postfix/smtp[7]: A00000{n:02X}: to=<a{n}@example.org>, '
        'relay=mx.example.org[192.0.2.9]:25, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (250 ok)\n')


def make_backend(folder, server):
    folder.mkdir()
    folder.chmod(0o755)
    made = Backend(folder)
    made.config.write_text(made.config.read_text().replace(
        '[backend]\n', f'[backend]\ndatabase = {server.environment["ELSE_DATABASE"]}\n'))
    return made


def test_a_daemon_without_work_gives_way(scratch, fresh):
    server = fresh()
    backends = [make_backend(scratch / name, server) for name in ('first', 'second')]
    with backends[0].running():
        wait_until(lambda: backends[0].metric('else_database_connected') == 1)
        with backends[1].running():
            for n, backend in enumerate([backends[1], backends[0], backends[1]]):
                backend.send_tcp(MAIL.format(n=n).encode())
                wait_until(lambda count=n + 1: server.sql('SELECT count(*) FROM v_delivery') == str(count))
