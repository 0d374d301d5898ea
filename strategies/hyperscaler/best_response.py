"""Best response: invest by marginal q, counting one's own revenue."""

from dataclasses import dataclass

from agentsim.strategy import MarginalQ


@dataclass(frozen=True)
class BestResponse(MarginalQ):
    """Order chips while one more adds more to the firm's own revenue than it costs.

    Rivals' committed fleets are taken as given. With belief and adaptation at 0 it rests where
    quantity competition does: marginal revenue less running cost equals user cost.

    Source: Cournot 1838, Recherches sur les principes mathématiques de la théorie des richesses;
    Hayashi 1982, "Tobin's marginal q and average q", Econometrica 50; Atkeson & Burstein 2008,
    "Pricing-to-market, trade costs, and international relative prices", American Economic Review 98
    (own marginal revenue).
    """
