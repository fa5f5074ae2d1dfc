"""Arguments, exit statuses and messages of elsectl that need no database."""

import os
import pathlib
import subprocess

import pytest

from conftest import Elsectl


@pytest.mark.parametrize('args, message', [
    ([], 'usage: elsectl'),
    (['serch'], 'no command is called "serch"'),
    (['--frobnicate', 'parse'], 'unknown option --frobnicate'),
    (['parse', '--frobnicate'], 'unknown option --frobnicate'),
    (['import', '--host'], '--host needs a value'),
    (['import', '--host', '', 'x.log'], '--host needs a name'),
    (['import'], 'name the log files'),
    (['trace'], 'name one mail'),
    (['trace', 'A', 'B'], 'name one mail'),
    (['trace', ' '], 'is empty'),
    (['admin'], 'start, stop, status'),
    (['admin', 'explode'], '"explode" is none of'),
    (['admin', 'stop', '--database', 'postgresql://db.example/else'], 'not ours to start or stop'),
])
def test_wrong_usage_is_exit_status_2_and_says_what(elsectl, args, message):
    done = elsectl.run(*args, status=2)
    assert message in done.stderr
    assert done.stdout == ''
    assert not elsectl.data.exists()


@pytest.mark.parametrize('args', [['--help'], ['-h'], ['import', '--help'], ['trace', '--help'], ['parse', '-h'],
                                  ['admin', '--help']])
def test_help_goes_to_standard_output(elsectl, args):
    assert elsectl.run(*args).stdout.startswith('usage: elsectl')


def test_version(elsectl):
    assert elsectl.run('--version').stdout.startswith('elsectl ')


def test_options_may_stand_before_and_behind_the_command_and_its_operands(scratch):
    log = scratch / 'mail.log'
    log.write_text('2026-11-22T05:21:39+00:00 mx postfix/qmgr[7]: 4104E3D1: removed\n')
    expected = Elsectl(scratch / 'a').run('parse', log).stdout
    assert '"type":"removed"' in expected
    for args in (['--data', 'x', 'parse', log], ['parse', '--data', 'x', log], ['parse', log, '--data=x'],
                 ['--json', 'parse', log], ['parse', log, '--json']):
        assert Elsectl(scratch / 'a').run(*args).stdout == expected


def test_full_disk_for_the_output_is_an_error(elsectl, scratch):
    with open('/dev/full', 'wb') as full:
        done = subprocess.run([elsectl.path, '--help'], env=elsectl.environment, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 3
    assert b'cannot write: No space left on device' in done.stderr


def test_missing_unreadable_and_odd_files_are_named(elsectl, scratch):
    (scratch / 'folder').mkdir()
    (scratch / 'picture.log').write_bytes(b'\x89PNG\r\n\x1a\n' + os.urandom(4000))
    for name in ('missing.log', 'folder', 'picture.log'):
        for command in ('parse', 'import'):
            done = elsectl.run(command, scratch / name, status=3)
            assert str(scratch / name) in done.stderr
    assert not elsectl.data.exists()


def test_database_that_does_not_answer_is_exit_status_3(elsectl, scratch):
    for args in (['trace', 'X'], ['import', __file__.replace('test_cli_usage.py', 'conftest.py')]):
        done = elsectl.run(*args, '--database', f'host={scratch} dbname=none', status=3)
        assert str(scratch) in done.stderr


def test_data_named_by_option_beats_a_database_of_the_environment(elsectl, scratch):
    elsectl.environment['ELSE_DATABASE'] = f'host={scratch} dbname=none'
    assert 'not ours to start' in elsectl.run('admin', 'status', status=2).stderr
    assert 'none' in elsectl.run('admin', 'status', '--data', elsectl.data).stdout


def test_manual_names_every_command(elsectl):
    page = pathlib.Path(__file__).resolve().parents[2] / 'man' / 'elsectl.1'
    text = page.read_text()
    for line in elsectl.run('--help').stdout.split('\n\n')[1].splitlines():
        assert f'.It Cm {line.split()[0]}' in text
