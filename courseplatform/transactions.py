"""Transactions that begin when somebody asks for them: what only reads never does, and pays for none."""

from typing import Any

import transaction
from pyramid.request import Request
from transaction.interfaces import AlreadyInTransaction


class TransactionManager(transaction.TransactionManager):
    """In explicit mode. After ``begin``, and until it ends, the first ``get`` begins the transaction."""

    def __init__(self) -> None:
        super().__init__(explicit=True)
        self.is_open = False

    def begin(self) -> Any:
        if self.is_open or self._txn is not None:
            raise AlreadyInTransaction
        self.is_open = True
        return self

    def note(self, text: str) -> None:
        """As of a transaction, to whom pyramid_tm says the path: nobody reads it."""

    def get(self) -> Any:
        if self.is_open and self._txn is None:
            super().begin()
        return super().get()

    def isDoomed(self) -> bool:  # noqa: N802
        return self._txn is not None and bool(super().isDoomed())

    def commit(self) -> None:
        if self.has_begun():
            super().commit()

    def abort(self) -> None:
        if self.has_begun():
            super().abort()

    def has_begun(self) -> bool:
        """Whether there is something to end. From now on nothing begins."""
        has_ended, self.is_open = not self.is_open, False
        return has_ended or self._txn is not None


def manager_of(request: Request) -> TransactionManager:
    """pyramid_tm's hook."""
    return TransactionManager()
