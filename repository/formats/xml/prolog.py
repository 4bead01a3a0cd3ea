"""What stands before the first element of an XML item: encoding, document type, root. Read without a parser.

Only encodings that Polish systems write are read; the parser is told which one it is, so that no document talks it
into another (UTF-7 and the like hide mark-up from every check made on bytes).
"""

import re

from repository.domain.describing import Kind

CDA = (Kind.CDA, "text/xml")  # as XDS metadata of PIK documents name it
XML = (Kind.XML, "application/xml")  # RFC 7303
HTML = (Kind.TEXT, "text/html")

_WINDOW = 64 << 10
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))
_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "utf-16": "utf-16be",
    "utf-16le": "utf-16le",
    "utf-16be": "utf-16be",
    "iso-8859-1": "iso-8859-1",
    "iso-8859-2": "iso-8859-2",
    "windows-1250": "windows-1250",
    "cp1250": "windows-1250",
    "windows-1252": "windows-1252",
}
_DECLARED = re.compile(r"""<\?xml\s[^>]*?encoding\s*=\s*["']([^"'<>]{0,64})["']""")
_SKIPPED = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"<(?:([^\W\d][^\s:/>=<!?]*):)?([^\W\d][^\s:/>=<!?]*)(?=[\s/>]|$)")
_NAMESPACE = re.compile(r"""\sxmlns(?::([^\s=]+))?\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ATTRIBUTES = re.compile(r"""(?:[^"'>]|"[^"]*"|'[^']*')*""")
_HTML_TYPE = re.compile(r"\s+html\b[^\[>]*>", re.IGNORECASE)  # with declarations of its own it is XML, and refused
HL7 = "urn:hl7-org:v3"


def byte_order_mark(data: bytes) -> tuple[int, str]:
    """Length of the byte order mark, and the encoding it shows (empty: there is none)."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return len(mark), encoding
    return 0, ""


def encoding_of(data: bytes) -> tuple[str, str]:
    """The encoding to read XML in, and the declared name; the first is empty if it is not one that is read.

    A byte order mark or the bytes of a UTF-16 `<` outrank the declaration (XML 1.0 F.1).
    """
    _, encoding = byte_order_mark(data)
    if not encoding and data[:2] in {b"<\0", b"\0<"}:
        encoding = "utf-16le" if data[:1] == b"<" else "utf-16be"
    start = data[:1024].decode(encoding or "latin-1", "ignore").lstrip("\ufeff")
    match = _DECLARED.match(start)
    name = match[1] if match else ""
    if encoding:
        return encoding, name
    chosen = _ENCODINGS.get(name.lower().strip(), "") if match else "utf-8"
    # declared as UTF-16 and plainly not: the declaration could be read as single bytes
    return ("" if chosen.startswith("utf-16") else chosen), name


def look(head: bytes) -> tuple[Kind, str] | None:
    """CDA, XML or HTML, if the bytes begin like mark-up."""
    encoding, _ = encoding_of(head)
    text = head[:_WINDOW].decode(encoding or "latin-1", "replace").lstrip("\ufeff")
    at, declared = _skip(text, 0), text.startswith("<?xml")
    if text[at : at + 9].upper() == "<!DOCTYPE":
        return HTML if _HTML_TYPE.match(text, at + 9) else XML
    match = _TAG.match(text, at)
    if match is None:
        # a declaration or a comment at the very beginning, and then nothing that can be made out
        return XML if declared or text.lstrip().startswith(("<!--", "<?xml")) else None
    if match[2].lower() == "html" and not declared:
        return HTML
    attributes = _ATTRIBUTES.match(text, match.end())
    return _root(match[1] or "", match[2], attributes=attributes[0] if attributes else "")


def _skip(text: str, at: int) -> int:
    while match := _SKIPPED.match(text, at):
        at = match.end()
    return at


def _root(prefix: str, name: str, *, attributes: str) -> tuple[Kind, str]:
    namespaces = {found[1] or "": found[2] or found[3] or "" for found in _NAMESPACE.finditer(attributes)}
    return CDA if name == "ClinicalDocument" and namespaces.get(prefix) == HL7 else XML
