"""A Debian 12 of its own, booted with systemd in namespaces, to install packages in as on a new server. What it is
made of is kept in build/check; where it comes from is what apt of this machine says."""

import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import pytest

from conftest import ROOT, wait_until

CACHE = ROOT / 'build' / 'check'
PROGRAMS = ('mmdebstrap', 'systemd-nspawn', 'unshare', 'nsenter', 'setpriv')
NSPAWN = ('systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--private-network', '--machine=else-test')
SUITE = 'bookworm'
INCLUDE = 'systemd-sysv,dbus,iproute2'


def read(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def why_not():
    """Why there can be no such machine here; empty when there can."""
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        return f'not installed: {", ".join(missing)}'
    if os.geteuid() != 0:
        return 'only root may make namespaces, mounts and users of another system'
    tried = subprocess.run(['unshare', '--mount', '--pid', '--net', '--fork', 'mount', '-t', 'tmpfs', 'none', '/mnt'],
                           capture_output=True, text=True)
    if tried.returncode:
        return f'no namespaces with mounts here: {tried.stderr.strip()}'
    if not any(f' {SUITE} ' in line for line in sources()):
        return f'apt of this machine knows no {SUITE}'
    return ''


def sources():
    """Where this machine has Debian from, as lines of a sources.list."""
    targets = read('apt-get', 'indextargets', '--format', '$(SITE) $(RELEASE) $(COMPONENT)',
                   'Created-By: Packages', 'Origin: Debian')
    return sorted({f'deb {line}' for line in targets.splitlines()})


def apt_settings():
    """How this machine reaches it: a proxy, what is said of dates."""
    lines = read('apt-config', 'dump', '--format', '%F "%v";%n').splitlines()
    return [line for line in lines if re.match(r'Acquire::(Check|http|https|Retries|Languages)', line)]


def base_with(debs):
    """A tar file with Debian and all that apt would fetch for the packages, which are not installed."""
    needs = [read('dpkg-deb', '--field', deb, 'Depends', 'Recommends') for deb in debs]
    name = hashlib.sha256('\n'.join([INCLUDE, *sources(), *needs]).encode()).hexdigest()[:16]
    base = CACHE / f'debian-{name}.tar'
    if not base.exists():
        for old in CACHE.glob('debian-*.tar'):
            old.unlink()
        make_base(base, debs)
    return base


def make_base(base, debs):
    apt = 'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -q --yes --install-recommends'
    with tempfile.TemporaryDirectory() as folder:
        settings, unfinished = pathlib.Path(folder) / 'apt.conf', base.with_suffix('.new.tar')
        settings.write_text('\n'.join(apt_settings()) + '\n')
        made = subprocess.run(
            ['mmdebstrap', '--quiet', '--variant=minbase', f'--include={INCLUDE}', f'--aptopt={settings}',
             '--skip=cleanup/apt', f'--customize-hook={apt} clean',
             f'--customize-hook={apt} --download-only install {" ".join(map(str, debs))}',
             SUITE, unfinished, '-'], input='\n'.join(sources()) + '\n', capture_output=True, text=True)
        if made.returncode and 'Unable to fetch' in made.stderr + made.stdout:
            pytest.skip(f'Debian cannot be fetched here: {made.stderr[-500:]}')
        assert made.returncode == 0, made.stderr
        unfinished.rename(base)


class Machine:
    """Has no network but its own loopback."""

    def __init__(self, folder):
        self.root = folder / 'root'
        self.console = folder / 'console'

    @contextlib.contextmanager
    def booted(self, base):
        self.root.mkdir()
        subprocess.run(['tar', '-xf', base, '-C', self.root], check=True)
        tried = subprocess.run([*NSPAWN, f'--directory={self.root}', '/bin/true'], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True)
        if tried.returncode:
            pytest.skip(f'nothing can be started in namespaces here: {tried.stderr.strip()}')
        with self.console.open('w') as console:
            self.process = subprocess.Popen(
                ['setpriv', '--pdeathsig', 'TERM', *NSPAWN, '--boot', f'--directory={self.root}'],
                stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)
        try:
            wait_until(self._is_up_or_gone)
            assert self.process.poll() is None, self.console.read_text()
            yield self
        finally:
            self.process.send_signal(signal.SIGTERM)  # which nspawn takes for: power off
            self.process.wait(90)

    def _is_up_or_gone(self):
        asked = self.process.poll() is None and self.run('systemctl', 'is-system-running', status=None)
        return not asked or asked.stdout.strip() in ('running', 'degraded')

    def _first(self):
        """The number of its first process, as we see it. At the start there is another one for a moment."""
        return pathlib.Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children').read_text().split()[-1:]

    def enter(self, *command, status=0, own=('--all', '--root', '--wd'), **options):
        done = subprocess.run(['nsenter', '--target', *(self._first() or ['0']), *own, *command], capture_output=True,
                              text=True, timeout=300, **({'stdin': subprocess.DEVNULL} | options))
        assert status in (None, done.returncode), f'{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}'
        return done

    def run(self, *command, status=0):
        """Runs it as root in the machine and expects the exit status (None: any)."""
        environment = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LC_ALL=C.UTF-8',
                       'DEBIAN_FRONTEND=noninteractive']
        return self.enter(*environment, *command, status=status)

    def apt(self, *args):
        return self.run('apt-get', '-q', '--yes', *args)

    def read(self, *command):
        return self.run(*command).stdout.strip()

    def run_outside(self, *command, **options):
        """Runs a program of this machine in the network of the other one."""
        return self.enter(*command, own=('--net',), **options)
