"""Chapter 11: whom a token is about, and until when it's valid."""

import os
from dataclasses import dataclass

import jwt

# [settings]
SECRET = os.getenv("JWT_SECRET", "for this chapter only: 32 bytes or more")
LEEWAY = 30  # seconds by which clocks may differ
# [/settings]


# [verify]
@dataclass
class Claims:
    username: str
    expires: float  # seconds since 1970


def verify(token: str) -> Claims | None:
    try:
        claims = jwt.decode(
            token,
            SECRET,
            algorithms=["HS256"],
            leeway=LEEWAY,
            options={"require": ["sub", "exp"]},
        )
    except jwt.InvalidTokenError:
        return None
    return Claims(claims["sub"], claims["exp"] + LEEWAY)
# [/verify]
