"""The filters that were asked for, in the order of :class:`corpus.build.reasons.Reason`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corpus.build import licence
from corpus.build.options import Options
from corpus.build.quality import contamination, licences
from corpus.build.quality.bots import Bots, ByBot
from corpus.build.quality.contamination import Contaminated, TestFile
from corpus.build.quality.licences import ByLicence
from corpus.build.quality.near import NearDuplicates
from corpus.build.quality.paths import ByPath, ByUnwritten, Unwritten
from corpus.build.quality.shares import Capped, Weighed, cap, weight
from corpus.build.quality.step import Among, Step
from corpus.build.quality.tokenizer import UserTokenizer, label
from corpus.build.quality.tokens import Budget
from corpus.errors import BadInput


@dataclass(frozen=True, slots=True)
class Tools:
    """What is read once for all sets of a build: the user's tokenizer, and the test texts."""

    tokenizer: UserTokenizer | None
    tests: tuple[TestFile, ...]

    @classmethod
    def of(cls, options: Options) -> Tools:
        """Raises :class:`BadInput` where a file that the options name by digest is not given, or is another, or one is given besides."""
        if options.tokenizer is not None and options.tokenizer_at is None:
            raise BadInput(f"the build used a tokenizer ({options.tokenizer[:19]}…): name it with --tokenizer")
        tokenizer = UserTokenizer(options.tokenizer_at) if options.tokenizer_at is not None else None
        if tokenizer is not None and options.tokenizer is None:
            raise BadInput(f"--tokenizer {options.tokenizer_at}: the build used none; leave it away")
        if options.tokenizer is not None and tokenizer is not None and tokenizer.label != options.tokenizer:
            raise BadInput(f"--tokenizer {options.tokenizer_at} is not the one that the build used ({options.tokenizer[:19]}…)")
        tests = tuple(contamination.read(path) for path in options.decontaminate_at)
        missing = sorted(set(options.decontaminate) - set(map(str, tests)))
        if missing:
            raise BadInput(f"the build used the test file {missing[0][:120]}: name it, as it was, with --decontaminate")
        besides = sorted(set(map(str, tests)) - set(options.decontaminate))
        if besides:
            raise BadInput(f"the build did not use the test file {besides[0][:120]}: leave it away")
        return cls(tokenizer, tuple(sorted(tests, key=str)))


def checked(options: Options) -> Options:
    """The options with each value in one form and each file by its digest, as a manifest quotes them. Raises :class:`BadInput`."""
    if options.tokenizer_at is None and options.tokenizer is None and (options.max_tokens or options.min_tokens):
        raise BadInput("--max-tokens and --min-tokens count tokens: name a --tokenizer")
    if options.max_tokens and options.min_tokens and options.min_tokens > options.max_tokens:
        raise BadInput(f"--min-tokens {options.min_tokens} is more than --max-tokens {options.max_tokens}: no row could be both")
    if options.license is not None:
        licence.check(options.license)
    caps, weights = sorted(set(map(cap, options.max_per))), sorted(set(map(weight, options.weights)))
    named = {"tokenizer": label(options.tokenizer_at)} if options.tokenizer_at is not None else {}
    tests = {"decontaminate": tuple(sorted(str(contamination.read(path)) for path in options.decontaminate_at))}
    return options.model_copy(
        update={
            "max_per": tuple(f"{each.owner}={each.rows}" for each in caps),
            "weights": tuple(f"{each.field}={each.value}:{each.permille // 1000}.{each.permille % 1000:03d}" for each in weights),
            "exclude_paths": tuple(sorted(set(options.exclude_paths))),
            "exclude_licenses": licences.listed(options.exclude_licenses),
            **named,
            **(tests if options.decontaminate_at else {}),
        }
    )


def before(options: Options, tools: Tools) -> tuple[list[Step], Budget | None]:
    """Filters that look at one row alone, and of them the one that counts tokens."""
    steps: list[Step] = []
    if options.exclude_paths:
        steps.append(ByPath(options.exclude_paths))
    if options.exclude_licenses:
        steps.append(ByLicence(options.exclude_licenses))
    if options.generated is not Unwritten.KEEP:
        steps.append(ByUnwritten(options.generated))
    if options.bots is Bots.DROP:
        steps.append(ByBot())
    if options.weights:
        steps.append(Weighed(map(weight, options.weights)))
    if tools.tests:
        steps.append(Contaminated(tools.tests))
    budget = None if tools.tokenizer is None else Budget(tools.tokenizer, options.min_tokens, options.max_tokens)
    return [*steps, *([] if budget is None else [budget])], budget


def among(options: Options) -> Sequence[Among]:
    """Filters that compare a row with those kept before it."""
    near: list[Among] = [] if options.near_percent is None else [NearDuplicates(options.near_percent)]
    return [*near, *(Capped(limit, told=options.keep_dropped) for limit in map(cap, options.max_per))]
