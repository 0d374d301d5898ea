"""The two files that `agentsim strategies new` writes: a strategy that runs, and its test."""

from __future__ import annotations

from dataclasses import dataclass, fields
from string import Template
from textwrap import dedent, indent

from agentsim.authoring.worlds import PUBLIC
from agentsim.strategy.base import BASES


@dataclass(frozen=True)
class Start:
    """What a new strategy of a role does until its author changes it."""

    summary: str
    parameter: str
    arrays: str
    """The body of `choose`, on arrays."""
    plain: str
    """The body of `decide`, in plain numbers."""
    imports: str
    """What `choose` needs of agentsim.strategy besides the bases and `param`."""
    test: str
    """The body of a test class after the battery."""


STARTS = {
    "hyperscaler": Start(
        "Replace what wears out, and grow while the services earn more than that.",
        'growth: float = param(0.05, "1/quarter", "capex rate beyond replacement", 0.0, 1.0)',
        """
        earns = sees.operating_cash > sees.wear * sees.fleet_value
        rate = sees.wear + np.where(earns, self.growth, 0.0)
        return HyperscalerChoice(capex_rate=clip(rate, 0.0, 2.0))
        """,
        """
        earns = sees.operating_cash > sees.wear * sees.fleet_value
        rate = sees.wear + (self.growth if earns else 0.0)
        return HyperscalerChoice(capex_rate=min(rate, 2.0))
        """,
        "clip",
        """
        def test_grows_only_while_it_earns_what_wears_out(self):
            made, _ = self.choose(operating_cash=3.0, wear=0.1, fleet_value=20.0)
            np.testing.assert_allclose(made["capex_rate"], 0.15)
            made, _ = self.choose(operating_cash=1.0, wear=0.1, fleet_value=20.0)
            np.testing.assert_allclose(made["capex_rate"], 0.1)
        """,
    ),
    "chip_vendor": Start(
        "Ask the margin of the base date, and less while chips are in ample supply.",
        'discount: float = param(0.1, "1", "share of the price that it takes off", 0.0, 0.9)',
        """
        price = sees.unit_cost / (1.0 - sees.base_margin)
        price = np.where(sees.foundry_tightness < 1.0, price * (1.0 - self.discount), price)
        price = np.maximum(np.minimum(price, sees.price_ceiling), sees.unit_cost)
        return ChipVendorChoice(price=clip(price, 1e-3, 1e4))
        """,
        """
        price = sees.unit_cost / (1.0 - sees.base_margin)
        if sees.foundry_tightness < 1.0:
            price = price * (1.0 - self.discount)
        price = max(min(price, sees.price_ceiling), sees.unit_cost)
        return ChipVendorChoice(price=min(max(price, 1e-3), 1e4))
        """,
        "clip",
        """
        def test_asks_less_while_chips_are_in_ample_supply(self):
            given = {"unit_cost": 5.0, "base_margin": 0.5, "price_ceiling": 100.0}
            made, _ = self.choose(foundry_tightness=1.2, **given)
            np.testing.assert_allclose(made["price"], 10.0)
            made, _ = self.choose(foundry_tightness=0.8, **given)
            np.testing.assert_allclose(made["price"], 9.0)
        """,
    ),
    "memory_maker": Start(
        "Expand at a steady rate while memory is short, and offer all that can be made.",
        'growth: float = param(0.05, "1/quarter", "expansion while short", 0.0, 1.0)',
        """
        short = sees.memory_tightness > 1.0
        wanted = np.where(short, np.minimum(self.growth, sees.growth_limit), 0.0)
        return MemoryMakerChoice(expansion=clip(wanted, 0.0, 1.0))
        """,
        """
        short = sees.memory_tightness > 1.0
        wanted = min(self.growth, sees.growth_limit) if short else 0.0
        return MemoryMakerChoice(expansion=min(max(wanted, 0.0), 1.0))
        """,
        "clip",
        """
        def test_expands_while_memory_is_short(self):
            made, _ = self.choose(memory_tightness=1.2, growth_limit=0.1)
            np.testing.assert_allclose(made["expansion"], 0.05)
            made, _ = self.choose(memory_tightness=0.8, growth_limit=0.1)
            np.testing.assert_array_equal(made["expansion"], 0.0)
        """,
    ),
    "lender": Start(
        "Keep the terms of the base date, and lend a smaller part of the funds after losses.",
        'caution: float = param(5.0, "years", "share of lending cut per loss rate", 0.0, 50.0)',
        """
        kept = clip(1.0 - self.caution * sees.loss_rate, 0.0, 1.0)
        return LenderChoice(
            spread=clip(sees.base_spread, 0.0, 1.0),
            advance_rate=clip(sees.base_advance_rate, 0.0, 1.0),
            deployed=clip(sees.base_deployed * kept, 0.0, 1.0),
        )
        """,
        """
        kept = min(max(1.0 - self.caution * sees.loss_rate, 0.0), 1.0)
        return LenderChoice(
            spread=min(sees.base_spread, 1.0),
            advance_rate=min(sees.base_advance_rate, 1.0),
            deployed=min(sees.base_deployed * kept, 1.0),
        )
        """,
        "clip",
        """
        def test_lends_less_after_losses(self):
            made, seen = self.choose(loss_rate=0.1)
            np.testing.assert_allclose(made["deployed"], 0.5 * seen["base_deployed"])
            made, seen = self.choose(loss_rate=0.0)
            np.testing.assert_array_equal(made["deployed"], seen["base_deployed"])
        """,
    ),
}


def strategy(role: str, name: str, plain: bool = False) -> str:
    """Return the text of a new strategy's file, on arrays or in plain numbers."""
    start, stem = STARTS[role], _camel(role)
    body = dedent(start.plain if plain else start.arrays).strip("\n")
    base = f"{stem}Rule" if plain else f"{stem}Strategy"
    view = "FirmView" if plain else f"{stem}View"
    others = ["param"] if plain else ["param", start.imports]
    names = [f"{stem}Choice", base, view]
    imported = [*sorted(names), *sorted(others)]
    return TEXT.substitute(
        title=name.replace("_", " ").capitalize(),
        seen="numbers"
        if plain
        else "arrays `(firms, runs)`, or `(1, runs)` where all firms see the same",
        fields=_fields(role),
        bounds=_bounds(role),
        numpy="\nimport numpy as np\n" if "np." in body else "",
        imports="".join(f"    {each},\n" for each in imported),
        name=_camel(name),
        base=base,
        summary=start.summary,
        parameter=start.parameter,
        method="decide" if plain else "choose",
        view=view,
        choice=f"{stem}Choice",
        body=indent(body, " " * 8),
    )


def test(role: str, name: str, beside: bool) -> str:
    """Return the text of its test; `beside`: the two files lie in one folder, outside the library."""
    found = (
        f'file = Path(__file__).with_name("{name}.py")'
        if beside
        else f'role = "{role}"\n    id = "{name}"'
    )
    return TEST.substitute(
        title=name.replace("_", " ").capitalize(),
        path="from pathlib import Path\n\n" if beside else "",
        name=_camel(name),
        found=found,
        test=indent(dedent(STARTS[role].test).strip("\n"), " " * 4),
    )


TEXT = Template('''\
"""$title: say in a line what it does.

It sees, as $seen:

$fields

It chooses, and what it leaves out stays as the last column says:

$bounds
"""

from dataclasses import dataclass
$numpy
from agentsim.strategy import (
$imports)


@dataclass(frozen=True)
class $name($base):
    """$summary

    Source: say where the idea comes from: author, year, title; or who did so, and when.
    """

    $parameter

    def $method(self, sees: $view) -> $choice:
        """Say what is chosen."""
$body
''')

TEST = Template('''\
"""$title: the battery that every strategy passes, and what its name promises."""

${path}import numpy as np

from agentsim.authoring import StrategyBattery


class Test$name(StrategyBattery):
    """The battery, and what follows."""

    $found

$test
''')


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _fields(role: str) -> str:
    """Return a line for each field of the role's view."""
    seen = BASES[role].view.fields
    width = max(map(len, seen))
    lines = [f"    {name:<{width}}  {each.meaning} [{each.unit}]" for name, each in seen.items()]
    open_to_all = ", ".join(PUBLIC[role])
    lines.append(
        f"    {'industry':<{width}}  what is public, of all firms of the role: {open_to_all}"
    )
    lines.append(f"    {'memory':<{width}}  what `remember` declares and it returned last quarter")
    return "\n".join(lines)


def _bounds(role: str) -> str:
    """Return a line for each choice of the role."""
    rows = []
    for item in fields(BASES[role].choice):
        of = item.metadata
        bounds = f"{of['low']:g} to {of['high']:g} [{of['unit']}]"
        left_out = of["otherwise"] or "may not be left out"
        rows.append((item.name, of["meaning"], bounds, left_out))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "    " + "  ".join([*(f"{c:<{w}}" for c, w in zip(row, widths, strict=False)), row[3]])
        for row in rows
    )
