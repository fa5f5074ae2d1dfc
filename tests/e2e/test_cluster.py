"""The embedded PostgreSQL cluster, started on demand by elsectl."""

import errno
import os
import pwd
import signal
import subprocess

import pytest

from conftest import Elsectl

as_root = pytest.mark.skipif(os.geteuid() != 0, reason='needs root')


def owner(path):
    return pwd.getpwuid(os.stat(path).st_uid).pw_name


def expected_user():
    return 'else' if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture(scope='module')
def cluster(shared_scratch):
    """One cluster for the cases that leave it usable, made by two programs at once in a hostile environment."""
    elsectl = Elsectl(shared_scratch / 'data')
    elsectl.environment |= {'PGDATA': '/nowhere', 'PGPORT': '1', 'PGDATABASE': 'x', 'PGUSER': 'x', 'LC_ALL': 'xx'}
    for program in [elsectl.start('admin', 'start') for _ in range(2)]:
        _, stderr = program.communicate(timeout=60)
        assert program.returncode == 0, stderr
    yield elsectl
    elsectl.run('admin', 'stop')


def test_is_one_and_belongs_to_the_service_user(cluster):
    pid = cluster.server_pid()
    assert owner(f'/proc/{pid}') == expected_user()
    assert owner(cluster.data) == expected_user()
    assert cluster.data.stat().st_mode & 0o777 == 0o700
    assert cluster.sql('SHOW listen_addresses') == ''
    assert cluster.sql('SELECT current_user') == 'else'


def test_runs_on_until_it_is_stopped(cluster):
    cluster.run('admin', 'start')
    pid = cluster.server_pid()
    assert os.getsid(pid) == pid
    cluster.run('admin', 'start')
    assert cluster.server_pid() == pid
    assert str(pid) in cluster.run('admin', 'status').stdout
    cluster.run('admin', 'stop')
    assert cluster.server_pid() is None


def test_survives_kill_9(cluster):
    cluster.run('admin', 'start')
    cluster.sql('CREATE TABLE kept (n int); INSERT INTO kept SELECT generate_series(1, 1000)')
    os.kill(cluster.server_pid(), signal.SIGKILL)
    cluster.run('admin', 'start')
    assert cluster.sql('SELECT count(*) FROM kept') == '1000'


def test_of_another_version_is_refused_with_both_versions(cluster):
    cluster.run('admin', 'start')
    installed = cluster.sql('SHOW server_version').split('.')[0]
    cluster.run('admin', 'stop')
    version = cluster.data / 'pg' / 'PG_VERSION'
    version.write_text('13\n')
    message = cluster.run('admin', 'start', status=3).stderr
    version.write_text(f'{installed}\n')
    assert 'made by PostgreSQL 13' in message and 'postgresql-13' in message
    assert f'installed is version {installed}' in message


@as_root
def test_root_gives_away_no_folder_that_holds_something(scratch):
    letter = scratch / 'letter'
    letter.write_text('Dear')
    message = Elsectl(scratch).run('admin', 'start', status=3).stderr
    assert f'{scratch} belongs to root and is not empty' in message
    assert owner(scratch) == owner(letter) == 'root'


@as_root
def test_root_becomes_the_owner_of_the_folder(elsectl):
    elsectl.data.mkdir()
    nobody = pwd.getpwnam('nobody')
    os.chown(elsectl.data, nobody.pw_uid, nobody.pw_gid)
    elsectl.run('admin', 'start')
    assert owner(f'/proc/{elsectl.server_pid()}') == 'nobody'


@as_root
def test_in_a_closed_folder_names_the_folder(scratch, elsectl):
    scratch.chmod(0o700)
    message = elsectl.run('admin', 'start', status=3).stderr
    assert f'{scratch} belongs to user root (mode 0700)' in message
    assert not (elsectl.data / 'pg').exists()


@pytest.fixture
def small_disk(scratch):
    """A file system of 70 MB: enough for a new cluster, which takes 45."""
    path = scratch / 'disk'
    path.mkdir()
    mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=70m', 'tmpfs', path], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip('may not mount')
    yield path
    if (path / 'data' / 'pg').exists():
        Elsectl(path / 'data').run('admin', 'stop')
    subprocess.run(['umount', path], check=True)


def fill(folder):
    with open(folder / 'filler', 'wb', buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC


@as_root
def test_on_a_full_disk_says_so_and_leaves_nothing(small_disk):
    elsectl = Elsectl(small_disk / 'data')
    elsectl.run('admin', 'status')
    fill(small_disk)
    message = elsectl.run('admin', 'start', status=3).stderr
    assert f'the disk with {elsectl.data} is full (0 MB free)' in message
    assert not (elsectl.data / 'pg').exists()
    assert not (elsectl.data / 'pg.new').exists()


@as_root
def test_starts_again_when_the_full_disk_has_room(small_disk):
    elsectl = Elsectl(small_disk / 'data')
    elsectl.run('admin', 'start')
    elsectl.sql('CREATE TABLE kept AS SELECT 42 AS n')
    os.kill(elsectl.server_pid(), signal.SIGKILL)
    fill(small_disk)
    message = elsectl.run('admin', 'start', status=3).stderr
    assert f'the disk with {elsectl.data} is full (0 MB free)' in message
    (small_disk / 'filler').unlink()
    elsectl.run('admin', 'start')
    assert elsectl.sql('SELECT n FROM kept') == '42'
