"""elsectl import: the same rows however often, in whatever pieces, and through whatever disaster a log is read."""

import gzip
import json
import lzma
import os
import signal
import subprocess

import pytest

from conftest import BUILD, ROOT, Elsectl, wait_until

SAMPLE = sorted((ROOT / 'data' / 'sample').glob('*.log.xz'))
TABLES = ['hop', 'delivery', 'reject', 'addr', 'stat_hour', 'own_domain', 'term']

# What people see: numbers that name hosts, texts and dictionaries in the tables depend on the order of import.
VIEWS = ['v_hop', 'v_delivery', 'v_reject']
STATISTICS = """(SELECT hour, s.name, w.name, n.name, h.name, kind, sum(mails), sum(n), sum(bytes)
    FROM stat_hour JOIN host h ON h.id = host JOIN status_name s ON s.id = status JOIN way_name w ON w.id = way
    JOIN reason_name n ON n.id = reason GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0 OR sum(mails) <> 0)"""


def tables(elsectl):
    return {table: elsectl.rows(table) for table in TABLES}


def seen(elsectl):
    found = {view: elsectl.rows(view) for view in VIEWS}
    found['statistics'] = elsectl.rows(STATISTICS)
    found['domains'] = elsectl.rows('own_domain', 'name')
    return found


def assert_same(found, expected):
    for name, rows in expected.items():
        missing, extra = sorted(set(rows) - set(found[name])), sorted(set(found[name]) - set(rows))
        if missing or extra or len(rows) != len(found[name]):
            pytest.fail('\n'.join([f'{name}: {len(found[name])} rows, expected {len(rows)}; missing {len(missing)}:',
                                   *missing[:5], f'and {len(extra)} that should not be there:', *extra[:5]]))


def report(done):
    return json.loads(done.stdout)


@pytest.fixture(scope='module')
def sample_rows(cluster_of_module):
    """What an undisturbed import of the sample gives."""
    elsectl = cluster_of_module.on_database('sample')
    elsectl.run('import', *SAMPLE)
    return seen(elsectl)


def test_the_summary_agrees_with_the_statistics(fresh):
    elsectl = fresh()
    summary = report(elsectl.run('import', '--json', *SAMPLE))
    stats = report(elsectl.run('stats', '--json'))
    assert summary['mails'] == stats['mails'] > 0
    assert summary['recipients'] == stats['deliveries'] > 0
    assert summary['deliveries'] == stats['by_status']
    assert summary['refusals'] == stats['rejects'] > 0
    assert summary['rejects'] == stats['rejects_by_status']


@pytest.fixture(scope='module')
def big(shared_scratch):
    """A log that takes some seconds to import."""
    log = shared_scratch / 'big.log'
    subprocess.run([BUILD / 'tests' / 'bench' / 'else-generate', '--mails', '20000', '--rate', '1', '--merged', log],
                   check=True)
    return log


@pytest.fixture(scope='module')
def big_rows(cluster_of_module, big):
    elsectl = cluster_of_module.on_database('big')
    elsectl.run('import', big)
    return seen(elsectl)


@pytest.fixture
def text(scratch):
    """The sample's largest log, unpacked, as a list of lines."""
    return lzma.open(max(SAMPLE, key=lambda path: path.stat().st_size)).read().splitlines(keepends=True)


# ---- the same again ----

def test_same_files_again_change_nothing(fresh):
    elsectl = fresh()
    first = report(elsectl.run('import', '--json', *SAMPLE))
    before = tables(elsectl)
    assert first['written']['mails'] > 0 and first['mails'] > 0 and first['lines']['read'] > 0
    again = report(elsectl.run('import', '--json', *SAMPLE))
    assert tables(elsectl) == before
    assert again['lines']['read'] == 0 and again['written']['mails'] == 0 and again['files_known'] == len(SAMPLE)


def test_same_lines_under_another_name_and_packing_change_nothing(fresh, scratch):
    elsectl = fresh()
    elsectl.run('import', *SAMPLE)
    before = tables(elsectl)
    for path in SAMPLE:
        (scratch / f'{path.stem}.1.gz').write_bytes(gzip.compress(lzma.open(path).read()))
    again = report(elsectl.run('import', '--json', *sorted(scratch.iterdir())))
    assert again['lines']['read'] == 0
    assert tables(elsectl) == before


def test_same_lines_without_a_known_position_change_nothing(fresh):
    elsectl = fresh()
    elsectl.run('import', *SAMPLE)
    before = tables(elsectl)
    elsectl.sql('DELETE FROM source')
    again = report(elsectl.run('import', '--json', *SAMPLE))
    assert again['lines']['read'] > 0 and again['written'] | {'hops': 0} == dict.fromkeys(again['written'], 0)
    assert again['known'] > 0
    assert tables(elsectl) == before


def test_file_named_twice_is_read_once(fresh, scratch, sample_rows):
    elsectl = fresh()
    links = []
    for number, path in enumerate(SAMPLE):
        links.append(scratch / f'{number}.xz')
        links[-1].symlink_to(path)
    done = elsectl.run('import', *SAMPLE, *SAMPLE, *links)
    assert 'named twice' in done.stderr
    assert_same(seen(elsectl), sample_rows)


