r"""Names in packages as labels: printable, reversible text that is never used as a path of this machine.

A name is bytes. Where it is printable UTF-8 without a backslash, the label is that text. All else is escaped, so that
two names never share a label: `\\` for a backslash, `\xNN` for a byte that is not UTF-8, `\u{H}` for a character that
does not print (controls, direction marks, line ends).
"""

import re

ESCAPE = re.compile(r"\\(?:\\|x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\})")


def label_of(raw: bytes) -> str:
    """The label of a name as its file system or archive holds it."""
    return label_of_text(raw.decode("utf-8", "surrogateescape"))


def label_of_text(text: str) -> str:
    """The label of decoded text, in which surrogates stand for bytes that were not UTF-8 (PEP 383)."""
    if "\\" not in text and text.isprintable():
        return text
    return "".join(map(_escaped, text))


def text_of(label: str) -> str:
    """The inverse of `label_of_text`. Raises `ValueError` where `label` is none."""
    if "\\" not in label:
        return label
    if "\\" in ESCAPE.sub("", label):
        raise ValueError("not a label")
    return ESCAPE.sub(_plain, label)


def raw_of(label: str) -> bytes:
    """The inverse of `label_of`."""
    return text_of(label).encode("utf-8", "surrogateescape")


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{{{code:x}}}"


def _plain(match: re.Match[str]) -> str:
    if match[1]:
        return chr(0xDC00 + int(match[1], 16))
    return chr(int(match[2], 16)) if match[2] else "\\"
