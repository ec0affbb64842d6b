"""Runs a program under uvicorn as python3 would, and adds /inspect to what it serves.

    /usr/bin/python3 scripts/inspector [--app MODULE:NAME] PROGRAM [ARGUMENT…]

The program is run unchanged: its own call of uvicorn.run() says how it is served. With --app the app
of that name is served at HOST and PORT of the environment instead, as `python3 -m uvicorn` would.
"""

from __future__ import annotations

import argparse
import importlib
import os
import runpy
import sys
from pathlib import Path
from typing import Any

import uvicorn

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT / "scripts")

from inspector.app import Inspector  # noqa: E402  (found only now)
from inspector.sources import Sources  # noqa: E402

STARTUP_FAILURE = 3  # as uvicorn's own


def find_app(app: Any) -> Any:
    """The app that `module:name` names, or the one that was given."""
    if not isinstance(app, str):
        return app
    module, _, name = app.partition(":")
    return getattr(importlib.import_module(module), name)


def serve(app: Any, sources: Sources, settings: dict[str, Any]) -> None:
    """What uvicorn.run() does for one process without reload, with the inspector in front."""
    inspector = Inspector(find_app(app), sources, Path(os.environ["INSPECT_DIR"]))
    server = uvicorn.Server(uvicorn.Config(inspector, **settings))
    inspector.is_stopping = lambda: server.should_exit
    server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def main() -> None:
    parser = argparse.ArgumentParser(prog="inspector")
    parser.add_argument("--app")
    parser.add_argument("program", type=Path)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    os.environ.setdefault("INSPECT_DIR", str(ROOT / "static" / "inspect"))

    program = given.program.resolve()
    sources = Sources(program.parent, ROOT)
    sys.path[0] = str(program.parent)
    sys.argv = [str(program), *given.arguments]
    if given.app:
        address = {"host": os.getenv("HOST", "127.0.0.1"), "port": int(os.getenv("PORT", "8000"))}
        serve(given.app, sources, address)
    else:
        uvicorn.run = lambda app, **settings: serve(app, sources, settings)
        runpy.run_path(str(program), run_name="__main__")


main()
