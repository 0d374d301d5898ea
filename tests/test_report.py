"""The report says what the runs say: figures, page, sentences, kinds of game."""

import html.parser
import io
import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace

import matplotlib.colors
import matplotlib.image
import numpy as np
import pytest
from made_results import moved, shocked
from scipy.stats import spearmanr

import agentsim.report as report
from agentsim import batch
from agentsim.batch.design import Experiment
from agentsim.batch.intervals import bootstrap_mean
from agentsim.batch.results import Results
from agentsim.batch.store import LOCK
from agentsim.games.kinds import UNCLEAR
from agentsim.report import (
    answers,
    certainty,
    headline_tables,
    kinds,
    measures,
    sections,
    words,
)
from agentsim.report.figures import left_out, pictures
from agentsim.report.html import page
from agentsim.report.path_figures import MARKET, PRICES
from agentsim.report.study import BURNT, TOTAL, Study

POSTURES, FACTORS, ELASTICITIES = ["restrain", "escalate"], [1, 10], [0.8, 1.1]
NASTY = 'rigid <b>"power"</b> & co'


# A small real experiment


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    experiment = Experiment(
        name="small",
        runs=12,
        horizon=12,
        factors={
            "lineup.hyperscaler": POSTURES,
            "shock.efficiency.factor": FACTORS,
            "demand_elasticity": ELASTICITIES,
        },
        shocks=[{"kind": "efficiency", "quarter": 4, "diffusion": 0.5}],
        deviations=[{"firm": "microsoft", "own": POSTURES, "others": POSTURES}],
        variants=[
            {"name": NASTY, "set": {"power_limit": 0.5}, "factors": {"demand_elasticity": [1.1]}},
            {"name": "same", "lineup": {"nvidia": "hold_margin"}},
        ],
        series=[*PRICES, *MARKET],
    )
    folder = tmp_path_factory.mktemp("results") / "small"
    return batch.run(experiment, folder, engine="here", progress=False)


@pytest.fixture(scope="module")
def study(results: Results) -> Study:
    return Study(results)


@pytest.fixture(scope="module")
def written(results: Results) -> Path:
    return report.write(results.folder)


def mean(results: Results, outcome: str, posture: str, factor: float, elasticity: float) -> float:
    """The mean of an outcome, from the table and nothing else."""
    t = results.runs()
    rows = (t["kind"] == "main") & (t["lineup.hyperscaler"] == posture)
    rows &= (t["shock.efficiency.factor"] == factor) & (t["demand_elasticity"] == elasticity)
    assert rows.sum() == 12
    return float(t.loc[rows, outcome].mean())


def test_all_figures_are_drawn_and_not_empty(study: Study, written: Path) -> None:
    folder = written.parent / report.FIGURES
    names = {each.name for each in pictures(study)}
    assert names >= {
        "value_by_layer", "value_of_each_layer", "escalation_effect", "customers_share",
        "share_of_gain", "through_time", "market_through_time", "rent_dissipation",
        "share_under_variants", "value_under_variants", "payoffs_microsoft", "kinds_microsoft",
    }  # fmt: skip
    assert {file.name for file in folder.iterdir()} == {
        f"{name}.{kind}" for name in names for kind in ("png", "svg")
    }
    for name in names:
        pixels = matplotlib.image.imread(io.BytesIO((folder / f"{name}.png").read_bytes()))
        assert pixels.shape[1] >= 600
        ink = (pixels[..., :3].mean(axis=-1) < 0.9).mean()
        assert 0.01 < ink < 0.9, (name, ink)
        root = ET.fromstring((folder / f"{name}.svg").read_text())
        assert root.tag.endswith("svg") and len(list(root.iter())) > 100


def test_nothing_is_cut_off_at_the_edges(study: Study) -> None:
    for each in pictures(study):
        figure = each.draw(study)
        figure.savefig(io.BytesIO(), dpi=50)  # as it is when saved, after its style is gone
        width, height = figure.get_size_inches()
        box = figure.get_tightbbox()
        assert min(box.x0, box.y0) > -0.02, (each.name, box)
        assert box.x1 < width + 0.02 and box.y1 < height + 0.02, (each.name, box)


