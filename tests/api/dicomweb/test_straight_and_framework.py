"""A question by the straight way and by the framework alone: the same status, headers, body and line in the log.

One archive behind two doors, of which one has no straight ways. Everything that goes wrong is asked for as well.
"""

import http.client
import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from api import dicomweb
from api.dicomweb.often import OFTEN
from repository.imaging import named
from tests.api.dicomweb.conftest import Imaged
from tests.api.served import Served, serving
from tests.api.test_serving import held
from tests.peers.plain_http import PLAIN
from tests.repository.waiting import eventually

HOST = "archive.example:8042"  # as both doors are called: answers name it
INSTANCE = 'multipart/related; type="application/dicom"; transfer-syntax=*'
FRAMES = 'multipart/related; type="application/octet-stream"'
PATIENCE = 20


@dataclass(frozen=True)
class Doors:
    straight: str
    plain: str
    served: Served
    instance: str
    study: str


@pytest.fixture(scope="module")
def doors(imaged: Imaged) -> Iterator[Doors]:
    """`plain` has the framework's way alone, to the same archive."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dicomweb, "OFTEN", ())
        with serving(imaged.served.archive) as plain:
            instance, study = imaged.path(instance=1), f"/dicomweb/studies?StudyInstanceUID={imaged.study}"
            yield Doors(imaged.served.url, plain, imaged.served, instance, study)


@dataclass(frozen=True)
class Question:
    """`path`: `{instance}` and `{study}` stand for those that are there."""

    path: str
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    status: int = 200

    def at(self, doors: Doors) -> str:
        return self.path.replace("{instance}", doors.instance).replace("{study}", doors.study)


NOBODY = {"Authorization": "Bearer nobody-has-this-token"}
ABSENT = "/dicomweb/studies/1.2.3/series/1.2.4/instances/1.2.5"
QUESTIONS = [
    Question("{instance}", {"Accept": INSTANCE}),
    Question("{instance}", {"Accept": "application/dicom"}),
    Question("{instance}", {"Accept": "application/dicom", "Range": "bytes=10-99"}, status=206),
    Question("{instance}", {"Accept": "application/dicom", "Range": "bytes=99999999-"}, status=416),
    Question("{instance}", {"Accept": "application/dicom; transfer-syntax=1.2.840.10008.1.2"}),
    Question("{instance}", {"Accept": "text/html"}, status=406),
    Question("{instance}", {"Accept": "x" * 9000}, status=400),
    Question("{instance}", {"Accept": ";;,nonsense"}, status=406),
    Question("{instance}", {"EDM-Purpose": "curiosity"}, status=400),
    Question("{instance}", {"EDM-Purpose": ""}, status=400),
    Question("{instance}", {"EDM-Reason": "%ff"}, status=400),
    Question("{instance}", NOBODY, status=401),
    Question("{instance}", {"Authorization": "Basic YTpi"}, status=401),
    Question("{instance}", NOBODY | {"Accept-Language": "pl"}, status=401),
    Question("{instance}", {"Content-Encoding": "gzip"}, status=415),
    Question("{instance}/frames/1", {"Accept": FRAMES}),
    Question("{instance}/frames/1,1", {"Accept": FRAMES}),
    Question("{instance}/frames/999", {"Accept": FRAMES}, status=404),
    Question("{instance}/frames/0", {"Accept": FRAMES}, status=400),
    Question("{instance}/metadata", {"Accept": "application/dicom+json"}),
    Question("{instance}/metadata", {"Accept": "application/json", "Accept-Encoding": "gzip"}),
    Question("{instance}/metadata", {"If-None-Match": "*"}, status=304),
    Question("{instance}/metadata?accept=application/json"),
    Question("{instance}/metadata?other=1"),
    Question("{instance}/metadata", {"Accept": "application/dicom+xml"}, status=406),
    Question("{study}"),
    Question("{study}&limit=1&includefield=all"),
    Question("{study}&StudyInstanceUID=1.2", status=400),
    Question("{study}&limit=none", status=400),
    Question("{study}&NoAttribute=1", status=400),
    Question("{study}", {"Accept": "text/plain"}, status=406),
    Question("{study}", NOBODY, status=401),
    Question("/dicomweb/studies?StudyInstanceUID=1.2.3"),
    Question(ABSENT, status=404),
    Question(f"{ABSENT}/frames/1", status=404),
    Question(f"{ABSENT}/metadata", {"Accept-Language": "pl"}, status=404),
    Question(f"{ABSENT}x%20y", status=400),
    Question("{instance}/nothing", status=405),
    Question("{instance}", method="DELETE", status=405),
    Question("{instance}", method="OPTIONS", status=405),
]
HEADS = [Question(each.path, each.headers, "HEAD", each.status) for each in QUESTIONS if each.method == "GET"]


def asked(doors: Doors, url: str, question: Question) -> httpx.Response:
    headers = {"Host": HOST, "EDM-Purpose": "treatment", "Authorization": f"Bearer {doors.served.token()}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False, verify=PLAIN, timeout=PATIENCE) as client:
        return client.request(question.method, question.at(doors), headers=question.headers)


def told(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of it but what is new in each answer: its date, its number, its boundary."""
    varying = re.compile("edm-[0-9a-f]{48}|" + answer.headers["x-request-id"])
    headers = [(name, varying.sub("-", value)) for name, value in answer.headers.items() if name != "date"]
    return answer.status_code, headers, varying.sub("-", answer.content.decode("latin-1")).encode("latin-1")


