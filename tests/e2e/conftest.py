"""Fixtures of the end-to-end tests: they drive the real programs from the build folder ELSE_BUILD (default: build)."""

import contextlib
import itertools
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
numbers = itertools.count()
BUILD = pathlib.Path(os.environ.get('ELSE_BUILD', ROOT / 'build')).resolve()


class Elsectl:
    """The program elsectl with one data folder."""

    def __init__(self, data):
        self.path = BUILD / 'src' / 'elsectl' / 'elsectl'
        self.data = pathlib.Path(data)
        self.dbname = 'else'
        self.environment = {'PATH': os.environ['PATH'], 'HOME': '/', 'ELSE_DATA': str(self.data)}

    def start(self, *args, **options):
        """Starts it and does not wait."""
        return subprocess.Popen([self.path, *args], env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    @contextlib.contextmanager
    def running(self, *args, **options):
        """Runs it meanwhile. Whatever happens, it does not go on afterwards."""
        with self.start(*args, **options) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, *args, status=0, **options):
        """Runs it, expects the exit status and returns the finished process with stdout and stderr."""
        done = subprocess.run([self.path, *args], env=self.environment, capture_output=True, text=True,
                              **({'stdin': subprocess.DEVNULL, 'timeout': 60} | options))
        assert done.returncode == status, f'elsectl {args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}'
        return done

    def sql(self, statement):
        """What psql answers to a statement in the running embedded cluster, without padding."""
        done = subprocess.run(['psql', '-h', self.data, '-U', 'else', '-d', self.dbname, '-XAtqc', statement],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def on_database(self, name):
        """The same program on another database, made new, of the same cluster."""
        other = Elsectl(self.data)
        self.sql(f'CREATE DATABASE {name}')
        other.dbname = name
        other.environment['ELSE_DATABASE'] = f'host={self.data} user=else dbname={name}'
        return other

    def rows(self, table, columns='*'):
        """All rows of a table or view, ordered by themselves."""
        return self.sql(f'SELECT {columns} FROM {table} AS x ORDER BY x::text').splitlines()

    def server_pid(self):
        """The process that runs the embedded cluster, or None."""
        try:
            return int((self.data / 'pg' / 'postmaster.pid').read_text().split('\n')[0])
        except FileNotFoundError:
            return None


def make_scratch():
    """An empty folder that other users can enter (pytest's own tmp_path is closed to the service user)."""
    path = pathlib.Path(tempfile.mkdtemp(prefix='else-e2e-', dir='/tmp'))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def wait_until(condition, seconds=60):
    """Asks until the answer is true; for conditions that cost a program or a query each time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, 'waited in vain'


scratch = pytest.fixture(make_scratch, name='scratch')
shared_scratch = pytest.fixture(make_scratch, name='shared_scratch', scope='module')


@pytest.fixture
def data_dir(scratch):
    """A data folder that does not exist yet. Its cluster is stopped in the end."""
    path = scratch / 'data'
    yield path
    if (path / 'pg').exists():
        Elsectl(path).run('admin', 'stop')


@pytest.fixture
def elsectl(data_dir):
    return Elsectl(data_dir)


@pytest.fixture(scope='module')
def cluster_of_module(shared_scratch):
    """An embedded cluster for the fresh databases of a module's tests."""
    elsectl = Elsectl(shared_scratch / 'data')
    elsectl.run('admin', 'start')
    yield elsectl
    elsectl.run('admin', 'stop')


@pytest.fixture
def fresh(cluster_of_module):
    """Makes elsectl on a database of its own, as often as it is called."""
    return lambda: cluster_of_module.on_database(f'test_{next(numbers)}')
