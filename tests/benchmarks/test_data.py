"""The synthetic data have the shape and the form that the cases count on, and depend on the seed alone."""

import pytest

from benchmarks.data import covertype_like, digits_like


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


@pytest.mark.parametrize("make", [lambda seed: covertype_like(50, seed), lambda seed: digits_like(5, seed)])
def test_data_depend_on_the_seed_alone(make) -> None:
    assert make(0) == make(0)
    assert make(0) != make(1)
