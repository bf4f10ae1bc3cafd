"""A minute of the fuzzer: no theorem breaks in these cases (by hand: python -m tests.fuzz)."""

import pytest
from fuzz.cases import case
from fuzz.findings import Findings
from fuzz.identities import CHECKS
from fuzz.run import run
from fuzz.values import Values

import gaussmetrics as gm


@pytest.mark.parametrize("seed", range(8))
def test_no_theorem_breaks(seed):
    findings, count = run(seed, range(40))
    assert count == 40
    if findings:
        pytest.fail("\n" + findings.report(), pytrace=False)


def test_a_case_is_known_by_its_number():
    one, two = case(5, 7), case(5, 7)
    assert (one.p.mean == two.p.mean).all()
    assert (one.q.cov == two.q.cov).all()


@pytest.mark.parametrize(
    ("name", "wrong", "law"),
    [
        ("kl_divergence", lambda v: -v, "no negative distance"),
        ("bhattacharyya_distance", lambda v: v * (1 + 1e-6), "an identity"),
        ("total_variation_distance", lambda v: v + 1.0, "at most 1"),
    ],
)
def test_a_wrong_answer_is_found(monkeypatch, name, wrong, law):
    # A fuzzer that finds nothing proves nothing: it must see a wrong sign, digit and bound.
    from fuzz import metrics, values

    altered = [
        m._replace(function=lambda p, q, f=m.function: wrong(f(p, q))) if m.name == name else m
        for m in metrics.ALL
    ]
    monkeypatch.setattr(values.Values.__init__, "__defaults__", (altered,))
    number = next(n for n in range(100) if case(0, n).relation == "unrelated")
    c = case(0, number)
    checked = Values(c.p, c.q)
    found = [*checked.broken, *(f for check in CHECKS for f in check(c, checked))]
    assert law in {f.law for f in found}


def test_findings_are_told_apart_by_shape_and_not_by_number():
    from fuzz.findings import Finding

    findings = Findings()
    c = case(0, 0)
    assert findings.add(c, Finding("symmetry", "kl_divergence", "0.5 against 0.25"))
    assert not findings.add(c, Finding("symmetry", "kl_divergence", "1e-9 against nan"))
    assert findings.add(c, Finding("symmetry", "jeffreys_divergence", "0.5 against 0.25"))
    assert len(findings) == 2
    assert "case(0, 0)" in findings.report()
    assert gm.kl_divergence.__name__ in findings.report()
