"""Exchange message tracking logs that reach else-backend live, as syslog text or as a file that grows: the rows of an
import of the same file."""

import pytest

from backend import Backend, RelpClient
from conftest import ROOT, wait_until
from test_cli_import import assert_same, seen

GOLDEN = ROOT / 'tests' / 'golden' / 'exchange'
# In version 2013, a subject with a line break in it, and behind it a row that somebody has put into a subject.
BROKEN = ('2026-03-01T10:05:00.000Z,192.0.2.25,mx1.example.com,192.0.2.80,EX1.example.com,08DE77A0A1B2C3E4;;0,EX1\\Default,'
          'SMTP,RECEIVE,4790,<broken@example.org>,0a1b2c3d-0000-4000-8000-000000000090,bert@example.com,,5120,1,,,"Two\r\n'
          '2026-03-01T10:05:00.001Z,,,,EX1.example.com,,,SMTP,RECEIVE,4791,<forged@example.org>,,x@example.com,,1,1,,,,,,,,,,,\r\n'
          'three",anna@example.org,anna@example.org,0cA: ,Incoming,,203.0.113.5,192.0.2.80,\r\n')


@pytest.fixture
def tracking_log(version, scratch):
    path = scratch / 'MSGTRK20260301-1.LOG'
    text = (GOLDEN / f'{version}.log').read_bytes().replace(b'\r\n', b'\n').replace(b'\n', b'\r\n')
    path.write_bytes(text + (BROKEN.encode() if version == 'version_2013' else b''))
    return path


@pytest.fixture
def imported(fresh, tracking_log):
    elsectl = fresh()
    elsectl.run('import', tracking_log)
    rows = seen(elsectl)
    assert rows['v_hop'] and '4791' not in str(rows['v_hop'])
    return rows


@pytest.fixture
def backend(scratch):
    made = Backend(scratch, f'[listener exchange]\nkind = follow\npath = {scratch}/followed.log\n')
    with made.running():
        yield made
    made.elsectl.run('admin', 'stop')


@pytest.mark.parametrize('version', ['version_2007', 'version_2013'])
def test_a_tracking_log_that_is_followed(backend, tracking_log, imported):
    text = tracking_log.read_bytes()
    half = text.index(b'\r\n', len(text) // 2) + 2
    followed = backend.folder / 'followed.log'
    followed.write_bytes(text[:half])
    backend.wait_for_lines(1)
    with followed.open('ab') as file:
        file.write(text[half:])
    wait_until(lambda: backend.metric('else_intake_stored_total', kind='file') == text.count(b'\n'))
    backend.wait_until_idle()
    assert_same(seen(backend.elsectl), imported)


HEADS = {
    'rfc5424': b'<134>1 2026-11-22T05:21:39.087984+00:00 EX1 MSGTRK - - - ',
    'rfc3164': b'<134>Nov 22 05:21:39 EX1 MSGTRK: ',
    'without a tag': b'<134>Nov 22 05:21:39 EX1 ',
    'raw': b'',
}


@pytest.mark.parametrize('version', ['version_2013'])
@pytest.mark.parametrize('head, with_fields', [
    ('rfc5424', True), ('rfc5424', False), ('rfc3164', True), ('without a tag', False), ('raw', True)])
def test_a_tracking_log_as_syslog_text(backend, tracking_log, imported, head, with_fields):
    lines = [line for line in tracking_log.read_bytes().splitlines() if with_fields or not line.startswith(b'#')]
    RelpClient(backend.relp_port, [HEADS[head] + line for line in lines]).run()
    backend.wait_for_lines(1)
    assert_same(seen(backend.elsectl), imported)