def test_figures_are_functions_of_results_with_labelled_axes(results: Results) -> None:
    from agentsim.report.figures import value_by_layer

    figure = value_by_layer(results)
    panels = [each for each in figure.axes if each.get_visible()]
    assert len(panels) == 2 * len(FACTORS)
    assert panels[0].get_ylabel() == "all layers\n$tn, present value"
    assert [each.get_title() for each in panels[:2]] == ["no shock", "efficiency ×10"]


def stacks(panel) -> dict[float, float]:
    """The heights that add up at each place of a panel, outlines left out."""
    found: dict[float, float] = {}
    for bar in panel.patches:
        if bar.get_facecolor()[3] > 0.0:
            x = round(bar.get_x() + bar.get_width() / 2, 6)
            found[x] = found.get(x, 0.0) + bar.get_height()
    return found


def test_a_stack_is_total_surplus_and_what_is_burnt_stands_beside(results: Results) -> None:
    from agentsim.report.figures import value_by_layer

    first, below = value_by_layer(results).axes[0], value_by_layer(results).axes[2]
    expected = [mean(results, TOTAL, p, 1, 1.1) for p in POSTURES]
    burnt = [mean(results, BURNT, p, 1, 1.1) for p in POSTURES]
    customers = [mean(results, "customer_surplus", p, 1, 1.1) for p in POSTURES]
    heights = [height * 1000.0 for _, height in sorted(stacks(first).items())]
    assert heights[::2] == pytest.approx(expected) and heights[1::2] == pytest.approx(burnt)
    rest = [height * 1000.0 for _, height in sorted(stacks(below).items())]
    assert rest[::2] == pytest.approx(np.subtract(expected, customers))
    # Intervals stand in the gaps, where no bar is behind them.
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in first.patches]
    for segment in first.collections[0].get_segments():
        assert not any(left < segment[0][0] < right for left, right in spans)


