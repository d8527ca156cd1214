"""The synthetic data have the shape and the form that the cases count on, and depend on the seed alone."""

from collections.abc import Callable

import pytest

from benchmarks.data import covertype_like, digits_like, grouped, linear, panels


def test_covertype_rows() -> None:
    features, labels = covertype_like(rows=500)
    assert (features.shape, labels.shape) == ((500, 54), (500,))
    assert len(features.values) == 500 * 54
    rows = [features.values[54 * i : 54 * (i + 1)] for i in range(500)]
    assert all(sum(row[10:14]) == sum(row[14:]) == 1.0 for row in rows)
    assert {value for row in rows for value in row[10:]} == set(labels.values) == {0.0, 1.0}


def test_covertype_measurements_are_standardised() -> None:
    features, _ = covertype_like(rows=5000)
    column = features.values[0::54]
    mean = sum(column) / 5000
    variance = sum((value - mean) ** 2 for value in column) / 5000
    assert abs(mean) < 4 / 5000**0.5  # four standard errors of a mean with variance one
    assert abs(variance - 1.0) < 4 * (2 / 5000) ** 0.5  # and of a variance


def test_digits_are_binary_strokes() -> None:
    pictures = digits_like(images=50)
    assert pictures.shape == (50, 784)
    assert set(pictures.values) == {0.0, 1.0}
    for i in range(50):
        picture = pictures.values[784 * i : 784 * (i + 1)]
        border = [
            picture[28 * y + x] for y in range(28) for x in range(28) if not (4 <= x <= 23 and 4 <= y <= 23)
        ]
        assert sum(picture) >= 4
        assert not any(border)


def test_linear_features_are_standardised() -> None:
    features, targets = linear(rows=2000, columns=3)
    assert (features.shape, targets.shape) == ((2000, 3), (2000,))
    assert len(features.values) == 6000 and len(targets.values) == 2000
    mean = sum(features.values) / 6000
    variance = sum((value - mean) ** 2 for value in features.values) / 6000
    assert abs(mean) < 4 / 6000**0.5  # four standard errors of a mean with variance one
    assert abs(variance - 1.0) < 4 * (0.8 / 6000) ** 0.5  # and of the variance of a uniform distribution


def test_grouped_rows_follow_their_group() -> None:
    members, features, targets = grouped(groups=4, rows=2000)
    assert members.shape == features.shape == targets.shape == (2000,)
    assert set(members.values) == {0.0, 1.0, 2.0, 3.0}
    rests: dict[float, list[float]] = {}
    for group, feature, target in zip(members.values, features.values, targets.values, strict=True):
        rests.setdefault(group, []).append(target - 0.7 * feature)
    for rest in rests.values():  # what intercept and slope leave over is the noise, with variance 1/4
        mean = sum(rest) / len(rest)
        variance = sum((value - mean) ** 2 for value in rest) / len(rest)
        assert abs(variance - 0.25) < 4 * 0.25 * (2 / len(rest)) ** 0.5


def test_panels_have_a_group_a_column() -> None:
    features, targets = panels(rows=1000, groups=3)
    assert features.shape == targets.shape == (1000, 3)
    for group in range(3):
        rest = [t - 0.7 * f for t, f in zip(targets.values[group::3], features.values[group::3], strict=True)]
        mean = sum(rest) / 1000
        variance = sum((value - mean) ** 2 for value in rest) / 1000
        assert abs(variance - 0.25) < 4 * 0.25 * (2 / 1000) ** 0.5


MAKERS: list[Callable[[int], object]] = [
    lambda seed: covertype_like(50, seed),
    lambda seed: digits_like(5, seed),
    lambda seed: linear(20, 3, seed),
    lambda seed: grouped(4, 20, seed),
    lambda seed: panels(4, 5, seed),
]


@pytest.mark.parametrize("make", MAKERS)
def test_data_depend_on_the_seed_alone(make: Callable[[int], object]) -> None:
    assert make(0) == make(0)
    assert make(0) != make(1)
