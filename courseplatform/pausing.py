"""Who doesn't answer is left alone for a while: of those who would ask, one at a time waits for it."""

import threading
import time


class Pausing:
    """Whether to ask a server. ``away_until``: it failed, and is asked again from then on; 0: it answers."""

    #: How long a server that failed is left alone: one in that time asks whether it is back.
    pause_s = 5.0

    def __init__(self) -> None:
        self.lock, self.away_until = threading.Lock(), 0.0

    def may_ask(self) -> bool:
        """Whether to ask now. Whoever comes while the first one tries again does not wait too."""
        with self.lock:
            now = time.monotonic()
            if now < self.away_until:
                return False
            if self.away_until:
                self.away_until = now + self.pause_s
            return True

    def has_failed(self) -> None:
        with self.lock:
            self.away_until = time.monotonic() + self.pause_s

    def has_answered(self) -> bool:
        """Whether it had failed before."""
        with self.lock:
            was_away, self.away_until = bool(self.away_until), 0.0
        return was_away
