"""What can go wrong with pixels.

ArchiveError (storage/errors.py)
├─ CodecsMissing       the extra `pixels` is not installed
├─ PixelsUnreadable    damaged, of a kind that no codec here reads, too large, or too slow
└─ PixelsBusy          more is being decoded than this machine can
"""

from storage.errors import ArchiveError, Text

_AS_STORED = Text(en="Ask for the image as it is stored.", pl="Poproś o obraz w postaci, w jakiej jest przechowywany.")


class CodecsMissing(ArchiveError):
    code = "IMG-003"
    exit_code = 6
    what = Text(
        en="Pixels cannot be decoded here: the codecs are not installed.",
        pl="Nie można tu dekodować pikseli: kodeki nie są zainstalowane.",
    )
    todo = Text(
        en="Install them: pip install 'edm-archive[pixels]'. Images as they are stored need none.",
        pl="Zainstaluj je: pip install 'edm-archive[pixels]'. Obrazy w postaci przechowywanej ich nie wymagają.",
    )


class PixelsUnreadable(ArchiveError):
    """`reason`: a word of ours, never of the file's."""

    code = "IMG-004"
    exit_code = 2
    what = Text(
        en="The pixels of the image cannot be decoded: {reason}.", pl="Nie można zdekodować pikseli obrazu: {reason}."
    )
    todo = _AS_STORED


class PixelsBusy(ArchiveError):
    code = "IMG-005"
    exit_code = 9
    retryable = True
    what = Text(
        en="More images are being decoded than this machine can.", pl="Dekodowanych jest więcej obrazów, niż można."
    )
    todo = Text(en="Try again soon.", pl="Spróbuj ponownie za chwilę.")
