"""Words: what factors, levels and amounts are called where people read them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agentsim.parameters import DECLARATIONS

if TYPE_CHECKING:
    from agentsim.batch.intervals import Interval

MINUS = "−"

UNITS = {declaration.name: declaration.unit for declaration in DECLARATIONS.values()}
MEANINGS = {declaration.name: declaration.meaning for declaration in DECLARATIONS.values()}

# Parameters that are named so often that their name alone should do.
TITLES = {
    "demand_elasticity": "demand elasticity",
    "shock.efficiency.factor": "efficiency shock",
    "lineup.hyperscaler": "hyperscalers' posture",
}


FIRMS = {"amd": "AMD", "coreweave": "CoreWeave", "sk_hynix": "SK hynix"}


def firm_words(firm: str) -> str:
    """Return the name of a firm as it writes it itself."""
    return FIRMS.get(firm, plain(firm).capitalize())


def plain(name: Any) -> str:
    """Return a name as words: `best_response` is `best response`."""
    return str(name).replace("_", " ")


def title_words(column: str | None) -> str:
    """Return what a factor is called as the title of an axis, with its unit."""
    if column is None:
        return ""
    if column in TITLES:
        return TITLES[column]
    parts = column.split(".")
    if parts[0] == "lineup" and len(parts) == 3:
        return f"{firm_words(parts[1])}: {plain(parts[2])}"
    if parts[0] == "lineup":
        return f"{plain(parts[1])}'s strategy"
    if parts[0] == "shock":
        return f"{plain(parts[1])} shock ({plain(parts[-1])})"
    unit = UNITS.get(parts[-1], "1")
    name = plain(" ".join(reversed(parts)) if len(parts) == 1 else f"{parts[0]}: {parts[1]}")
    return name if unit in ("1", "") else f"{name} ({unit})"


ROLE_WORDS = {
    "hyperscaler": "all hyperscalers",
    "chip_vendor": "all chip vendors",
    "memory_maker": "all memory makers",
    "lender": "all lenders",
}
VERBS = ("restrain", "match", "escalate")

# Postures of hyperscalers that are an end of the scale and no forecast, and why.
ENDS = {"restrain": "a far end of the scale that only replaces wear"}

# Postures of hyperscalers that spend the same whatever their capacity earns.
UNCONDITIONAL = frozenset({"restrain", "match", "escalate"})


def who_words(column: str | None) -> str:
    """Return whose posture a factor sets: `all hyperscalers`, `Oracle`."""
    owner = str(column).partition(".")[2]
    return ROLE_WORDS.get(owner, firm_words(owner) if owner else "nobody")


def doing_words(column: str | None, level: Any) -> str:
    """Return what it is called when a posture is taken: `all escalate`, `Oracle plays match`."""
    who = who_words(column)
    if who == ROLE_WORDS["hyperscaler"]:
        return f"all {level}" if level in VERBS else f"all play {level_words(column, level)}"
    return f"{who} {'play' if who.startswith('all ') else 'plays'} {level_words(column, level)}"


def level_words(column: str | None, level: Any) -> str:
    """Return what a level is called on its own."""
    if column is None or level is None:
        return ""
    parts = column.split(".")
    if parts[0] == "lineup" and len(parts) == 2:
        return plain(level)
    number = level if isinstance(level, str) else f"{level:g}"
    if parts[0] == "lineup":
        return f"{firm_words(parts[1])}'s {plain(parts[2])} {number}"
    if parts[0] == "shock":
        if parts[-1] == "factor":
            return "no shock" if float(level) == 1.0 else f"{plain(parts[1])} ×{number}"
        return f"{plain(parts[1])} {plain(parts[-1])} {number}"
    unit = UNITS.get(parts[-1], "1")
    name = TITLES.get(column, plain(" ".join(parts)))
    return f"{name} {number}" if unit in ("1", "") else f"{name} {number} {unit}"


# Amounts


def number(value: float, decimals: int, plus: bool = False) -> str:
    """Return a number with so many decimals, thousands set apart and a true minus."""
    if not math.isfinite(value):
        return "–"
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and float(text.replace(",", "")) != 0.0
    return (MINUS if negative else "+" if plus and value > 0 else "") + text


def quantity(value: Any, unit: str) -> str:
    """Return a parameter's value with its unit: `0.5 GW/quarter`, `0.2 per quarter`, `3`."""
    text = value if isinstance(value, str) else f"{value:.4g}"
    if unit.startswith("1/"):
        return f"{text} per {unit[2:]}"
    if unit.startswith("$bn"):
        return f"${text}bn{unit[3:]}"
    return text if unit in ("1", "") else f"{text} {unit}"


