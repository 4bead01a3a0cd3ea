"""Tokens for systems (SMART Backend Services): `POST /v1/token`, and the metadata that lead clients there.

The answers are those of OAuth (RFC 6749 §5), not problem details: its clients look for `error`. Whatever is wrong
with a proof is `invalid_client`, in the same words.
"""

from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

import orjson
from fastapi import Depends, Request, Response
from pydantic import BaseModel

from api.callers.backend import ALGORITHMS, LASTS
from api.callers.entrance import Entrance
from api.callers.errors import NotAccepted
from api.callers.scopes import SUPPORTED
from api.errors import MediaTypeUnknown
from api.routes import Routes

FORM = "application/x-www-form-urlencoded"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_FORM = 64 << 10
_FIELDS = 20
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Token(BaseModel):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    scope: str


class Refusal(BaseModel):
    error: str


_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type", "scope", "client_assertion_type", "client_assertion"],
                    "properties": {
                        "grant_type": {"type": "string", "const": "client_credentials"},
                        "scope": {"type": "string"},
                        "client_assertion_type": {"type": "string", "const": JWT_BEARER},
                        "client_assertion": {"type": "string"},
                    },
                }
            }
        },
    }
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": Token},
    400: {"model": Refusal, "description": "Not understood (RFC 6749 §5.2)"},
    401: {"model": Refusal, "description": "The proof is not accepted; whatever is wrong with it"},
}


def router() -> Routes:
    found = Routes(tags=["sessions"])
    found.add_api_route(
        "/v1/token", token, methods=["POST"], response_model=None, responses=_RESPONSES, openapi_extra=_SCHEMA
    )
    for place in ("/.well-known/smart-configuration", "/fhir/.well-known/smart-configuration"):
        found.add_api_route(place, configuration, methods=["GET"], response_model=dict[str, Any])
    return found


async def form_of(request: Request) -> dict[str, str]:
    """The fields of the form, each once; empty where it is not understood. Raises `MediaTypeUnknown`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise MediaTypeUnknown(known=FORM)
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > _LONGEST_FORM:
            return {}
    try:
        pairs = parse_qsl(content.decode("ascii"), strict_parsing=True, max_num_fields=_FIELDS, errors="strict")
    except ValueError:
        return {}
    found = dict(pairs)
    return found if len(found) == len(pairs) else {}


def token(request: Request, form: Annotated[dict[str, str], Depends(form_of)]) -> Response:
    """An access token for the system whose key signed `client_assertion`, good for five minutes; or 401."""
    entrance: Entrance = request.app.state.entrance
    if form.get("grant_type") != "client_credentials":
        return _refused(400, "unsupported_grant_type" if form.get("grant_type") else "invalid_request")
    if form.get("client_assertion_type") != JWT_BEARER or not form.get("client_assertion"):
        return _refused(400, "invalid_request")
    try:
        granted = entrance.backend.granted(form["client_assertion"], asked=form.get("scope", ""))
    except NotAccepted as error:
        entrance.refused(request, error)
        return _refused(401, "invalid_client")
    except ValueError:
        return _refused(400, "invalid_scope")
    said = {
        "access_token": granted.token,
        "token_type": "bearer",
        "expires_in": int(LASTS.total_seconds()),
        "scope": " ".join(granted.scopes),
    }
    return Response(orjson.dumps(said), headers=_NO_STORE, media_type="application/json")


def _refused(status: int, error: str) -> Response:
    headers = _NO_STORE | ({"WWW-Authenticate": 'Bearer realm="edm-archive"'} if status == 401 else {})
    return Response(orjson.dumps({"error": error}), status, headers=headers, media_type="application/json")


def configuration(request: Request) -> dict[str, Any]:
    """What a SMART client has to know (SMART App Launch 2.2, "Conformance")."""
    entrance: Entrance = request.app.state.entrance
    return {
        "token_endpoint": entrance.backend.address,
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": list(SUPPORTED),
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }
