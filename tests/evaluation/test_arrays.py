"""Images and arrays against closed forms, mpmath, and what their files hold."""

import io

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from predictions import flo, npy, png

from glevel_fast.evaluation import arrays, media

SEED = st.integers(0, 2**32 - 1)


def test_psnr_of_a_constant_difference():
    gold = np.full((8, 9, 3), 100, np.uint8)
    for off in (1, 5, 155):
        assert arrays.psnr(gold + np.uint8(off), gold) == pytest.approx(20 * np.log10(255 / off), rel=1e-15)
    assert arrays.psnr(np.full((2, 2, 1), 255, np.uint8), np.zeros((2, 2, 1), np.uint8)) == 0.0
    assert arrays.psnr(gold, gold) == 100.0
    large = np.zeros((1200, 1000, 3), np.uint8)
    one_off = large.copy()
    one_off[0, 0, 0] = 1
    assert arrays.psnr(one_off, large) == 100.0  # 114 dB, held at the value of equal images


@settings(max_examples=20)
@given(SEED)
def test_relative_error_and_end_points_in_mpmath(seed):
    rng = np.random.default_rng(seed)
    gold, ours = rng.uniform(-1, 5, (2, 4, 5))
    gold[0, 0] = np.nan
    with mpmath.workdps(40):
        pairs = [(p, g) for p, g in zip(ours.flat, gold.flat, strict=True) if g > 0]
        exact = sum(abs(mpmath.mpf(p) - mpmath.mpf(g)) / mpmath.mpf(g) for p, g in pairs) / len(pairs)
        value, places = arrays.absolute_relative(ours, gold)
        assert value == pytest.approx(float(exact), rel=1e-14)
        assert places == len(pairs)
        flows = rng.normal(0, 9, (2, 3, 4, 2))
        flows[1, 0, 0] = 1e10
        known = [(p, g) for p, g in zip(flows[0].reshape(-1, 2), flows[1].reshape(-1, 2), strict=True) if g[0] < 1e9]
        lengths = [mpmath.hypot(*(mpmath.mpf(a) - mpmath.mpf(b) for a, b in zip(p, g, strict=True))) for p, g in known]
        value, places = arrays.end_point_error(*flows)
        assert value == pytest.approx(float(sum(lengths) / len(lengths)), rel=1e-14)
        assert places == 11


@settings(max_examples=20)
@given(SEED)
def test_an_affine_fit_is_that_of_least_squares(seed):
    rng = np.random.default_rng(seed)
    gold, ours = rng.uniform(1, 5, 40), rng.uniform(-2, 3, 40)
    gold[3], gold[4] = 0, np.nan
    valid = gold > 0
    scale, shift = np.linalg.lstsq(np.stack([ours[valid], np.ones(38)], axis=1), gold[valid], rcond=None)[0]
    assert arrays.affine(ours, gold) == pytest.approx(scale * ours + shift, rel=1e-9, abs=1e-9)
    assert arrays.absolute_relative(arrays.affine(3 * gold - 2, gold), gold)[0] < 1e-14
    assert arrays.absolute_relative(arrays.affine(gold, gold), gold)[0] == 0
    assert arrays.affine(np.ones(40), gold) == pytest.approx(gold[valid].mean())
    assert (arrays.affine(ours, -gold) == ours).all()


def test_relative_error_and_end_points_in_closed_form():
    gold = np.linspace(1, 9, 20)
    assert arrays.absolute_relative(1.25 * gold, gold) == (pytest.approx(0.25, rel=1e-15), 20)
    flow = np.zeros((5, 6, 2))
    assert arrays.end_point_error(flow + np.array([3, 4]), flow) == (5.0, 30)


@settings(max_examples=20)
@given(SEED)
def test_chamfer_by_all_pairs_in_mpmath(seed):
    rng = np.random.default_rng(seed)
    ours, gold = rng.normal(0, 1, (5, 3)), rng.normal(0, 1, (7, 3))
    with mpmath.workdps(40):
        squares = [
            [sum((mpmath.mpf(a) - mpmath.mpf(b)) ** 2 for a, b in zip(p, g, strict=True)) for g in gold] for p in ours
        ]
        there, back = [min(row) for row in squares], [min(column) for column in zip(*squares, strict=True)]
        exact = sum(there) / len(there) + sum(back) / len(back)
        assert arrays.chamfer(ours, gold, squared=True) == pytest.approx(float(exact), rel=1e-13)
        plain = sum(map(mpmath.sqrt, there)) / len(there) + sum(map(mpmath.sqrt, back)) / len(back)
        assert arrays.chamfer(ours, gold, squared=False) == pytest.approx(float(plain), rel=1e-13)


def test_chamfer_of_a_shift():
    grid = np.argwhere(np.ones((3, 3, 3))).astype(float)
    assert arrays.chamfer(grid + np.array([0.25, 0, 0]), grid, squared=True) == pytest.approx(2 * 0.0625)
    assert arrays.chamfer(grid + np.array([0.25, 0, 0]), grid, squared=False) == pytest.approx(0.5)