class Links(html.parser.HTMLParser):
    """Collects what a page would fetch, and checks that elements are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.anchors: list[str] = []
        self.ids: set[str] = set()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe", "object", "base")
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given["id"]} if "id" in given else set()
        for name in ("src", "srcset", "href", "data", "action"):
            if name in given:
                (self.anchors if name == "href" else self.fetched).append(given[name])
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_page_is_self_contained_and_escaped(study: Study, written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    links = Links()
    links.feed(text)
    assert links.open == []
    assert len(links.fetched) == len(pictures(study))
    assert all(each.startswith("data:image/png;base64,") for each in links.fetched)
    assert links.anchors and all(each[1:] in links.ids for each in links.anchors)
    assert "url(" not in text and "@import" not in text and "http" not in text.split("<pre>")[0]
    assert "<b>" not in text
    assert NASTY in "".join(links.text)
    hidden = {file.name for file in written.parent.iterdir() if file.name.startswith(".")}
    assert hidden <= {LOCK}  # nothing half written


def test_page_holds_its_sections(written: Path, study: Study) -> None:
    text = written.read_text(encoding="utf-8")
    for each in ("headline", "figures", "robustness", "deviations", "uncertain", "method"):
        assert f'id="{each}"' in text
    assert study.results.manifest["spec_sha256"] in text
    assert "with run-off" in text and "to the horizon" in text
    assert "marked ranges" in text and "share of draws" in text


def test_the_same_results_give_the_same_page(results: Results, written: Path, study: Study) -> None:
    folder = written.parent / report.FIGURES
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    figure = pictures(study)[0].draw(study)
    figure.savefig(folder / "again.png", dpi=150)
    again = (folder / "again.png").read_bytes()
    (folder / "again.png").unlink()
    assert again == before["value_by_layer.png"]
    assert page(Study(results), []) == page(Study(results), [])


def test_numbers_of_the_answer_are_those_of_the_runs(results: Results) -> None:
    first, second, third = answers.answer(results).sentences

    def moves(outcome: str, factor: float = 1.0) -> float:
        return mean(results, outcome, "escalate", factor, 1.1) - mean(
            results, outcome, "restrain", factor, 1.1
        )

    share = {
        p: mean(results, "customer_surplus", p, 1, 1.1) / mean(results, TOTAL, p, 1, 1.1)
        for p in POSTURES
    }
    assert f"from {words.percent(share['restrain'])} to {words.percent(share['escalate'])}" in first
    assert f"by {100 * (share['escalate'] - share['restrain']):.1f} points [" in first
    assert f"${moves('customer_surplus') / 1000:.1f}tn [" in first
    for suffix in ("", "_to_horizon"):
        lost = moves("hyperscaler_value" + suffix)
        assert f"{'gain' if lost > 0 else 'lose'} {words.money(abs(lost))}" in second
        t = results.runs(kind="main", demand_elasticity=1.1, **{"lineup.hyperscaler": "escalate"})
        kept = t.loc[t["shock.efficiency.factor"] == 1, "hyperscaler_value" + suffix]
        assert words.money_interval(bootstrap_mean(kept.to_numpy())) in second
    assert words.money(abs(moves(BURNT))) in second
    gained = {
        name: mean(results, name, "escalate", 10, 1.1) - mean(results, name, "escalate", 1, 1.1)
        for name in ("customer_surplus", TOTAL)
    }
    assert f"by ${gained[TOTAL] / 1000:.1f}tn [" in third
    assert words.percent(gained["customer_surplus"] / gained[TOTAL], 0) in third
    assert f"by {words.money(moves('customer_surplus', 10))}" in third
    for each in (first, second, third):
        assert each.count("[") <= 2
    reading = answers.answer(results).reading
    assert "12 draws" in reading
    assert (
        "demand elasticity 1.1, the level of the experiment nearest to the calibration's" in reading
    )


def test_subtitle_adds_up(results: Results, study: Study) -> None:
    said = sections.subtitle(study)
    own = results.runs().drop_duplicates(["cell"])
    simulated = results.manifest["runs_simulated"]
    assert f"{len(results.runs()):,} outcomes" in said and f"{len(own)} cells of 12 draws" in said
    assert f"{simulated:,} markets were simulated" in said
    assert f"as {len(own) - simulated // 12} cells are identical" in said


def test_table_of_spreads_holds_mean_median_and_range(results: Results, study: Study) -> None:
    (table,) = headline_tables.spreads(study)
    t = results.runs(kind="main", demand_elasticity=1.1)
    wide = t[t["shock.efficiency.factor"] == 1].pivot(
        index="run", columns="lineup.hyperscaler", values="hyperscaler_value_to_horizon"
    )
    change = wide["escalate"] - wide["restrain"]
    for each in (change.mean(), change.median(), *change.quantile([0.05, 0.95])):
        assert words.number(each, 0, plus=True) in table


def test_page_says_what_its_words_mean(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    assert "0.5 GW/quarter instead of 8" in text  # what the variant sets, and what it replaces
    assert "Nvidia plays hold margin: Pass cost on" in text
    assert "loans outstanding" in text
    assert "cannot be told" not in text.replace("cannot be told apart", "")  # a caption's words
    folded = text.split("<details>")[1:]
    assert len(folded) == 2 and "SHA-256" in folded[0] and "<pre>" in folded[1]


def test_terminal_headline(results: Results) -> None:
    text = report.headline(results)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 120  # columns of a wide terminal
    assert text.isascii() and "\x1b" not in text
    share = mean(results, "customer_surplus", "escalate", 10, 1.1) / mean(
        results, TOTAL, "escalate", 10, 1.1
    )
    last = [line for line in lines if line.split()[:1] == ["x10"]][-1]
    assert f"{100 * share:.1f}%" in last and last.split()[0] == "x10"
    rows = [line for line in lines if re.search(r"%$", line)]
    assert len(rows) == 4
    assert len({len(row) for row in rows}) == 1  # right-aligned
    below = [lines[lines.index(row) + 1] for row in rows]
    assert all(line.count("[") == 7 for line in below)  # an interval for every mean
    assert "elasticity 1.1" in lines[0] and "95% interval" in lines[0]


def test_terminal_marks_signs_that_hang_on_the_run_off() -> None:
    given = moved((10, 20), (10, 15), hyperscaler_value_to_horizon=(5, -2))
    text = report.headline(given)
    assert "*15.0" in text and "*10.0" not in text
    assert text.splitlines()[-1].startswith("* the sign of the mean is another one")
    assert "*" not in report.headline(moved((10, 20), (10, 15)))


def test_shares_of_draws(results: Results, study: Study) -> None:
    columns, rows = certainty.signs(study)
    assert columns == [(1.0, False), (1.0, True), (10.0, False), (10.0, True)]
    t = results.runs(kind="main", demand_elasticity=1.1)
    found = dict(rows)
    for column, (shock, to_horizon) in enumerate(columns):
        wide = t[t["shock.efficiency.factor"] == shock].pivot(
            index="run",
            columns="lineup.hyperscaler",
            values="hyperscaler_value" + ("_to_horizon" if to_horizon else ""),
        )
        moves = {"lose": wide["escalate"] < wide["restrain"]}
        moves["gain"] = wide["escalate"] > wide["restrain"]
        ends = {"make money": wide["escalate"] > 0, "lose money": wide["escalate"] < 0}
        for verbs, after in ((moves, "by escalation"), (ends, "when all escalate")):
            (verb,) = [each for each in verbs if f"hyperscalers {each} {after}" in found]
            told = found[f"hyperscalers {verb} {after}"][column]
            assert told.share == pytest.approx(verbs[verb].mean())


def test_drivers_are_rank_correlations(study: Study) -> None:
    x = study.x("customer_share", "escalate", 1.0, 1.1)
    found = measures.drivers(study, {"share": x}, most=3)
    assert len(found) == 3
    assert found[0].strength >= found[1].strength >= found[2].strength
    for each in found:
        drawn = study.results.draws[each.name].to_numpy()
        expected = spearmanr(drawn, x).statistic
        assert each.correlations["share"] == pytest.approx(expected, abs=1e-12)
        assert each.low <= drawn.min() and drawn.max() <= each.high


def test_a_variant_like_the_main_design_is_named_and_not_drawn(study: Study) -> None:
    from agentsim.report.variant_figures import changed, share_under_variants, unchanged

    assert (changed(study), unchanged(study)) == ([NASTY], ["same"])
    figure = share_under_variants(study)
    names = [each.get_text() for each in figure.axes[0].get_yticklabels()]
    assert names == ["as in the headline", NASTY]
    assert "as in the headline: same" in figure.get_suptitle().replace("\n", " ")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"factors": {"economic_life": [2, 6]}, "uncertainty": "none"},
        {"factors": {"lineup.hyperscaler": ["cartel", "match"]}, "runs": 1},
        {"factors": {"lineup.oracle": ["match", "escalate"], "substitution": [3, 5]}},
        {
            "factors": {"lineup.nvidia": ["scarcity", "hold_margin"], "power_limit": [2, 3]},
            "deviations": [{"firm": "oracle", "own": ["match"], "others": ["match", "escalate"]}],
        },
    ],
)
def test_any_experiment_gets_an_answer_and_a_page(given: dict, tmp_path: Path) -> None:
    experiment = Experiment(**{"name": "other", "runs": 2, "horizon": 3} | given)
    results = batch.run(experiment, tmp_path / "other", workers=1, progress=False)
    study = Study(results)
    assert all(answers.answer(study).sentences)
    links = Links()
    links.feed(page(study, []))
    assert links.open == []
    assert max(map(len, report.headline(study).splitlines())) <= 112
    assert all(each.draw(study).axes for each in pictures(study))


def test_figures_without_their_outcomes_are_left_out_and_the_page_says_so(
    results: Results, study: Study
) -> None:
    assert left_out(study) == ""
    few = Study(results)
    few.runs = few.runs.drop(columns=["rent_dissipation", "value.microsoft"])
    names = {each.name for each in pictures(few)}
    gone = {"rent_dissipation", "payoffs_microsoft", "kinds_microsoft"}
    assert names == {each.name for each in pictures(study)} - gone
    told = left_out(few)
    assert "“Rent dissipation”, “What Microsoft gets" in told
    assert "Add rent_dissipation and value.microsoft to outcomes" in told
    text = page(few, [])
    assert told in html.unescape(text) and "Deviations, and the kind of game" not in text


def test_variants_that_are_all_like_the_main_design_have_no_figures(tmp_path: Path) -> None:
    experiment = Experiment(
        name="alike",
        scenario="theory",
        runs=1,
        horizon=3,
        factors={"lineup.hyperscaler": POSTURES},
        variants=[{"name": "same", "lineup": {"chip_vendor": "hold_margin"}}],
    )
    alike = Study(batch.run(experiment, tmp_path / "out", engine="here", progress=False))
    assert not [each.name for each in pictures(alike) if each.section == "robustness"]
    assert "the main design itself" in page(alike, [])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("gone", [POSTURES[:1], POSTURES[1:], POSTURES])
def test_cells_in_which_no_run_came_through_leave_gaps_and_no_warning(
    results: Results, gone: list[str]
) -> None:
    holed = Study(results)
    rows = holed.runs["lineup.hyperscaler"].isin(gone)
    holed.runs.loc[rows, list(results.outcomes)] = np.nan
    holed.runs.loc[rows, "status"] = "failed: made to"
    for each in pictures(holed):
        each.draw(holed).savefig(io.BytesIO(), dpi=30)
    assert "came through" in answers.answer(holed).sentences[0]


def test_results_of_which_no_run_came_through_have_no_report(results: Results) -> None:
    failures = {"runs": results.manifest["runs_simulated"], "reasons": {}}
    failed = Results(results.folder, results.manifest | {"failures": failures})
    assert "no run that came through" in report.unsuited(failed)


# How figures look


def grey(colour: str) -> float:
    """How light a colour is in grey print, from 0 to 1."""
    return float(np.dot(matplotlib.colors.to_rgb(colour), (0.299, 0.587, 0.114)))


def test_colours_are_told_apart_in_grey() -> None:
    from agentsim.report.game_figures import KIND_COLOUR
    from agentsim.report.style import LAYER_STYLE, LOOKS

    fills = [grey(fill) for fill, _, _ in LAYER_STYLE.values()]
    assert min(abs(a - b) for a, b in itertools.pairwise(fills)) > 0.15  # neighbours in a stack
    shades = sorted(map(grey, KIND_COLOUR.values()))
    assert min(np.diff(shades)) > 0.08
    lines = [grey(each.colour) for each in LOOKS[:4]]
    assert max(lines) < 0.6  # seen on white
    assert min(np.diff(sorted(lines))) > 0.06
    assert len({(each.marker, each.hollow) for each in LOOKS}) == len(LOOKS)


def test_figures_are_of_one_width_and_their_letters_large_enough(study: Study) -> None:
    from matplotlib.text import Text

    from agentsim.report.panels import WIDTH
    from agentsim.report.style import SMALL

    for each in pictures(study):
        figure = each.draw(study)
        assert figure.get_size_inches()[0] == WIDTH
        written = [text for text in figure.findobj(Text) if text.get_text().strip()]
        assert min(text.get_fontsize() for text in written) >= SMALL, each.name


def test_every_posture_has_its_bands_through_time(study: Study) -> None:
    from agentsim.report.path_figures import market_through_time, through_time

    for draw, series in ((through_time, PRICES), (market_through_time, MARKET)):
        figure = draw(study)
        assert len(figure.axes) == len(series) * len(POSTURES)
        for panel in figure.axes:
            assert len(panel.collections) == len(FACTORS)  # a band without the shock, one with it
        widths = {line.get_linewidth() for panel in figure.axes for line in panel.lines}
        assert len(widths) <= 4  # edges, middles, the shock, zero: none for a posture of its own


def test_a_fall_does_not_precede_its_shock(study: Study) -> None:
    from agentsim.report.path_figures import through_time

    price = through_time(study).axes[len(POSTURES)]
    (mark,) = [line for line in price.lines if line.get_linestyle() == ":"]
    calm, struck = [line for line in price.lines if line.get_linewidth() == 1.8]
    at = mark.get_xdata()[0]
    assert at == 3  # the quarter of the shock is the fourth, which begins where the third ends
    apart = np.abs(calm.get_ydata() - struck.get_ydata()) > 1e-12
    assert calm.get_xdata()[apart].min() == at + 1


def test_a_band_that_reaches_zero_runs_off_a_logarithmic_axis(study: Study) -> None:
    from agentsim.report import path_figures

    given = Study(study.results)
    table = given._main_series.copy()
    assert not path_figures.cut(given, path_figures.PRICES)
    table.loc[(table["series"] == "capex") & (table["quarter"] > 6), "p05"] = 0.0
    given.__dict__["_main_series"] = table
    assert path_figures.floor(given, "capex", path_figures.PRICES["capex"]) > 0.0
    assert path_figures.cut(given, path_figures.PRICES)
    captions = {each.name: each.caption for each in pictures(given)}
    assert "runs off its foot" in captions["through_time"]
    assert path_figures.floor(given, "idle_share", path_figures.MARKET["idle_share"]) is None


def test_levels_of_demand_stand_by_their_size(study: Study) -> None:
    from agentsim.report import panels

    assert panels.demand_places(study) == pytest.approx(ELASTICITIES)
    assert panels.level_ticks((0.8, 1.1, 2.0)) == ["0.8", "1.1", "2.0"]
    assert panels.level_ticks((1.0, 10.0)) == ["1", "10"]
    low, high = (panels.demand_places(study, offset) for offset in (-0.3, 0.3))
    assert low[0] < 0.8 < high[0] < low[1] < 1.1 < high[1]
    named = SimpleNamespace(demand=SimpleNamespace(levels=("a", "b")))
    assert panels.demand_places(named, 0.1) == [0.1, 1.1]


# Made-up results


def pictures_of(given) -> list:
    return pictures(Study(given))


def test_no_share_is_drawn_of_a_gain_that_is_none() -> None:
    given = shocked(14.0, 6.0)
    assert np.isnan(measures.share_of_gain(Study(given), ("escalate", 10.0, None)).value)
    figure = next(p for p in pictures_of(given) if p.name == "share_of_gain").draw(Study(given))
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert len(crosses) == 2  # for restrain there is no gain either
    caption = next(p for p in pictures_of(given) if p.name == "share_of_gain").caption
    assert "cross" in caption and "broken line" not in caption


def test_captions_speak_of_what_is_seen() -> None:
    captions = {p.name: p.caption for p in pictures_of(shocked(22.0, 6.0))}
    assert "below zero" not in captions["value_by_layer"]
    assert "broken line" in captions["share_of_gain"] and "cross" in captions["share_of_gain"]
    assert "Above it" not in captions["customers_share"]
    captions = {p.name: p.caption for p in pictures_of(moved((10, 30), (10, -20)))}
    assert "below zero" in captions["value_by_layer"]
    assert "Above it" in captions["customers_share"]


def test_share_above_one_is_drawn_not_cut_off() -> None:
    given = moved((10, 30), (10, -20))
    share = measures.customers_share(Study(given), ("escalate", 1.0, None))
    assert share.value == pytest.approx(3.0)
    figure = next(p for p in pictures_of(given) if p.name == "customers_share").draw(Study(given))
    assert figure.axes[0].get_ylim()[1] > 3.0
    assert "300.0%" in report.headline(given)
    bars = next(p for p in pictures_of(given) if p.name == "value_by_layer").draw(Study(given))
    assert bars.axes[0].get_ylim()[0] <= -20.0


def test_difference_of_shares() -> None:
    rng = np.random.default_rng(2)
    a, b, c, d = rng.uniform(1, 2, (4, 300))
    found = measures.difference_of_ratios(a, b, c, d)
    assert found.value == pytest.approx(a.mean() / b.mean() - c.mean() / d.mean())
    assert found.low < found.value < found.high
    same = measures.difference_of_ratios(a, b, a, b)
    assert measures.sign(same) == 0
    assert np.isnan(measures.difference_of_ratios(a[:0], b[:0], c[:0], d[:0]).value)


# Kinds of game

ORDERS = {
    "prisoner's dilemma": {"T": 4, "R": 3, "P": 2, "S": 1},
    "chicken": {"T": 4, "R": 3, "S": 2, "P": 1},
    "stag hunt": {"R": 4, "T": 3, "P": 2, "S": 1},
    "harmony": {"R": 4, "T": 3, "S": 2, "P": 1},
    "deadlock": {"T": 4, "P": 3, "R": 2, "S": 1},
    "reversed dilemma": {"S": 4, "P": 3, "R": 2, "T": 1},
}


@pytest.mark.parametrize("expected", ORDERS)
def test_kind_of_game(expected: str) -> None:
    rng = np.random.default_rng(3)
    luck = 5.0 * rng.normal(size=60)  # the same for all four: only paired differences tell
    payoffs = {n: x + luck + 0.1 * rng.normal(size=60) for n, x in ORDERS[expected].items()}
    found = kinds.game_of("restrain", "escalate", payoffs)
    assert found.kind == expected and found.there
    assert found.share == 1.0 and found.shares == {expected: 1.0}


def replies(payoffs: dict[str, np.ndarray]) -> list:
    """The best replies of a firm whose payoff by run is this, whatever the others do."""
    given = SimpleNamespace(
        deviators={"oracle": (tuple(payoffs), ("match",))},
        payoff=lambda firm, own, others, shock, demand: payoffs[own],
    )
    return kinds.best_replies(given, "oracle", "match", None, None)


def test_best_replies_are_told_apart_by_paired_differences() -> None:
    rng = np.random.default_rng(5)
    luck, noise = 10.0 * rng.normal(size=80), rng.normal(size=80)
    nothing = np.full(80, np.nan)
    told = {"a": luck + 1.0, "b": luck + 2.0 + 0.1 * noise, "c": nothing}
    assert replies(told) == ["b"]
    assert replies(told | {"a": luck + 2.01}) == ["a", "b"]
    assert replies({"a": nothing}) == []


def test_a_kind_that_few_draws_are_of_is_hatched() -> None:
    from agentsim.report.game_figures import commonest, hatched

    draws = np.arange(100) % 10 == 0  # a tenth of the draws rule the means
    payoffs = {name: np.full(100, float(x)) for name, x in ORDERS["chicken"].items()}
    payoffs["P"] = payoffs["P"] + np.where(draws, 30.0, 0.0)
    payoffs["R"] = payoffs["R"] + np.where(draws, 90.0, 0.0)
    payoffs["T"] = payoffs["T"] + np.where(draws, 90.0, 0.0)
    found = kinds.game_of("restrain", "escalate", payoffs)
    assert (found.kind, commonest(found)) == ("prisoner's dilemma", "chicken")
    assert hatched(found) and found.share == pytest.approx(0.1)
    certain = kinds.game_of(
        "a", "b", {n: np.full(9, float(x)) for n, x in ORDERS["chicken"].items()}
    )
    assert not hatched(certain) and commonest(certain) == ""


def test_game_that_the_intervals_leave_open() -> None:
    rng = np.random.default_rng(4)
    payoffs = {n: x + 20.0 * rng.normal(size=30) for n, x in ORDERS["chicken"].items()}
    found = kinds.game_of("restrain", "escalate", payoffs)
    assert found.kind == UNCLEAR
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert found.share == max(found.shares.values()) < 1.0


def test_games_of_a_real_experiment(results: Results, study: Study) -> None:
    (pair,) = kinds.pairs(study, "microsoft")
    assert pair == ("restrain", "escalate")
    found = kinds.game(study, "microsoft", pair, 10.0, 0.8)
    t = results.runs(kind="deviation")
    t = t[(t["shock.efficiency.factor"] == 10) & (t["demand_elasticity"] == 0.8)]
    means = t.groupby(["own", "others"])["value.microsoft"].mean()
    assert found.payoffs["T"].value == pytest.approx(means["escalate", "restrain"])
    assert found.payoffs["S"].value == pytest.approx(means["restrain", "escalate"])
    assert found.payoffs["R"].value == pytest.approx(means["restrain", "restrain"])
    assert found.payoffs["P"].value == pytest.approx(means["escalate", "escalate"])


# Words


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (33123.0, 31000.0, 35004.0, "$33.1tn [31.0, 35.0]"),
        (-4600.0, -6010.0, -3190.0, "−$4.60tn [−6.01, −3.19]"),
        (412.4, 390.0, 430.0, "$412bn [390, 430]"),
        (0.004, -0.02, 0.05, "$4m [−20, 50]"),
        (0.0, 0.0, 0.0, "$0m [0, 0]"),
        (5.0, np.nan, np.nan, "$5.00bn"),
        (np.nan, np.nan, np.nan, "–"),
    ],
)
def test_money(value: float, low: float, high: float, said: str) -> None:
    assert words.money_interval(SimpleNamespace(value=value, low=low, high=high)) == said


def test_level_words() -> None:
    assert words.level_words("shock.efficiency.factor", 1.0) == "no shock"
    assert words.level_words("shock.efficiency.factor", 45.0) == "efficiency ×45"
    assert words.level_words("lineup.hyperscaler", "best_response") == "best response"
    assert words.level_words("economic_life", 2.0) == "economic life 2 years"
    assert words.doing_words("lineup.hyperscaler", "escalate") == "all escalate"
    assert words.doing_words("lineup.oracle", "best_response") == "Oracle plays best response"
