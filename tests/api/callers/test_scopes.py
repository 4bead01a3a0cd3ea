"""Scopes narrow what a token may be used for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.callers.scopes import Need, allows
from repository.access.principal import PrincipalKind

MAN, PACS, PATIENT = PrincipalKind.MEDICAL_WORKER, PrincipalKind.SYSTEM, PrincipalKind.PATIENT
R, S, W, A = Need.READ, Need.SEARCH, Need.WRITE, Need.ADMIN

ALLOWED = [
    ("archive.read", MAN, "archive", R), ("archive.read", MAN, "dicomweb", R), ("archive.read", PACS, "fhir", S),
    ("dicomweb.read", MAN, "dicomweb", R), ("dicomweb.write", PACS, "dicomweb", W),
    ("archive.admin", MAN, "archive", A), ("system/DocumentReference.rs", PACS, "fhir", R),
    ("system/*.rs", PACS, "fhir", S), ("user/DocumentReference.r", MAN, "fhir", R),
    ("patient/*.r", PATIENT, "fhir", R), ("system/DocumentReference.read", PACS, "fhir", S),
    ("system/DocumentReference.cruds", PACS, "fhir", W), ("system/*.*", PACS, "fhir", W),
    ("system/ImagingStudy.rs", PACS, "dicomweb", R),
]  # fmt: skip
REFUSED = [
    ("archive.read", MAN, "archive", W), ("archive.write", MAN, "archive", R), ("archive.read", MAN, "archive", A),
    ("dicomweb.read", MAN, "archive", R), ("dicomweb.read", MAN, "fhir", R), ("fhir.read", MAN, "dicomweb", R),
    ("system/DocumentReference.rs", MAN, "fhir", R), ("user/DocumentReference.rs", PACS, "fhir", R),
    ("patient/*.rs", MAN, "fhir", R), ("system/Patient.rs", PACS, "fhir", R), ("system/*.rs", PACS, "archive", R),
    ("patient/*.r", PATIENT, "fhir", S), ("system/DocumentReference.s", PACS, "fhir", R),
    ("system/DocumentReference.rs?category=x", PACS, "fhir", R), ("system/DocumentReference.sr", PACS, "fhir", R),
    ("system/*.", PACS, "fhir", R), ("ARCHIVE.READ", MAN, "archive", R), ("archive.*", MAN, "archive", R),
    ("system/*.rs", PACS, "archive", A), ("system/*.cruds", PACS, "fhir", A), ("", MAN, "archive", R),
    ("system/DocumentReference.rs", PACS, "dicomweb", R),
]  # fmt: skip


@pytest.mark.parametrize(("scope", "kind", "door", "need"), ALLOWED)
def test_a_scope_is_enough(scope: str, kind: PrincipalKind, *, door: str, need: Need) -> None:
    assert allows({scope, "openid"}, kind, door=door, need=need, resource="DocumentReference")


@pytest.mark.parametrize(("scope", "kind", "door", "need"), REFUSED)
def test_a_scope_is_not_enough(scope: str, kind: PrincipalKind, *, door: str, need: Need) -> None:
    assert not allows({scope, "openid"}, kind, door=door, need=need, resource="DocumentReference")


@given(st.sets(st.text(max_size=30)), st.sampled_from(Need), st.sampled_from(["archive", "dicomweb", "fhir"]))
def test_words_of_others_allow_nothing(scopes: set[str], need: Need, door: str) -> None:
    assert not allows({f"x{each}" for each in scopes}, PACS, door=door, need=need)
