"""The only place that asks a provider: within the cap, in turn, as often as is safe, and never without a trace.

Before a request is sent, a note of it is on the disk; after the receipt is, the note goes. So whatever happens between
(a kill, a cut line), the next one who wants the same thing knows that it may be there already, and asks the provider
for it before asking for another.

    BusyError    was not done: asked again, after a while
    LostError    may have been done: looked for, and asked again once
    others       are told as they are: the same request would fail again
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeVar

from reelmake.action import Action, amount_of
from reelmake.budget import Budget
from reelmake.errors import AccountError, BuildError, BusyError, CapError, LostError, ProviderError
from reelmake.gate import Gate, Gates
from reelmake.meters import Meters
