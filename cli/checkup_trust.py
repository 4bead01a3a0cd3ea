"""`doctor` on the trust folder: how many anchors and revocation lists there are, and which will soon not do."""

from collections.abc import Iterator

from cli.checks import Check, failed
from repository.clock import now, stamp
from repository.evidence.trust.settings import Revocation
from repository.evidence.trust.stock import Concern, Notice, Stock, stock_of
from repository.evidence.trust.store import read_store
from repository.settings import Settings
from storage.errors import ArchiveError, Text

_RENEW = Text(
    en="Put its successor beside it in time: nothing is trusted under an expired certificate.",
    pl="W porę dołóż jego następcę: pod nieważnym certyfikatem nic nie jest zaufane.",
)
_FETCH = Text(
    en="Fetch the authority's current list into the folder `crl`.",
    pl="Pobierz aktualną listę urzędu do folderu `crl`.",
)
_TEXTS = {
    Concern.EXPIRED: (Text(en="{file} expired on {until}", pl="{file} stracił ważność {until}"), _RENEW),
    Concern.EXPIRES: (Text(en="{file} expires on {until}", pl="{file} straci ważność {until}"), _RENEW),
    Concern.UNFIT: (
        Text(
            en="{file} is no authority's certificate, or too weak: nothing is trusted under it",
            pl="{file} nie jest certyfikatem urzędu lub jest za słaby: nic pod nim nie jest zaufane",
        ),
        Text(en="Remove it, or put the right one there.", pl="Usuń go lub zastąp właściwym."),
    ),
    Concern.STALE: (Text(en="the list {file} ended on {until}", pl="lista {file} była aktualna do {until}"), _FETCH),
    Concern.ENDS: (Text(en="the list {file} ends on {until}", pl="lista {file} jest aktualna do {until}"), _FETCH),
    Concern.ORPHAN: (
        Text(en="the list {file} is of nobody who is known here", pl="lista {file} nie należy do nikogo tu znanego"),
        Text(
            en="It counts for authorities that send their certificate along; otherwise remove it.",
            pl="Liczy się dla urzędów, których certyfikat przychodzi z podpisem; w innym razie usuń ją.",
        ),
    ),
}


def trust_checks(found: Settings) -> Iterator[Check]:
    """One line of counts, and one for each thing to see to."""
    try:
        stock = stock_of(read_store(found.trust_path, revocation=found.revocation), at=now())
    except ArchiveError as error:
        yield failed("trust", error)
        return
    yield _counts(found, stock)
    for notice in stock.notices:
        yield _told(notice)


def _counts(found: Settings, stock: Stock) -> Check:
    if not stock.anchors:
        return Check(
            "trust",
            "ok",
            Text(
                en=f"no anchor in {found.trust_path}: no certificate is trusted",
                pl=f"brak kotwic w {found.trust_path}: żaden certyfikat nie jest zaufany",
            ),
            Text(
                en="Before demands are signed, put the certificates of the authorities that you trust there.",
                pl="Zanim będą podpisywane zapotrzebowania, umieść tam certyfikaty urzędów, którym ufasz.",
            ),
        )
    numbers = stock.anchors, stock.intermediates, stock.lists, found.revocation.value
    detail = Text(
        en="anchors: {}, intermediates: {}, revocation lists: {} ({})".format(*numbers),
        pl="kotwice: {}, pośrednie: {}, listy unieważnień: {} ({})".format(*numbers),
    )
    if found.revocation is Revocation.REQUIRED and not stock.lists:
        return Check("trust", "warning", detail, _FETCH)
    return Check("trust", "ok", detail)


def _told(notice: Notice) -> Check:
    text, todo = _TEXTS[notice.concern]
    until = stamp(notice.until) if notice.until else "–"
    return Check("trust", "warning", text.fill({"file": notice.file, "until": until}), todo)