@given(SEED)
def test_a_map_beside_itself_has_structure_1(seed):
    rng = np.random.default_rng(seed)
    gold = rng.random((rng.integers(1, 12), rng.integers(1, 12))) < rng.random()
    assert arrays.structure(gold.astype(np.uint8) * 255, gold) == 1.0
    value = arrays.structure(rng.integers(0, 256, gold.shape, np.uint8), gold)
    assert 0 <= value <= 1


@settings(max_examples=3)
@given(SEED)
def test_ms_ssim_is_1_of_equals_and_the_mean_of_channels(seed):
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 256, (176, 177, 2), np.uint8)
    ours = np.clip(gold.astype(int) + rng.integers(-40, 40, gold.shape), 0, 255).astype(np.uint8)
    assert arrays.ms_ssim(gold, gold) == 1.0
    apart = [arrays.ms_ssim(ours[..., c : c + 1], gold[..., c : c + 1]) for c in range(2)]
    assert arrays.ms_ssim(ours, gold) == pytest.approx(sum(apart) / 2, rel=1e-15)
    assert 0 <= apart[0] < 1


def test_files_of_images():
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert (media.colours(png(grey)) == grey[..., None]).all()
    assert (media.grey(png(grey)) == grey).all()
    assert (media.grey(png(np.repeat(grey[..., None], 3, axis=2))) == grey).all()
    with pytest.raises(media.AnswerError, match="not a grey one"):
        media.grey(png(np.stack([grey, grey, grey + 1], axis=-1)))
    assert (media.labels(png(grey.astype(np.uint16) * 5000)) == grey.astype(int) * 5000).all()
    with pytest.raises(media.AnswerError, match="not a map of class numbers"):
        media.labels(png(np.zeros((2, 2, 3), np.uint8)))
    with pytest.raises(media.AnswerError, match="no image that can be read"):
        media.colours(b"GIF89a")


def test_an_image_of_too_many_pixels_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(media, "MAX_PIXELS", 10)
    with pytest.raises(media.AnswerError, match="is an image of 4 x 3; at most 10 pixels"):
        media.colours(png(np.zeros((3, 4), np.uint8)))


def test_files_of_arrays(monkeypatch):
    values = np.array([[1.5, 2], [3, 4]], np.float32)
    out = io.BytesIO()
    np.savez_compressed(out, depth=values)
    for name, content in (("a.npy", npy(values)), ("A.NPZ", out.getvalue())):
        read = media.array(name, content)
        assert read.dtype == np.float64
        assert (read == values).all()
    assert (media.array("d.png", png(np.array([[300, 2]], np.uint16))) == [[300, 2]]).all()
    for name, content, said in (
        ("a.npy", npy(np.array([{}], dtype=object)), "cannot be read"),
        ("a.npy", npy(np.array(["x"])), "not of numbers"),
        ("a.npy", npy(values)[:-1], "cannot be read"),
        ("a.npz", b"PK", "cannot be read"),
        ("a.npy", npy(values)[:64].replace(b"(2, 2)", b"(2**9,)") + bytes(99), "cannot be read"),
        ("a.mat", b"", "no array that can be read"),
    ):
        with pytest.raises(media.AnswerError, match=said):
            media.array(name, content)
    monkeypatch.setattr(media, "MAX_PIXELS", 3)
    with pytest.raises(media.AnswerError, match="4 numbers; at most 3 are read"):
        media.array("a.npy", npy(values))
    monkeypatch.setattr(media, "MAX_ARRAY_BYTES", 10)
    with pytest.raises(media.AnswerError, match="bytes unpacked"):
        media.array("a.npz", out.getvalue())
    two = io.BytesIO()
    np.savez(two, a=values, b=values)
    with pytest.raises(media.AnswerError, match="with 2 arrays"):
        media.array("a.npz", two.getvalue())


def test_files_of_flows_and_points():
    flow = np.arange(12.0).reshape(2, 3, 2)
    assert (media.flow("a.flo", flo(flow)) == flow).all()
    assert (media.flow("a.npy", npy(flow)) == flow).all()
    for content in (b"PIEH", b"FLOW" + flo(flow)[4:], flo(flow)[:-1], flo(flow)[:4] + b"\xff" * 8):
        with pytest.raises(media.AnswerError, match=r"\.flo"):
            media.flow("a.flo", content)
    assert (media.points("a.xyz", b"1 2 3\n\n4 5 6\n") == [[1, 2, 3], [4, 5, 6]]).all()
    assert (media.points("a.npy", npy(np.ones((2, 3)))) == 1).all()
    for content in (b"1 2\n3", b"a b c", b"\xff"):
        with pytest.raises(media.AnswerError, match="three numbers a line"):
            media.points("a.txt", content)
