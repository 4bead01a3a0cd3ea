"""What goes wrong at the HTTP door itself, before or beside a journey."""

from typing import ClassVar

from storage.errors import ArchiveError, Text

NOTHING_DONE = Text(en="Nothing was done.", pl="Niczego nie wykonano.")


class HttpError(ArchiveError):
    """`status`: the status of the answer (RFC 9110 §15)."""

    status: ClassVar[int] = 400
    exit_code = 2
    kept = NOTHING_DONE


class NoCaller(HttpError):
    code = "API-001"
    status = 401
    what = Text(en="Nobody is known to be asking.", pl="Nie wiadomo, kto pyta.")
    todo = Text(
        en="Send a bearer token: of an identity provider that the archive trusts, or of a session (POST /v1/sessions).",
        pl="Wyślij token okaziciela: od zaufanego dostawcy tożsamości albo z sesji (POST /v1/sessions).",
    )


class PurposeNotSaid(HttpError):
    code = "API-002"
    what = Text(
        en="There is no reading without a purpose, and none that is known was said.",
        pl="Nie ma odczytu bez celu, a żadnego znanego celu nie podano.",
    )
    todo = Text(
        en="Send the header EDM-Purpose with one of: {known}.",
        pl="Wyślij nagłówek EDM-Purpose z jedną z wartości: {known}.",
    )


class RequestNotUnderstood(HttpError):
    """`reason`: which part, and what it has to be; never the value that was sent."""

    code = "API-003"
    what = Text(en="The request is not understood: {reason}.", pl="Niezrozumiałe żądanie: {reason}.")
    todo = Text(en="/v1/openapi.json describes every request.", pl="/v1/openapi.json opisuje każde żądanie.")


class BodyTooLarge(HttpError):
    code = "API-004"
    status = 413
    what = Text(en="The body is larger than {most} bytes.", pl="Treść jest większa niż {most} bajtów.")
    todo = Text(
        en="Send it in parts: packages are uploaded in parts, images in several requests.",
        pl="Wyślij ją w częściach: paczki przesyła się w częściach, obrazy w kilku żądaniach.",
    )


class HeadersTooLarge(HttpError):
    code = "API-005"
    status = 431
    what = Text(en="The header fields are larger than {most} bytes.", pl="Nagłówki są większe niż {most} bajtów.")
    todo = Text(en="Send less of them.", pl="Wyślij ich mniej.")


class TooManyRequests(HttpError):
    code = "API-006"
    status = 429
    retryable = True
    what = Text(en="More than {most} requests a minute.", pl="Więcej niż {most} żądań na minutę.")
    todo = Text(en="Wait as Retry-After says.", pl="Poczekaj tyle, ile mówi Retry-After.")


class NothingOfThatName(HttpError):
    code = "API-007"
    status = 404
    what = Text(en="There is nothing at this address.", pl="Pod tym adresem nic nie ma.")
    todo = Text(en="/v1/openapi.json lists all addresses.", pl="/v1/openapi.json wymienia wszystkie adresy.")


class MethodNotAllowed(HttpError):
    code = "API-008"
    status = 405
    what = Text(en="This cannot be done at this address.", pl="Pod tym adresem nie można tego zrobić.")
    todo = Text(
        en="Allow lists what can. Nothing that was taken over is ever deleted or changed by a request.",
        pl="Allow wymienia, co można. Niczego, co przejęto, żądanie nie usuwa ani nie zmienia.",
    )


class NotAcceptable(HttpError):
    code = "API-009"
    status = 406
    what = Text(en="It cannot be given in any form that Accept names.", pl="Nie ma postaci, którą wskazuje Accept.")
    todo = Text(en="It can be given as: {known}.", pl="Można podać jako: {known}.")


class MediaTypeUnknown(HttpError):
    code = "API-010"
    status = 415
    what = Text(en="A body of this media type is not taken here.", pl="Treść tego typu nie jest tu przyjmowana.")
    todo = Text(en="It is taken as: {known}.", pl="Przyjmuje się: {known}.")


class RangeNotSatisfiable(HttpError):
    code = "API-011"
    status = 416
    what = Text(en="The range lies outside of the {size} bytes.", pl="Zakres leży poza {size} bajtami.")
    todo = Text(en="Ask for bytes within it.", pl="Poproś o bajty wewnątrz.")


class PreconditionFailed(HttpError):
    code = "API-012"
    status = 412
    what = Text(en="It is not in the state that the request names.", pl="Nie jest w stanie, który wskazuje żądanie.")
    todo = Text(en="Read it again, and decide anew.", pl="Odczytaj ponownie i zdecyduj od nowa.")


class Stopping(HttpError):
    code = "API-013"
    status = 503
    retryable = True
    what = Text(en="The door is being closed.", pl="Serwer jest zamykany.")
    todo = Text(en="Try again soon.", pl="Spróbuj ponownie za chwilę.")


class ValueCannotBe(HttpError):
    """A value of the right form that is none: a check digit, a day, an end before its beginning. `reason`: which."""

    code = "API-015"
    status = 422
    what = Text(
        en="The request is understood, and cannot be: {reason}.",
        pl="Żądanie jest zrozumiałe, lecz nie może być spełnione: {reason}.",
    )
    todo = Text(en="Correct it.", pl="Popraw je.")


class AddressNotFree(HttpError):
    """`reason`: in the words of the operating system."""

    code = "API-016"
    what = Text(
        en="The door cannot listen at {address} ({reason}).", pl="Nie można nasłuchiwać na {address} ({reason})."
    )
    todo = Text(
        en="End what listens there, or name another address in EDM_ARCHIVE_HTTP_LISTEN.",
        pl="Zakończ program, który tam nasłuchuje, albo podaj inny adres w EDM_ARCHIVE_HTTP_LISTEN.",
    )


class Bug(HttpError):
    """Something that nobody foresaw; `request`: the id under which the log has it."""

    code = "API-999"
    status = 500
    what = Text(en="This is a bug in the program.", pl="To błąd w programie.")
    todo = Text(
        en="Report it with the request id {request}. The request may be tried again.",
        pl="Zgłoś go z identyfikatorem żądania {request}. Żądanie można powtórzyć.",
    )