def test_copies_of_a_log_on_one_command_line_count_once(fresh, scratch, sample_rows):
    elsectl = fresh()
    for path in SAMPLE:
        lines = lzma.open(path).read().splitlines(keepends=True)
        (scratch / path.stem).write_bytes(b''.join(lines))
        (scratch / f'{path.stem}.old').write_bytes(b''.join(lines[:len(lines) // 2]))
    elsectl.run('import', *SAMPLE, *sorted(scratch.iterdir()))
    assert_same(seen(elsectl), sample_rows)


# ---- in pieces ----

def test_hosts_one_after_the_other_give_what_all_at_once_give(fresh, sample_rows):
    elsectl = fresh()
    for path in reversed(SAMPLE):
        elsectl.run('import', path)
    assert_same(seen(elsectl), sample_rows)


@pytest.mark.parametrize('pieces', [2, 5])
def test_growing_file_gives_what_the_whole_one_gives(fresh, scratch, text, pieces):
    whole, grown = fresh(), fresh()
    log = scratch / 'mail.log'
    for piece in range(1, pieces + 1):
        log.write_bytes(b''.join(text[:len(text) * piece // pieces]))
        grown.run('import', log)
    whole.run('import', log)
    assert_same(seen(grown), seen(whole))
    assert report(grown.run('import', '--json', log))['files_known'] == 1


def test_line_that_was_half_written_is_read_again(fresh, scratch, text):
    whole, grown = fresh(), fresh()
    log, all_bytes = scratch / 'mail.log', b''.join(text)
    log.write_bytes(all_bytes[:len(all_bytes) // 2 + 40])
    grown.run('import', log)
    log.write_bytes(all_bytes)
    grown.run('import', log)
    whole.run('import', log)
    assert_same(seen(grown), seen(whole))


# ---- files that are not as they should be ----

def test_truncated_file_gives_what_can_be_read_and_the_whole_one_the_rest(fresh, scratch, sample_rows):
    elsectl = fresh()
    name = SAMPLE[-1].name.replace('.xz', '.gz')
    packed = gzip.compress(lzma.open(SAMPLE[-1]).read())
    (scratch / name).write_bytes(packed[:len(packed) * 2 // 3])
    done = elsectl.run('import', '--json', scratch / name, *SAMPLE[:-1], status=3)
    assert f'{scratch / name}, line ' in done.stderr
    assert report(done)['files_broken'] == 1 and report(done)['written']['mails'] > 0
    (scratch / name).write_bytes(packed)
    elsectl.run('import', scratch / name)
    assert_same(seen(elsectl), sample_rows)


def test_unusable_file_is_named_before_anything_is_read(elsectl, scratch):
    (scratch / 'binary.log').write_bytes(bytes(range(256)) * 100)
    for bad in (scratch / 'binary.log', scratch, scratch / 'missing.log'):
        assert str(bad) in elsectl.run('import', SAMPLE[0], bad, status=3).stderr
    assert not elsectl.data.exists()


def test_empty_file_is_no_error(fresh, scratch):
    (scratch / 'empty.log').touch()
    done = fresh().run('import', scratch / 'empty.log')
    assert 'nothing in it' in done.stderr


def test_hostile_lines_do_not_harm_their_neighbours(fresh, scratch):
    elsectl = fresh()
    head = b'2026-11-22T05:21:%02d+00:00 relay1 postfix/%s[%d]: '
    log = scratch / 'mail.log'
    with open(log, 'wb') as file:
        file.write(head % (1, b'smtpd', 5) + b'4104E3D1: client=a.example[192.0.2.1]\n')
        file.write(head % (2, b'smtpd', 6) + b'x' * 10_000_000 + b'\n')
        file.write(head % (2, b'smtpd', 6) + b'NOQUEUE: reject: RCPT from b.example[192.0.2.2]: 554 5.7.1 <c\0\xff\x1b[2J'
                   b'@example.com>: Relay access denied; from=<d@example.com> to=<c\0\xff\x1b[2J@example.com> '
                   b'proto=ESMTP helo=<\x1b]0;x\x07>\n')
        file.write(os.urandom(50_000).replace(b'\n', b' ') + b'\n')
        file.write(head % (3, b'cleanup', 7) + b'4104E3D1: message-id=<1@a.example>\n')
        file.write(head % (4, b'qmgr', 8) + b'4104E3D1: from=<s@a.example>, size=400, nrcpt=1 (queue active)\n')
        file.write(head % (5, b'smtp', 9) + b'4104E3D1: to=<r@b.example>, relay=mx.b.example[192.0.2.9]:25, delay=4, '
                   b'delays=3/0/0/1, dsn=2.0.0, status=sent (250 \xff\xfe ok)\n')
        file.write(head % (6, b'qmgr', 8) + b'4104E3D1: removed\n')
    found = report(elsectl.run('import', '--json', log))
    assert found['mails'] == 1 and found['deliveries'] == {'delivered': 1} and found['refusals'] == 1
    assert any('longer than' in warning for warning in found['warnings'])
    assert elsectl.rows('v_delivery', 'sender, rcpt, status') == ['s@a.example|r@b.example|delivered']


def test_unknown_lines_are_counted_and_shown(fresh, scratch):
    log = scratch / 'mail.log'
    log.write_text(''.join(f'2026-11-22T05:21:40+00:00 mx postfix/qmgr[7]: {"x" * form} zoing {n}\n'
                           for form in range(1, 8) for n in range(form)))
    found = report(fresh().run('import', '--json', log))
    assert found['lines'] == {'read': 28, 'ok': 0, 'ignored': 0, 'unknown': 28}
    assert [shape['count'] for shape in found['unknown_shapes']] == [7, 6, 5, 4, 3]


def test_host_option_names_the_host(fresh):
    elsectl = fresh()
    elsectl.run('import', '--host', 'mx9.example.net', SAMPLE[-1])
    assert set(elsectl.rows('v_hop', 'host')) == {'mx9.example.net'}


def test_standard_input(fresh, sample_rows):
    elsectl = fresh()
    for path in SAMPLE:
        with lzma.open(path) as log:
            program = subprocess.Popen([elsectl.path, 'import', '--quiet', '-'], env=elsectl.environment,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert program.communicate(log.read())[0] == b''
            assert program.returncode == 0
    assert_same(seen(elsectl), sample_rows)


# ---- disasters ----

def begun(elsectl):
    """Whether an import has committed something."""
    return elsectl.sql("SELECT count(*) FROM pg_class WHERE relname = 'hop'") == '1' and \
        elsectl.sql('SELECT count(*) FROM (SELECT 1 FROM hop LIMIT 1) x') == '1'


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_interrupted_import_goes_on_to_the_same_rows(fresh, big, big_rows, number):
    elsectl = fresh()
    program = elsectl.start('import', big)
    wait_until(lambda: begun(elsectl))
    program.send_signal(number)
    stdout, stderr = program.communicate(timeout=60)
    assert program.returncode == 128 + number, stderr
    assert 'Run the same command again' in stdout
    assert len(elsectl.rows('v_delivery')) < len(big_rows['v_delivery'])
    elsectl.run('import', big)
    assert_same(seen(elsectl), big_rows)


def test_killed_import_goes_on_to_the_same_rows(fresh, big, big_rows):
    elsectl = fresh()
    program = elsectl.start('import', big)
    wait_until(lambda: begun(elsectl))
    program.kill()
    program.communicate(timeout=60)
    elsectl.run('import', big)
    assert_same(seen(elsectl), big_rows)


def test_database_that_dies_is_reported_and_the_next_import_goes_on(elsectl, big, big_rows):
    elsectl.run('admin', 'start')
    program = elsectl.start('import', big)
    wait_until(lambda: begun(elsectl))
    os.kill(elsectl.server_pid(), signal.SIGKILL)
    _, stderr = program.communicate(timeout=60)
    assert program.returncode == 3
    assert 'run the same command again' in stderr
    elsectl.run('import', big)
    assert_same(seen(elsectl), big_rows)


def test_second_import_at_the_same_time_is_refused(fresh, scratch, text):
    elsectl = fresh()
    os.mkfifo(scratch / 'pipe')
    program = elsectl.start('import', scratch / 'pipe')
    with open(scratch / 'pipe', 'wb') as pipe:
        pipe.write(b''.join(text[:2000]))
        pipe.flush()
        wait_until(lambda: elsectl.sql("SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database "
                                       "WHERE locktype = 'advisory' AND datname = current_database()") != '0')
        assert 'another import' in elsectl.run('import', SAMPLE[0], status=3).stderr
        pipe.write(b''.join(text[2000:]))
    _, stderr = program.communicate(timeout=60)
    assert program.returncode == 0, stderr
    assert elsectl.rows('v_hop')


# ---- what it says ----

def test_suggested_commands_work(elsectl):
    done = elsectl.run('import', '--suggest', *SAMPLE)
    commands = [line.strip() for line in done.stdout.split('Try next:')[1].splitlines() if line.strip()]
    assert [command.split()[1] for command in commands] == ['search', 'trace', 'stats']
    again = elsectl.run('import', '--suggest', '--json', *SAMPLE)
    for command in [commands[1], report(again)['suggest'][1]]:
        shown = subprocess.run(['sh', '-c', command], env=elsectl.environment, capture_output=True, text=True)
        assert shown.returncode == 0, shown.stderr
        assert command.split()[-1] in shown.stdout


def test_summary_says_what_was_read_and_written(fresh):
    stdout = fresh().run('import', *SAMPLE).stdout
    for word in ('3 files', 'new lines', 'Mails', 'Deliveries', 'delivered', 'Refusals', 'Written', 'lines/s'):
        assert word in stdout


def test_quiet_says_nothing(fresh):
    done = fresh().run('import', '--quiet', *SAMPLE)
    assert done.stdout == '' and done.stderr == ''
