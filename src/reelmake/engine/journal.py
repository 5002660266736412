"""A note of each request is on the disk before it is sent, and until its answer is stored."""

from __future__ import annotations

from dataclasses import dataclass

from reelmake.core.errors import CapError, LostError, ProviderError
from reelmake.engine.asker import Asker, RequestContext
from reelmake.providers.base import Answer


@dataclass(frozen=True, slots=True)
class Journaled:
    """Notes each request and its outcome. The engine removes the note once the receipt is kept."""

    inner: Asker

    def ask(self, context: RequestContext) -> Answer:
        """Ask with a note on the disk. Free requests leave none, for they can be made again."""
        note = context.note
        ticket = note.ticket
        if context.quoted_usd != 0:
            note.open()
            try:
                context.check()
            except CapError:
                note.close()
                raise
        context.may_be_billed = True
        try:
            return self.inner.ask(context)
        except LostError as error:
            note.lose(error)
            raise
        except ProviderError:
            context.may_be_billed = note.ticket is not None and note.ticket != ticket  # it was accepted
            note.close()
            raise

    def recover(self, context: RequestContext) -> Answer | None:
        """Look for an answer; after an error, only answers that are still missing stay noted."""
        note = context.note
        had_ticket = note.ticket is not None
        try:
            found = self.inner.recover(context)
        except ProviderError as error:
            if isinstance(error, LostError) and had_ticket and note.ticket is None and not note.lost:
                note.lose(error)  # it was accepted and billed, and cannot be fetched any more
            else:
                note.close()
            raise
        if found:
            note.find()
        return found
