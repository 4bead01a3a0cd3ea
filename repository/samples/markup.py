"""Text into XML templates: everything is escaped but what is markup by type, so that escaping cannot be forgotten."""

from html import escape
from string import Template


class Markup(str):
    """XML that is well-formed already and goes into a template as it is."""

    __slots__ = ()


def fill(template: Template, /, **places: str) -> Markup:
    """The template with every place filled; a place without a value is a KeyError."""
    return Markup(
        template.substitute(
            {name: value if isinstance(value, Markup) else escape(value) for name, value in places.items()}
        )
    )
