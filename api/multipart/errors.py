"""What is wrong with a multipart body. Nothing of what was sent is repeated."""

from api.errors import HttpError
from storage.errors import Text

_AS_BEFORE = Text(
    en="Parts that came whole before the fault may have been kept; the same request may be sent again.",
    pl="Części, które przyszły w całości przed błędem, mogły zostać zachowane; to samo żądanie można powtórzyć.",
)


class MultipartError(HttpError):
    """The root of them."""

    code = "API-020"
    kept = _AS_BEFORE
    what = Text(en="The multipart body is not understood.", pl="Niezrozumiała treść wieloczęściowa.")
    todo = Text(en="Write it as RFC 2046 §5.1 says.", pl="Zapisz ją według RFC 2046 §5.1.")


class BoundaryMissing(MultipartError):
    code = "API-021"
    what = Text(
        en="The media type names no boundary that is taken here: of characters that RFC 2046 allows, 128 at most.",
        pl="Typ treści nie wskazuje przyjmowanej granicy: ze znaków dozwolonych przez RFC 2046, najwyżej 128.",
    )
    todo = Text(
        en='Send Content-Type: multipart/related; type="…"; boundary="…". RFC 2046 §5.1.1 has 1 to 70 characters, the '
        "last no space; longer ones of clients that err are taken.",
        pl='Wyślij Content-Type: multipart/related; type="…"; boundary="…". RFC 2046 §5.1.1 przewiduje od 1 do 70 '
        "znaków, ostatni inny niż spacja; dłuższe, błędnie nadawane przez klientów, są przyjmowane.",
    )


class BodyEndsEarly(MultipartError):
    code = "API-022"
    what = Text(en="The body ends before its closing boundary.", pl="Treść kończy się przed granicą zamykającą.")
    todo = Text(
        en="Send it whole: the last boundary is followed by two hyphens. A part that was cut off was not kept.",
        pl="Wyślij ją w całości: po ostatniej granicy stoją dwa łączniki. Uciętej części nie zachowano.",
    )


class NoSuchBoundary(MultipartError):
    code = "API-023"
    what = Text(
        en="The boundary that the media type names does not begin the body.",
        pl="Granica podana w typie treści nie rozpoczyna treści.",
    )
    todo = Text(
        en="Name the boundary that the body has, without the two hyphens before it.",
        pl="Podaj granicę, która jest w treści, bez dwóch poprzedzających łączników.",
    )


class PartHeaderWrong(MultipartError):
    code = "API-024"
    what = Text(
        en="Part {part} has header fields that are not understood or are too long.",
        pl="Część {part} ma niezrozumiałe lub zbyt długie pola nagłówka.",
    )
    todo = Text(
        en="Write `Name: value` lines of ASCII, and an empty line before the content.",
        pl="Zapisz wiersze `Nazwa: wartość` w ASCII i pusty wiersz przed treścią.",
    )


class TooManyParts(MultipartError):
    code = "API-025"
    status = 413
    what = Text(en="The body has more than {most} parts.", pl="Treść ma więcej niż {most} części.")
    todo = Text(en="Send them in several requests.", pl="Wyślij je w kilku żądaniach.")


class PartLengthLies(MultipartError):
    code = "API-026"
    what = Text(
        en="Part {part} is not as long as its Content-Length says.",
        pl="Część {part} ma inną długość, niż podaje jej Content-Length.",
    )
    todo = Text(
        en="Leave Content-Length of parts out, or send what it says.",
        pl="Pomiń Content-Length części albo wyślij tyle, ile podaje.",
    )


class NoParts(MultipartError):
    code = "API-027"
    what = Text(en="The body has no parts.", pl="Treść nie ma żadnych części.")
    todo = Text(en="Send at least one.", pl="Wyślij co najmniej jedną.")
