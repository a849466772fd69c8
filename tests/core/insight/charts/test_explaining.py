"""Charts of an explanation: their numbers are the explanation's, and somebody else's words stay words."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from core.errors import RunError
from core.insight.charts.effects import effect_chart
from core.insight.charts.explaining import MOST_BARS, importance_chart, waterfall_chart
from core.insight.charts.style import Chart
from core.insight.explain.results import (
    Attribution,
    ColumnImportance,
    Contribution,
    Correlated,
    CorrelatedPair,
    EffectCurve,
    Explanation,
    Importance,
)
from core.insight.explain.stored import stored_attribution, stored_curve, stored_explanation

NASTY = "<b>Preis</b> in $k$ %{x} & so"


def column(name: str, mean: float | None, low: float | None = None, high: float | None = None) -> ColumnImportance:
    is_clear = low is not None and high is not None and (low > 0 or high < 0)
    return ColumnImportance(name, mean, 0.01, low, high, is_clear, 0.02, 0.01, 5)


def importance(*columns: ColumnImportance, measure: str = "log-loss") -> Importance:
    return Importance(measure, 0.4, 0.8, 200, columns)  # type: ignore[arg-type]


def curve(**changes: Any) -> EffectCurve:
    made = EffectCurve(
        "age", "number", (20.0, 30.0, 50.0), ("yes",), ((0.1, 0.3, 0.2),), (((0.0, 0.2, 0.1), (0.2, None, 0.3)),),
        (4, 9), (3, 5, 2), (20.0, 30.0, 40.0, 50.0), 1, 2, 13,
    )  # fmt: skip
    return replace(made, **changes)


TOWNS = curve(
    column="town", kind="category", values=("Ulm", None, "other values"), counts=(7, 2, 4), edges=(), others_at=2,
    n_others=14, n_outside=0,
)  # fmt: skip


def attribution(outcome: str | None, base: float, *effects: float) -> Attribution:
    parts = tuple(Contribution(f"c{at}", str(at), effect, effect * 4) for at, effect in enumerate(effects))
    return Attribution(
        7, "", "left", outcome, "yes" if outcome else 3.0, base, math.fsum((base, *effects)), -1.0,
        -1.0 + 4 * math.fsum(effects), parts, 100,
    )  # fmt: skip


def traces(chart: Chart | None) -> dict[str, Any]:
    assert chart is not None
    return {trace.name or f"{trace.type}{at}": trace for at, trace in enumerate(chart.figure.data)}


def test_importance_is_drawn_with_its_intervals_and_chance_is_faint():
    found = importance(column("a", 0.5, 0.4, 0.7), column("b", 0.1, -0.1, 0.3), column("c", -0.2, -0.3, -0.1))
    chart = importance_chart(found)
    drawn = traces(chart)
    clear, chance, worse = drawn["Clearly matters"], drawn["May be chance: the interval includes 0"], list(
        drawn.values()
    )[1]  # fmt: skip
    assert (clear.x, clear.y) == ((0.5,), (0,))
    assert clear.error_x.array == pytest.approx([0.2])
    assert clear.error_x.arrayminus == pytest.approx([0.1])
    assert (chance.x, chance.y) == ((0.1,), (1,))
    assert chance.opacity < 1
    assert (worse.x, worse.y) == ((-0.2,), (2,))
    assert chart is not None
    assert chart.title.startswith("a matters most.")
    assert chart.figure.layout.yaxis.ticktext == ("a", "b", "c")


def test_importance_of_numbers_is_in_the_targets_unit():
    chart = importance_chart(importance(column("a", 12_300.0, 11_000.0, 13_000.0), measure="RMSE"))
    assert chart is not None
    assert chart.figure.layout.xaxis.title.text.startswith("RMSE rises by, in the unit of the target")
    assert "RMSE rises by 12,300, between 11,000 and 13,000" in chart.figure.data[0].text[0]


def test_of_500_columns_the_first_are_drawn_and_one_is_enough():
    many = importance_chart(importance(*(column(f"c{n}", 500.0 - n, 1.0, 999.0) for n in range(500))))
    assert many is not None
    assert many.figure.data[0].x == tuple(500.0 - n for n in range(MOST_BARS))
    assert len(traces(importance_chart(importance(column("only", 0.1, 0.05, 0.2))))) == 1


def test_without_a_figure_or_with_zeros_alone_there_is_no_chart():
    assert importance_chart(importance(column("a", 0.0, 0.0, 0.0), column("b", 0.0))) is None
    assert importance_chart(importance(column("a", None))) is None
    assert importance_chart(importance()) is None


def test_a_column_without_an_interval_has_none():
    (bars,) = traces(importance_chart(importance(column("a", 0.5)))).values()
    assert bars.error_x.array == (0.0,)
    assert bars.name.startswith("May be chance")


def test_a_curve_is_drawn_over_single_rows_and_counts():
    chart = effect_chart(curve(), is_share=True)
    drawn = traces(chart)
    assert drawn["Average"].x == (20.0, 30.0, 50.0)
    assert drawn["Average"].y == (0.1, 0.3, 0.2)
    assert drawn["Single rows"].y == (0.0, 0.2, 0.1, None, 0.2, None, 0.3, None)
    counts = drawn["bar2"]
    assert counts.y == (3, 5, 2)
    assert [left + width for left, width in zip(counts.x, counts.width, strict=True)] == [30.0, 40.0, 50.0]
    assert chart is not None
    assert (
        chart.title == "As 'age' goes from 20 to 50, the average probability of 'yes' varies between 10.0 % and 30.0 %."
    )


def test_dates_have_a_time_axis_and_bins_in_milliseconds():
    days = curve(
        kind="date", values=("2024-01-01", "2024-01-02", "2024-01-04"), counts=(3, 2),
        edges=("2024-01-01T00:00:00", "2024-01-02T12:00:00", "2024-01-04T00:00:00"), means=((5.0, 6.0, 7.0),),
    )  # fmt: skip
    chart = effect_chart(days, is_share=False)
    assert chart is not None
    assert chart.figure.layout.xaxis.type == "date"
    assert traces(chart)["bar2"].width == (1.5 * 86_400_000, 1.5 * 86_400_000)
    assert chart.title == "As 'age' goes from 2024-01-01 to 2024-01-04, the average prediction goes from 5 to 7."


def test_categories_are_dots_beside_their_counts():
    chart = effect_chart(TOWNS, is_share=True)
    drawn = traces(chart)
    assert drawn["Average"].x == (0.1, 0.3, 0.2)
    assert drawn["bar2"].x == (7, 2, 4)
    assert len(drawn["Single rows"].x) == 5  # of 6, one is None
    assert chart is not None
    assert chart.figure.layout.yaxis.ticktext == ("Ulm", "(empty)", "14 other values")
    assert (
        chart.title
        == "By 'town' alone, the average probability of 'yes' goes from 10.0 % for 'Ulm' to 30.0 % for empty cells."
    )


def test_each_of_many_classes_has_its_own_curve():
    means, lines = tuple((k / 26,) * 3 for k in range(26)), tuple((((k / 26),) * 3,) for k in range(26))
    letters = curve(outcomes=tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), means=means, lines=lines)
    chart = effect_chart(letters, 25, is_share=True)
    assert traces(chart)["Average"].y == (25 / 26,) * 3
    assert chart is not None
    assert "does not move the average probability of 'Z'" in chart.title
    assert chart.figure.layout.yaxis.title.text == "Probability of Z"


def test_a_curve_without_values_or_finite_outputs_is_not_drawn():
    assert effect_chart(curve(values=(), means=((),), lines=((),), counts=(), edges=()), is_share=True) is None
    assert effect_chart(curve(means=((None, None, None),)), is_share=True) is None
    single = curve(values=(5.0,), means=((0.2,),), lines=(((0.1,),),), counts=(4,), edges=(4.5, 5.5))
    assert effect_chart(single, is_share=True) is not None
    gap = effect_chart(curve(means=((0.1, None, 0.2),)), is_share=True)
    assert traces(gap)["Average"].y == (0.1, None, 0.2)


@pytest.mark.parametrize(
    "found",
    [attribution("yes", 0.3, 0.2, -0.1, 0.05, 0.01, -0.02, 0.003, 0.001), attribution(None, 1e6, -3e5, 12.5, 4e4)],
)
def test_a_waterfall_leads_from_the_average_to_the_prediction(found):
    chart = waterfall_chart(found)
    drawn = traces(chart)
    (ends,) = (trace for trace in chart.figure.data if trace.type == "scatter" and trace.mode == "markers+text")
    assert ends.x == (found.base, found.output)
    steps = sorted(
        (place, start, size)
        for name in ("Raises it", "Lowers it")
        for place, start, size in zip(drawn[name].y, drawn[name].base, drawn[name].x, strict=True)
    )
    at = found.base
    for _, start, size in steps:
        assert start == pytest.approx(at)
        at = start + size
    assert at == pytest.approx(found.output)
    low, high = chart.figure.layout.xaxis.range
    assert low < min(start for _, start, _ in steps) <= max(found.output, at) < high


def test_a_row_that_no_column_moves_is_still_drawn():
    chart = waterfall_chart(attribution("yes", 0.3, 0.0))
    low, high = chart.figure.layout.xaxis.range
    assert low < 0.3 < high


def test_somebody_elses_words_are_shown_as_they_are():
    found = attribution("yes", 0.3, 0.2)
    parts = (Contribution(NASTY, NASTY, 0.2, 0.8),)
    charts = (
        importance_chart(importance(column(NASTY, 0.5, 0.4, 0.6))),
        effect_chart(curve(column=NASTY, outcomes=(NASTY,)), is_share=True),
        effect_chart(replace(TOWNS, column=NASTY, values=(NASTY, None, "x" * 300)), is_share=True),
        waterfall_chart(replace(found, contributions=parts, outcome=NASTY)),
    )
    for chart in charts:
        assert chart is not None
        text = json.dumps(json.loads(chart.figure.to_json()))
        for part in ("<b>Preis", "$k$", "%{x} "):
            assert part not in text
        assert "&lt;b&gt;Preis" in text


def test_every_chart_has_named_axes_no_background_and_keeps_its_zoom():
    charts = (
        importance_chart(importance(column("a", 0.5, 0.4, 0.6))),
        effect_chart(curve(), is_share=False),
        effect_chart(TOWNS, is_share=True),
        waterfall_chart(attribution(None, 5.0, 1.0)),
    )
    for chart in charts:
        assert chart is not None
        layout = chart.figure.layout
        assert layout.xaxis.title.text
        assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0, 0, 0, 0)"
        assert layout.uirevision


def test_what_is_stored_is_read_as_it_was():
    found = Explanation(
        200, 300, importance(column("a", 0.5, 0.4, 0.6), column("b", None)),
        Correlated((CorrelatedPair("a", "b", 0.9, "Spearman"),), (("a", "b"),), ("a and b overlap.",)),
        (curve(), TOWNS), (attribution("yes", 0.3, 0.2),),
    )  # fmt: skip
    stored = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert stored_explanation(stored) == found
    assert stored_curve(stored["effects"][1]) == TOWNS
    assert stored_attribution(stored["attributions"][0] | {"part": "learned"}) == found.attributions[0]


def test_what_is_damaged_is_refused():
    for read in (stored_explanation, stored_curve, stored_attribution):
        with pytest.raises(RunError, match="cannot be read"):
            read({"importance": 3, "correlated": None})


def test_importing_the_charts_is_quick():
    code = (
        "import sys; from core.insight.charts import effects, explaining; from core.insight.explain import stored\n"
        "print({'plotly', 'torch', 'sklearn', 'scipy', 'streamlit'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "set()"
