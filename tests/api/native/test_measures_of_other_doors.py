"""What other doors' processes have told is shown to Prometheus, by process."""

import time
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from api.measures import Measures
from repository.clock import now
from repository.measuring import FRESH, Family, snapshots, told
from repository.runtime import open_archive
from tests.builders.homes import new_home
from tests.repository.waiting import eventually


def shown(measures: Measures) -> dict[str, float]:
    """Samples by name and labels."""
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(measures.text().decode())
        for sample in family.samples
        if "process" in sample.labels
    }


def test_each_process_has_its_own_series_and_one_that_is_gone_only_its_age(tmp_path: Path) -> None:
    def families(count: float) -> list[Family]:
        return [
            Family("edm_dicom_operations", "counter", "O.", ["service"], [(("store",), count)]),
            Family("edm_dicom_associations", "gauge", "A.", [], [((), 1)]),
        ]

    long_ago = datetime.fromtimestamp(time.time() - FRESH - 60, UTC)
    home = new_home(tmp_path)
    with (
        open_archive(home) as archive,
        told(home.home, "dicom-1", lambda: families(3), clock=now, every=60),
        told(home.home, "dicom-2", lambda: families(4), clock=now, every=60),
        told(home.home, "dicom-3", lambda: families(5), clock=lambda: long_ago, every=60),
    ):
        assert eventually(lambda: len(snapshots(home.home)) == 3)
        found = shown(Measures(archive))
    assert found["edm_dicom_operations_total[('process', 'dicom-1'), ('service', 'store')]"] == 3
    assert found["edm_dicom_operations_total[('process', 'dicom-2'), ('service', 'store')]"] == 4
    assert found["edm_dicom_associations[('process', 'dicom-1')]"] == 1
    assert {name for name in found if "dicom-3" in name} == {"edm_snapshot_age_seconds[('process', 'dicom-3')]"}
    assert found["edm_snapshot_age_seconds[('process', 'dicom-3')]"] > FRESH


def test_without_other_doors_nothing_of_them_is_shown(tmp_path: Path) -> None:
    with open_archive(new_home(tmp_path)) as archive:
        assert shown(Measures(archive)) == {}
