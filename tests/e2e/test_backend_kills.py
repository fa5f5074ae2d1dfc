"""The short form of tests/soak/kills: whatever is killed, stopped or hangs, nothing is lost and nothing doubled."""

import pathlib
import subprocess

import pytest

from conftest import BUILD, ROOT
from rsyslog_sender import RSYSLOGD


@pytest.mark.skipif(not pathlib.Path(RSYSLOGD).exists(), reason='needs rsyslogd')
def test_nothing_is_lost_and_nothing_doubled_whoever_dies():
    done = subprocess.run([ROOT / 'tests' / 'soak' / 'kills', '--build', BUILD, '--kills', '6', '--mails', '500', '--away', '2'],
                          capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'nothing lost, nothing doubled' in done.stdout
