from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.accounting.collector_settings import Collector, Confirm, collector_from
from repository.accounting.errors import CollectorSettingWrong

ADDRESS, CA, OURS, KEY, CONFIRM = (
    f"EDM_ARCHIVE_AUDIT_{name}" for name in ("COLLECTOR", "CA_FILE", "CERTIFICATE_FILE", "KEY_FILE", "CONFIRM")
)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "file.pem"
    path.write_text("x")
    return str(path)


def test_without_an_address_there_is_no_collector() -> None:
    assert collector_from({}) is None
    assert collector_from({ADDRESS: "", CA: "/nowhere"}) is None


@pytest.mark.parametrize(
    ("address", "host", "port", "name"),
    [
        ("tls://logs.example:6515", "logs.example", 6515, "logs.example:6515"),
        ("tls://LOGS.example/", "logs.example", 6514, "logs.example:6514"),
        ("tls://[2001:db8::1]:1", "2001:db8::1", 1, "[2001:db8::1]:1"),
    ],
)
def test_an_address_is_a_host_and_a_port(file: str, address: str, host: str, port: int, name: str) -> None:
    found = collector_from({ADDRESS: address, CA: file})
    assert found == Collector(host=host, port=port, ca_file=Path(file))
    assert found is not None
    assert found.name == name


def test_a_certificate_of_ours_comes_with_its_key(file: str) -> None:
    found = collector_from({ADDRESS: "tls://a", CA: file, OURS: file, KEY: file, CONFIRM: "silence"})
    assert found is not None
    assert (found.certificate_file, found.key_file, found.confirm) == (Path(file), Path(file), Confirm.SILENCE)
    for alone in (OURS, KEY):
        with pytest.raises(CollectorSettingWrong):
            collector_from({ADDRESS: "tls://a", CA: file, alone: file})


@pytest.mark.parametrize(
    "address",
    ["udp://a:1", "a:6514", "tls://", "tls://a:0", "tls://a:65536", "tls://a:x", "tls://u@a", "tls://a/x", "tls://a?b",
     "tls://[::1", "tls://a b"],
)  # fmt: skip
def test_what_is_no_address_is_refused_by_name(file: str, address: str) -> None:
    with pytest.raises(CollectorSettingWrong, match=ADDRESS):
        collector_from({ADDRESS: address, CA: file})


@pytest.mark.parametrize("changes", [{CA: ""}, {CA: "/nowhere/at/all"}, {CONFIRM: "perhaps"}, {KEY: "/nowhere"}])
def test_other_settings_that_cannot_be_used_are_refused_by_name(file: str, changes: dict[str, str]) -> None:
    (name,) = changes
    with pytest.raises(CollectorSettingWrong, match=name):
        collector_from({ADDRESS: "tls://a", CA: file} | changes)


@given(st.text(max_size=20))
def test_any_other_address_is_an_error_of_ours_or_a_place(text: str) -> None:
    try:
        found = collector_from({ADDRESS: "tls://" + text, CA: __file__})
    except CollectorSettingWrong:
        return
    assert found is not None
    assert found.host
    assert 1 <= found.port <= 65535
