#!/usr/bin/env python3
"""Writes text files as C strings: embed_text.py OUTPUT.c HEADER NAME=FILE ..."""

import sys

from c_literal import c_literal


def main(output, header, *texts):
    with open(output, 'w', encoding='ascii') as file:
        file.write(f'/* Made by embed_text.py. */\n#include "{header}"\n')
        for text in texts:
            name, path = text.split('=', 1)
            with open(path, encoding='utf-8') as source:
                lines = ''.join('\t' + c_literal(line) + '\n' for line in source)
            file.write(f'\nconst char {name}[] =\n{lines.rstrip()};\n')


main(*sys.argv[1:])
