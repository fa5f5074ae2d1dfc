"""elsectl admin certificates and rsyslog-config: the sender's side, with OpenSSL and a real rsyslogd as the peers."""

import datetime
import hashlib
import json
import os
import pathlib
import pwd
import re
import shutil
import socket
import ssl
import stat
import subprocess

import pytest

from conftest import ROOT, Elsectl, wait_until
from rsyslog_sender import RSYSLOGD, Receiver, Rsyslogd, server_tls

needs_rsyslog = pytest.mark.skipif(not pathlib.Path(RSYSLOGD).exists(), reason='needs rsyslogd')


@pytest.fixture
def folder(scratch):
    return scratch / 'certificates'


@pytest.fixture
def admin(elsectl, folder):
    """Runs elsectl admin certificates on the folder."""
    return lambda *args, **options: elsectl.run('admin', 'certificates', '--out', folder, *args, **options)


@pytest.fixture(scope='module')
def made(shared_scratch):
    """A CA with a server and a client, for the tests that only look at them."""
    folder = shared_scratch / 'certificates'
    elsectl = Elsectl(shared_scratch / 'data')
    for what in (['ca'], ['server', 'localhost', '127.0.0.1', '2001:db8::7'], ['client', 'mx1.example.com']):
        elsectl.run('admin', 'certificates', '--out', folder, *what)
    return folder


def tls_context(folder, own, purpose):
    context = ssl.create_default_context(purpose, cafile=folder / 'ca.crt')
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / f'{own}.crt', folder / f'{own}.key')
    return context


