"""What is checked: a provider, and an example of a generic request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from reelmake.core.keys import canonical_json
from reelmake.providers import provider
from reelmake.providers.base import Answer, Call, ImageProvider, ScriptProvider, VoiceProvider
from reelmake.providers.prices import Prices

BASES: Final[Mapping[str, Any]] = {"script": ScriptProvider, "voice": VoiceProvider, "image": ImageProvider}

# A generic request of each kind, besides the provider's name and options.
EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "script": {
        "topic": "why the sky is blue",
        "title": "Blue",
        "language": "en",
        "style": "watercolour",
        "lines": 3,
        "take": 1,
        "template": "",
        "cast": [
            {"id": "ada", "name": "Ada", "personality": "curious", "catchphrases": []},
            {"id": "max", "name": "Max", "personality": "calm", "catchphrases": []},
        ],
    },
    "voice": {"text": "Why is the sky blue, Max?", "language": "en", "take": 1},
    "image": {
        "prompt": "a bright sky. Style: watercolour.",
        "subject": "a bright sky",
        "style": "watercolour",
        "width": 640,
        "height": 640,
        "take": 1,
    },
}
# Changes of a generic request: each of them makes another request, with every provider.
CHANGES: Final[Mapping[str, tuple[Mapping[str, Any], ...]]] = {
    "script": ({"topic": "why owls are quiet"}, {"lines": 4}, {"take": 2}),
    "voice": ({"text": "Why is the sky red, Max?"}, {"take": 2}),
    "image": ({"prompt": "an owl. Style: watercolour.", "subject": "an owl"}, {"take": 2}),
}


@dataclass(frozen=True)
class Subject:
    """A provider, and what it takes to try it.

    kind, name       under which it is registered
    asked            the generic request, where it differs from EXAMPLES
    options          options that have to be given, and those that make it cheap
    others           for each of its options, another value than the one in force
    irrelevant       what this provider does not send on: another value for each
    variables        variables of the environment that it needs: keys, and where its server is
    billed           returns how many requests the server has billed so far, if that can be known
    timeout_seconds  how long an answer may take here
    """

    kind: str
    name: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)
    irrelevant: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    billed: Callable[[], int] | None = None
    timeout_seconds: float = 60.0

    @cached_property
    def provider(self) -> Any:
        """Return the provider."""
        return provider(self.kind, self.name)

    def example(self, options: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """Return the generic request, as a build makes it: with all options, given or by default."""
        chosen = {**self.options, **(options or {})}
        complete = self.provider.options.model_validate(chosen).model_dump(mode="json")
        named = "voice" if self.kind == "voice" else "options"
        given = {named: complete} if complete or self.kind == "voice" else {}
        return {"provider": self.name, **EXAMPLES[self.kind], **given, **self.asked, **changes}

    def shaped(self, options: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """Return the request that is made of that, as it comes out of a store."""
        shape: dict[str, Any] = json.loads(canonical_json(self.provider.shape(self.example(options, **changes))))
        return shape

    @cached_property
    def request(self) -> dict[str, Any]:
        """Return the request of the example."""
        return self.shaped()

    @cached_property
    def tickets(self) -> list[Any]:
        """Return the tickets that were kept during its calls."""
        return []

    @cached_property
    def bill(self) -> tuple[Answer, int | None]:
        """Return the answer to the one request that is made, and how many the server billed for it."""
        before = self.billed() if self.billed else 0
        answer = self.provider.ask(self.request, self.call(keep_ticket=self.tickets.append))
        return answer, self.billed() - before if self.billed else None

    @property
    def answer(self) -> Answer:
        """Return that answer."""
        return self.bill[0]

    @property
    def secrets(self) -> list[str]:
        """Return what must not be seen."""
        return [self.variables[name] for name in self.provider.secrets if self.variables.get(name)]

    def call(self, variables: Mapping[str, str] | None = None, **more: Any) -> Call:
        """Return a call, with these variables or with those that it needs."""
        fields: dict[str, Any] = {
            "prices": Prices(),
            "timeout_seconds": self.timeout_seconds,
            "proxy": None,
            "variable": (self.variables if variables is None else variables).get,
            "asked_at": datetime.now(UTC),
            "ticket": None,
            "keep_ticket": lambda _: None,
            **more,
        }
        return Call(**fields)


def expect(true: object, message: str) -> None:
    """Raise AssertionError, unless it is true."""
    if not true:
        raise AssertionError(message)


def is_number(value: object) -> bool:
    """Say whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)
