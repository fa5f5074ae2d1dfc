"""elsectl explain: what codes and answers mean, in words; and the data behind it."""

import json
import shutil
import subprocess

import pytest

from conftest import ROOT

DATA = ROOT / 'data' / 'codes'
FILES = ['codes.txt', 'en.txt', 'fr.txt']
FIELDS = ['smtp', 'dsn', 'reason', 'key', 'text_key', 'provider', 'who_acts', 'retry', 'severity', 'general', 'lang',
          'title', 'what', 'advice']
ROW = ['kind', 'code', 'provider', 'words', 'reason', 'who_acts', 'retry', 'severity', 'general', 'text_key', 'title',
       'what', 'advice']


def explain(elsectl, *args):
    return json.loads(elsectl.run('explain', '--json', *args).stdout)


def table(elsectl, language):
    return explain(elsectl, '--lang', language)


def test_a_pasted_answer_with_and_without_quotes_and_from_standard_input(elsectl, scratch):
    answer = '452 4.2.2 <ap@partner.example>: Over quota'
    expected = explain(elsectl, answer)
    assert list(expected) == FIELDS
    assert [expected[name] for name in FIELDS[:10]] == [
        '452', '4.2.2', 'mailbox_full', '4.2.2', 'mailbox_full', None, 'recipient', True, 'warning', False]
    assert explain(elsectl, *answer.split()) == expected
    (scratch / 'answer').write_text('host mx.partner.example[192.0.2.7]\nsaid:\r\n452 4.2.2 Over\n quota\n')
    with open(scratch / 'answer', encoding='ascii') as file:
        assert json.loads(elsectl.run('explain', '--json', '-', stdin=file).stdout) == expected
    assert not elsectl.data.exists()


def test_for_people_it_says_what_why_and_who(elsectl):
    assert elsectl.run('explain', '452 4.2.2 Over quota').stdout == (
        'Mailbox full\n\n'
        "The recipient's mailbox has no room left.\n"
        'The recipient deletes mail or gets more room; tell them by another way. If the mail came back, the\n'
        'sender then sends it again.\n\n'
        'Who can act     the recipient\n'
        'Tried again     yes, by the sending server itself\n'
        'Code            452 4.2.2\n'
        'Reason          mailbox_full\n')


@pytest.mark.parametrize('environment, options, language', [
    ({}, [], 'en'),
    ({'LANG': 'fr_FR.UTF-8'}, [], 'fr'),
    ({'LANG': 'fr_FR.UTF-8', 'LC_MESSAGES': 'en_GB.UTF-8'}, [], 'en'),
    ({'LANG': 'en_US.UTF-8', 'LC_ALL': 'fr_CA'}, [], 'fr'),
    ({'LANG': 'de_DE.UTF-8'}, [], 'en'),
    ({'LANG': 'fr_FR.UTF-8'}, ['--lang', 'en'], 'en'),
    ({}, ['--lang=fr'], 'fr'),
])
def test_the_language_is_that_of_the_option_or_of_the_locale(elsectl, environment, options, language):
    elsectl.environment |= environment
    assert explain(elsectl, *options, '550')['lang'] == language
    title = elsectl.run('explain', *options, 'mailbox_full').stdout.splitlines()[0]
    assert title == {'en': 'Mailbox full', 'fr': 'Boîte pleine'}[language]


def test_an_unknown_code_is_explained_in_general_and_says_so(elsectl):
    explained = explain(elsectl, '5.7.99')
    assert (explained['general'], explained['key'], explained['retry']) == (True, '5.7.*', False)
    assert 'A general explanation' in elsectl.run('explain', '5.7.99').stdout
    assert 'Explication générale' in elsectl.run('explain', '--lang', 'fr', '5.7.99').stdout
    assert 'general' not in elsectl.run('explain', '5.7.1').stdout.lower()


