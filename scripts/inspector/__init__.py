"""Shows where each coroutine of a FastAPI program waits, in the page that shows the same of C++.

It lies here and not among the programs of the chapters because it's no lesson of its own: it runs any
of them as it is. scripts/step.sh starts it, and it needs nothing that the programs don't need.
"""
