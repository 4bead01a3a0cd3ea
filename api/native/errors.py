"""What goes wrong at the native door alone."""

from collections.abc import Mapping
from typing import ClassVar

from api.errors import HttpError
from storage.errors import Text


class RoleMissing(HttpError):
    """For what holds nothing of any patient: here a refusal may say that there is something."""

    code = "RST-001"
    status = 403
    what = Text(en="That is for {roles} alone.", pl="To jest dostępne tylko dla: {roles}.")
    todo = Text(en="Sign in as one of them.", pl="Zaloguj się jako ktoś z nich.")


class KeyUsedOtherwise(HttpError):
    code = "RST-002"
    status = 422
    what = Text(
        en="This Idempotency-Key was sent with another request.",
        pl="Ten Idempotency-Key wysłano już z innym żądaniem.",
    )
    todo = Text(en="Make a new key for each thing that you want.", pl="Nadaj nowy klucz każdej nowej sprawie.")


class StillAtWork(HttpError):
    code = "RST-003"
    status = 409
    retryable = True
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "2"}  # seconds
    what = Text(
        en="The first request with this Idempotency-Key has not been answered yet.",
        pl="Pierwsze żądanie z tym Idempotency-Key nie ma jeszcze odpowiedzi.",
    )
    todo = Text(en="Send it again in a while.", pl="Wyślij je ponownie za chwilę.")


class AnswerLost(HttpError):
    code = "RST-006"
    status = 409
    what = Text(
        en="The first request with this Idempotency-Key was done, in part at least, and its answer was lost.",
        pl="Pierwsze żądanie z tym Idempotency-Key wykonano, co najmniej częściowo, a odpowiedź utracono.",
    )
    kept = Text(en="Nothing was done now.", pl="Teraz niczego nie wykonano.")
    todo = Text(
        en="Look at what is there. Only if it is missing, send the request with a new key.",
        pl="Sprawdź stan w archiwum. Tylko jeśli czegoś brakuje, wyślij żądanie z nowym kluczem.",
    )


class JobOver(HttpError):
    code = "RST-004"
    status = 409
    what = Text(
        en="The job is not waiting: it is being done, or it has ended.",
        pl="Zadanie nie czeka: jest wykonywane albo się zakończyło.",
    )
    todo = Text(en="Read it again.", pl="Odczytaj je ponownie.")


class NoProtocolVersion(HttpError):
    """tus 1.0.0, "Tus-Resumable"."""

    code = "RST-005"
    status = 412
    headers: ClassVar[Mapping[str, str]] = {"Tus-Version": "1.0.0"}
    what = Text(en="Uploads follow tus 1.0.0.", pl="Przesyłanie odbywa się według tus 1.0.0.")
    todo = Text(en="Send the header Tus-Resumable: 1.0.0.", pl="Wyślij nagłówek Tus-Resumable: 1.0.0.")
