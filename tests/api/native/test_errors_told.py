"""Every error by its code over HTTP: where the `type` of a problem leads."""

import httpx

from api.native.errors_told import known_errors
from repository.access.errors import AccessRefused
from tests.api.served import Served, problem


def test_the_type_of_a_problem_leads_to_its_words_in_both_languages(served: Served) -> None:
    with served.client(None) as nobody:
        told = problem(nobody.get("/v1/takeovers"))
        answer = nobody.get(str(told["type"]))
    assert answer.status_code == 200
    meaning = answer.json()["meanings"][0]
    assert (answer.json()["code"], meaning["status"]) == ("API-001", 401)
    assert meaning["what"]["en"] != meaning["what"]["pl"]


def test_errors_of_all_parts_are_listed(served: Served) -> None:
    with served.client(None) as nobody:
        listed = {each["code"]: each for each in nobody.get("/v1/errors").json()["errors"]}
    assert {"STO-001", "KEY-005", "ACC-001", "API-999", "UPL-002", "JOB-001", "LOG-005"} <= set(listed)
    assert listed["ACC-001"]["meanings"][0]["what"]["pl"] == AccessRefused.what.pl
    assert set(listed) == set(known_errors())


def test_a_code_that_is_none_is_not_there(served: Served) -> None:
    with served.client(None) as nobody:
        assert problem(nobody.get("/v1/errors/ZZZ-999"))["code"] == "API-007"
        assert nobody.get("/v1/errors/nonsense").status_code == 400


def test_nothing_of_a_case_at_hand_stands_in_it(served: Served) -> None:
    with served.client(None) as nobody:
        answer: httpx.Response = nobody.get("/v1/errors/STO-001")
    assert "{key}" in answer.json()["meanings"][0]["what"]["en"]
