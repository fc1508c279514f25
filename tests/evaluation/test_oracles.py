"""Every definition against another package's implementation of it, as recorded in oracles.json."""

import oracles
import pytest

from glevel_fast.evaluation.catalogue import definitions

CASES, ORACLES = oracles.read()
# What the difference is, where it is not rounding; docs/metrics.md says why.
KNOWN = {"rouge1/pltrdy@1": 1e-8, "rougeL/pltrdy@1": 1e-8}
# Checked in this room against brute force, closed forms or mpmath instead.
ELSEWHERE = {
    *("acc/letter@1", "acc/number@1", "em@1/squad@1", "f1/token@1", "f1/squad@1"),
    *("miou/masks@1", "miou/box-xywh@1", "miou/box-xyxy@1", "auc/otb21@1", "auc/mean-overlap@1", "m_viou/frames@1"),
    *("absrel/plain@1", "absrel/affine@1", "epe/known@1", "cd/squared@1", "cd/plain@1"),
}


@pytest.mark.parametrize("name", ORACLES)
def test_a_definition_equals_its_oracles(name):
    for oracle in ORACLES[name]:
        assert oracles.difference(name, CASES, oracle) <= KNOWN.get(name, 1e-12), oracle["oracle"]


def test_every_definition_has_an_oracle_or_a_test_here():
    assert {one.id for one in definitions()} == ORACLES.keys() | ELSEWHERE
    assert not ORACLES.keys() & ELSEWHERE


@pytest.mark.parametrize("name", ["rouge1/google@1", "structure/fan2017@1", "ap/coco-bbox@1"])
def test_a_slip_is_noticed(name):
    oracle = ORACLES[name][0]
    assert oracles.difference(name, CASES, oracle | {"values": [1.001 * value for value in oracle["values"]]}) > 1e-6
