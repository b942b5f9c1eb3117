"""Every error that a command shows, with the exit code it ends in.

The tree, and what each code promises (the design's table of exit codes)::

    SubstrateError            5
    ├── BadInput              2   bad usage, or input that cannot be read
    ├── Refused               3   a boundary: tenant, root kind, name, work tree
    ├── Broken                4   stored bytes are not what they should be
    └── Failed                5   could not be done here; the work is kept

A message is one line: what was found, where, and what to do next. It never quotes content that has not been redacted.
"""

from __future__ import annotations

__all__ = ["BadInput", "Broken", "Failed", "Refused", "SubstrateError"]


class SubstrateError(Exception):
    """The root of the tree; ``str(error)`` is one line for a person."""

    exit_code = 5


class BadInput(SubstrateError):
    """What the user named or gave cannot be used."""

    exit_code = 2


class Refused(SubstrateError):
    """The request would cross a boundary."""

    exit_code = 3


class Broken(SubstrateError):
    """A stored file contradicts itself or its place."""

    exit_code = 4


class Failed(SubstrateError):
    """The machine could not do it now; nothing was lost and it can be tried again."""

    exit_code = 5
