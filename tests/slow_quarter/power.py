"""Step 6: fleets wear, chips arrive, shells are ordered and arrive."""

from slow_quarter.state import arrive, order, ratio, wear


def step(m):
    """Fleets and shells of every firm."""
    p = m.p
    for h in m.hyperscalers:
        move_fleet(m, h)
        h.shells *= 1.0 - wear(p.shell_life)
    wanted = [0.0 if h.restructuring > 0 else shells_wanted(m, h) for h in m.hyperscalers]
    share = min(1.0, ratio(p.power_limit, sum(wanted), 1.0))
    lag = p.shell_quarters
    m.power_ordered = sum(wanted) * share
    for h, want in zip(m.hyperscalers, wanted, strict=True):
        order(h.shells_coming, lag, want * share)
        for due in range(max(lag, 1)):
            order(h.instalments, due, want * share * p.shell_cost / max(lag, 1))
        h.shells += arrive(h.shells_coming)
        set_working_share(h)


def move_fleet(m, h):
    """Wear a firm's fleet, put what was shipped under way, take in what arrives."""
    p = m.p
    h.power_ordered = h.shipped.merchant * p.merchant_power + h.shipped.custom * p.custom_power
    h.power_ordered *= m.e
    lag = p.delivery_quarters
    order(h.merchant_coming, lag, h.shipped.merchant)
    order(h.custom_coming, lag, h.shipped.custom)
    order(h.merchant_power_coming, lag, h.shipped.merchant * p.merchant_power * m.e)
    order(h.custom_power_coming, lag, h.shipped.custom * p.custom_power * m.e)
    age_and_arrive(m, h)


def age_and_arrive(m, h):
    """One quarter's wear and arrivals."""
    w = wear(m.p.economic_life)
    kept = (1.0 - w) * (h.merchant_fleet + h.custom_fleet)
    merchant, custom = arrive(h.merchant_coming), arrive(h.custom_coming)
    h.age = ratio((h.age + 1.0) * kept, kept + merchant + custom, 0.0)
    h.merchant_fleet = (1.0 - w) * h.merchant_fleet + merchant
    h.custom_fleet = (1.0 - w) * h.custom_fleet + custom
    h.merchant_power = (1.0 - w) * h.merchant_power + arrive(h.merchant_power_coming)
    h.custom_power = (1.0 - w) * h.custom_power + arrive(h.custom_power_coming)


def shells_wanted(m, h):
    """New shells that a firm would order."""
    p = m.p
    need = h.merchant_power + h.custom_power
    need += sum(h.merchant_power_coming) + sum(h.custom_power_coming)
    g = h.pace = min(
        ratio(h.power_ordered, need, 0.0) - wear(p.economic_life), p.shell_growth_limit
    )
    gap = max(p.shell_quarters - p.delivery_quarters, 0)
    survival = (1.0 - wear(p.shell_life)) ** p.shell_quarters
    return max(need * (1.0 + g) ** gap - h.shells * survival - sum(h.shells_coming), 0.0)


def set_working_share(h):
    """A chip without a powered shell idles."""
    h.working_share = min(1.0, ratio(h.shells, h.merchant_power + h.custom_power, 1.0))