def handshake(folder, server='server-localhost', client='client-mx1.example.com', name='localhost'):
    """Both ends in memory, each with its certificate: (what the server saw, what the client saw)."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [tls_context(folder, client, ssl.Purpose.SERVER_AUTH).wrap_bio(to_client, to_server, server_hostname=name),
            tls_context(folder, server, ssl.Purpose.CLIENT_AUTH).wrap_bio(to_server, to_client, server_side=True)]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
    return ends[1].getpeercert(), ends[0].getpeercert()


def facts(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def key_of(path):
    return (path.parent / (path.name[:-4] + '.key')).read_bytes()


# ---- certificates ----

def test_server_and_client_trust_each_other_by_name_and_by_address(made):
    for name in ('localhost', '127.0.0.1', '2001:db8::7'):
        client, server = handshake(made, name=name)
        assert client['subjectAltName'] == (('DNS', 'mx1.example.com'),)
        assert server['subjectAltName'][:2] == (('DNS', 'localhost'), ('IP Address', '127.0.0.1'))


@pytest.mark.parametrize('wrong', [{'name': 'else.example.com'}, {'server': 'client-mx1.example.com'},
                                   {'client': 'server-localhost'}])
def test_nobody_passes_for_somebody_else(made, wrong):
    with pytest.raises(ssl.SSLError):
        handshake(made, **wrong)


def test_certificates_of_another_ca_are_refused(made, admin, folder):
    admin('ca')
    admin('client', 'mx1.example.com')
    shutil.copy(made / 'ca.crt', folder)
    for suffix in ('crt', 'key'):
        shutil.copy(made / f'server-localhost.{suffix}', folder)
    with pytest.raises(ssl.SSLError):
        handshake(folder)


def test_keys_are_readable_by_their_owner_alone_whatever_the_umask(scratch, elsectl, folder):
    command = f'umask 0; for what in ca "server localhost" "client mx1"; do "{elsectl.path}" admin certificates $what ' \
              f'--out "{folder}"; done'
    subprocess.run(['bash', '-c', command], env=elsectl.environment, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {'ca.crt': 0o644, 'ca.key': 0o600, 'server-localhost.crt': 0o644, 'server-localhost.key': 0o600,
                     'client-mx1.crt': 0o644, 'client-mx1.key': 0o600}


@pytest.mark.skipif(os.geteuid() != 0 or 'else' not in [user.pw_name for user in pwd.getpwall()],
                    reason='needs root and the user else')
def test_the_receivers_user_can_read_its_key_and_no_other(made):
    owners = {path.name: pwd.getpwuid(path.stat().st_uid).pw_name for path in made.glob('*.key')}
    assert owners == {'ca.key': 'root', 'client-mx1.example.com.key': 'root', 'server-localhost.key': 'else'}


def test_prints_path_fingerprint_and_end(admin, folder):
    admin('ca')
    text = admin('server', 'Else.Example.COM', '192.0.2.7').stdout
    pem = (folder / 'server-else.example.com.crt').read_text()
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
    assert text.startswith(f'{folder}/server-else.example.com.crt\n')
    assert 'else.example.com 192.0.2.7\n' in text
    assert 'sha256:' + ':'.join(re.findall('..', digest)) in text
    assert ' UTC, 1095 days left\n' in text
    assert f'{folder}/server-else.example.com.key\n' in text


def test_days_and_json(admin):
    now = datetime.datetime.now(datetime.timezone.utc)
    (ca,) = facts(admin('--json', 'ca', '--days', '20'))
    assert (ca['kind'], ca['days_left']) == ('ca', 20)
    ends = datetime.datetime.fromisoformat(ca['ends'].replace('Z', '+00:00'))
    assert abs(ends - now - datetime.timedelta(days=20)) < datetime.timedelta(minutes=2)


def test_each_certificate_has_a_serial_number_of_its_own(admin, folder):
    admin('ca')
    admin('server', 'localhost')
    serials = set()
    for name in ('a', 'b', 'c'):
        admin('client', name)
        serials.add(handshake(folder, client=f'client-{name}')[0]['serialNumber'])
    assert len(serials) == 3
    assert all(len(serial) == 40 for serial in serials)


def test_nothing_is_overwritten_unless_asked(admin, folder):
    admin('ca')
    admin('client', 'mx1')
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for what in (['ca'], ['client', 'mx1'], ['client', 'MX1']):
        assert 'is there already; --force' in admin(*what, status=3).stderr
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    (folder / 'client-mx1.crt').unlink()
    assert 'client-mx1.key is there already' in admin('client', 'mx1', status=3).stderr


def test_force_makes_all_new_and_keep_key_only_the_certificate(admin, folder):
    admin('ca')
    admin('client', 'mx1')
    certificate = folder / 'client-mx1.crt'
    first = certificate.read_bytes(), key_of(certificate)
    admin('client', 'mx1', '--force', '--keep-key')
    second = certificate.read_bytes(), key_of(certificate)
    admin('client', 'mx1', '--force')
    third = certificate.read_bytes(), key_of(certificate)
    assert second[0] != first[0] and second[1] == first[1]
    assert third[0] not in (first[0], second[0]) and third[1] != first[1]
    assert not [path for path in folder.iterdir() if path.suffix not in ('.crt', '.key')]


def test_a_renewed_ca_still_stands_for_what_it_signed(admin, folder):
    admin('ca', '--days', '5')
    admin('server', 'localhost')
    admin('client', 'mx1.example.com')
    admin('ca', '--force', '--keep-key')
    handshake(folder)
    assert 'make all its certificates again' in admin('ca', '--force').stderr
    with pytest.raises(ssl.SSLError):
        handshake(folder)


def test_a_ca_that_ends_earlier_is_pointed_out(admin):
    admin('ca', '--days', '100')
    assert admin('client', 'a', '--days', '99').stderr == ''
    assert 'the CA ends earlier' in admin('client', 'b', '--days', '101').stderr


def test_trouble_with_the_folder_is_named(admin, folder, elsectl):
    assert f'make one first: elsectl admin certificates ca --out {folder}' in admin('client', 'mx1', status=3).stderr
    admin('ca')
    (folder / 'ca.key').write_text('nonsense')
    assert 'ca.key: no private key' in admin('client', 'mx1', status=3).stderr
    admin('ca', '--force')
    key = (folder / 'ca.key').read_bytes()
    admin('ca', '--force')
    (folder / 'ca.key').write_bytes(key)
    assert 'do not belong together' in admin('client', 'mx1', status=3).stderr
    assert 'Not a directory' in elsectl.run('admin', 'certificates', 'ca', '--out', folder / 'ca.crt', status=3).stderr


@pytest.mark.parametrize('args, message', [
    ([], 'ca, server, client, show'),
    (['cert'], '"cert" is none of'),
    (['ca', 'name'], 'takes no name'),
    (['server'], 'name the host'),
    (['client', 'a..b'], '"a..b" is neither'),
    (['client', '../x'], 'neither'),
    (['client', 'x,DNS:evil'], 'neither'),
    (['client', '192.0.2'], 'neither'),
    (['server', 'a' * 60 + '.example.com'], 'more than 64'),
    (['ca', '--days', '0'], 'from 1 to 36500'),
    (['ca', '--days', '36501'], '36500'),
    (['ca', '--keep-key'], '--keep-key goes with --force'),
    (['show', 'a', 'b'], 'one folder'),
    (['ca', '--frobnicate'], 'unknown option'),
])
def test_wrong_usage_makes_nothing(admin, folder, args, message):
    done = admin(*args, status=2)
    assert message in done.stderr and 'elsectl admin certificates' in done.stderr
    assert not folder.exists()


def test_show_lists_what_is_there_and_what_is_over(elsectl, admin, made, folder):
    certificates = facts(elsectl.run('admin', '--json', 'certificates', 'show', made))
    assert [(c['kind'], c['names']) for c in certificates][1:] == [
        ('client', ['mx1.example.com']), ('server', ['localhost', '127.0.0.1', '2001:db8::7'])]
    assert [c['days_left'] for c in certificates] in ([3650, 1095, 1095], [3649, 1094, 1094])
    assert certificates[0]['key'] == f'{made}/ca.key'
    folder.mkdir()
    assert 'has no certificate' in admin('show', status=1).stderr
    shutil.copy(made / 'client-mx1.example.com.crt', folder)
    assert '(not here)' in admin('show').stdout
    (folder / 'odd.crt').write_text('x')
    assert 'odd.crt: no certificate' in admin('show', status=3).stderr


# ---- rsyslog-config ----

VARIANTS = [[], ['--no-tls'], ['--compressed'], ['--compressed', '--no-tls']]


def config(elsectl, *args):
    return elsectl.run('admin', 'rsyslog-config', 'mx1.example.com', '--server', 'localhost', *args).stdout


@needs_rsyslog
@pytest.mark.parametrize('variant', VARIANTS)
def test_rsyslogd_takes_the_configuration_within_debians_own(elsectl, made, scratch, variant):
    (scratch / '60-else.conf').write_text(config(elsectl, '--certificates', made, *variant))
    main = pathlib.Path('/etc/rsyslog.conf').read_text()
    own = main.replace('/etc/rsyslog.d/*.conf', f'{scratch}/*-else.conf')
    assert own != main
    (scratch / 'main.conf').write_text(own)
    done = subprocess.run([RSYSLOGD, '-N1', '-f', scratch / 'main.conf'], capture_output=True, text=True, timeout=60)
    said = [line for line in done.stderr.splitlines() if 'config validation run' not in line]
    assert (done.returncode, said) == (0, [])


LINE = re.compile(r'<22>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d (\S+) postfix/smtpd 7 - '
                  r'\[else@32473 u="([0-9A-F]{32})" s="(\d+)" b="([0-9A-F]{32})"\] (connect from .*)')


@needs_rsyslog
@pytest.mark.parametrize('variant', VARIANTS)
def test_rsyslogd_sends_stamped_lines(elsectl, made, scratch, variant):
    tls = None if '--no-tls' in variant else server_tls(made, 'localhost')
    receiver = Receiver(tls, compressed='--compressed' in variant)
    rsyslogd = Rsyslogd(scratch, config(elsectl, '--certificates', made, '--port', str(receiver.port), *variant))
    sent = [f'connect from client-{i}' for i in range(300)]
    for n in (1, 2):  # the second time with another start of rsyslogd
        with rsyslogd.running():
            rsyslogd.log(f'<22>Nov 25 12:00:00 postfix/smtpd[7]: {text}' for text in sent)
            rsyslogd.log(['<30>Nov 25 12:00:00 systemd[1]: not of mail'])
            wait_until(lambda: len(receiver.lines) >= n * len(sent))
    receiver.close()
    found = [LINE.fullmatch(line) for line in receiver.lines]
    assert all(found), receiver.lines[0]
    hosts, uuids, numbers, boots, texts = zip(*(match.groups() for match in found))
    assert list(texts) == sent * 2
    assert [int(number) for number in numbers] == list(range(len(sent))) * 2
    assert len(set(uuids)) == 2 * len(sent)
    assert len(set(boots)) == 2 and len(set(boots[:len(sent)])) == 1
    assert len(set(hosts)) == 1
    assert not tls or set(receiver.peers) == {(('DNS', 'mx1.example.com'),)}


@needs_rsyslog
def test_what_cannot_be_sent_waits_on_the_disk_over_a_restart(elsectl, scratch):
    with socket.create_server(('127.0.0.1', 0)) as nobody:
        port = nobody.getsockname()[1]
    rsyslogd = Rsyslogd(scratch, config(elsectl, '--no-tls', '--port', str(port)))
    sent = [f'connect from client-{i}' for i in range(100)]
    with rsyslogd.running():
        rsyslogd.log(f'<22>Nov 25 12:00:00 postfix/smtpd[7]: {text}' for text in sent)
    assert list((scratch / 'queue').glob('else.*'))
    receiver = Receiver()
    rsyslogd = Rsyslogd(scratch, config(elsectl, '--no-tls', '--port', str(receiver.port)))
    with rsyslogd.running():
        wait_until(lambda: len(receiver.lines) >= len(sent))
    receiver.close()
    found = [LINE.fullmatch(line) for line in receiver.lines]
    assert sorted(match[5] for match in found) == sorted(sent)
    assert len({match[4] for match in found}) == 1  # stamped before they waited


def test_the_first_lines_say_how_to_print_it_again(elsectl):
    for variant in VARIANTS + [['--port', '9', '--certificates', '/etc/x y'.replace(' ', '-')]]:
        text = config(elsectl, *variant)
        arguments = re.search('rsyslog-config (.*)', text)[1].split()
        assert elsectl.run('admin', 'rsyslog-config', *arguments).stdout == text
        assert '@HOST' not in text and '#@' not in text


def test_windows_are_twice_the_batches(elsectl):
    text = config(elsectl)
    assert 'windowSize="512"' in text and 'queue.dequeueBatchSize="256"' in text
    assert 'tls.permittedPeer=["localhost"]' in text


def test_json_holds_the_same_text(elsectl):
    text = json.loads(config(elsectl, '--json'))['config']
    assert text == config(elsectl)


@pytest.mark.parametrize('args, message', [
    ([], 'name the host'),
    (['a', 'b'], 'name the host'),
    (['a"b'], 'is no name of a host'),
    (['a', '--server', 'x y'], 'is no name of a host'),
    (['a', '--certificates', 'relative'], 'whole path'),
    (['a', '--certificates', '/a"b'], 'whole path'),
    (['a', '--port', '65536'], '65535'),
])
def test_wrong_usage_of_rsyslog_config(elsectl, args, message):
    done = elsectl.run('admin', 'rsyslog-config', *args, status=2)
    assert message in done.stderr and done.stdout == ''


# ---- units ----

@pytest.mark.skipif(not shutil.which('systemd-analyze'), reason='needs systemd-analyze')
def test_units_are_valid_and_tight(scratch):
    units = list((ROOT / 'deploy' / 'systemd').glob('*.service'))
    assert units
    for unit in units:
        text = re.sub(r'/usr/s?bin/else\S*', '/bin/true', unit.read_text())
        (scratch / unit.name).write_text(text)
    for unit in units:
        done = subprocess.run(['systemd-analyze', 'verify', '--man=no', scratch / unit.name], capture_output=True,
                              text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, '')
        done = subprocess.run(['systemd-analyze', 'security', '--offline=true', '--threshold=25', '--no-pager',
                               scratch / unit.name], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout
