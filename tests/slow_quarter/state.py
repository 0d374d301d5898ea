"""One run's parameters as plain floats, and what is under way as lists."""

from types import SimpleNamespace as Record

from agentsim.parameters import DECLARATIONS

LAGS = {name for (_, name), declared in DECLARATIONS.items() if declared.unit == "quarters"}
GROUPS = {
    "hyperscalers": "hyperscaler",
    "vendors": "chip_vendor",
    "makers": "memory_maker",
    "lenders": "lender",
}


def number(scenario, dotted, run):
    """One run's value of a parameter; lags are whole."""
    value = scenario.values[dotted]
    value = float(value) if isinstance(value, float) else float(value[run])
    return round(value) if dotted.rpartition(".")[2] in LAGS else value


def load(scenario, run):
    """A market with parameters `p`, and firms with theirs, and no state yet."""
    m = Record(p=Record(), quarter=0)
    for role, name in DECLARATIONS:
        if role == "market":
            setattr(m.p, name, number(scenario, name, run))
    for group, role in GROUPS.items():
        firms = []
        for firm in scenario.firms[role]:
            p = Record()
            for of, name in DECLARATIONS:
                if of == role:
                    setattr(p, name, number(scenario, f"{firm}.{name}", run))
            firms.append(Record(name=firm, p=p))
        setattr(m, group, firms)
    return m


def order(line, lag, amount):
    """Put an amount under way: entry k of a line arrives after k more quarters."""
    while len(line) <= lag:
        line.append(0.0)
    line[lag] += amount


def arrive(line):
    """Take what arrives this quarter off a line; the rest moves a quarter closer."""
    return line.pop(0) if line else 0.0


def fall(share_per_year):
    """Quarterly factor of a yearly fall."""
    return (1.0 - share_per_year) ** 0.25


def growth(rate_per_year):
    """Quarterly factor of a yearly growth."""
    return (1.0 + rate_per_year) ** 0.25


def wear(life_in_years):
    """Share that a quarter wears off."""
    return min(1.0 / (4.0 * life_in_years), 1.0)


def clip(value, low, high):
    """The value, or the bound that it passes."""
    return min(max(value, low), high)


def ratio(part, whole, otherwise):
    """A quotient, or what stands for it where the whole is nothing."""
    return part / whole if whole != 0.0 else otherwise


def exact(value, size):
    """A difference of sums of this size, without what is only rounding."""
    return 0.0 if abs(value) < 1e-12 * size else value
