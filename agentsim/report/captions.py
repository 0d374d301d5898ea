"""Captions: what each figure teaches to look for, and of its marks only those that it shows."""

from __future__ import annotations

import numpy as np

from agentsim.batch.intervals import quantiles
from agentsim.games.kinds import MEANING, SHORT
from agentsim.report.game_figures import commonest, games, hatched, kinds_there, ties
from agentsim.report.measures import customers_share as share_of_all
from agentsim.report.measures import share_of_gain as share_of_what_is_added
from agentsim.report.path_figures import Series, cut, logarithmic, shown, strikes_in
from agentsim.report.race_figures import burns_all
from agentsim.report.share_figures import NEAR, gaps, reaches_whole
from agentsim.report.study import Study
from agentsim.report.value_figures import losses
from agentsim.report.words import firm_words, percent

VALUE_OF_EACH_LAYER = (
    "The same numbers, in the same unit, each layer on an axis of its own: compare within a panel, "
    "not between panels. The lines are 95% intervals; where none is seen it is shorter than the "
    "mark."
)
ESCALATION_EFFECT = (
    "At the left, read from the top: each bar starts where the one above ends, to the right for a "
    "gain and to the left for a loss, until the change of total surplus. Below the dotted line, "
    "what more of real resources is burnt: a cost that the layers have borne already. At the right "
    "the same without customers and total, each bar from zero and on a wider scale. Differences "
    "are taken draw by draw before they are averaged."
)
SHARE_UNDER_VARIANTS = (
    "The shaded row is the headline. A row below repeats it with one thing changed. What "
    "matters is whether the order of the marks, and their distance, stays as it is."
)


def _if(so: bool, text: str) -> str:
    return text if so else ""


def value_by_layer(study: Study) -> str:
    """Return the caption of value by layer."""
    loss = losses(study)
    return (
        "A stack is one posture; its parts are what each layer ends up with, as present value in "
        "dollars. "
        + _if(loss, "A part below zero is a loss, with its amount beneath. ")
        + "The diamond beside a stack is total surplus, which is the height of the stack"
        + _if(loss, " less what is below zero")
        + "; the percentage is customers' share of it. The hatched bar is real resources burnt, "
        "which nobody gets and which are no part of the surplus. The lower row leaves customers "
        "out, on a scale of its own, so that the others can be seen; the circle is the "
        "hyperscalers' value. Lines are 95% intervals."
    )


def customers_share(study: Study) -> str:
    """Return the caption of customers' share of total surplus."""
    shocks = study.shock.levels
    return (
        "Mean consumer surplus over mean total surplus, with 95% intervals. The marks of the "
        "postures are set apart to be seen."
        + _if(
            reaches_whole(study, shocks, share_of_all, NEAR),
            " At the broken line customers get all there is.",
        )
        + _if(
            reaches_whole(study, shocks, share_of_all),
            " Above it the others lose money together, so that customers get more than there is.",
        )
    )


def share_of_gain(study: Study) -> str:
    """Return the caption of customers' share of what a shock adds."""
    return (
        "What a shock adds to consumer surplus over what it adds to total surplus, draw by draw "
        "against the same market without the shock."
        + _if(
            reaches_whole(study, study.strikes, share_of_what_is_added, NEAR),
            " At the broken line customers gain as much as all together.",
        )
        + _if(
            reaches_whole(study, study.strikes, share_of_what_is_added),
            " Above it they gain more, which is to say that others lose by the shock.",
        )
        + _if(
            gaps(study),
            " A share is given only where the 95% interval of the gain leaves out zero; a cross at "
            "the foot marks the others.",
        )
    )


def through_time(study: Study, paths: dict[str, Series]) -> str:
    """Return the caption of what is spent, and what customers pay and gain."""
    return (
        "GPU rent is what an hour of a serving merchant H100 earns; the service price is that of a "
        f"constant amount of work. {_how_to_read(study, paths)}"
    )


def market_through_time(study: Study, paths: dict[str, Series]) -> str:
    """Return the caption of the market's quantities."""
    return (
        "Idle is a chip without a powered shell. Margins are gross, of all chip vendors and of "
        "memory. Hyperscalers that lenders own are counted, and their line is the mean. "
        f"{_how_to_read(study, paths)}"
    )


def _how_to_read(study: Study, paths: dict[str, Series]) -> str:
    return (
        "A column is a posture. The line is the median over the draws, the "
        "band holds the middle 90% of them"
        + _if(len(shown(study)) > 1, "; where one band lies over the other the colour is deeper")
        + ". A number stands at the end of its quarter"
        + _if(bool(strikes_in(study)), ", the dotted line at the beginning of the shock's quarter")
        + "."
        + _if(
            bool(logarithmic(study, paths)), " On a logarithmic axis equal steps are equal ratios."
        )
        + _if(cut(study, paths), " A band that runs off its foot goes on towards zero.")
    )


def rent_dissipation(study: Study) -> str:
    """Return the caption of the resources used over the prize."""
    return (
        f"Real resources over the prize that they are spent to win: {_prize(study)}. "
        + _if(burns_all(study), "Above 1 the race burns more than there is to win. ")
        + "Unlike the lines in the figures above, a column is no interval of a mean: it holds the "
        "middle 90% of the draws, and the mark is their median. It shows how far the assumptions "
        "leave it open." + _transferred(study)
    )


def _transferred(study: Study) -> str:
    """Say how much of the prize is passed on up the chain, which is no part of what is burnt."""
    kept = study.x("rent_transferred", study.fierce, study.calm, study.reference)
    kept = kept[np.isfinite(kept)]
    if not len(kept):
        return ""
    doing = f" when {study.doing(study.fierce)}" if len(study.posture) > 1 else ""
    calm = study.shock.words(study.calm)
    place = f", with {calm}" if calm else ""
    return (
        " Transfers within the chain are apart: in the median draw vendors, memory makers and "
        f"lenders are worth {percent(float(quantiles(kept, [0.5])[0]), 0)} of the prize{doing}{place}."
    )


def _prize(study: Study) -> str:
    """Say what the prize is at the elasticities of demand of the experiment."""
    levels = study.demand.levels
    unit, rest = "service revenue", "gross operating surplus"
    if study.demand.column != "demand_elasticity" or (1.0 in levels and len(levels) > 1):
        return f"{unit} at unit elasticity, {rest} otherwise"
    less = f"{rest}, which is {unit} less running cost (and that is no part of the resources)"
    return unit if 1.0 in levels else less


def value_under_variants(study: Study) -> str:
    """Return the caption of value by layer under other assumptions."""
    return (
        "How much more (right of zero) or less each layer gets than under the calibration, draw by "
        "draw, with 95% intervals; where none is seen it is shorter than the mark. Axes differ "
        "from column to column."
    ) + _if(
        len(study.posture) > 2,
        " The values of the postures between the two ends are in summary.csv.",
    )


def payoffs(study: Study, firm: str) -> str:
    """Return the caption of what a firm gets by doing other than the rest."""
    return (
        f"A row is what {firm_words(firm)} does, a column what all other hyperscalers do. Each "
        "cell is its value with the 95% interval; darker is more. Read down a column: a frame "
        "marks the best reply where the paired 95% interval of its difference from every other "
        "reply leaves out zero. "
        + _if(
            _plays(study, firm, "best_response"),
            "“Best response” is the name of a strategy, which invests by marginal q and takes "
            "rivals' fleets as given; it need not be the best reply. ",
        )
        + _if(True in ties(study, firm), "Broken frames mark replies that cannot be told apart. ")
        + "Where frames change row with the column, what pays depends on what the others do."
    )


def _plays(study: Study, firm: str, strategy: str) -> bool:
    """Whether a firm follows a strategy in some deviation."""
    return any(
        strategy in (*each.own, *each.others)
        for each in study.experiment.deviations
        if each.firm == firm
    )


def kinds(study: Study, firm: str) -> str:
    """Return the caption of the kinds of game that a firm plays."""
    played = games(study, firm)
    meanings = ". ".join(
        f"{SHORT[each]}, {each}: {MEANING[each]}" for each in kinds_there(study, firm)
    )
    return (
        f"Of the two postures named above a panel the first is the mild one. {meanings}. The "
        "letters in bold are the kind by the means, given where the paired 95% intervals that "
        "decide it leave out zero, with the share of draws whose game is of that kind."
        + _if(
            any(commonest(each) for each in played),
            " Where another kind is the commonest in the draws it stands beside, with its share.",
        )
        + _if(
            any(hatched(each) for each in played),
            " A cell is hatched where fewer than half of the draws are of the kind of the means: a "
            "few draws with large stakes rule these.",
        )
    )
