#!/usr/bin/python3
"""Writes api/openapi.yaml as JSON in a C string: embed_openapi.py OUTPUT.c openapi.yaml"""

import json
import sys

import yaml

from c_literal import c_literal

WIDTH = 1000


def main(output, path):
    with open(path, encoding='utf-8') as file:
        text = json.dumps(yaml.safe_load(file), separators=(',', ':'), ensure_ascii=True)
    lines = (text[i:i + WIDTH] for i in range(0, len(text), WIDTH))
    with open(output, 'w', encoding='ascii') as file:
        file.write('/* Made by embed_openapi.py from api/openapi.yaml. */\n#include "frontend/openapi.h"\n\n'
                   'const char openapi_json[] =\n' + '\n'.join('\t' + c_literal(line) for line in lines) + ';\n')


main(*sys.argv[1:])
