"""The hand-over data of a sample package: `metadata/handover.json`, `patients.csv` and `consents.csv`."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from io import StringIO

from repository.domain.takeover import Handover, Producer, Route
from repository.packages.handover import handover_json
from repository.samples.contents import Cast
from repository.samples.people import Provider

CESSATION = date(2025, 12, 31)
LEGAL_BASIS = "art. 30a ust. 2 ustawy o prawach pacjenta i Rzeczniku Praw Pacjenta"
PATIENT_COLUMNS = ("local_id", "pesel", "family_name", "given_names", "birth_date", "sex")
CONSENT_COLUMNS = ("pesel", "grantor", "grantee", "scope", "purpose", "valid_from", "valid_to", "state")


def metadata_files(cast: Cast, declared_counts: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    """Pairs of path and bytes, in ascending order of paths."""
    yield "metadata/consents.csv", _table(CONSENT_COLUMNS, _consents(cast))
    yield "metadata/handover.json", handover_json(_handover(cast, declared_counts))
    yield "metadata/patients.csv", _table(PATIENT_COLUMNS, _patients(cast))


def _producer(provider: Provider) -> Producer:
    return Producer(name=provider.name, rpwdl_book=provider.rpwdl_book, regon=provider.regon, nip=provider.nip)


def _handover(cast: Cast, declared_counts: Mapping[str, int]) -> Handover:
    return Handover(
        producer=_producer(cast.provider),
        successor=_producer(cast.successor),
        cessation_date=CESSATION.isoformat(),
        legal_basis=LEGAL_BASIS,
        route=Route.SUCCESSOR,
        declared_counts=declared_counts,
    )


def _patients(cast: Cast) -> Iterator[tuple[str, ...]]:
    for person in cast.patients:
        yield (
            person.local_id,
            person.pesel,
            person.family,
            " ".join(person.given),
            person.birth.isoformat(),
            person.sex,
        )


def _consents(cast: Cast) -> Iterator[tuple[str, ...]]:
    """Each patient consents to treatment by the successor; every third has withdrawn it since."""
    for number, person in enumerate(cast.patients, start=1):
        until, state = ("2025-06-30", "WITHDRAWN") if number % 3 == 0 else ("", "ACTIVE")
        grantee = f"RPWDL:{cast.successor.rpwdl_book}"
        yield person.pesel, "PATIENT", grantee, "ALL", "TREATMENT", "2024-01-01", until, state


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> bytes:
    """CSV as RFC 4180 has it: commas, CRLF, UTF-8 without a byte order mark, a header line."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()
