"""Saves a training the import of torch's compiler, which takes longer than a small one.

Every optimizer of torch imports `torch._dynamo`, only to tell a compiler that may be tracing it what to
leave alone. Nothing here compiles, so a stand-in takes that call until someone asks for more of it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

NAME = "torch._dynamo"


class _StandIn(ModuleType):
    """What an optimizer needs of `torch._dynamo`; any other use imports the real one in its place."""

    @staticmethod
    def disable(fn: Callable[..., Any], *_: object, **__: object) -> Callable[..., Any]:
        """Keep a function from being compiled, which it is not."""
        return fn

    @staticmethod
    def graph_break(*_: object, **__: object) -> None:
        """Break a graph that is not being traced."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # whoever looks through all modules asks for these
            raise AttributeError(name)
        if sys.modules.get(NAME) is self:
            del sys.modules[NAME]
        return getattr(importlib.import_module(NAME), name)


def defer_compiler() -> None:
    """Put the stand-in where `torch._dynamo` would be, unless that is imported already."""
    import torch

    if NAME not in sys.modules:
        stand_in = _StandIn(NAME)
        stand_in.__spec__ = None
        sys.modules[NAME] = stand_in
        torch._dynamo = stand_in
