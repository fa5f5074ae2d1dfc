#!/usr/bin/env python3
"""Writes the table of codes and its catalogues as C (src/codes/codes_table.h):
embed_codes.py OUTPUT.c CODES.txt LANGUAGE.txt ...

Refuses what does not fit together: unknown words, two rows for one case, texts without a row, rows without a text,
a language that lacks one, texts that are too long."""

import os
import re
import sys

from c_literal import c_literal

LIMITS = {'title': 60, 'what': 250, 'advice': 320}
WHO = ['nobody', 'sender', 'recipient', 'we', 'remote_administrator']
RETRY = {'-': 'BY_CODE', 'yes': 'YES', 'no': 'NO'}
SEVERITY = {'-': 'BY_CODE', 'info': 'INFO', 'warning': 'WARNING', 'error': 'ERROR', 'critical': 'CRITICAL'}
ENHANCED = re.compile(r'([245]+)\.(\d+|\*)\.(?:(\d+)(?:-(\d+))?|\*)')
SMTP = re.compile(r'[2-5](\d\d|\d\*|\*\*)')


class Bad(Exception):
    """What is wrong, with its place."""


def lines_of(path):
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip('\n')
            if line and not line.startswith('#'):
                yield f'{os.path.basename(path)}:{number}', line


# ---- the table ----

def key_fields(key):
    """The initialisers of a row that say which codes it is for."""
    if key in ('reason', '*'):
        return f'.kind = CODES_ROW_{"REASON" if key == "reason" else "ANY"}'
    if SMTP.fullmatch(key):
        return (f'.kind = CODES_ROW_SMTP, .first = {key.replace("*", "0")}, .last = {key.replace("*", "9")}'
                + (', .wild = true' if '*' in key else ''))
    found = ENHANCED.fullmatch(key)
    if not found or (found[2] == '*' and found[3]):
        raise Bad(f'{key} is no key')
    first, last = (found[3] or '0'), (found[4] or found[3] or '999')
    if int(first) > int(last):
        raise Bad(f'{key} ends before it begins')
    classes = ' | '.join(f'1 << {digit}' for digit in found[1])
    return (f'.kind = CODES_ROW_ENHANCED, .classes = {classes}, '
            f'.subject = {"CODES_ANY" if found[2] == "*" else found[2]}, .first = {first}, .last = {last}'
            + ('' if found[3] else ', .wild = true'))


def cases_of(key, reason, provider, words):
    """The cases that no other row may be for."""
    classes, dot, rest = key.partition('.')
    for one in classes if dot else [classes]:
        yield one + dot + rest, reason if key == 'reason' else '', provider, words


def text_or_null(text):
    return 'NULL' if text == '-' else c_literal(text)


def row_of(line, texts, providers):
    fields = line.split()
    if not 6 <= len(fields) <= 8:
        raise Bad('a row has six to eight columns')
    key, reason, who, retry, severity, text, provider, words = fields + ['-'] * (8 - len(fields))
    for value, known in ((who, WHO), (retry, RETRY), (severity, SEVERITY), (text, texts),
                         (provider, ['-', *providers])):
        if value not in known:
            raise Bad(f'{value} is not known')
    words = words.replace('+', ' ')
    if words != words.lower():
        raise Bad('words are in lower case')
    code = (f'\t{{.key = {c_literal(key)}, {key_fields(key)},\n'
            f'\t\t.reason = REASON_{"NONE" if reason == "-" else reason.upper()}, .who = CODES_WHO_{who.upper()}, '
            f'.retry = CODES_RETRY_{RETRY[retry]}, .severity = CODES_SEVERITY_{SEVERITY[severity]},\n'
            f'\t\t.text = {texts.index(text)}, .provider = {text_or_null(provider)}, .words = {text_or_null(words)}}},\n')
    return code, list(cases_of(key, reason, provider, words)), text


def provider_of(fields):
    """"provider NAME DOMAIN... =WORD..."; a word may hold no blank."""
    return fields[1], [f for f in fields[2:] if f[0] != '='], [f[1:] for f in fields[2:] if f[0] == '=']


