"""Which character set the text of a header is really in (PS3.3 C.12.1.1.2, PS3.5 6.1).

Polish practice: Windows-1250 written by software that declares ISO_IR 100, ISO_IR 101 or nothing. The six letters
ąśź ĄŚŹ have other bytes in Windows-1250 than in ISO 8859-2, all others of the alphabet the same. The bytes of the
item are never changed; only the catalogue reads them as what they are, with a finding.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pydicom.charset import decode_bytes, python_encoding
from pydicom.valuerep import TEXT_VR_DELIMS

from repository.findings import Finding

_ASCII = "ascii"
_LATIN_1, _LATIN_2, _WINDOWS, _UTF_8 = "latin_1", "iso8859_2", "cp1250", "utf-8"
_ESCAPE = b"\x1b"

_ONLY_WINDOWS = frozenset(b"\x8c\x8f\x9c\x9f")  # Ś Ź ś ź: controls in every ISO 8859
_WINDOWS_LETTERS = frozenset(b"\xa5\xb9") | _ONLY_WINDOWS  # Ą ą
_LATIN_2_LETTERS = frozenset(b"\xa1\xa6\xac\xb1\xb6\xbc")  # Ą Ś Ź ą ś ź; signs and not letters in Windows-1250
_OTHER_SLAVIC = frozenset(b"\xe8\xf8\xbe\xec\xef\xbb\xf2\xf9\xc8\xd8\xae\xcc")  # č ř ž ě ď ť ň ů: then 0xB9 is š
_SIGN_IN_WORD = re.compile(
    rb"(?<=[A-Za-z])[\xa1\xa3\xa5\xa6\xac\xaf\xb1\xb3\xb6\xb9\xbc\xbf]|"
    rb"[\xa1\xa3\xa5\xa6\xac\xaf\xb1\xb3\xb6\xb9\xbc\xbf](?=[A-Za-z])"
)
_NAME = re.compile(r"ISO[ _-]*(2022)?[ _-]*IR[ _-]*(\d+)")


@dataclass(frozen=True, slots=True)
class Charset:
    """How to read text: Python codecs, the first one for what stands before any escape sequence."""

    codecs: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    def decode(self, raw: bytes) -> str:
        """`raw` as text; what is in no way text of this character set becomes U+FFFD."""
        if _ESCAPE in raw:
            try:
                return decode_bytes(raw, self.codecs, TEXT_VR_DELIMS)
            except (UnicodeError, LookupError, UserWarning):
                return raw.decode(_LATIN_1)
        return raw.decode(self.codecs[0], "replace")


PLAIN = Charset(codecs=(_LATIN_1,))


@lru_cache(maxsize=256)
def declared(value: bytes) -> tuple[tuple[str, ...], str]:
    """The codecs that (0008,0005) names, none if it names none, and the first term that is not known."""
    codecs: list[str] = []
    unknown = ""
    for number, part in enumerate(value.decode(_LATIN_1).split("\\")):
        term = part.strip("\0 ").upper()
        match = _NAME.fullmatch(term)
        if match:  # "ISO-IR 100", "ISO IR 100", "ISO_IR100": seen in the field
            term = f"ISO 2022 IR {match[2]}" if match[1] else f"ISO_IR {match[2]}"
        if term in {"", "ISO_IR 6", "ISO 2022 IR 6"}:
            if number == 0:
                codecs.append(_ASCII)
        elif term in python_encoding:
            codecs.append(python_encoding[term])
        else:
            unknown = unknown or (term if re.fullmatch(r"[A-Z0-9_ -]{1,20}", term) else "?")
    return tuple(codecs or [_ASCII]), unknown


def settle(value: bytes, *, names: Sequence[bytes], texts: Sequence[bytes]) -> Charset:
    """The character set for the text of one header, from what it declares and from its bytes.

    `names` are values of VR PN, where a sign inside a word is no sign; `texts` all values of text.
    """
    codecs, unknown = declared(value)
    everything = b"\\".join(texts)
    findings = (Finding("DCM-011", params={"declared": unknown}),) if unknown else ()
    if everything.isascii():
        return Charset(codecs=codecs if codecs[0] != _ASCII else (_LATIN_1, *codecs[1:]), findings=findings)
    if _ESCAPE in everything or len(codecs) > 1:
        return Charset(codecs=codecs if codecs[0] != _ASCII else (_LATIN_1, *codecs[1:]), findings=findings)
    real = _really(codecs[0], everything, names=b"\\".join(names))
    if real == codecs[0]:
        return Charset(codecs=codecs, findings=findings)
    named = unknown or value.split(b"\\")[0].decode(_LATIN_1).strip("\0 ")
    if not re.fullmatch(r"[A-Za-z0-9_ -]{1,20}", named):
        named = "-"
    mislabelled = Finding("DCM-010", params={"declared": named, "used": real})
    return Charset(codecs=(real,), findings=(*findings, mislabelled))


def _really(codec: str, text: bytes, *, names: bytes) -> str:
    """The codec that `text` is in, where `codec` is declared (ascii: nothing is)."""
    unicode = codec.upper() == "UTF8"
    if not unicode and codec not in {_ASCII, _LATIN_1, _LATIN_2}:
        return codec
    if _is_utf_8(text):
        return codec if unicode else _UTF_8
    if not _ONLY_WINDOWS.isdisjoint(text):
        return _WINDOWS
    if unicode or codec == _ASCII or (codec == _LATIN_1 and _SIGN_IN_WORD.search(names)):
        return _polish(text)
    return codec if codec == _LATIN_1 else _latin_2_or_windows(names)


def _latin_2_or_windows(names: bytes) -> str:
    """What text declared as ISO 8859-2 is in, where the bytes fit both: 0xB9 is š there and ą in Windows-1250."""
    seen = set(names)
    polish_only = seen.isdisjoint(_OTHER_SLAVIC) and seen.isdisjoint(_LATIN_2_LETTERS)
    in_word = _SIGN_IN_WORD.search(names)
    return _WINDOWS if polish_only and in_word and not _WINDOWS_LETTERS.isdisjoint(seen) else _LATIN_2


def _polish(text: bytes) -> str:
    """Windows-1250 or ISO 8859-2, by the letters that differ; the latter where none does."""
    windows = sum(byte in _WINDOWS_LETTERS for byte in text)
    return _WINDOWS if windows > sum(byte in _LATIN_2_LETTERS for byte in text) else _LATIN_2


def _is_utf_8(text: bytes) -> bool:
    try:
        text.decode(_UTF_8)
    except UnicodeDecodeError:
        return False
    return True
