"""What a code stream says of its own losses."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.formats.dicom.pixels import DECODED, is_lossy
from repository.rendering.pool import Pool
from tests.builders import compressed as made
from tests.repository.rendering.test_pool import task_of

GREY = made.scene(bits=8)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    running = Pool(1)
    yield running
    running.close()


@pytest.mark.parametrize("syntax", [made.NEAR_LS, made.LOSSY_J2K, made.BASELINE, made.EXTENDED, *made.EXACT])
def test_a_process_that_decodes_tells_whether_anything_was_lost(pool: Pool, syntax: str) -> None:
    samples = made.scene(48, 72, bits=8)
    said, _ = pool.ask(*task_of(made.compressed(samples, syntax, bits=8)))
    assert said["lossy"] is (syntax not in made.EXACT)


@pytest.mark.parametrize(
    ("exact", "named"), [(made.LS, made.NEAR_LS), (made.J2K, made.LOSSY_J2K), (made.J2K, "1.2.840.10008.1.2.4.203")]
)
def test_a_syntax_that_allows_losses_does_not_mean_that_there_are_any(exact: str, named: str) -> None:
    assert not is_lossy(made.code_of(GREY, exact, bits=8), syntax=named)


@given(st.binary(max_size=40), st.sampled_from(sorted(DECODED)), st.sampled_from([b"", b"\xff\xda", b"\xff\x52"]))
@settings(max_examples=100)
def test_no_code_stream_is_too_odd_to_be_looked_at(content: bytes, syntax: str, marker: bytes) -> None:
    assert type(is_lossy(content + marker + content, syntax=syntax)) is bool  # and raises nothing