def read_table(path, texts):
    rows, providers, seen, used = [], {}, {}, set()
    for place, line in lines_of(path):
        try:
            if line.startswith('provider '):
                name, *provider = provider_of(line.split())
                providers[name] = provider
                continue
            code, cases, text = row_of(line, texts, providers)
            for case in cases:
                if case in seen:
                    raise Bad(f'the same case as {seen[case]}')
                seen[case] = place
        except Bad as bad:
            raise Bad(f'{place}: {bad}') from None
        rows.append(code)
        used.add(text)
    for text in set(texts) - used:
        raise Bad(f'{os.path.basename(path)}: no row has the text {text}')
    return rows, providers


# ---- the catalogues ----

def read_catalogue(path):
    """{section: {name: text}}"""
    sections, section = {}, None
    for place, line in lines_of(path):
        name, colon, text = line.partition(': ')
        if line[0] == '[' and line[-1] == ']' and line[1:-1] not in sections:
            section = sections[line[1:-1]] = {}
        elif section is None or not colon or not text.strip() or name in section:
            raise Bad(f'{place}: neither [section] nor name: text, or there already')
        else:
            section[name] = text.strip()
    check_lengths(path, sections)
    return sections


def check_lengths(path, sections):
    for name, text in sections.items():
        if name == 'words':
            continue
        if list(text) != list(LIMITS):
            raise Bad(f'{path}: [{name}] needs {", ".join(LIMITS)}, in this order')
        for field, limit in LIMITS.items():
            if len(text[field]) > limit:
                raise Bad(f'{path}: {field} of [{name}] has {len(text[field])} signs, {limit} may be')


def read_catalogues(paths):
    catalogues = {os.path.basename(path).partition('.')[0]: read_catalogue(path) for path in paths}
    keys = {name: {(s, field) for s, fields in c.items() for field in fields} for name, c in catalogues.items()}
    for name, own in keys.items():
        for section, field in set().union(*keys.values()) - own:
            raise Bad(f'{name}.txt: there is no {field} of [{section}]')
    return catalogues


# ---- the source ----

def write_catalogue(out, language, catalogue, texts):
    out.append(f'\t[CODES_LANGUAGE_{language.upper()}] = {{\n\t\t.name = "{language}",\n\t\t.words = {{\n')
    out += [f'\t\t\t[CODES_WORD_{name.upper()}] = {c_literal(text)},\n' for name, text in catalogue['words'].items()]
    out.append('\t\t},\n\t\t.texts = (const struct codes_text[]) {\n')
    for name in texts:
        fields = ',\n\t\t\t\t'.join(c_literal(catalogue[name][field]) for field in LIMITS)
        out.append(f'\t\t\t{{{fields}}},\n')
    out.append('\t\t}},\n')


def write_providers(out, providers):
    out.append('\nconst struct codes_provider codes_providers[] = {\n')
    for name, lists in providers.items():
        out.append(f'\t{{"{name}", {", ".join(c_literal("|".join(words)) for words in lists)}}},\n')
    out.append(f'}};\nconst size_t codes_providers_n = {len(providers)};\n')


def main(output, table, *paths):
    catalogues = read_catalogues(paths)
    texts = sorted(set(next(iter(catalogues.values()))) - {'words'})
    rows, providers = read_table(table, texts)
    out = ['/* Made by embed_codes.py from data/codes. */\n#include "codes/codes_table.h"\n\n'
           'const struct codes_row codes_rows[] = {\n', *rows, f'}};\nconst size_t codes_rows_n = {len(rows)};\n']
    write_providers(out, providers)
    out.append('\nconst char *const codes_text_keys[] = {' + ', '.join(c_literal(name) for name in texts) + '};\n')
    out.append('\nconst struct codes_catalogue codes_catalogues[CODES_LANGUAGE_COUNT] = {\n')
    for language, catalogue in catalogues.items():
        write_catalogue(out, language, catalogue, texts)
    out.append('};\n')
    with open(output, 'w', encoding='ascii') as file:
        file.writelines(out)


try:
    main(*sys.argv[1:])
except Bad as bad:
    sys.exit(f'embed_codes.py: {bad}')
