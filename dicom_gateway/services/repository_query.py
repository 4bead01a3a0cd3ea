"""Repository Query (PS3.4 C.6.4): C-FIND over all that the peer may see, from one record key to the next.

Records come in the order of the catalogue, each with its Record Key where that is asked for. After as many as the peer
wants, or `MOST_RECORDS` if it can go on from there, the last word is B001; 0000 says that there were no more. What goes
on from a Prior Record Key is what the whole would have been, on another association and after a restart as well; a
record that came to lie before the key in the meantime is not in it (C.6.4.5.3, note 1).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dicom_gateway.contexts import STUDY_FIND
from dicom_gateway.protocol.messages import Gathered, Sink
from dicom_gateway.services.call import Call
from dicom_gateway.services.finding import all_told, asked_by, not_understood, takeovers_of, title_at
from dicom_gateway.services.finding_answers import Answers, answers_apart
from dicom_gateway.services.finding_question import NotUnderstood, Question
from dicom_gateway.statuses import (
    CANNOT_UNDERSTAND,
    CLASS_NOT_SUPPORTED,
    INVALID_PRIOR_KEY,
    LIMIT_REACHED,
    SUCCESS,
    Status,
)
from repository.catalogue.errors import BadCursor
from repository.catalogue.query import Level, Page, Query
from repository.continuing import Continuing, RecordKeyForeign
from repository.formats.dicom.identifiers import elements_of
from repository.searching import paged

MOST_RECORDS = 10_000  # in one answer, of whoever asks for record keys and so can go on
RECORD_KEY, PRIOR_KEY, MAXIMUM, REMOVED, SYNTAX = 0x0008041B, 0x0008041C, 0x00080429, 0x00080405, 0x0008040E
_ASIDE = frozenset({"RecordKey", "PriorRecordKey", "MaximumNumberOfRecords", "RemovedFromOperationalUse",
    "StoredInstanceTransferSyntaxUID"})  # fmt: skip
_TAGS = frozenset({RECORD_KEY, PRIOR_KEY, MAXIMUM, REMOVED, SYNTAX})
_IN_USE = "N"  # what is kept is in use: nothing is ever removed from that and kept


class RepositoryQuery:
    def sink(self, call: Call) -> Sink:  # noqa: ARG002  as the protocol has it
        return Gathered()

    def serve(self, call: Call, data_set: Sink | None) -> None:
        content = data_set.content if isinstance(data_set, Gathered) else b""
        try:
            question = asked_by(call, content, model=STUDY_FIND, aside=_ASIDE)
            if question is None:
                call.answer(Status(CLASS_NOT_SUPPORTED))
                return
            wish = _wish_of(call, question, content)
        except NotUnderstood as no:
            not_understood(call, no)
        except RecordKeyForeign as error:
            call.answer(Status(INVALID_PRIOR_KEY, error.code))
        else:
            _answer(call, question, wish)


@dataclass(slots=True)
class _Wish:
    """`after`: the mark of the record before; `most`: records, None without limit; `nothing`: what is asked for is
    never there."""

    keys: Continuing
    after: str
    most: int | None
    nothing: bool
    more: bool = False


def _wish_of(call: Call, question: Question, content: bytes) -> _Wish:
    """Raises `NotUnderstood`, `RecordKeyForeign`."""
    said, keys = question.asked.keys, Continuing(call.house.archive, question.level, takeovers=call.caller.within)
    removed = said.get("RemovedFromOperationalUse", "").strip()
    if removed not in ("", "*", _IN_USE, "Y"):
        raise NotUnderstood(CANNOT_UNDERSTAND, "RemovedFromOperationalUse: Y or N", REMOVED)
    most = _number(said.get("MaximumNumberOfRecords", "").strip())
    if (RECORD_KEY,) in question.asked.attributes:
        most = MOST_RECORDS if most is None else min(most, MOST_RECORDS)
    prior = next((each.value for each in elements_of(content, syntax=question.syntax) if each.tag == PRIOR_KEY), b"")
    return _Wish(keys, keys.mark_of(prior) if prior else "", most, removed == "Y")


def _number(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise NotUnderstood(CANNOT_UNDERSTAND, "MaximumNumberOfRecords: 1 or more", MAXIMUM)
    return int(text)


def _answer(call: Call, question: Question, wish: _Wish) -> None:
    answers = _answers_to(question, wish, title=title_at(call))
    takeovers = () if wish.nothing else takeovers_of(call)
    query = replace(question.keys.query, takeovers=takeovers, after=wish.after, **answers.wants)
    unsupported = bool(question.keys.unmatched) or _matched_by_syntax(question)
    try:
        all_told(
            call,
            _pages(call, query, wish),
            answers,
            unsupported=unsupported,
            last=lambda: Status(LIMIT_REACHED if wish.more else SUCCESS),
        )
    except BadCursor as error:  # a key of ours, of another release
        call.answer(Status(INVALID_PRIOR_KEY, error.code))


def _pages(call: Call, query: Query, wish: _Wish) -> Iterator[Page]:
    """Each is a search with its account; whether there would be more after the last one is noted."""
    for page in paged(call.house.archive, call.caller.errand, query, most=wish.most):
        wish.more = bool(page.next)
        yield page


def _matched_by_syntax(question: Question) -> bool:
    return bool(question.asked.keys.get("StoredInstanceTransferSyntaxUID", "").strip("* "))


def _answers_to(question: Question, wish: _Wish, *, title: str) -> Answers:
    """As C-FIND's answers, and what this class has beside them (PS3.4 table C.6.4.1-1)."""
    level, asked = question.level, question.asked
    others = {path: vr for path, vr in asked.attributes.items() if path[0] not in _TAGS}
    found = answers_apart(replace(question, asked=replace(asked, attributes=others)), title=title)
    if (RECORD_KEY,) in asked.attributes:
        found.fields[RECORD_KEY] = "OB", lambda hits: wish.keys.key_of(hits[level])
    if (REMOVED,) in asked.attributes:
        found.fields[REMOVED] = "CS", lambda _: _IN_USE
    if (SYNTAX,) in asked.attributes:
        found.unsupported = found.unsupported or level is not Level.INSTANCE
        found.fields[SYNTAX] = "UI", lambda hits: hits[level].values.get("TransferSyntaxUID", "")
    found.fields = dict(sorted(found.fields.items()))
    return found
