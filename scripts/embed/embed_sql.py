#!/usr/bin/env python3
"""Writes the schema's SQL files as a C table (see migrate.h): embed_sql.py OUTPUT.c [NNN-name.sql ...]"""

import os
import re
import sys

from c_literal import c_literal


def table_row(number, path):
    name = os.path.basename(path)
    found = re.fullmatch(r'(\d{3})-[a-z0-9_-]+\.sql', name)
    if not found or int(found[1]) != number:
        sys.exit(f'embed_sql.py: {name}: expected {number:03d}-name.sql (the versions have no gap)')
    with open(path, encoding='utf-8') as file:
        text = file.read()
    lines = '\n'.join('\t\t' + c_literal(line) for line in text.splitlines(keepends=True))
    return f'\t{{{number}, "{name}",\n{lines or chr(9) * 2 + chr(34) * 2}}},\n'


def main(output, *paths):
    rows = ''.join(table_row(i, path) for i, path in enumerate(sorted(paths, key=os.path.basename), 1))
    with open(output, 'w', encoding='ascii') as file:
        file.write('/* Made by embed_sql.py from sql/. */\n#include "store/migrate.h"\n\n'
                   'const struct migration migrate_embedded[] = {\n'
                   f'{rows}\t{{0}},\n}};\nconst size_t migrate_embedded_n = {len(paths)};\n')


main(*sys.argv[1:])
