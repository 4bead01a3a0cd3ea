"""What is wrong with a push before or beside what it holds."""

from api.errors import HttpError
from storage.errors import Text


class ComesTooSlowly(HttpError):
    code = "API-028"
    status = 408
    what = Text(en="The body comes too slowly.", pl="Treść przychodzi zbyt wolno.")
    kept = Text(
        en="Instances that came whole may have been kept; the same request may be sent again.",
        pl="Instancje, które przyszły w całości, mogły zostać zachowane; to samo żądanie można powtórzyć.",
    )
    todo = Text(en="Send fewer instances in a request.", pl="Wyślij mniej instancji w jednym żądaniu.")


class ReceptionFull(HttpError):
    code = "API-029"
    status = 503
    retryable = True
    what = Text(en="{most} requests bring instances already.", pl="Instancje przynosi już {most} żądań.")
    todo = Text(en="Wait as Retry-After says.", pl="Poczekaj tyle, ile mówi Retry-After.")
