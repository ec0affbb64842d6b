"""How often somebody may do something."""

import time


# [bucket]
class TokenBucket:
    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst, self.tokens = rate, burst, burst
        self.updated = time.monotonic()

    def wait(self) -> int:
        """Takes a token; if there is none, the milliseconds until there is one."""
        if not self.rate:
            return 0
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.updated) * self.rate)
        self.updated = now
        if self.tokens < 1:
            return int((1 - self.tokens) / self.rate * 1000) + 1
        self.tokens -= 1
        return 0
# [/bucket]
