"""Customer financier: refused until vendors can lend; its price is there."""

from dataclasses import dataclass

import numpy as np
import pytest
from asked import made_by

from agentsim import AgentsimError
from agentsim.strategy.params import with_values
from agentsim.strategy.registry import find, make


@dataclass(frozen=True)
class Allowed(find("chip_vendor", "customer_financier")):
    """The same, as if the market had vendor finance."""

    unavailable = ""


class TestCustomerFinancier:
    def test_refuses_with_its_reason_and_a_remedy(self):
        with pytest.raises(AgentsimError) as refused:
            make("chip_vendor", "customer_financier")
        assert "has no vendor finance" in str(refused.value)
        assert "follow hold_margin" in str(refused.value)

    def test_what_is_paid_back_brings_the_habitual_margin(self):
        strategy = with_values(Allowed(), {"financed": 0.5, "lost": 0.2})
        made, seen = made_by(strategy, price_ceiling=1e3)
        received = made["price"] * (1.0 - 0.5 * 0.2)
        np.testing.assert_allclose(1.0 - seen["unit_cost"] / received, seen["base_margin"])

    def test_price_lies_between_unit_cost_and_ceiling(self):
        for ceiling in (1.0, 10.0):
            made, seen = made_by(Allowed(), price_ceiling=ceiling)
            assert (made["price"] >= seen["unit_cost"]).all()
            assert (made["price"] <= np.maximum(ceiling, seen["unit_cost"])).all()
