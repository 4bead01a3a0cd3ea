"""Pictures of pixels that are laid down in every way the standard has."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from repository.rendering.errors import PixelsUnreadable
from repository.rendering.pool import Pool
from tests.builders import compressed as made
from tests.repository.rendering.test_pool import task_of

PNG = {"media_type": "image/png"}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    found = Pool(1)
    yield found
    found.close()


def shown(pool: Pool, raw: bytes, **recipe: object) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(pool.ask(*task_of(raw, "render", recipe=PNG | recipe))[1])))


def spanned(values: np.ndarray) -> np.ndarray:
    """From the least, black, to the greatest, white."""
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) * 255


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4"])
def test_values_without_a_window_go_from_black_to_white(pool: Pool, kind: str) -> None:
    limits = np.iinfo(kind)
    samples = np.linspace(limits.min, limits.max, 20 * 30).reshape(20, 30).astype(kind)
    found = shown(pool, made.native(samples, bits=samples.dtype.itemsize * 8))
    assert np.abs(found - spanned(samples.astype(float))).max() <= 0.51


def test_single_bits_are_black_and_white(pool: Pool) -> None:
    wanted = np.random.default_rng(7).integers(0, 2, (16, 24), dtype=np.uint8)
    packed = np.packbits(wanted, bitorder="little").tobytes()
    raw = made.native(wanted, bits=8, BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=packed)
    assert np.array_equal(shown(pool, raw), wanted * 255)


def test_colours_by_plane_are_those_by_pixel(pool: Pool) -> None:
    samples = made.scene(bits=8, colours=True)
    planes = samples.transpose(2, 0, 1).tobytes()
    assert np.array_equal(shown(pool, made.native(samples, bits=8, PlanarConfiguration=1, PixelData=planes)), samples)


def test_luminance_with_shared_chrominance_is_turned_into_colours(pool: Pool) -> None:
    samples = np.zeros((4, 6, 3), np.uint8)
    content = bytes((50, 200, 128, 128)) * 12  # two pixels: Y Y Cb Cr (PS3.3 C.7.6.3.1.2)
    raw = made.native(samples, bits=8, PhotometricInterpretation="YBR_FULL_422", PixelData=content)
    assert np.array_equal(shown(pool, raw)[0, :2], [[50] * 3, [200] * 3])


def test_bits_above_the_stored_ones_are_not_shown(pool: Pool) -> None:
    samples = made.scene(bits=12)
    dirty = samples | 0xA000
    raw = made.native(dirty, bits=12)
    assert np.array_equal(shown(pool, raw), shown(pool, made.native(samples, bits=12)))


def test_an_image_of_one_value_is_a_picture(pool: Pool) -> None:
    assert len(np.unique(shown(pool, made.native(np.full((8, 8), 77, np.uint16), bits=12)))) == 1


def test_a_part_outside_of_the_image_is_none(pool: Pool) -> None:
    with pytest.raises(PixelsUnreadable):
        shown(pool, made.native(made.scene(), bits=12), viewport=[10, 10], region=[900, 900, 5, 5])


@pytest.mark.parametrize("photometric", ["CMYK", "UNHEARD_OF", ""])
def test_a_colour_model_that_nobody_knows_is_told(pool: Pool, photometric: str) -> None:
    with pytest.raises(PixelsUnreadable):
        shown(pool, made.native(made.scene(), bits=12, PhotometricInterpretation=photometric))
