"""Signs a token for scripts/token.sh, with the secret that the server has too."""

import argparse
import os
import secrets
import sys
import time
from pathlib import Path

import jwt

SHORTEST_SECRET = 32  # bytes; RFC 7518, section 3.2
LONGEST_MINUTES = 366 * 24 * 60


def minutes(text):
    value = float(text)
    if not 0 < value <= LONGEST_MINUTES:  # which refuses NaN, too
        raise argparse.ArgumentTypeError(f"has to be more than 0 and at most {LONGEST_MINUTES}")
    return value


def user(text):
    if not text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError("isn't a name")
    return text


def parse_arguments():
    parser = argparse.ArgumentParser(prog="token.sh", add_help=False)
    parser.add_argument("--user", type=user, required=True)
    parser.add_argument("--minutes", type=minutes, default=60)
    parser.add_argument("--secret-file", type=Path)
    parser.add_argument("--audience")
    parser.add_argument("--issuer")
    parser.add_argument("--default-secret-file", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def make_secret(path):
    """In hexadecimal digits, so that no editor spoils it. Nobody else can read it at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with open(descriptor, "w") as file:
        file.write(secrets.token_hex(SHORTEST_SECRET) + "\n")
    return True


def read_secret(path):
    """As the server reads it: one line break at the end is not part of it."""
    secret = path.read_bytes()
    secret = secret.removesuffix(b"\n").removesuffix(b"\r")
    if len(secret) < SHORTEST_SECRET:
        sys.exit(f"error: the secret in {path} is shorter than {SHORTEST_SECRET} bytes")
    return secret


def main():
    arguments = parse_arguments()
    path = arguments.secret_file or arguments.default_secret_file
    try:
        made = arguments.secret_file is None and make_secret(path)
        secret = read_secret(path)
    except OSError as error:
        hint = "\n  Without --secret-file one is made." if isinstance(error, FileNotFoundError) else ""
        sys.exit(f"error: cannot read the secret: {error.strerror}: {path}{hint}")
    now = time.time()
    claims = {"sub": arguments.user, "iat": int(now), "exp": int(now + arguments.minutes * 60)}
    if arguments.audience is not None:
        claims["aud"] = arguments.audience
    if arguments.issuer is not None:
        claims["iss"] = arguments.issuer
    try:
        token = jwt.encode(claims, secret, algorithm="HS256")
    except jwt.InvalidKeyError as error:
        sys.exit(f"error: {path} holds no secret: {error}")
    if made:
        print(f"Made a secret: {path}", file=sys.stderr)
    print(token)


if __name__ == "__main__":
    main()
