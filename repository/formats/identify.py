"""What an item is, by its first bytes. Names are labels that the producer chose and are not looked at."""

import re

from repository.domain.describing import Kind
from repository.formats.dicom import describing as dicom
from repository.formats.xml import prolog

# The signatures that their formats define: ISO 32000-1 7.5.2, PNG (W3C) 5.2, ISO 10918-1 B.1.1.3, TIFF 6.0 2,
# APPNOTE.TXT 4.3, RFC 1952 2.3.1, and the archivers' own descriptions.
_SIGNATURES: tuple[tuple[bytes, Kind, str], ...] = (
    (b"%PDF-", Kind.PDF, "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG, "image/png"),
    (b"\xff\xd8\xff", Kind.JPEG, "image/jpeg"),
    (b"II*\0", Kind.TIFF, "image/tiff"),
    (b"MM\0*", Kind.TIFF, "image/tiff"),
    (b"II+\0", Kind.TIFF, "image/tiff"),
    (b"MM\0+", Kind.TIFF, "image/tiff"),
    (b"PK\3\4", Kind.ARCHIVE, "application/zip"),
    (b"PK\5\6", Kind.ARCHIVE, "application/zip"),
    (b"\x1f\x8b\x08", Kind.ARCHIVE, "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", Kind.ARCHIVE, "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", Kind.ARCHIVE, "application/vnd.rar"),
)
OPAQUE = (Kind.OPAQUE, "application/octet-stream")
_TAR_MAGIC = slice(257, 262)  # POSIX.1-1988 ustar, and GNU
_PDF_WINDOW = 1024  # readers accept a header that far in, and scanners write mail headers before it
_TEXT_WINDOW = 8192
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def identify(head: bytes, *, size: int) -> tuple[Kind, str]:
    """The kind and media type of the item of `size` bytes that begins with `head`.

    XML is not parsed here: `CDA` means that the first tag is a ClinicalDocument of HL7 v3, as far as can be seen.
    """
    found = dicom.kind_of(head, size=size)
    if found is not None:
        return found, dicom.MEDIA_TYPE
    for signature, kind, media_type in _SIGNATURES:
        if head.startswith(signature):
            return kind, media_type
    if head[_TAR_MAGIC] == b"ustar":
        return Kind.ARCHIVE, "application/x-tar"
    markup = prolog.look(head)
    if markup is not None:
        return markup
    if b"%PDF-" in head[:_PDF_WINDOW]:
        return Kind.PDF, "application/pdf"
    return (Kind.TEXT, "text/plain") if _is_text(head) else OPAQUE


def _is_text(head: bytes) -> bool:
    """Text in UTF-8, UTF-16 with a byte order mark, or one of the eight-bit sets: no control characters."""
    sample = head[:_TEXT_WINDOW]
    if sample[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        text = sample[: len(sample) & ~1].decode("utf-16", "replace")
        return "\ufffd" not in text[:-1] and "\0" not in text
    return bool(sample) and not _NOT_TEXT.search(sample) and _mostly_letters(sample)


def _mostly_letters(sample: bytes) -> bool:
    """Bytes of an eight-bit set stay a minority in any European text; in compressed data they are half."""
    high = len(sample) - len(sample.translate(None, bytes(range(128, 256))))
    return high * 3 <= len(sample) or _decodes(sample)


def _decodes(sample: bytes) -> bool:
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.start >= len(sample) - 3
    return True
