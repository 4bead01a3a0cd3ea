"""AE titles by which peers call the archive."""

from repository.domain.takeover import Takeover


def title_of(takeover: Takeover) -> str:
    """The AE title by which a peer asks for that takeover alone: 16 characters, the most there may be."""
    return f"EDM-{takeover.id.replace('-', '')[-12:].upper()}"
