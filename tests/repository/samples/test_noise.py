"""The noise of an image is that of a generator asked for each pixel, however it is asked: a seed keeps its package."""

import struct
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as some

from repository.samples.images import SPREAD, TISSUE, _noise


@settings(max_examples=30)
@given(seed=some.text(max_size=20), pixels=some.integers(0, 3000))
def test_noise_is_as_if_asked_for_pixel_by_pixel_and_leaves_the_generator_so(seed: str, pixels: int) -> None:
    together, alone = Random(seed), Random(seed)
    expected = [TISSUE + alone.randrange(SPREAD) for _ in range(pixels)]
    assert list(struct.unpack(f"<{pixels}H", _noise(pixels, together))) == expected
    assert together.getstate() == alone.getstate()
