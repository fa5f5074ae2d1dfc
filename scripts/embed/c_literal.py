"""Text as C source, for the programs beside this file."""


def c_literal(line):
    """One line as a C string. Bytes outside ASCII in octal, which ends after three digits as hex does not."""
    out = []
    for byte in line.encode():
        char = chr(byte)
        if char in '"\\?':
            out.append('\\' + char)
        elif 32 <= byte < 127:
            out.append(char)
        else:
            out.append('\\%03o' % byte)
    return '"' + ''.join(out) + '"'
