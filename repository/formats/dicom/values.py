"""Value bytes to text: padding stripped, multiple values joined by a backslash, otherwise as found (PS3.5 6.2)."""

import struct
from functools import lru_cache

from repository.formats.dicom.charsets import PLAIN, Charset

VALUE_CAP = 10240  # characters; the limit of LT (PS3.5 6.2), and no catalogued value has a reason to be longer
CHARSET_VRS = frozenset({"SH", "LO", "ST", "LT", "PN", "UC", "UT"})  # PS3.5 6.1.2.3
_WHOLE_TEXT = frozenset({"ST", "LT", "UT", "UR"})  # one value: leading spaces and backslashes are part of it
_NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q"}


def text_of(raw: bytes, vr: str, charset: Charset) -> str:
    """The value as text of the catalogue. `vr` is the one found if it is binary, else the registered one."""
    if vr in _NUMBERS:
        return _numbers(raw, _NUMBERS[vr])
    raw = raw.rstrip(b"\0 ")
    if raw.isascii() and b"\x1b" not in raw:
        text = raw.decode("ascii")
    else:
        text = (charset if vr in CHARSET_VRS else PLAIN).decode(raw)
    if vr in _WHOLE_TEXT:
        text = text.rstrip("\0 ")
    elif vr == "PN":
        text = "\\".join(_alphabetic(name) for name in text.split("\\"))
    elif "\\" in text:
        text = "\\".join(part.strip("\0 ") for part in text.split("\\"))
    else:
        text = text.strip("\0 ")
    return text if "\0" not in text else text.replace("\0", "\ufffd")


def _alphabetic(name: str) -> str:
    """The alphabetic group of a person name, the first other one where it is empty (PS3.5 6.2.1.2)."""
    if "=" not in name:
        return name.strip("\0 ")
    return next((group.strip("\0 ") for group in name.split("=") if group.strip("\0 ^")), "")


@lru_cache(maxsize=1024)
def _numbers(raw: bytes, code: str) -> str:
    width = struct.calcsize("<" + code)
    whole = len(raw) // width * width
    return "\\".join(str(number) for (number,) in struct.iter_unpack("<" + code, raw[:whole]))
