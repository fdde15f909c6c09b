"""The base of JSON request bodies: strict, and read no further than is needed to refuse them."""

from typing import Any, ClassVar

from annotated_types import MaxLen
from pydantic import BaseModel, ConfigDict, model_validator

MOST_UNKNOWN_FIELDS = 50


class Body(BaseModel):
    """A strict request body: unknown fields are rejected. Every list and every text must have a `max_length`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    _most: ClassVar[dict[str, int]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Store the bounds of the fields for `_cut`."""
        bounds = {
            name: [one for one in field.metadata if isinstance(one, MaxLen)] for name, field in cls.model_fields.items()
        }
        cls._most = {name: found[0].max_length for name, found in bounds.items() if found}

    @model_validator(mode="before")
    @classmethod
    def _cut(cls, value: Any) -> Any:
        """Cut what is beyond the bounds. Pydantic would build an error for each of thousands of faulty items before it
        refused the list for its length."""
        if not isinstance(value, dict):
            return value
        if len(value) > len(cls.model_fields) + MOST_UNKNOWN_FIELDS:
            known = {name: value[name] for name in cls.model_fields if name in value}
            unknown = [name for name in value if name not in cls.model_fields]
            value = known | {name: value[name] for name in unknown[:MOST_UNKNOWN_FIELDS]}
        long = {
            name: value[name][: most + 1]
            for name, most in cls._most.items()
            if isinstance(value.get(name), list) and len(value[name]) > most
        }
        return value | long if long else value