@pytest.mark.parametrize(
    "question", QUESTIONS + HEADS, ids=lambda each: f"{each.method} {each.path[:40]} {each.headers} {each.status}"[:90]
)
def test_both_ways_answer_alike(doors: Doors, question: Question, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "api.requests")
    one, other = (asked(doors, url, question) for url in (doors.straight, doors.plain))
    assert one.status_code == question.status
    assert told(one) == told(other)
    assert eventually(lambda: len(lines(caplog)) == 2)
    assert len(set(lines(caplog))) == 1


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says, without the number of the request and how long it took."""
    found = [each.getMessage().split(" ") for each in caplog.records if each.name == "api.requests"]
    return [" ".join(word for word in words[1:] if not word.endswith("ms")) for words in found]


def test_most_questions_go_the_straight_way_at_one_door_and_none_at_the_other(doors: Doors) -> None:
    def straight(question: Question) -> bool:
        path, _, query = question.at(doors).partition("?")
        scope = {"path": path, "query_string": query.encode()}
        return question.method in ("GET", "HEAD") and any(each.found(scope) for each in OFTEN)

    assert sum(map(straight, QUESTIONS + HEADS)) > 60


@pytest.mark.parametrize("path", ["{instance}", "{instance}/frames/1", "{instance}/metadata", "{study}"])
def test_what_nobody_foresaw_is_told_alike_and_in_the_log(
    doors: Doors, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_arguments: object, **_named: object) -> None:
        raise KeyError("a patient's name")

    for each in ("wado.admit", "wado_frames.admit", "wado_metadata.tell", "qido.search"):
        monkeypatch.setattr(f"api.dicomweb.{each}", fails)
    caplog.set_level(logging.INFO, "api.requests")
    one, other = (asked(doors, url, Question(path)) for url in (doors.straight, doors.plain))
    assert one.status_code == 500
    assert told(one) == told(other)
    assert eventually(lambda: len(lines(caplog)) == 4)
    assert sum(f"request {one.headers['x-request-id']} failed: KeyError at " in each for each in caplog.messages) == 1
    assert sum(line.endswith(" KeyError") for line in lines(caplog)) == 2
    assert "patient" not in caplog.text


def test_a_session_that_has_ended_opens_nothing_at_once(doors: Doors) -> None:
    from repository.people.sessions import sign_out
    from tests.builders.staff import Staff, session_of

    token = session_of(doors.served.archive, Staff(), name="leaving").token
    question = Question("{instance}", {"Authorization": f"Bearer {token}"})
    assert [asked(doors, url, question).status_code for url in (doors.straight, doors.plain)] == [200, 200]
    sign_out(doors.served.archive, token)
    one, other = (asked(doors, url, question) for url in (doors.straight, doors.plain))
    assert one.status_code == 401
    assert told(one) == told(other)


def test_limits_are_those_of_every_way(doors: Doors) -> None:
    question = Question("{study}")
    with serving(doors.served.archive, rate=2) as straight, pytest.MonkeyPatch.context() as patch:
        patch.setattr(dicomweb, "OFTEN", ())
        with serving(doors.served.archive, rate=2) as plain:
            each = [[asked(doors, url, question) for _ in range(3)] for url in (straight, plain)]
    assert [[answer.status_code for answer in answers] for answers in each] == [[200, 200, 429]] * 2
    one, other = (dict(told(answers[-1])[1]) for answers in each)
    assert one.keys() == other.keys()
    assert one["content-type"] == other["content-type"] == "application/problem+json"


def test_a_client_that_goes_while_its_answer_is_made_leaves_its_turn_to_the_next(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    entered, turn = threading.Event(), threading.Event()

    def slowly(*arguments: object) -> object:
        entered.set()
        assert turn.wait(PATIENCE)
        return named(*arguments)  # type: ignore[arg-type]

    caplog.set_level(logging.INFO, "api.requests")
    with serving(doors.served.archive, at_once=1) as url:
        monkeypatch.setattr("api.dicomweb.wado.named", slowly)
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {doors.served.token()}", "EDM-Purpose": "treatment"}
        connection.request("GET", doors.instance, headers=headers)
        assert entered.wait(PATIENCE)
        assert asked(doors, url, Question("{instance}")).status_code == 429
        connection.close()
        turn.set()
        assert eventually(lambda: len(lines(caplog)) == 2)
        assert asked(doors, url, Question("{instance}")).status_code == 200
        assert held(doors.served.archive) == []
