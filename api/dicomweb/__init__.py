"""DICOMweb (PS3.18), below /dicomweb."""

from fastapi import APIRouter

from api.dicomweb import qido, qido_capabilities, rendered, stow, wado, wado_frames, wado_metadata
from api.dicomweb.often import OFTEN

__all__ = ["OFTEN", "router"]


def router() -> APIRouter:
    found = APIRouter()
    for part in (stow, wado, wado_frames, wado_metadata, rendered, qido):
        found.include_router(part.router())
    qido_capabilities.include(found)  # last: it answers DELETE everywhere
    return found
