"""A frame as a picture to look at: modality transform, window or table, colours, part, size (PS3.3 C.11, PS3.18 8.3.5).

For the limited process of `repository.rendering` alone, as `pixels`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset

from repository.formats.dicom.pixels import Unsupported, decoded

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Samples = np.ndarray[Any, Any]

JPEG, PNG = "image/jpeg", "image/png"
LINEAR, EXACT, SIGMOID = "linear", "linear-exact", "sigmoid"
_MOST_SIDE = 8192  # of a picture, which may be asked for larger than the image
_BEST = 90  # of a JPEG of which nobody said how good


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a picture is made. `window`: centre, width, function. `viewport`: the width and height into which it is
    fitted, 0 for as it is; `region`: left, top, width, height of the part of the image that is shown, in pixels; None
    for an end that is not said; a negative width or height turns that axis round (PS3.18 8.3.5.1.3)."""

    media_type: str = JPEG
    quality: int = _BEST
    window: tuple[float, float, str] | None = None
    viewport: tuple[int, int] = (0, 0)
    region: tuple[float | None, float | None, float | None, float | None] = (None, None, None, None)

    @classmethod
    def told(cls, words: Mapping[str, Any]) -> "Recipe":
        """From JSON, in which tuples are lists."""
        named: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in words.items()}
        return cls(**named)


def picture(header: Dataset, frame: bytes, recipe: Recipe, *, syntax: str, vr: str) -> bytes:
    """The frame as a file of the recipe's media type. Raises as `decoded`, and `ValueError`."""
    from PIL import Image

    found = decoded(header, frame, syntax=syntax, vr=vr, rgb=True)
    if found.photometric in ("MONOCHROME1", "MONOCHROME2"):
        shown = _grey(found.samples, header, recipe, inverted=found.photometric == "MONOCHROME1")
    elif found.photometric == "PALETTE COLOR":
        shown = _eight(_palette(found.samples, header), 0)
    elif found.samples.ndim == 3 and found.samples.shape[2] == 3:
        shown = _eight(found.samples, int(header.get("BitsStored", 0) or header.BitsAllocated))
    else:
        raise Unsupported
    made = _fitted(Image.fromarray(shown), recipe)
    out = BytesIO()
    if recipe.media_type == JPEG:
        made.save(out, "JPEG", quality=recipe.quality, subsampling=0 if recipe.quality >= _BEST else 2)
    else:
        made.save(out, "PNG", compress_level=3)
    return out.getvalue()


def _grey(samples: "Samples", header: Dataset, recipe: Recipe, *, inverted: bool) -> "Samples":
    """In 8 bits, the greater the brighter."""
    import numpy as np

    plan = _plan(header)
    values = _of_modality(samples, plan)
    if recipe.window is None and plan.get("VOILUTSequence"):
        found, bits = _looked_up(values, plan.VOILUTSequence[0])
        shown = _eight(found, bits)
    else:
        shown = _windowed(values, recipe.window or _own_window(plan, values))
    return np.subtract(255, shown, dtype=np.uint8) if inverted else shown


def _of_modality(samples: "Samples", plan: Dataset) -> "Samples":
    """In the units of the modality (C.11.1)."""
    import numpy as np

    if plan.get("ModalityLUTSequence"):
        return _looked_up(samples, plan.ModalityLUTSequence[0])[0]
    slope, intercept = _first(plan.get("RescaleSlope")), _first(plan.get("RescaleIntercept"))
    if slope is None or intercept is None or (slope, intercept) == (1, 0):
        return samples
    made: np.ndarray[Any, np.dtype[np.floating[Any]]] = samples.astype(_wide(samples))
    made *= slope
    made += intercept
    return made


def _wide(samples: "Samples") -> "np.dtype[np.floating[Any]]":
    """What holds them and what is made of them: 32 bits are exact for values of 16."""
    import numpy as np

    return np.dtype(np.float64 if samples.dtype.itemsize > 2 else np.float32)


