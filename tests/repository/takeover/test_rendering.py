"""The protocol as a page: both languages, every exception, nothing from elsewhere, nothing injected."""

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.domain.statement import CountCheck, Statement, Tally
from repository.domain.takeover import Disposition, Handover, Item, Producer, Route, State, Takeover
from repository.evidence.signing import signed
from repository.findings import Finding, rules
from repository.takeover.concluding import PURPOSE, draw_up
from repository.takeover.explaining import exception_of_json, explained, told
from repository.takeover.rendering import protocol_page

VOID = {"meta", "br", "link", "img", "hr"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y>&amp;{{ 7 * 7 }}"
EXCEPTIONS = (
    Item(1, "data/a.xml", disposition=Disposition.ALTERED, conflicts_with=7),
    Item(2, "data/b.xml", disposition=Disposition.DUPLICATE, duplicate_of=1),
    Item(3, "data/c.xml", disposition=Disposition.MISSING, reason="PKG-MISSING"),
    Item(4, "data/d.xml", disposition=Disposition.REFUSED, reason="XML-001"),
    Item(5, "data/e.xml", disposition=Disposition.UNEXPECTED),
)


class Page(HTMLParser):
    """A page read strictly: each element that opens closes; its texts and attributes are collected."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def paper(name: str = "Przychodnia", *, exceptions: tuple[Item, ...] = EXCEPTIONS, state: State | None = None) -> bytes:
    handover = Handover(
        Producer(name, "000000921771", "137813636", "5799091968"),
        cessation_date="2026-03-31",
        legal_basis="art. 30a",
        route=Route.WOJEWODA,
    )
    takeover = Takeover(1, "01a1ffd6-84c5-771b-9ecc-49a1045a52af", State.BALANCED, "/p", "ab" * 32, handover, True,
        "2026-03-31T22:30:00Z")  # fmt: skip
    tally = Tally(declared=10_004, present=10_003, kept=10_000, holdings=10_002, holding_bytes=1_234_567)
    statement = Statement(tally, (CountCheck("patients", 3, 4),), exceptions, "cd" * 32)
    drawn = draw_up(
        takeover, statement, [Finding("TKO-COUNT", "", {"name": "patients", "declared": 3, "found": 4})],
        archive="01" * 16, state=state or State.ACCEPTED_WITH_EXCEPTIONS, issued_at="2026-03-31T22:31:00Z",
        checkpoint="edm-archive/x\n4711\nAAAA\n\n— edm-archive/x BBBB\n",
    )  # fmt: skip
    return signed(drawn, purpose=PURPOSE, seed=bytes(32))


def page(content: bytes) -> str:
    return protocol_page(content, json.loads(content), log_key="edm-archive/x+00000000+KEY")


def test_the_page_says_everything_in_both_languages_polish_first() -> None:
    found = Page(page(paper()))
    assert ("html", "lang", "pl") in found.attributes
    for polish, english in (
        ("Protokół przekazania dokumentacji medycznej", "Protocol of the hand-over of medical documentation"),
        ("przyjęto z zastrzeżeniami", "accepted with exceptions"),
        ("wojewoda", "the voivode"),
        ("Jest zadeklarowany i go nie ma.", "It is declared and not there."),
        ("Jak to sprawdzić", "How to check"),
    ):
        assert -1 < found.text.find(polish) < found.text.find(english), polish
    for said in ("000000921771", "137813636", "5799091968", "art. 30a", "4711", "10\N{NO-BREAK SPACE}000", "cd" * 32):
        assert said in found.text


def test_days_are_those_of_poland_beside_the_time_in_utc() -> None:
    text = Page(page(paper())).text
    assert "2026-04-01 (Europe/Warsaw) · 2026-03-31 22:30:00 UTC" in text


def test_every_exception_is_named_with_its_reasons() -> None:
    text = Page(page(paper())).text
    for item in EXCEPTIONS:
        assert item.path in text
        assert explained(item)
        for finding in explained(item):
            assert finding.code in text
            assert told(finding).pl in text
            assert told(finding).en in text
    assert "pozycji 7" in text


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    found = Page(page(paper()))
    assert {"script", "img", "link", "iframe", "object", "form"} & set(found.tags) == set()
    links = [value for _, name, value in found.attributes if name in {"src", "href", "action", "data"}]
    assert len(links) == 1
    assert links[0].startswith("data:application/json;base64,")
    assert not re.search(r"url\(|@import|https?:", page(paper()))
    assert not [name for _, name, _ in found.attributes if name.startswith("on")]


def test_the_signed_protocol_is_carried_byte_for_byte() -> None:
    content = paper()
    links = [value for tag, name, value in Page(page(content)).attributes if (tag, name) == ("a", "href")]
    assert base64.b64decode(links[0].partition(",")[2]) == content


def test_names_of_a_package_cannot_inject_anything() -> None:
    hostile = replace(EXCEPTIONS[0], path=HOSTILE)
    found = Page(page(paper(HOSTILE, exceptions=(hostile,))))
    assert "script" not in found.tags
    assert "img" not in found.tags
    assert found.text.count(HOSTILE) == 2


@settings(max_examples=40)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))
def test_whatever_a_path_holds_the_page_stays_well_formed(path: str) -> None:
    plain = Page(page(paper(exceptions=(replace(EXCEPTIONS[0], path="x"),))))
    found = Page(page(paper(exceptions=(replace(EXCEPTIONS[0], path=path),))))
    assert found.tags == plain.tags
    assert path in found.text


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED])
def test_each_verdict_has_its_words_and_no_exception_is_said_as_well(state: State) -> None:
    text = Page(page(paper(exceptions=(), state=state))).text
    assert {"accepted": "przyjęto bez zastrzeżeń", "rejected": "odrzucono"}[state.value] in text
    assert "Brak wyjątków." in text


def test_tables_say_what_their_cells_are() -> None:
    found = Page(page(paper()))
    assert found.tags.count("th") == len([1 for tag, name, _ in found.attributes if (tag, name) == ("th", "scope")])
    assert found.tags.count("h1") == 1


def test_a_reason_is_told_though_its_parameters_are_not_known() -> None:
    wanting = next(code for code, rule in rules().items() if "{" in rule.en)
    text = told(Finding(wanting))
    assert "…" in text.en
    assert "…" in text.pl


def test_a_code_of_a_later_version_is_told_as_itself() -> None:
    assert told(Finding("NEW-123")).pl == "NEW-123"


def test_an_exception_is_read_back_as_the_protocol_names_it() -> None:
    named = json.loads(paper())[PURPOSE]["statement"]["exceptions"]
    assert tuple(map(exception_of_json, named)) == EXCEPTIONS
