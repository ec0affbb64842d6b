"""Chapter 10: a token bucket, which says whether somebody may go on, and else how long to wait."""

import time


# [bucket]
class TokenBucket:
    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst, self.tokens = rate, burst, burst
        self.updated = time.monotonic()

    def take(self) -> int | None:
        """Takes a token; milliseconds until there is one, if there is none."""
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.updated) * self.rate)
        self.updated = now
        if self.tokens >= 1:
            self.tokens -= 1
            return None
        return int((1 - self.tokens) / self.rate * 1000) + 1
# [/bucket]
