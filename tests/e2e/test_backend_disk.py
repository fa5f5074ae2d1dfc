"""The disk of the spool is full: nothing is acknowledged that is not kept, and all goes on when there is room again."""

import contextlib
import os
import signal
import subprocess
import threading

import pytest

from backend import Backend, RelpClient
from conftest import BUILD, wait_until
from test_cli_import import assert_same, seen

FULL, GOES_ON = 'the disk of the spool is full: reading stops', 'reading goes on'


@pytest.fixture
def small_disk(scratch):
    folder = scratch / 'disk'
    folder.mkdir()
    done = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=80m,mode=1777', 'none', folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f'a file system cannot be mounted here: {done.stderr.strip()}')
    yield folder
    subprocess.run(['umount', folder], check=True)


@pytest.fixture
def backend(scratch, small_disk):
    made = Backend(scratch)
    made.config.write_text(made.base.replace(f'folder = {made.data}/spool', f'folder = {small_disk}/spool'))
    with made.running():
        yield made
    made.elsectl.run('admin', 'stop')


@pytest.fixture
def log(scratch):
    path = scratch / 'generated.log'
    subprocess.run([BUILD / 'tests' / 'bench' / 'else-generate', '--mails', '1500', '--rate', '20', '--merged', path], check=True)
    return path


def fill(folder):
    with contextlib.suppress(OSError), (folder / 'other').open('wb', buffering=0) as file:
        while True:
            file.write(bytes(65536))


def told(backend, message, times=1):
    wait_until(lambda: (backend.folder / 'log').read_text().count(message) >= times)


def assert_nothing_is_acknowledged(backend, client):
    answered = client.answered
    for _ in range(100):
        assert backend.metric('else_spool_disk_free_bytes') < 16 << 20
    assert client.answered == answered


def test_a_full_disk_holds_up_the_senders_and_loses_nothing(backend, small_disk, log, fresh):
    lines = log.read_bytes().splitlines()
    client = RelpClient(backend.relp_port, lines, window=8)
    sender = threading.Thread(target=client.run, daemon=True)
    sender.start()
    wait_until(lambda: client.answered > 500)
    fill(small_disk)
    told(backend, FULL)
    wait_until(lambda: backend.metric('else_intake_full_stops_total', kind='relp') > 0)
    assert_nothing_is_acknowledged(backend, client)
    backend.stop(signal.SIGKILL)
    backend.start()  # opens the spool without room
    told(backend, FULL, 2)
    assert_nothing_is_acknowledged(backend, client)
    os.unlink(small_disk / 'other')
    told(backend, GOES_ON)
    sender.join(60)
    assert client.answered == len(lines)
    backend.wait_until_idle()
    elsectl = fresh()
    elsectl.run('import', log)
    assert_same(seen(backend.elsectl), seen(elsectl))
