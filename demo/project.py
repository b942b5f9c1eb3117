"""A small project as somebody might write it in a morning, with one planted key, one planted address, one amend and one merge."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from world import World


@dataclass(frozen=True)
class Planted:
    """Values that must never be stored. Made anew each time, so that no scanner of this repository finds a key in it."""

    key: str
    address: str

    @classmethod
    def make(cls) -> Planted:
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        return cls(
            key="AKIA" + "".join(secrets.choice(letters) for _ in range(16)),
            address=f"lena.moreau@kontor-{secrets.token_hex(3)}.de",
        )


README = """# billing

Makes invoices and keeps them.
"""

INVOICE = '''"""Invoices: what was sold, and what it comes to."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Line:
    what: str
    quantity: Decimal
    price: Decimal


def total(lines: list[Line]) -> Decimal:
    """The sum of all lines."""
    return sum((line.quantity * line.price for line in lines), Decimal(0))
'''

TAX = '''

def with_tax(lines: list[Line], rate: Decimal) -> Decimal:
    """The total with value added tax at ``rate`` (0.19 is 19 %)."""
    return total(lines) * (1 + rate)
'''

TESTS = """from decimal import Decimal

from billing.invoice import Line, total, with_tax

LINES = [Line("paper", Decimal(3), Decimal("4.995")), Line("ink", Decimal(1), Decimal("12.50"))]


def test_tax_is_added_to_the_total():
    assert with_tax(LINES, Decimal("0.19")) == total(LINES) * Decimal("1.19")
"""

ROUNDING_TEST = """

def test_each_line_is_rounded_by_itself():
    assert total(LINES) == Decimal("27.48")
"""

REFUND = '''"""Refunds: an invoice with its signs turned."""

from dataclasses import replace

from billing.invoice import Line


def refund(lines: list[Line]) -> list[Line]:
    return [replace(line, quantity=-line.quantity) for line in lines]
'''


def archive(planted: Planted) -> str:
    return f'''"""Where invoices are kept. Ask {planted.address} for access."""

ACCESS_KEY = "{planted.key}"


def name(number: int) -> str:
    return f"invoices/{{number:08}}.pdf"
'''


def archive_without_key(planted: Planted) -> str:
    text = archive(planted).replace(f'ACCESS_KEY = "{planted.key}"', 'ACCESS_KEY = os.environ["ARCHIVE_ACCESS_KEY"]')
    return text.replace("\n\nACCESS_KEY", "\n\nimport os\n\nACCESS_KEY", 1)


def work(world: World, repository: Path, planted: Planted) -> None:
    """Do the morning's work in ``repository``: eight commits on ``main``, and one more that an amend replaces."""

    def commit(message: str, *options: str, **files: str) -> None:
        for name, content in files.items():
            path = repository / FILES[name]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            world.run("git", "add", FILES[name], cwd=repository, quiet=True)
        world.run("git", "commit", "--quiet", *options, "--message", message, cwd=repository)

    rounded = INVOICE.replace("line.quantity * line.price for", "round(line.quantity * line.price, 2) for")
    commit("Invoices: lines, quantities and their total", readme=README, init="", invoice=INVOICE)
    commit("Add value added tax to an invoice", invoice=INVOICE + TAX, tests=TESTS)
    commit("Keep invoices in the archive", archive=archive(planted))
    commit("Round each line of an invoice", invoice=rounded + TAX)
    commit("Round each line of an invoice, not only the total", "--amend", tests=TESTS + ROUNDING_TEST)
    world.run("git", "switch", "--quiet", "--create", "refunds", cwd=repository, quiet=True)
    commit("Refunds: an invoice with its signs turned", refund=REFUND)
    world.run("git", "switch", "--quiet", "main", cwd=repository, quiet=True)
    commit("Say what a total does with an empty invoice", invoice=rounded.replace("all lines.", "all lines; 0 for none.") + TAX)
    world.run("git", "merge", "--quiet", "--no-ff", "--message", "Merge the refunds", "refunds", cwd=repository)
    commit("Take the archive's key from the environment", archive=archive_without_key(planted))


FILES = {
    "readme": "README.md",
    "init": "billing/__init__.py",
    "invoice": "billing/invoice.py",
    "refund": "billing/refund.py",
    "archive": "billing/archive.py",
    "tests": "tests/test_invoice.py",
}
