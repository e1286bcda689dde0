"""Values that belong to an object and live as long as it does."""

import weakref
from collections.abc import Callable
from typing import Any


class Memo:
    """Remembers what was made of an object, for objects that cannot be dictionary keys.

    Args:
        make: object → value; the value must not refer to the object.
    """

    def __init__(self, make: Callable[..., Any]) -> None:
        self.make = make
        self.values: dict[tuple, Any] = {}

    def __call__(self, thing: Any, *more: Any) -> Any:  # noqa: ANN401
        """The value for an object and some hashable arguments; made at the first call."""
        key = (id(thing), *more)
        if key not in self.values:
            self.values[key] = self.make(thing, *more)
            weakref.finalize(thing, self.values.pop, key, None)
        return self.values[key]
