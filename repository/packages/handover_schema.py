"""The JSON Schema of `metadata/handover.json`, as it is published; docs/handover.schema.json is a copy for readers."""

from functools import cache
from importlib.resources import files


@cache
def handover_schema() -> bytes:
    return files("repository.packages").joinpath("handover.schema.json").read_bytes()
