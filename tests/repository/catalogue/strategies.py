"""Descriptions as hypothesis makes them: dirty text, over-long identifiers, everything missing or everything there."""

from dataclasses import replace

from hypothesis import strategies as st

from repository.catalogue.attributes import ALIKE, INSTANCE
from repository.domain.describing import (
    Description,
    DicomFacts,
    DocumentFacts,
    EventFacts,
    Identifier,
    Kind,
    PatientFacts,
)
from repository.domain.holding import Holding
from repository.domain.takeover import Disposition
from repository.findings import Finding
from tests.builders.holdings import kept

# Surrogates stand for bytes that no character set explained; NUL for padding that nobody stripped.
ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
LONG = st.sampled_from(["1.2." + "9" * 3000, "ż" * 2000, "x" * 300 + "\x00"])
TEXT = st.one_of(ANY, st.sampled_from(["", "␛0000", "ŻÓŁĆ^Łucja", "20200102", "a\\b", '{"'])).map(str)
NAMED = st.one_of(TEXT, LONG)
IDENTIFIERS = st.builds(Identifier, NAMED, NAMED)
OPTIONAL = st.none() | IDENTIFIERS
FINDINGS = st.builds(
    Finding, TEXT, TEXT, st.dictionaries(TEXT, st.one_of(TEXT, st.integers(-(2**70), 2**70)), max_size=2)
)
PATIENTS = st.builds(PatientFacts, st.lists(IDENTIFIERS, max_size=2).map(tuple), NAMED, TEXT, TEXT)
WORDS = st.sampled_from([*sorted(ALIKE), *INSTANCE, "SOPInstanceUID", "AcquisitionNumber", "Unheard.Of"])
DICOM = st.builds(
    DicomFacts, NAMED, NAMED, NAMED, NAMED, TEXT, st.dictionaries(WORDS, NAMED, max_size=8)
)  # fmt: skip
SAYING_ITS_UID = DICOM.map(
    lambda dicom: replace(dicom, attributes={**dicom.attributes, "SOPInstanceUID": dicom.sop_instance_uid})
)
EVENTS = st.builds(EventFacts, TEXT, IDENTIFIERS, TEXT, TEXT, TEXT, TEXT)
DOCUMENTS = st.builds(
    DocumentFacts, IDENTIFIERS, OPTIONAL, st.none() | st.integers(), TEXT, TEXT, NAMED, TEXT, TEXT, TEXT, TEXT, TEXT,
    OPTIONAL, OPTIONAL, OPTIONAL, st.booleans(), st.lists(EVENTS, max_size=2).map(tuple),
    st.lists(NAMED, max_size=2).map(tuple),
)  # fmt: skip
DESCRIPTIONS = st.builds(
    Description, st.sampled_from(Kind), TEXT, st.none() | PATIENTS, st.none() | DICOM | SAYING_ITS_UID,
    st.none() | DOCUMENTS, st.lists(FINDINGS, max_size=2).map(tuple),
)  # fmt: skip


@st.composite
def holdings(draw: st.DrawFn, ordinal: int, patient: int) -> Holding:
    return replace(
        kept(ordinal, draw(DESCRIPTIONS), patient=patient),
        path=draw(TEXT),
        disposition=draw(st.sampled_from([Disposition.KEPT, Disposition.ALTERED, Disposition.UNEXPECTED])),
        conflicts_with=draw(st.integers(0, 9)),
    )
