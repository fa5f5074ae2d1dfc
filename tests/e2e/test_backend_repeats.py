"""Lines that come to else-backend twice, as after a reconnect that it could not see through: they count once."""

import lzma
import random
import subprocess

import pytest

from backend import Backend
from conftest import BUILD, ROOT
from test_cli_import import assert_same, seen

OLD_STYLE = ROOT / 'tests' / 'data' / 'three' / 'incoming-3164.log.xz'  # whole seconds, short queue ids


def generated(path):
    subprocess.run([BUILD / 'tests' / 'bench' / 'else-generate', '--mails', '800', '--rate', '5', '--merged', path], check=True)
    return path.read_bytes().splitlines()


@pytest.fixture(scope='module', params=['3164', 'iso'])
def log(request, shared_scratch):
    path = shared_scratch / f'{request.param}.log'
    if request.param == 'iso':
        return path, generated(path)
    path.write_bytes(lzma.open(OLD_STYLE).read())
    return path, path.read_bytes().splitlines()


@pytest.fixture(scope='module')
def imported(cluster_of_module, log):
    path, _ = log
    elsectl = cluster_of_module.on_database(f'imported_{path.stem}')
    elsectl.run('import', path)
    return seen(elsectl)


def with_repeats(lines, back, seed):
    """Ten times a run of up to 512 lines comes again, its last line `back` lines late."""
    chance = random.Random(seed)
    ends = sorted(chance.sample(range(512, len(lines) - back), 10), reverse=True)
    sent = list(lines)
    for end in ends:
        sent[end + back:end + back] = lines[end - chance.randrange(1, 512):end]
    return sent


@pytest.fixture
def backend(scratch):
    made = Backend(scratch)
    yield made
    made.elsectl.run('admin', 'stop')


@pytest.mark.parametrize('back', [100, 9000])
def test_a_run_of_lines_that_comes_again_counts_once(backend, log, imported, back):
    path, lines = log
    if path.stem == '3164' and back == 100:
        pytest.skip('within one second of such stamps nothing tells a repeat from an equal line')
    sent = with_repeats(lines, back, seed=back)
    with backend.running():
        backend.send_tcp(b''.join(line + b'\n' for line in sent))
        backend.wait_for_lines(len(sent))
    backend.elsectl.run('admin', 'start')
    assert_same(seen(backend.elsectl), imported)


def test_a_run_of_lines_that_comes_again_after_a_restart_counts_once(backend, log, imported):
    _, lines = log
    sent, half = with_repeats(lines, 3000, seed=1), len(lines) // 2
    for part in (sent[:half], sent[half - 2000:]):
        with backend.running():
            backend.send_tcp(b''.join(line + b'\n' for line in part))
            backend.wait_until_idle()
    backend.elsectl.run('admin', 'start')
    assert_same(seen(backend.elsectl), imported)
