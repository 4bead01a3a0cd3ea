"""DICOMweb (PS3.18), below /dicomweb."""

from api.dicomweb import qido, qido_capabilities, rendered, stow, wado, wado_frames, wado_metadata
from api.dicomweb.often import OFTEN
from api.routes import Routes

__all__ = ["OFTEN", "router"]


def router() -> Routes:
    found = Routes()
    for part in (stow, wado, wado_frames, wado_metadata, rendered, qido):
        found.include(part.router())
    qido_capabilities.include(found)  # last: it answers DELETE everywhere
    return found
