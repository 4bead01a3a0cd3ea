"""What goes wrong while it is found out who is calling.

NotAccepted                   leaves as `NoCaller` (api/errors.py): one body for all, 401; `why` is for the journal
TwoIdentities                 a request says that it comes from two
ScopeTooNarrow                the token was not given for that
TooManyAtOnce                 of one caller
KeysUnavailable               the keys of an identity provider cannot be had at the moment
IdentityFileWrong             what the operator wrote cannot be relied on; nothing is served
IdentitiesUnsure              the same while it is served: nobody is let in by that file
"""

from api.errors import HttpError
from storage.errors import Text


class NotAccepted(Exception):
    """An identity that is not accepted; it leaves as `NoCaller`, whatever was wrong. `why` is a word for the journal,
    `issuer` one of those that are trusted or empty; neither is ever told."""

    def __init__(self, why: str, *, issuer: str = "") -> None:
        super().__init__(why)
        self.why, self.issuer = why, issuer


class TwoIdentities(HttpError):
    code = "CAL-002"
    what = Text(
        en="The request carries two identities: which of them asks is not for the archive to choose.",
        pl="Żądanie podaje dwie tożsamości; archiwum nie wybiera, która z nich pyta.",
    )
    todo = Text(
        en="Send one bearer token, or a client certificate; both only if the token is bound to the certificate.",
        pl="Wyślij jeden token albo certyfikat klienta; oba tylko wtedy, gdy token jest z nim związany.",
    )


class ScopeTooNarrow(HttpError):
    """`needed`: a scope that would do."""

    code = "CAL-003"
    status = 403
    what = Text(en="The token was not given for this.", pl="Tokenu nie wydano do tego celu.")
    todo = Text(en="Ask for a token with the scope {needed}.", pl="Poproś o token z zakresem {needed}.")


class TooManyAtOnce(HttpError):
    code = "CAL-004"
    status = 429
    retryable = True
    what = Text(
        en="{most} requests of this caller are at work already.",
        pl="W toku jest już {most} żądań tego wywołującego.",
    )
    todo = Text(en="Wait for an answer before asking again.", pl="Poczekaj na odpowiedź przed kolejnym żądaniem.")


class KeysUnavailable(HttpError):
    """Neither fetched nor kept from before; `reason` names no address."""

    code = "CAL-005"
    status = 503
    retryable = True
    what = Text(
        en="The keys of the identity provider cannot be had at the moment ({reason}).",
        pl="Klucze dostawcy tożsamości są teraz niedostępne ({reason}).",
    )
    todo = Text(en="Try again soon; then ask the operator.", pl="Spróbuj za chwilę; potem zapytaj operatora.")


class IdentityFileWrong(HttpError):
    code = "CAL-001"
    status = 500
    what = Text(
        en="The identity file {path} cannot be relied on: {reason}.",
        pl="Na pliku tożsamości {path} nie można polegać: {reason}.",
    )
    todo = Text(
        en="Mend it as docs/serving.md says; nobody else may be able to write to it.",
        pl="Popraw go według docs/serving.md; nikt inny nie może w nim zapisywać.",
    )


class IdentitiesUnsure(HttpError):
    """The log of the archive says what is wrong; a caller is not told."""

    code = "CAL-006"
    status = 503
    retryable = True
    what = Text(
        en="Whom the archive trusts is being changed; until that is done it lets in nobody but local accounts.",
        pl="Trwa zmiana tego, komu archiwum ufa; do jej zakończenia wpuszcza ono tylko konta lokalne.",
    )
    todo = Text(en="Try again soon; then ask the operator.", pl="Spróbuj za chwilę; potem zapytaj operatora.")
