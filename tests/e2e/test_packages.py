"""The Debian packages, from the build to the purge, on a Debian 12 that runs systemd. A test may use what the ones
before it left, as a server does: removal and purge come last. ELSE_DEBS names a folder with packages that are built."""

import datetime
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

import machine as machines
from conftest import ROOT, wait_until

WHY_NOT = machines.why_not()
pytestmark = [pytest.mark.skipif(WHY_NOT != '', reason=WHY_NOT), pytest.mark.timeout(900)]

CONFIG = 'etc/else/else.conf'
OURS = '# of the administrator\n'
PAGES = ('elsectl.1', 'else.conf.5', 'else-backend.8')
LINES = """\
{now} mx1 postfix/smtpd[11]: {qid}: client=mail.partner.example[192.0.2.10]
{now} mx1 postfix/cleanup[12]: {qid}: message-id=<{qid}@partner.example>
{now} mx1 postfix/qmgr[13]: {qid}: from=<a@partner.example>, size=1234, nrcpt=1 (queue active)
{now} mx1 postfix/lmtp[14]: {qid}: to=<b@acme.example>, relay=mx1[private/lmtp], delay=0.1, delays=0/0/0/0, dsn=2.0.0, \
status=sent (250 2.0.0 OK)
{now} mx1 postfix/qmgr[13]: {qid}: removed
"""
SEND = 'import sys, backend; backend.RelpClient(2514, sys.stdin.buffer.read().splitlines()).run()'


@pytest.fixture(scope='module')
def folder():
    """Not in /tmp, which may be memory."""
    with tempfile.TemporaryDirectory(prefix='else-packages-', dir='/var/tmp') as name:
        yield pathlib.Path(name)


@pytest.fixture(scope='module')
def debs(folder):
    """The packages, without those of debug symbols."""
    built = pathlib.Path(os.environ.get('ELSE_DEBS', folder / 'debs'))
    if 'ELSE_DEBS' not in os.environ:
        subprocess.run([ROOT / 'packaging' / 'build-debs', built], check=True)
    return sorted(path for path in built.glob('*.deb') if '-dbgsym_' not in path.name)


@pytest.fixture(scope='module')
def fresh_machine(folder, debs):
    with machines.Machine(folder).booted(machines.base_with(debs)) as machine:
        yield machine


def put(machine, debs):
    (machine.root / 'debs').mkdir(exist_ok=True)
    for deb in debs:
        shutil.copy(deb, machine.root / 'debs')
    return [f'/debs/{deb.name}' for deb in debs]


@pytest.fixture(scope='module')
def machine(fresh_machine, debs):
    """With the packages, as apt installs them and all that they need."""
    fresh_machine.apt('install', *put(fresh_machine, debs))
    return fresh_machine


def newer(deb, folder):
    """The same package as a later version."""
    tree = folder / 'newer' / deb.stem
    tree.parent.mkdir(exist_ok=True)
    subprocess.run(['dpkg-deb', '--raw-extract', deb, tree], check=True)
    control = tree / 'DEBIAN' / 'control'
    control.write_text(re.sub(r'(^Version: |else-tools \(= )([^\n)]+)', r'\1\2+1', control.read_text(), flags=re.M))
    path = folder / deb.name.replace('_', '_newer_', 1)
    subprocess.run(['dpkg-deb', '--root-owner-group', '--build', tree, path], check=True, stdout=subprocess.DEVNULL)
    return path


def send(machine, qid):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    lines = machine.root.parent / 'lines'
    lines.write_text(LINES.format(now=now, qid=qid))
    with lines.open() as file:
        machine.run_outside(sys.executable, '-c', SEND, stdin=file,
                            env=os.environ | {'PYTHONPATH': str(ROOT / 'tests' / 'e2e')})


def is_found(machine, qid):
    return machine.run('elsectl', 'search', f'qid:{qid}', status=None).returncode == 0


def property_of(machine, unit, name):
    return machine.read('systemctl', 'show', '--property', name, '--value', unit)


def wait_until_active(machine):
    wait_until(lambda: property_of(machine, 'else-backend', 'ActiveState') == 'active')


def server_pid(machine):
    return machine.read('head', '-n', '1', '/var/lib/else/pg/postmaster.pid')


def processes(machine):
    return machine.read('find', '/proc', '-maxdepth', '1', '-user', 'else')


def files(machine):
    """With our name, and not put there by a fixture."""
    return machine.read('find', '/', '-xdev', '-regex', r'.*[-/.]else\([-._/].*\|ctl.*\)?', '-not', '-path', '/debs*')


def test_lintian_has_nothing_to_say(debs):
    done = subprocess.run(['lintian', '--fail-on', 'error,warning', *debs], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, '')


def test_the_version_is_that_of_the_build(machine):
    version = re.search(r"version: '(.*?)'", (ROOT / 'meson.build').read_text())[1]
    assert machine.read('elsectl', '--version') == f'elsectl {version}'
    assert machine.read('else-backend', '--version') == f'else-backend {version}'
    assert machine.read('dpkg-query', '-W', '-f', '${Version}', 'else-backend') == version
    assert machine.read('elsectl', '--help').startswith('usage: elsectl')


