"""The tables of docs/conformance.md that follow from the code; `docs/generate.py` puts them between their markers."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

PAGE = Path(__file__).resolve().parent / "conformance.md"
_PART = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_BY_NAME = {" - FIND": "C-FIND", " - MOVE": "C-MOVE", " - GET": "C-GET"}


def page() -> str:
    """The page with its tables as the code has them. ValueError where a marker names none of them."""
    text = PAGE.read_text("utf-8")
    missing = TABLES.keys() - {match[2] for match in _PART.finditer(text)}
    if missing:
        raise ValueError(f"docs/conformance.md has no marker for: {', '.join(sorted(missing))}")
    return _PART.sub(lambda match: f"{match[1]}{_made(match[2])}{match[3]}", text)


def _made(name: str) -> str:
    if name not in TABLES:
        raise ValueError(f"docs/conformance.md names a table that is none: {name}")
    return TABLES[name]()


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(head)
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _name(uid: str) -> str:
    from pydicom.uid import UID

    return UID(uid).name


def implementation() -> str:
    from dicom_gateway.protocol.negotiating import APPLICATION, IMPLEMENTATION_UID, IMPLEMENTATION_VERSION

    return _table(
        ("what", "value"),
        [
            ("Application Context Name", f"`{APPLICATION}`"),
            ("Implementation Class UID", f"`{IMPLEMENTATION_UID}`"),
            ("Implementation Version Name", f"`{IMPLEMENTATION_VERSION}`"),
        ],
    )


def classes() -> str:
    from dicom_gateway.contexts import SERVED, VERIFICATION

    rows = [(_name(VERIFICATION), f"`{VERIFICATION}`", "C-ECHO", "whoever is registered")]
    rows += [(_name(uid), f"`{uid}`", _operations(uid), f"`{kind.value}`") for uid, kind in SERVED.items()]
    return _table(("SOP class", "UID", "as SCP", "service of the peer"), rows)


def nobodys() -> str:
    from repository.formats.dicom.classes import OF_NOBODY

    rows = sorted((_name(uid), f"`{uid}`") for uid in OF_NOBODY)
    return _table(("of no patient, study and series", "UID"), rows)


def _operations(uid: str) -> str:
    from dicom_gateway.contexts import COMMITMENT

    if uid == COMMITMENT:
        return "N-ACTION; N-EVENT-REPORT as SCU, and as SCP where it is asked for by us"
    return next((verb for end, verb in _BY_NAME.items() if _name(uid).endswith(end)), "C-FIND")


def syntaxes() -> str:
    from dicom_gateway.contexts import EXPLICIT, IMPLICIT
    from repository.imaging import REENCODED, UNCOMPRESSED
    from repository.rendering.decoding import DECODABLE

    rows = [("questions, answers, commitment, C-ECHO", _named((EXPLICIT, IMPLICIT)) + ", in this order of preference")]
    rows += [("C-STORE", "any, known or not: the first that is proposed in each presentation context")]
    rows += [("C-GET, of several in one context", "that by which most of the images of the class can be given")]
    rows += [("C-GET, C-MOVE", "that in which an image was received, whatever it is")]
    targets = _named(sorted(REENCODED))
    rows += [("C-GET, C-MOVE, else", f"of an image in {_named(sorted(UNCOMPRESSED))}: {targets}")]
    rows += [("the same, decoded", f"of an image in {_named(sorted(DECODABLE))}: {targets}")]
    return _table(("for", "transfer syntaxes"), rows)


def _named(uids: Iterable[str]) -> str:
    return ", ".join(f"{_name(uid)} (`{uid}`)" for uid in uids)


_MEANINGS: Mapping[str, str] = {
    "SUCCESS": "done; of C-STORE: durable, catalogued, in the log",
    "CANCELLED": "ended by C-CANCEL",
    "PENDING": "more follows",
    "PENDING_UNSUPPORTED": "more follows; some keys or attributes are not supported, or not at that level",
    "OUT_OF_RESOURCES": "the archive cannot now: try again. Of C-FIND also: a list that is too long",
    "DATA_SET_MISMATCH": "of another class or instance than the command says; an identifier that is none of the model",
    "CANNOT_UNDERSTAND": "no data set, or one that does not say which instance of which class it is",
    "DATA_SET_MISMATCH_KEPT": "kept, and something is lacking: it ends early, an image has no pixels, what is of "
    "studies by its class names no study or no series, or nobody but the maker of its transfer syntax can read it",
    "NOT_AUTHORISED": "the peer may not: no open takeover that it is bound to, or a decision against it",
    "CLASS_NOT_SUPPORTED": "the request does not belong to the presentation context",
    "UNRECOGNISED": "no such service",
    "UNKNOWN_DESTINATION": "the move destination is no registered peer, or has no address",
    "CANNOT_COUNT": "the number of matches cannot be had",
    "CANNOT_PERFORM": "no sub-operation succeeded, or all of it took longer than there was time: ask for what is left",
    "SOME_FAILED": "sub-operations failed; Failed SOP Instance UID List names them",
    "PROCESSING_FAILURE": "the archive cannot now: try again",
    "NO_SUCH_INSTANCE": "another instance than the well-known one",
    "NO_SUCH_EVENT": "an event type that there is not",
    "INVALID_ARGUMENT": "the data set is none of storage commitment, or contradicts what was said of the transaction",
    "NO_SUCH_CLASS": "another class than that of the presentation context",
    "NO_SUCH_ACTION": "an action type that there is not",
    "RESOURCE_LIMITATION": "more instances than one transaction may have, or more transactions than may wait",
    "INVALID_PRIOR_KEY": "the Prior Record Key is none of this archive's",
    "LIMIT_REACHED": "as many records as were asked for, or as there may be: go on with the last Record Key",
}


def negotiated() -> str:
    from dicom_gateway.contexts import NEGOTIABLE

    rows = [(str(byte), what, "1" if done else "0") for byte, (what, done) in enumerate(NEGOTIABLE, 1)]
    return _table(("byte", "what", "answered, where 1 is asked"), [*rows, ("6…", "any other", "0")])


def statuses() -> str:
    from dicom_gateway import statuses as known
    from dicom_gateway.measures import class_of

    public = {name: code for name, code in vars(known).items() if name.isupper() and not name.startswith("_")}
    codes = {name: code for name, code in public.items() if isinstance(code, int)}
    if silent := codes.keys() - _MEANINGS.keys():
        raise ValueError(f"docs/conforming.py says nothing of the statuses {', '.join(sorted(silent))}")
    rows = sorted((f"`{code:04X}`", class_of(code), _MEANINGS[name]) for name, code in codes.items())
    return _table(("status", "class", "meaning here"), rows)


def rejections() -> str:
    from dicom_gateway.rejecting import Why

    return _table(
        ("result, source, reason", "why (log, and label `reason` of the measures)"),
        [(", ".join(map(str, why.words)), f"`{why.shown}`") for why in Why],
    )


def identities() -> str:
    from dicom_gateway.identifying import KERBEROS, NOTED, USERNAME

    rows = [
        (str(kind), name, "taken; its SHA-256 is noted", "yes" if kind == USERNAME else "none")
        for kind, name in NOTED.items()
    ]
    rows.append((str(KERBEROS), "kerberos", "rejected", "–"))
    return _table(("type", "", "what becomes of it", "positive answer"), sorted(rows))


def limits() -> str:
    from dicom_gateway import settings

    text = settings.__doc__ or ""
    rows: list[list[str]] = []
    for line in text.splitlines():
        if match := re.match(r"(EDM_ARCHIVE_[A-Z_]+)\s*(.*)", line):
            rows.append([f"`{match[1]}`", match[2]])
        elif rows and line.startswith(" " * 32):
            rows[-1][1] = f"{rows[-1][1]} {line.strip()}".strip()
    return _table(("setting", "what; unless told"), rows)


def attributes() -> str:
    from repository.formats.dicom.attributes import ATTRIBUTES

    rows = [
        (" / ".join(f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in row.path), row.keyword, row.vr, row.level.value)
        for row in ATTRIBUTES
    ]
    return _table(("tag", "keyword", "VR", "level"), rows)


def security() -> str:
    from dicom_gateway.securing import CIPHERS

    return _table(("of TLS 1.2", ""), [("cipher suites", ", ".join(f"`{each}`" for each in CIPHERS.split(":")))])


TABLES: Mapping[str, Callable[[], str]] = {
    each.__name__: each
    for each in (
        implementation, classes, nobodys, syntaxes, negotiated, statuses, rejections, identities, limits, attributes,
        security,
    )
}  # fmt: skip
