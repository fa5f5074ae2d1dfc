"""elsectl parse: events, counts, joined mails; without a database."""

import gzip
import json
import lzma
import os

import pytest

from conftest import ROOT

GOLDEN = sorted(p for p in (ROOT / 'tests' / 'golden').glob('*/*.log') if p.parent.name not in ('codes', 'trace'))
SAMPLE = sorted((ROOT / 'data' / 'sample').glob('*.log.xz'))


def words(stdout):
    """The output of parse --all in the form of the golden files."""
    for line in stdout.splitlines():
        result = json.loads(line).get('result')
        yield result or line


@pytest.mark.parametrize('log', GOLDEN, ids=lambda path: f'{path.parent.name}/{path.stem}')
def test_golden_files_come_out_as_expected(elsectl, log):
    expected = log.with_suffix('.expect').read_text().splitlines()
    assert list(words(elsectl.run('parse', '--all', log).stdout)) == expected


def test_ignored_lines_are_left_out_unless_asked_for(elsectl, scratch):
    log = scratch / 'mail.log'
    log.write_text('2026-11-22T05:21:39+00:00 mx cron[1]: (root) CMD (true)\n'
                   '2026-11-22T05:21:40+00:00 mx postfix/qmgr[7]: something nobody ever wrote\n')
    assert elsectl.run('parse', log).stdout == (
        '{"result":"unknown","program":"postfix/qmgr","time":"2026-11-22T05:21:40.000Z","host":"mx","pid":7,'
        '"text":"something nobody ever wrote"}\n')
    results = [json.loads(line)['result'] for line in elsectl.run('parse', '--all', log).stdout.splitlines()]
    assert results == ['ignored', 'unknown']


def test_reads_standard_input_and_compressed_files_alike(elsectl, scratch):
    text = lzma.open(SAMPLE[0]).read()
    expected = elsectl.run('parse', '--all', SAMPLE[0]).stdout
    with open(scratch / 'x.gz', 'wb') as file:
        file.write(gzip.compress(text))
    (scratch / 'x.log').write_bytes(text)
    assert elsectl.run('parse', '--all', scratch / 'x.gz').stdout == expected
    with open(scratch / 'x.log') as file:
        assert elsectl.run('parse', '--all', stdin=file).stdout == expected


def test_summary_counts_every_line_once(elsectl):
    summary = json.loads(elsectl.run('parse', '--summary', '--json', *SAMPLE).stdout)
    lines = sum(lzma.open(path).read().count(b'\n') for path in SAMPLE)
    assert summary['lines'] == lines
    assert summary['ok'] + summary['ignored'] + summary['unknown'] == lines
    assert sum(row['lines'] for row in summary['programs']) == lines
    text = elsectl.run('parse', '--summary', *SAMPLE).stdout
    assert f'{lines:,} lines' in text and 'smtpd' in text


def test_summary_shows_unknown_forms_with_an_example(elsectl, scratch):
    log = scratch / 'mail.log'
    log.write_text(''.join(f'2026-11-22T05:21:40+00:00 mx postfix/qmgr[7]: zoing {n} boing\n' for n in range(7)))
    summary = json.loads(elsectl.run('parse', '--summary', '--json', log).stdout)
    assert summary['unknown'] == 7
    assert [shape['count'] for shape in summary['unknown_shapes']] == [7]
    assert 'zoing 0 boing' in summary['unknown_shapes'][0]['example']


def test_correlate_counts_mails_once_over_all_servers(elsectl):
    report = json.loads(elsectl.run('parse', '--correlate', '--json', *SAMPLE).stdout)
    assert report['mails'] == sum(report['ways'].values())
    assert report['recipients'] == sum(report['deliveries'].values())
    assert report['hops'] > report['mails'] + report['notices']
    backwards = json.loads(elsectl.run('parse', '--correlate', '--json', *reversed(SAMPLE)).stdout)
    for member in ('mails', 'ways', 'deliveries', 'rejects', 'notices', 'hops'):
        assert backwards[member] == report[member]


def test_hostile_lines_neither_end_nor_confuse_it(elsectl, scratch):
    log = scratch / 'mail.log'
    head, good = b'2026-11-22T05:21:40+00:00 mx postfix/qmgr[7]: ', b'4104E3D1: removed\n'
    with open(log, 'wb') as file:
        file.write(head + good)
        file.write(head + b'4104E3D1: from=<a\0b@example.com>, size=1, nrcpt=1 (queue active)\n')
        file.write(head + b'x' * 10_000_000 + b'\n')
        file.write(os.urandom(100_000).replace(b'\n', b'') + b'\n')
        file.write(head + good)
    done = elsectl.run('parse', log)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event['type'] for event in events if event.get('qid')] == ['removed', 'queued', 'removed']
    assert events[1]['from'] == 'a\0b@example.com'
    assert 'longer than' in done.stderr and str(log) in done.stderr


def test_damaged_file_is_named_and_the_others_are_read(elsectl, scratch):
    line = b'2026-11-22T05:21:40+00:00 mx postfix/qmgr[7]: 4104E3D1: removed\n'
    packed = gzip.compress(b''.join(line.replace(b'4104', b'%04X' % n) for n in range(5000)))
    (scratch / 'cut.gz').write_bytes(packed[:len(packed) // 2])
    (scratch / 'good.log').write_bytes(line.replace(b'mx', b'good'))
    done = elsectl.run('parse', scratch / 'cut.gz', scratch / 'good.log', status=3)
    assert f'{scratch}/cut.gz, line ' in done.stderr
    hosts = [json.loads(text)['host'] for text in done.stdout.splitlines()]
    assert hosts.count('good') == 1 and 100 < hosts.count('mx') < 5000


def test_host_option_replaces_the_host_of_every_line(elsectl):
    events = elsectl.run('parse', '--host', 'mx9', SAMPLE[-1]).stdout.splitlines()
    assert {json.loads(line)['host'] for line in events} == {'mx9'}