@pytest.mark.parametrize('page', PAGES)
def test_each_manual_is_there(machine, page):
    assert (machine.root / f'usr/share/man/man{page[-1]}/{page}.gz').exists()


def test_systemd_finds_nothing_wrong_with_the_units(machine):
    done = machine.run('systemd-analyze', 'verify', '--man=no', 'else-backend.service', 'else-database.service')
    assert done.stderr == ''


def test_it_runs_at_once_and_is_started_at_boot(machine):
    wait_until_active(machine)
    assert machine.read('systemctl', 'is-enabled', 'else-backend') == 'enabled'
    assert machine.read('else-backend', '-t') == f'/{CONFIG} is good'


def test_only_this_machine_can_reach_it(machine):
    ours = [line.split() for line in machine.read('ss', '-Hltunp').splitlines() if '"else-backend"' in line]
    assert [fields[4] for fields in ours] == ['127.0.0.1:2514']


def test_nothing_of_it_runs_as_root(machine):
    pid = property_of(machine, 'else-backend', 'MainPID')
    assert machine.read('stat', '-c', '%U', f'/proc/{pid}') == 'else'
    assert machine.read('stat', '-c', '%U:%G %a', '/var/lib/else') == 'else:else 700'


def test_a_password_in_the_configuration_is_for_its_user_alone(machine):
    assert machine.read('stat', '-c', '%U:%G %a', f'/{CONFIG}') == 'root:else 640'


def test_a_reload_reads_the_configuration(machine):
    machine.run('systemctl', 'reload', 'else-backend')
    wait_until(lambda: f'/{CONFIG} is in use' in machine.read('journalctl', '--unit', 'else-backend'))


def test_a_line_is_found(machine):
    send(machine, '3F1A2B4C5D')
    wait_until(lambda: is_found(machine, '3F1A2B4C5D'))


def test_the_cluster_that_debian_makes_is_not_in_the_way(machine):
    assert machine.read('pg_lsclusters', '-h').split()[:4] == ['15', 'main', '5432', 'online']
    assert '"running"' in machine.read('elsectl', 'admin', 'status', '--json')
    assert property_of(machine, 'else-database', 'ActiveState') == 'active'


def test_a_reinstallation_keeps_a_changed_configuration(machine, debs):
    with (machine.root / CONFIG).open('a') as config:
        config.write(OURS)
    machine.apt('install', '--reinstall', *put(machine, debs))
    assert (machine.root / CONFIG).read_text().endswith(OURS)


def test_an_upgrade_restarts_the_daemon_and_not_the_database(machine, debs, folder):
    daemon, database = property_of(machine, 'else-backend', 'MainPID'), server_pid(machine)
    machine.apt('install', *put(machine, [newer(deb, folder) for deb in debs]))
    wait_until_active(machine)
    assert property_of(machine, 'else-backend', 'MainPID') != daemon
    assert server_pid(machine) == database
    assert (machine.root / CONFIG).read_text().endswith(OURS)
    assert machine.read('stat', '-c', '%U:%G %a', f'/{CONFIG}') == 'root:else 640'
    assert is_found(machine, '3F1A2B4C5D')


def test_with_a_server_of_ones_own_the_private_database_stays_off(machine):
    url = 'dbname=else user=else host=/var/run/postgresql'
    config = (machine.root / CONFIG).read_text()
    machine.run('runuser', '-u', 'postgres', '--', 'createuser', 'else')
    machine.run('runuser', '-u', 'postgres', '--', 'createdb', '-O', 'else', 'else')
    machine.run('systemctl', 'stop', 'else-backend', 'else-database')
    (machine.root / CONFIG).write_text(config.replace('[backend]\n', f'[backend]\ndatabase = {url}\n'))
    machine.run('systemctl', 'start', 'else-backend')
    send(machine, '3F1A2B4C5E')
    wait_until(lambda: machine.run('runuser', '-u', 'else', '--', 'elsectl', '--database', url, 'search',
                                   'qid:3F1A2B4C5E', status=None).returncode == 0)
    assert property_of(machine, 'else-database', 'ActiveState') == 'inactive'
    (machine.root / CONFIG).write_text(config)
    machine.run('systemctl', 'restart', 'else-backend')
    wait_until(lambda: is_found(machine, '3F1A2B4C5D'))


def test_a_removal_stops_all_of_it_and_keeps_what_it_knew(machine):
    machine.apt('remove', 'else-backend', 'else-tools')
    assert processes(machine) == ''
    assert f'/{CONFIG}' in files(machine).splitlines()
    assert (machine.root / 'var/lib/else/pg').exists()
    assert not (machine.root / 'usr/bin/elsectl').exists()


def test_what_was_kept_is_there_after_a_new_installation(machine, debs):
    machine.apt('install', *put(machine, debs))
    wait_until(lambda: is_found(machine, '3F1A2B4C5D'))


def test_a_purge_leaves_nothing(machine):
    machine.apt('purge', 'else-backend', 'else-tools')
    assert processes(machine) == ''
    assert files(machine) == ''
