"""Admitted images, each with the context by which it goes and the bytes of its data set in the syntax of that.

As they came, where their transfer syntax is agreed on. Otherwise without compression, where such a syntax is: encoded
anew, or decoded by processes that can open nothing. What cannot be had in one of these ways is told with the reason.
"""

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass

from dicom_gateway.protocol.negotiating import Context
from dicom_gateway.services.call import House
from repository.dicom_retrieval import data_set
from repository.imaging import REENCODED, UNCOMPRESSED, Image, contents, in_syntax, scanned
from repository.opening import Admitted
from repository.rendering.decoding import DECODABLE, decoded, in_hand, is_compressed
from repository.runtime import Archive
from storage.errors import ArchiveError

NO_CONTEXT = "no context"
AHEAD = 1 << 20  # bytes of an image that is opened before the peer has answered to the one before
_log = logging.getLogger("dicom_gateway")


class GivenUp(Exception):
    """Internal signal: the retrieval is over, and an image need not be decoded any more."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One instance on its way: by which context; `content`: of its data set, in the syntax of that, which raises where
    it cannot be opened. `meanwhile`: worth doing while the peer takes it, once `content` is used up; never raises."""

    admitted: Admitted
    context: Context
    content: Iterator[bytes | memoryview]
    meanwhile: Callable[[], None]


@dataclass(frozen=True, slots=True)
class NotSent:
    """One that cannot be; `why`: the code of an error, or `NO_CONTEXT`."""

    admitted: Admitted
    why: str


def sendings(
    house: House,
    what: Sequence[Admitted],
    contexts: Iterable[Context],
    *,
    between: Callable[[], None],
) -> Generator[Sending | NotSent]:
    """Each of `what` as it can be sent by one of the `contexts` of which we are the SCU, to be used up before the next
    is asked for. `between` is called now and then while pixels are decoded, before anything of the image is given out;
    it may raise; `GivenUp` ends them all without a word of error. To be closed by whoever goes amid them."""
    ours = {(each.abstract, each.syntax): each for each in contexts if each.requests}
    chosen = [(each, _context_for(each, ours)) for each in what]
    stored = [each for each, context in chosen if context and _is_stored(each, context)]
    with closing(_AsStored(house.archive, stored)) as as_stored:
        for each, context in chosen:
            if context is None:
                yield NotSent(each, NO_CONTEXT)
                continue
            with ExitStack() as until_it_is_sent:
                try:
                    if _is_stored(each, context):
                        pieces = as_stored.next()
                    else:
                        image = scanned(house.archive, each)
                        pieces = _recoded(house, image, context.syntax, until=until_it_is_sent, between=between)
                    found: Sending | NotSent = Sending(each, context, data_set(pieces), as_stored.ahead)
                except GivenUp:
                    _log.info("an image is not decoded to its end: the retrieval is over")
                    return
                except ArchiveError as error:
                    _log.error("an image cannot be given out: %s", error.code)
                    until_it_is_sent.close()
                    found = NotSent(each, error.code)
                yield found


def _recoded(
    house: House, image: Image, syntax: str, *, until: ExitStack, between: Callable[[], None]
) -> Iterator[bytes]:
    if not is_compressed(image):
        return in_syntax(image, syntax)
    until.enter_context(house.ration.taken(in_hand(image), waiting=between))
    return decoded(house.archive, house.pool, image, to=syntax, between=between)


class _AsStored:
    """The contents of images one after another; where one does not open, the others do. Reading ahead, another may be
    what an error is about: so each is tried alone then, and the rest begun anew."""

    def __init__(self, archive: Archive, what: Sequence[Admitted]) -> None:
        self._archive, self._rest = archive, deque(what)
        self._opened = contents(archive, what)
        self._broken = False
        self._ready: list[bytes] | ArchiveError | None = None

    def next(self) -> Iterator[bytes]:
        """Raises `ArchiveError`, as does what it returns."""
        ready, self._ready = self._ready, None
        if isinstance(ready, ArchiveError):
            raise ready
        return self._next() if ready is None else iter(ready)

    def ahead(self) -> None:
        """The next one is read, opened and hashed, if it is small: the peer is as long about the one before."""
        if self._ready is not None or not self._rest or self._rest[0].found.holding.size > AHEAD:
            return
        try:
            self._ready = list(self._next())
        except ArchiveError as error:
            self._ready = error

    def _next(self) -> Iterator[bytes]:
        each = self._rest.popleft()
        if not self._broken:
            try:
                _, pieces = next(self._opened)
            except ArchiveError:
                self._broken = True
            else:
                return self._watched(pieces)
        _, pieces = next(contents(self._archive, [each]))
        self._opened.close()
        self._opened, self._broken = contents(self._archive, tuple(self._rest)), False
        return pieces

    def close(self) -> None:
        """Nothing of them is open any more."""
        self._opened.close()

    def _watched(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """One that is not used up, whatever for, leaves nothing to go on from."""
        self._broken = True
        yield from pieces
        self._broken = False


def uid_of(each: Admitted) -> str:
    facts = each.found.holding.description.dicom
    return facts.sop_instance_uid if facts is not None else ""


def _context_for(each: Admitted, known: Mapping[tuple[str, str], Context]) -> Context | None:
    """One of the stored syntax; or one without compression, rather with explicit value representations: in implicit
    ones nobody can tell those of private elements. `known`: by SOP class and transfer syntax."""
    facts = each.found.holding.description.dicom
    if facts is None:
        return None
    syntax = facts.transfer_syntax_uid
    possible = [syntax, *(REENCODED if syntax in UNCOMPRESSED | DECODABLE else ())]
    return next((known[facts.sop_class_uid, one] for one in possible if (facts.sop_class_uid, one) in known), None)


def _is_stored(each: Admitted, context: Context) -> bool:
    facts = each.found.holding.description.dicom
    return facts is not None and facts.transfer_syntax_uid == context.syntax
