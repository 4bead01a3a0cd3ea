"""As much of JSON Schema (2020-12) as `docs/handover.schema.json` uses. An unknown keyword is an error, not a pass."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

SAYS_NOTHING = {"$schema", "title", "description", "$defs"}
TYPES: Mapping[str, type] = {"object": dict, "string": str, "integer": int}


def fits(value: object, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    return all(_rule(value, keyword, schema[keyword], root) for keyword in schema if keyword not in SAYS_NOTHING)


def _rule(value: Any, keyword: str, wanted: Any, root: Mapping[str, Any]) -> bool:
    if keyword == "$ref":
        return fits(value, root["$defs"][wanted.removeprefix("#/$defs/")], root)
    if keyword == "type":
        return isinstance(value, TYPES[wanted]) and not isinstance(value, bool)
    if keyword == "enum":
        return value in wanted
    if keyword in ("required", "properties", "additionalProperties", "propertyNames"):
        return not isinstance(value, dict) or _object_rule(value, keyword, wanted, root)
    if keyword in ("minimum", "maximum"):
        return not isinstance(value, int) or (value >= wanted if keyword == "minimum" else value <= wanted)
    if keyword in ("maxLength", "pattern", "format"):
        return not isinstance(value, str) or _text_rule(value, keyword, wanted)
    raise AssertionError(f"the schema uses {keyword}")


def _object_rule(value: Mapping[str, Any], keyword: str, wanted: Any, root: Mapping[str, Any]) -> bool:
    if keyword == "required":
        return all(name in value for name in wanted)
    if keyword == "properties":
        return all(fits(value[name], schema, root) for name, schema in wanted.items() if name in value)
    if keyword == "propertyNames":
        return all(fits(name, wanted, root) for name in value)
    return all(fits(member, wanted, root) for member in value.values())  # the schema has no properties beside it


def _text_rule(value: str, keyword: str, wanted: Any) -> bool:
    if keyword == "maxLength":
        return len(value) <= int(wanted)
    if keyword == "pattern":
        return re.search(wanted.replace("$", r"\Z"), value) is not None
    assert wanted == "date"
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
