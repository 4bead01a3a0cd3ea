"""The one way from bytes to an XML tree, safe against whoever wrote them.

No document type, no entities, no network, bounded depth, element count and attribute size; the encoding is settled
beforehand from a short list. What is small and free of `<!` declarations is parsed at once by libxml2 under its own
limits; everything else passes as a stream that builds nothing but the header of a clinical document and stops at the
first sign of an attack. Both give the same verdicts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

from lxml import etree

from repository.findings import Finding
from repository.formats.xml.prolog import HL7, byte_order_mark, encoding_of

MAX_BYTES = 64 << 20  # examined of one item; a document with scans inside may be larger and is then kept half seen
MAX_DEPTH = 256  # also libxml2's own limit
MAX_ELEMENTS = 200_000  # the largest official example has 500
MAX_ATTRIBUTE = 1 << 20  # characters
MAX_HEADER_TEXT = 1 << 20  # characters before the body of a clinical document
_CHUNK = 64 << 10
_DECLARATIONS = tuple(
    mark.encode(encoding) for mark in ("<!DOCTYPE", "<!ENTITY") for encoding in ("ascii", "utf-16le", "utf-16be")
)
CLINICAL_DOCUMENT = f"{{{HL7}}}ClinicalDocument"
_COMPONENT = f"{{{HL7}}}component"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_WRONG_BYTES = frozenset(
    {
        etree.ErrorTypes.ERR_INVALID_CHAR,
        etree.ErrorTypes.ERR_INVALID_ENCODING,
        etree.ErrorTypes.I18N_CONV_FAILED,
    }
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """`root` is None where the item is hostile, malformed or not read, and then `findings` say why.

    Of a large clinical document `root` holds what stands before its body.
    """

    root: etree._Element | None = None
    signed: bool = False  # an XML signature is the last word of the document, or one of its children
    stylesheet: str = ""  # content of the xml-stylesheet instruction before the root
    findings: tuple[Finding, ...] = ()


class _Hostile(Exception):
    """Internal: stops the parser; `args` hold the finding code."""


def parse(head: bytes, *, size: int, open_rest: Callable[[], BinaryIO]) -> Parsed:
    """The XML item of `size` bytes that begins with `head`, as a tree or as the reason why there is none."""
    encoding, name = encoding_of(head)
    if not encoding:
        return Parsed(findings=(Finding("XML-006", params={"encoding": _harmless(name)}),))
    whole = len(head) >= size
    try:
        if whole and _is_plain(head):
            return _at_once(head, encoding=encoding)
        with BytesIO(head) if whole else open_rest() as stream:
            return _streamed(stream, encoding=encoding)
    except _Hostile as attack:
        return Parsed(findings=(Finding(str(attack.args[0])),))
    except etree.XMLSyntaxError as error:
        return Parsed(findings=(_fault(error),))


def _is_plain(data: bytes) -> bool:
    """Whether the bytes alone show that nothing in the document can be hostile but its depth, which libxml2 bounds."""
    return (
        len(data) <= MAX_ATTRIBUTE
        and data.count(b"<") < MAX_ELEMENTS
        and not any(mark in data for mark in _DECLARATIONS)
    )


def _parser(*, encoding: str, target: Any = None) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=encoding,
        target=target,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_pis=False,
        collect_ids=False,
    )


def _at_once(data: bytes, *, encoding: str) -> Parsed:
    mark, _ = byte_order_mark(data)
    root = etree.fromstring(data[mark:] if mark else data, _parser(encoding=encoding))
    if root.getroottree().docinfo.internalDTD is not None:
        raise _Hostile("XML-001")
    stylesheet, before = "", root.getprevious()
    while before is not None:
        if isinstance(before, etree._ProcessingInstruction) and before.target == "xml-stylesheet":  # noqa: SLF001 - lxml names its node types so
            stylesheet = before.text or ""
        before = before.getprevious()
    return Parsed(root=root, signed=root.find(SIGNATURE) is not None, stylesheet=stylesheet)


def _streamed(stream: BinaryIO, *, encoding: str) -> Parsed:
    watcher = _Watcher()
    parser = _parser(encoding=encoding, target=watcher)
    findings: tuple[Finding, ...] = ()
    for number, chunk in enumerate(_chunks(stream)):
        mark = byte_order_mark(chunk)[0] if number == 0 else 0
        parser.feed(chunk[mark:] if mark else chunk)
        if number * _CHUNK >= MAX_BYTES:
            findings = (Finding("XML-007"),)
            break
    else:
        parser.close()
    return Parsed(root=watcher.header(), signed=watcher.signed, stylesheet=watcher.stylesheet, findings=findings)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


class _Watcher:
    """Target of the parser: counts, refuses, and builds the header of a clinical document."""

    def __init__(self) -> None:
        self.signed = False
        self.stylesheet = ""
        self._depth = 0
        self._elements = 0
        self._text = 0
        self._root = ""
        self._building = False
        self._builder = etree.TreeBuilder()

    def start(self, tag: str, attributes: dict[str | bytes, str | bytes]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise _Hostile("XML-002")
        if self._elements > MAX_ELEMENTS:
            raise _Hostile("XML-003")
        if any(len(value) > MAX_ATTRIBUTE for value in attributes.values()):
            raise _Hostile("XML-004")
        if self._depth == 1:
            self._root, self._building = tag, True
        elif self._depth == 2:
            self.signed = self.signed or tag == SIGNATURE
            # no body is built, and of other XML nothing but the root
            self._building = self._root == CLINICAL_DOCUMENT and self._building and tag != _COMPONENT
        if self._building:
            self._builder.start(tag, dict(attributes))

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._building and self._depth:
            self._builder.end(tag)

    def data(self, text: str) -> None:
        if self._building and self._root == CLINICAL_DOCUMENT:
            self._text += len(text)
            if self._text > MAX_HEADER_TEXT:
                raise _Hostile("XML-004")
            self._builder.data(text)

    def pi(self, target: str, text: str | None = None) -> None:
        if not self._depth and not self._root and target == "xml-stylesheet":
            self.stylesheet = text or ""

    def comment(self, text: str) -> None:
        """Comments are not kept."""

    def doctype(self, *_declaration: str | None) -> None:
        raise _Hostile("XML-001")

    def close(self) -> None:
        """Called by the parser at the end; the header is asked for separately."""

    def header(self) -> etree._Element | None:
        """The root as far as it was built."""
        if not self._root:
            return None
        self._builder.end(self._root)
        return self._builder.close()


def _code(error: etree.XMLSyntaxError) -> int:
    return int(getattr(error, "code", None) or 0)


def _fault(error: etree.XMLSyntaxError) -> Finding:
    """What libxml2 says is wrong, as a finding that quotes nothing of the document.

    Its other limits (a comment or CDATA section above 10 MB) are met by honest documents too: those are kept.
    """
    if _code(error) == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
        limit = str(error).lower()
        if "depth" in limit or "attvalue" in limit:
            return Finding("XML-002" if "depth" in limit else "XML-004")
    line, column = error.position
    where: dict[str, str | int] = {"line": line or 0, "column": column or 0}
    return Finding("XML-008" if _code(error) in _WRONG_BYTES else "XML-005", params=where)


def _harmless(name: str) -> str:
    return name if len(name) <= 20 and name.isascii() and name.replace("-", "").replace("_", "").isalnum() else "?"
