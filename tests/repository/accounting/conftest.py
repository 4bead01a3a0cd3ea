"""One authority for the module's tests, and a collector that it vouches for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.certificates import Authority
from tests.peers.syslog_collector import SyslogCollector


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture
def collector(authority: Authority, tmp_path: Path) -> Iterator[SyslogCollector]:
    with SyslogCollector(authority.sign("collector")) as running:
        yield running