@pytest.mark.parametrize('args, status, message', [
    (['good morning'], 1, 'neither a code nor a known reason'),
    (['--lang', 'fr', 'bonjour'], 1, 'ni code ni motif'),
    ([], 2, 'name a code'),
    (['--lang', 'tlh', '550'], 2, '--lang takes en or fr'),
    (['--lang'], 2, '--lang needs a value'),
])
def test_what_cannot_be_explained_is_said(elsectl, args, status, message):
    done = elsectl.run('explain', *args, status=status)
    assert message in done.stderr and done.stdout == ''


def test_what_is_pasted_never_reaches_the_terminal_as_it_is(elsectl):
    evil = '\x1b[2J\u202e550 5.1.1 \x07 user unknown \x1b]0;owned'
    assert '\x1b' not in elsectl.run('explain', evil).stdout
    assert '\x1b' not in elsectl.run('explain', '\x1b[2J', status=1).stderr


def test_the_table_has_the_same_rows_in_every_language_and_explains_itself(elsectl):
    english, french = table(elsectl, 'en'), table(elsectl, 'fr')
    assert (english['lang'], french['lang']) == ('en', 'fr')
    assert set(english['who']) == set(french['who']) == {'nobody', 'sender', 'recipient', 'we', 'remote_administrator'}
    words = ('title', 'what', 'advice')
    for row, other in zip(english['codes'], french['codes'], strict=True):
        assert list(row) == ROW
        assert {k: v for k, v in row.items() if k not in words} == {k: v for k, v in other.items() if k not in words}
        assert all(row[word] and other[word] for word in words)
    plain = [row for row in english['codes'] if row['code'] and '*' not in row['code'] and not row['provider']]
    assert len(plain) > 190
    for row in plain[::10]:
        explained = explain(elsectl, row['code'])
        assert [explained[name] for name in ROW[4:]] == [row[name] for name in ROW[4:]], row['code']


# ---- the data is refused when it does not fit together ----

def embed(folder):
    return subprocess.run([ROOT / 'scripts' / 'embed' / 'embed_codes.py', folder / 'out.c',
                           *[folder / name for name in FILES]], capture_output=True, text=True, timeout=60)


@pytest.fixture(name='copy')
def copy_of_data(scratch):
    for name in FILES:
        shutil.copy(DATA / name, scratch)
    return scratch


def test_the_data_fits_together(copy):
    assert embed(copy).returncode == 0


@pytest.mark.parametrize('name, old, new, message', [
    ('fr.txt', '[mailbox_full]\n', '[boite_pleine]\n', 'there is no'),
    ('fr.txt', 'label_who: Qui peut agir\n', '', 'fr.txt: there is no label_who of [words]'),
    ('en.txt', 'title: Mailbox full\n', '', '[mailbox_full] needs title, what, advice'),
    ('en.txt', 'title: Mailbox full', 'title: ' + 'Mailbox full ' * 6, 'title of [mailbox_full] has'),
    ('en.txt', 'title: Mailbox full', 'title Mailbox full', 'en.txt:'),
    ('codes.txt', '45.2.2     mailbox_full', '45.2.1     mailbox_full', 'the same case as codes.txt:'),
    ('codes.txt', '45.2.2     mailbox_full         recipient', '45.2.2     mailbox_full         postman', 'postman is not'),
    ('codes.txt', '45.2.2 ', '45.2 ', '45.2 is no key'),
    ('codes.txt', '5.7.606-649 blocklist', '5.7.649-606 blocklist', 'ends before it begins'),
    ('codes.txt', ' uceprotect            -        uceprotect', ' abusix                -        uceprotect',
     'no row has the text uceprotect'),
    ('codes.txt', ' talos                 -', ' tallos                -', 'tallos is not known'),
    ('codes.txt', ' outlook_tenant        outlook', ' outlook_tenant        outlok', 'outlok is not known'),
])
def test_data_that_does_not_fit_together_is_refused(copy, name, old, new, message):
    text = (copy / name).read_text()
    assert text.count(old) >= 1
    (copy / name).write_text(text.replace(old, new, 1))
    done = embed(copy)
    assert done.returncode != 0 and message in done.stderr, done.stderr
    assert not (copy / 'out.c').exists()
