"""What is served: the CapabilityStatement (FHIR R4 3.1.0.8), made from the tables that the searches read."""

from fastapi import Request, Response

from api.errands import ForArchive
from api.fhir.answering import JSON, XML, Json, base_of, resource_answer
from api.fhir.custody import LIST
from api.routes import Routes
from repository.accounting import fhir_search
from repository.fhir_form.documents import COMPREHENSIVE, MINIMAL
from repository.mhd import documents, people

_DATES = frozenset({"birthdate", "creation", "date", "period", "started"})
_STRINGS = frozenset(
    {
        "author.family",
        "author.given",
        "source.family",
        "source.given",
        "family",
        "given",
        "agent-name",
        "entity-name",
        "altid",
    }
)
_REFERENCES = frozenset({"patient", "subject", "related", "agent", "entity", "target"})
_URIS = frozenset({"policy"})
SEARCHED = {
    "AuditEvent": frozenset(
        {*fhir_search.FIELDS, *fhir_search.TOKENS, *fhir_search.PLACES, "patient.identifier", "date"}
    ),
    "Consent": frozenset({"patient.identifier"}),
    "DocumentReference": frozenset({*documents.NARROWING, *documents.LOOKING}),
    "ImagingStudy": frozenset(people.STUDY),
    "List": LIST,
    "Patient": frozenset(people.PATIENT),
    "Provenance": frozenset({"target"}),
}
"""Parameters by kind of resource; what can be searched can be read."""
CREATED = frozenset({"Consent"})
PROFILES = {"DocumentReference": [MINIMAL, COMPREHENSIVE]}
PROVIDED = (
    "ITI-65 takes one submission set with its documents, all of one patient, into the open takeover to which the caller"
    " is bound. Folders, and relations other than replaces, are refused; so this is not all of a Document Recipient."
)


def router() -> Routes:
    found = Routes()
    found.add_api_route("/metadata", metadata, methods=["GET"])
    return found


def metadata(request: Request, archive: ForArchive) -> Response:
    """For everybody, without a token (FHIR R4 3.1.0.8): it tells nothing of what is kept."""
    return resource_answer(request, statement(base_of(request), name=archive.id.hex))


def statement(base: str, *, name: str) -> Json:
    kinds = [_kind(each, SEARCHED[each]) for each in SEARCHED]
    kinds.append({"type": "Binary", "interaction": [{"code": "read"}], "readHistory": False})
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "instantiates": ["https://profiles.ihe.net/ITI/MHD/CapabilityStatement/IHE.MHD.DocumentResponder"],
        "software": {"name": "EDM Archive"},
        "implementation": {"description": f"EDM Archive {name}", "url": base},
        "fhirVersion": "4.0.1",
        "format": [JSON, XML],
        "rest": [
            {
                "mode": "server",
                "documentation": PROVIDED,
                "security": {
                    "description": "Bearer tokens or client certificates. Each reading has a purpose: EDM-Purpose, or"
                    " that of the token."
                },
                "resource": sorted(kinds, key=lambda each: str(each["type"])),
                "interaction": [{"code": "transaction", "documentation": "IHE MHD ITI-65"}],
            }
        ],
    }


def _kind(kind: str, names: frozenset[str]) -> Json:
    supported = {"supportedProfile": PROFILES[kind]} if kind in PROFILES else {}
    return {
        "type": kind,
        **supported,
        "interaction": [{"code": each} for each in ("read", *(["create"] if kind in CREATED else []), "search-type")],
        "searchParam": [{"name": each, "type": _type(each)} for each in sorted(names) if ":" not in each],
    }


def _type(name: str) -> str:
    for kind, names in (("date", _DATES), ("string", _STRINGS), ("reference", _REFERENCES), ("uri", _URIS)):
        if name in names:
            return kind
    return "token"
