"""What can go wrong, as one family that a face can print without a traceback.

::

    ReelmakeError              everything below; `exit_code` says which exit code a command ends with
    ├── InputError    (2)      the author's files are wrong: a list of `Problem`s, all of them at once
    ├── SetupError    (2)      the machine or the settings are wrong: nothing was started
    └── BuildError    (1)      a step could not be made: what was finished is kept
        ├── CapError           a paid request would go over the cap, or has no price while there is a cap
        ├── ProviderError      a provider could not perform a request, and asking again would not help
        │   ├── AccountError   nor would any other request: the key, the plan or the credit is what is wrong
        │   ├── BusyError      it did nothing and billed nothing: it may be sent again
        │   ├── UnusableError  it was performed, and what came of it cannot be used
        │   └── LostError      nobody knows whether it was done, and billed: the answer did not arrive
        │       └── OversizedError  it was too large to be read, and would be again: it is not sent again
        ├── NoStoreError       the shared store is required and does not answer
        ├── ObjectsError       an S3 API refused a request
        │   ├── NoObjectError     the object is not there
        │   ├── RefusedError      nor would it do anything else: keys, rights, bucket or region are wrong
        │   └── UnreachableError  it was busy or did not answer, after all retries: it may later
        └── MediaError         ffmpeg or a picture or sound could not be handled
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Final

_STEERS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """Return a text in which what steers a terminal, or turns its order, is shown by its code: names may hold it."""
    return _STEERS.sub(lambda found: ascii(found[0])[1:-1], text)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake of an author: where it is, what is wrong, and what to type next."""

    file: str
    line: int
    what: str
    fix: str

    def __str__(self) -> str:
        """Return `file:line: what is wrong; what to type`."""
        return harmless(f"{self.file}:{self.line}: {self.what}; {self.fix}")


class ReelmakeError(Exception):
    """Base of all our errors: what happened, and what to do about it (`fix` may be empty)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what, fix)
        self.what = what
        self.fix = fix

    def __str__(self) -> str:
        """Return one line that an author can act on."""
        return harmless(f"{self.what}; {self.fix}" if self.fix else self.what)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as it reads now: a place may have been added since, or a secret taken out."""
        return type(self), (self.what, self.fix), dict(vars(self))


class InputError(ReelmakeError):
    """Mistakes in specs, characters or settings: every one that was found."""

    exit_code = 2

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the problems, since `args` holds their text."""
        return type(self), (self.problems,)


class SetupError(ReelmakeError):
    """The machine or the settings cannot do it."""

    exit_code = 2


class BuildError(ReelmakeError):
    """A step of a build failed."""


class CapError(BuildError):
    """A paid request was not made, because of the cap.

    usd  what it would cost at most, None if nobody knows
    key  what it asks for: steps that ask for the same would pay once
    """

    def __init__(self, what: str, fix: str = "", usd: Decimal | None = None) -> None:
        super().__init__(what, fix)
        self.usd = usd
        self.key = ""


class ProviderError(BuildError):
    """A provider could not perform a request."""


class AccountError(ProviderError):
    """No request of this account can be performed: its key, its plan or its credit is what is wrong."""


class BusyError(ProviderError):
    """A provider did nothing, and billed nothing: the same request may be made again.

    retry_after_seconds  how long it asks everybody to wait, None when it does not say
    too_many             there were too many requests at once: fewer at a time would help
    """

    def __init__(
        self, what: str, fix: str = "", retry_after_seconds: float | None = None, *, too_many: bool = False
    ) -> None:
        super().__init__(what, fix)
        self.retry_after_seconds = retry_after_seconds
        self.too_many = too_many


class UnusableError(ProviderError):
    """A request was performed, and billed, and what came of it is kept and cannot be used."""


class LostError(ProviderError):
    """A request was sent and its answer did not arrive: it may have been performed, and billed."""


class OversizedError(LostError):
    """An answer is larger than any answer is, and was not read. Another request would be answered, and billed, so."""


class NoStoreError(BuildError):
    """The shared store is required, and cannot be reached: a command that only reads has not begun."""


class ObjectsError(BuildError):
    """An S3 API refused a request."""


class NoObjectError(ObjectsError):
    """An object is not there."""


class RefusedError(ObjectsError):
    """An S3 API does nothing for us: the keys, what they are allowed to do, the bucket or the region are wrong."""


class UnreachableError(ObjectsError):
    """An S3 API was busy or did not answer."""


class MediaError(BuildError):
    """Sound or pictures could not be read, made or joined."""