def _looked_up(values: "Samples", item: Dataset) -> tuple["Samples", int]:
    """The entries of a table (C.11.1.1, C.11.2.1.1) and their bits: what lies before it has its first, and behind it
    its last. pydicom looks up tables of eight bits in a type that is too narrow for the place in them."""
    import numpy as np

    count, begin, bits = (int(each) for each in item.LUTDescriptor)
    count = count or 1 << 16
    if begin > 0x7FFF and values.size and values.min() < 0:
        begin -= 1 << 16  # said without a sign, of values that have one
    raw = item.LUTData
    if isinstance(raw, bytes):
        table = np.frombuffer(raw, np.uint8 if bits <= 8 and len(raw) < 2 * count else np.dtype("<u2"))[:count]
    else:
        table = np.asarray(raw, dtype=np.int64).astype(np.uint16)[:count]
    place = np.clip(values.astype(np.int64) - begin, 0, len(table) - 1)
    found: Samples = table[place]
    return found, bits


def _plan(header: Dataset) -> Dataset:
    """The attributes of the modality and VOI transforms, also where functional groups have them (C.7.6.16.2.9, .10)."""
    groups = [item for tag in (0x52009230, 0x52009229) if tag in header for item in header[tag].value]
    for sequence in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
        for group in groups:
            if group.get(sequence):
                for element in group[sequence].value[0]:
                    if element.tag not in header:
                        header[element.tag] = element
                break
    return header


def _own_window(plan: Dataset, values: "Samples") -> tuple[float, float, str]:
    """The first that the image names; else the span of what is in it."""
    width, centre = _first(plan.get("WindowWidth")), _first(plan.get("WindowCenter"))
    if width is not None and centre is not None and width > 0:
        function = str(plan.get("VOILUTFunction") or "LINEAR").lower().replace("_", "-")
        return centre, width, function if function in (EXACT, SIGMOID) else LINEAR
    low, high = float(values.min()), float(values.max())
    return (low + high) / 2, max(high - low, 1.0), EXACT


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    if hasattr(value, "__len__") and not isinstance(value, str):
        return float(value[0]) if len(value) else None
    return float(value)


def _windowed(values: "Samples", window: tuple[float, float, str]) -> "Samples":
    """PS3.3 C.11.2.1.2.1, C.11.2.1.3.1, C.11.2.1.3.2, with an output from 0 to 255."""
    import numpy as np

    centre, width, function = window
    made: np.ndarray[Any, np.dtype[np.floating[Any]]] = values.astype(_wide(values))
    if function == SIGMOID:
        with np.errstate(over="ignore"):
            made = 255 / (1 + np.exp(-4 * (made - centre) / width))
    else:
        if function == LINEAR:
            centre, width = centre - 0.5, max(width - 1, 1e-6)
        made -= centre - width / 2
        made *= 255 / width
    np.clip(made, 0, 255, out=made)
    made += 0.5
    return made.astype(np.uint8)


def _palette(samples: "Samples", header: Dataset) -> "Samples":
    import numpy as np
    from pydicom.pixels.processing import apply_color_lut

    return np.ascontiguousarray(apply_color_lut(samples, header)[:, :, :3])


def _eight(samples: "Samples", bits: int) -> "Samples":
    """Of `bits` (0: all that the type has), the eight highest."""
    import numpy as np

    bits = bits or samples.dtype.itemsize * 8
    if bits > 8:
        samples = np.clip(samples >> (bits - 8), 0, 255)
    return samples.astype(np.uint8)


def _fitted(made: "Image", recipe: Recipe) -> "Image":
    """The part that is asked for, turned round and fitted as it is, its proportions kept."""
    from PIL import Image

    left, top, width, height = recipe.region
    left, top = left or 0.0, top or 0.0
    width, height = made.width - left if width is None else width, made.height - top if height is None else height
    across, down = width < 0, height < 0
    box = (round(left), round(top), round(left + abs(width)), round(top + abs(height)))
    box = (max(box[0], 0), max(box[1], 0), min(box[2], made.width), min(box[3], made.height))
    if box[0] >= box[2] or box[1] >= box[3]:
        raise ValueError
    if box != (0, 0, made.width, made.height):
        made = made.crop(box)
    if across:
        made = made.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if down:
        made = made.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    if recipe.viewport != (0, 0):
        scale = min(recipe.viewport[0] / made.width, recipe.viewport[1] / made.height)
        size = (round(made.width * scale), round(made.height * scale))
        size = (min(max(size[0], 1), _MOST_SIDE), min(max(size[1], 1), _MOST_SIDE))
        made = made.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return made
