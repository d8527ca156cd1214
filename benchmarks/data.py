"""Synthetic data, the same to the last bit for every peer.

The generators use nothing but the standard library, since the peers share neither torch nor numpy. Values are
float32, in an ``array`` that both libraries read without a copy.
"""

import math
import random
from array import array
from dataclasses import dataclass
from operator import mul


@dataclass(frozen=True)
class Table:
    """Float32 values in row-major order, and their shape."""

    values: "array[float]"
    shape: tuple[int, ...]


def covertype_like(rows: int = 50_000, seed: int = 0) -> tuple[Table, Table]:
    """Features and binary labels in the form of the covertype data set.

    A row has 54 columns: 10 standardised measurements that share one factor, then one of 4 areas and one of
    40 kinds of soil, each as an indicator vector. Labels follow a logistic model with weights drawn once from
    N(0, 1/4).

    Args:
        rows: How many rows to make.
        seed: Seed of the generator.

    Returns:
        Features of shape ``(rows, 54)`` and labels of shape ``(rows,)``.
    """
    generator = random.Random(seed)
    weights = [generator.gauss(0.0, 0.5) for _ in range(54)]
    features, labels = array("f"), array("f")
    for _ in range(rows):
        row = [0.0] * 54
        factor = generator.gauss(0.0, 0.6)
        for column in range(10):
            row[column] = factor + generator.gauss(0.0, 0.8)
        area, soil = 10 + generator.randrange(4), 14 + generator.randrange(40)
        row[area] = row[soil] = 1.0
        logit = sum(weights[column] * row[column] for column in (*range(10), area, soil))
        features.extend(row)
        labels.append(float(generator.random() < 1.0 / (1.0 + math.exp(-logit))))
    return Table(features, (rows, 54)), Table(labels, (rows,))


def digits_like(images: int = 256, seed: int = 0) -> Table:
    """Binary pictures of 28 x 28 pixels, each of three straight pen strokes two pixels wide.

    Args:
        images: How many pictures to make.
        seed: Seed of the generator.

    Returns:
        Pixels of shape ``(images, 784)``, each zero or one.
    """
    generator = random.Random(seed)
    pixels = array("f", bytes(4 * images * 784))
    for image in range(images):
        corners = [(generator.uniform(4, 22), generator.uniform(4, 22)) for _ in range(4)]
        for (x0, y0), (x1, y1) in zip(corners, corners[1:], strict=False):
            for point in range(41):
                x, y = int(x0 + (x1 - x0) * point / 40), int(y0 + (y1 - y0) * point / 40)
                start = 784 * image + 28 * y + x
                for pixel in (start, start + 1, start + 28, start + 29):
                    pixels[pixel] = 1.0
    return Table(pixels, (images, 784))


def linear(rows: int = 1_000_000, columns: int = 10, seed: int = 0) -> tuple[Table, Table]:
    """Features and targets of a linear model.

    Features are uniform with mean zero and variance one; weights, drawn once, are N(0, 1); the noise is N(0, 1/4).

    Args:
        rows: How many rows to make.
        columns: How many features a row has.
        seed: Seed of the generator.

    Returns:
        Features of shape ``(rows, columns)`` and targets of shape ``(rows,)``.
    """
    generator = random.Random(seed)
    uniform, gauss = generator.random, generator.gauss
    weights = [gauss(0.0, 1.0) for _ in range(columns)]
    bound = math.sqrt(3.0)
    features, targets = array("f"), array("f")
    for _ in range(rows):
        row = [bound * (2.0 * uniform() - 1.0) for _ in range(columns)]
        features.extend(row)
        targets.append(sum(map(mul, weights, row)) + gauss(0.0, 0.5))
    return Table(features, (rows, columns)), Table(targets, (rows,))


def grouped(groups: int = 1_000, rows: int = 20_000, seed: int = 0) -> tuple[Table, Table, Table]:
    """A linear model with one feature, common slope 0.7, and an intercept from N(0.3, 1/4) for each group.

    Args:
        groups: How many groups there are; every row belongs to one, drawn uniformly.
        rows: How many rows to make.
        seed: Seed of the generator.

    Returns:
        Groups as whole numbers, features and targets, each of shape ``(rows,)``.
    """
    generator = random.Random(seed)
    intercepts = [generator.gauss(0.3, 0.5) for _ in range(groups)]
    members, features, targets = array("f"), array("f"), array("f")
    for _ in range(rows):
        group, feature = generator.randrange(groups), generator.gauss(0.0, 1.0)
        members.append(group)
        features.append(feature)
        targets.append(intercepts[group] + 0.7 * feature + generator.gauss(0.0, 0.5))
    return Table(members, (rows,)), Table(features, (rows,)), Table(targets, (rows,))


def panels(rows: int = 20, groups: int = 1_000, seed: int = 0) -> tuple[Table, Table]:
    """The model of :func:`grouped` with as many rows in each group, side by side.

    Args:
        rows: How many rows each group has.
        groups: How many groups there are.
        seed: Seed of the generator.

    Returns:
        Features and targets, each of shape ``(rows, groups)``.
    """
    generator = random.Random(seed)
    intercepts = [generator.gauss(0.3, 0.5) for _ in range(groups)]
    features, targets = array("f"), array("f")
    for row in range(rows * groups):
        feature = generator.gauss(0.0, 1.0)
        features.append(feature)
        targets.append(intercepts[row % groups] + 0.7 * feature + generator.gauss(0.0, 0.5))
    return Table(features, (rows, groups)), Table(targets, (rows, groups))