def scale(largest: float) -> tuple[float, str]:
    """Return what to divide $bn by, and the unit, for amounts up to `largest`."""
    return (1000.0, "tn") if largest >= 1000.0 else (1.0, "bn")


def decimals_for(largest: float) -> int:
    """Return the decimals that leave about three digits of the largest of some amounts."""
    if not math.isfinite(largest) or largest >= 100.0:
        return 0
    return 1 if largest >= 10.0 else 2


def _unit_of(value: float, largest: float) -> tuple[float, str, int]:
    """Return what to divide $bn by, the unit, and the decimals that suit the largest amount."""
    by, unit = scale(abs(value)) if abs(value) >= 0.1 else (0.001, "m")
    return by, unit, decimals_for(largest / by) if by >= 1.0 else 0


def money(value: float, plus: bool = False, largest: float = 0.0) -> str:
    """Return $bn: `$33.1tn`, `−$412bn`; with the decimals of a larger amount beside it."""
    if not math.isfinite(value):
        return "–"
    by, unit, digits = _unit_of(value, max(abs(value), largest))
    text = number(abs(value) / by, digits)
    zero = float(text.replace(",", "")) == 0.0
    return f"{'' if zero else MINUS if value < 0 else '+' if plus else ''}${text}{unit}"


def money_interval(interval: Any, plus: bool = False) -> str:
    """Return $bn with its interval: `$33.1tn [31.2, 35.0]`."""
    value, low, high = float(interval.value), float(interval.low), float(interval.high)
    if not (math.isfinite(value) and math.isfinite(low)):
        return money(value, plus)
    largest = max(abs(value), abs(low), abs(high))
    by, _, digits = _unit_of(value, largest)
    return (
        f"{money(value, plus, largest)} [{number(low / by, digits)}, {number(high / by, digits)}]"
    )


def size(interval: Interval) -> Interval:
    """Return an interval without its sign, for where a verb tells it: `falls by $3tn [2, 4]`."""
    if interval.value >= 0.0:
        return interval
    return replace(interval, value=-interval.value, low=-interval.high, high=-interval.low)


def percent(value: float, decimals: int = 1, plus: bool = False) -> str:
    """Return a share as a percentage."""
    text = number(100.0 * value, decimals, plus)
    return text if text == "–" else f"{text}%"


def percent_interval(interval: Any, decimals: int = 1) -> str:
    """Return a share with its interval: `82.3% [81.0, 83.5]`."""
    head = percent(float(interval.value), decimals)
    low, high = float(interval.low), float(interval.high)
    if not (math.isfinite(low) and math.isfinite(high)):
        return head
    return f"{head} [{number(100 * low, decimals)}, {number(100 * high, decimals)}]"


def points(value: float, decimals: int = 1, plus: bool = False) -> str:
    """Return a difference of shares in percentage points: `11.2 points`."""
    return f"{number(100.0 * value, decimals, plus)} points"


def points_interval(interval: Any, decimals: int = 1, plus: bool = True) -> str:
    """Return a difference of shares in percentage points: `+11.2 points [10.1, 12.4]`."""
    low, high = (100.0 * float(each) for each in (interval.low, interval.high))
    head = points(float(interval.value), decimals, plus)
    if not (math.isfinite(low) and math.isfinite(high)):
        return head
    return f"{head} [{number(low, decimals)}, {number(high, decimals)}]"


def listed(parts: list[str], last: str = "and") -> str:
    """Return a list in a sentence: `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def capital(text: str) -> str:
    """Return text that begins with a capital, as a sentence does."""
    return text[:1].upper() + text[1:]
