"""The licence of a build, as its owner says it: nothing here looks for one, since what is in the sets is of many origins."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpus.errors import BadInput

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}")
# Those of Hugging Face's list (huggingface.co/docs/hub/repositories-licenses) that are for data, or that code is commonly under. Its Hub
# takes no other name but "other" with a name beside it, which is what the rest become.
_HUB = re.compile(
    r"afl-3\.0|agpl-3\.0|apache-2\.0|artistic-2\.0|bsd(?:-2-clause|-3-clause(?:-clear)?)?|bsl-1\.0"
    r"|cc(?:0-1\.0|-by-[234]\.0|-by-nc-[234]\.0|-by-nc-nd-[34]\.0|-by-nc-sa-[234]\.0|-by-nd-4\.0|-by-sa-[34]\.0)?"
    r"|cdla-permissive-[12]\.0|cdla-sharing-1\.0|epl-[12]\.0|eupl-1\.[12]|gfdl|gpl(?:-[23]\.0)?|isc|lgpl(?:-2\.1|-3\.0)?|mit"
    r"|mpl-2\.0|ms-pl|ncsa|odbl|odc-by|ofl-1\.1|osl-3\.0|pddl|postgresql|unlicense|wtfpl|zlib"
)


def check(identifier: str) -> None:
    """Raises :class:`BadInput` for what is none, like ``CC-BY-4.0`` or ``acme-internal-1``."""
    if not _IDENTIFIER.fullmatch(identifier):
        raise BadInput(f"--license {identifier[:80]!r} is no identifier: use one like CC-BY-4.0, of letters, digits, dots and hyphens")


def lines(identifier: str | None) -> Iterator[str]:
    """Its lines of YAML in a dataset card; none where nobody said it."""
    if identifier is None:
        return
    if _HUB.fullmatch(identifier.lower()):
        yield f"license: {identifier.lower()}"
    else:
        yield from ("license: other", f"license_name: {identifier}")
