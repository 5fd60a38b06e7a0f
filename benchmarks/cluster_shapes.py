"""Faces of few and of many people in unequal numbers: draws of a gallery's, and synthetic ones with real spreads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Photos a person: as many people as the standard LFW photos have with 10 or more, and with 2 to 10, about as many each.
LFW_MANY = tuple(
    size
    for size, people in (
        *((530, 1), (236, 1), (144, 1), (121, 1), (109, 1), (77, 1), (71, 1), (60, 1), (55, 1), (53, 1), (52, 1)),
        *((49, 1), (48, 2), (44, 1), (42, 2), (41, 2), (39, 2), (37, 1), (36, 1), (35, 1), (33, 3), (32, 3), (31, 2)),
        *((30, 2), (29, 2), (28, 2), (27, 1), (26, 2), (25, 1), (24, 3), (23, 3), (22, 5), (21, 4), (20, 5), (19, 7)),
        *((18, 5), (17, 8), (16, 3), (15, 11), (14, 10), (13, 11), (12, 10), (11, 16), (10, 15)),
    )
    for _ in range(people)
)
LFW_FEW = tuple(
    size
    for size, people in ((10, 15), (9, 26), (8, 33), (7, 39), (6, 55), (5, 112), (4, 187), (3, 291), (2, 779))
    for _ in range(people)
)
# Quantiles of the cosine of a face to its person's centre, of 677 faces of 17 people; LFW's are taken to be 0.04 lower.
_SHARES = (0, 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1)
_COSINES = (0.254, 0.331, 0.483, 0.616, 0.762, 0.832, 0.873, 0.913, 0.927, 0.938, 0.944)
_LOWER, _PEOPLE_DIFFER = 0.04, 0.03
# The effective number of dimensions in which faces, and people, scatter: theirs is 56 as well.
_DIMENSIONS = 56
# Groups of people that resemble each other: their share, and how much of a person's centre is the group's.
_GROUPS = ((0.6, 0.3), (0.25, 0.4), (0.15, 0.6))
# Half of what sets a face apart is its session's, of about 15 photos; few faces are a bystander's.
_SESSION, _IN_SESSION, _WRONG = 0.5, 15, 0.006


def draw_sizes(
    embeddings: np.ndarray, persons: np.ndarray, sizes: Sequence[int], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """So many faces of as many people, drawn of (n, 512) embeddings of persons (n,): embeddings and whose each is.

    Where a person has fewer, all of their faces. Raises ValueError when there are fewer people than sizes.
    """
    rng = np.random.default_rng(seed)
    names = np.unique(persons)
    if len(sizes) > len(names):
        raise ValueError(f"{len(sizes)} people cannot be drawn of {len(names)}")
    chosen = rng.permutation(names)[: len(sizes)]
    rows = np.concatenate(
        [
            rng.permutation(np.flatnonzero(persons == name))[:size]
            for name, size in zip(chosen, sorted(sizes, reverse=True), strict=True)
        ]
    )
    rng.shuffle(rows)
    return embeddings[rows], persons[rows]


def synthetic_people(sizes: Sequence[int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit embeddings (n, 512) float32 of so many faces of as many people, in random order, and whose each is (n,)."""
    rng = np.random.default_rng(seed)
    scale = np.exp(-np.arange(512) / _DIMENSIONS)
    shares, weights = zip(*_GROUPS, strict=True)
    groups = _unit(0.3 * _directions(rng, 1, scale) + _directions(rng, len(_GROUPS), scale))
    group = rng.choice(len(_GROUPS), len(sizes), p=shares)
    weight = np.array(weights)[group][:, None]
    centers = _unit(weight * groups[group] + np.sqrt(1 - weight**2) * _directions(rng, len(sizes), scale))
    faces = np.concatenate([_faces_of(center, size, rng, scale) for center, size in zip(centers, sizes, strict=True)])
    wrong = rng.random(len(faces)) < _WRONG
    faces[wrong] = _directions(rng, int(wrong.sum()), scale)
    order = rng.permutation(len(faces))
    return faces[order].astype(np.float32), np.repeat(np.arange(len(sizes)), sizes)[order]


def _faces_of(center: np.ndarray, size: int, rng: np.random.Generator, scale: np.ndarray) -> np.ndarray:
    cosine = np.interp(rng.random(size), _SHARES, _COSINES) + _PEOPLE_DIFFER * rng.normal() - _LOWER
    cosine = np.clip(cosine, 0.1, 0.96)[:, None]
    sessions = _directions(rng, size // _IN_SESSION + 1, scale)
    around = np.sqrt(_SESSION) * sessions[rng.integers(0, len(sessions), size)]
    around = around + np.sqrt(1 - _SESSION) * _directions(rng, size, scale)
    around = _unit(around - (around @ center)[:, None] * center)
    return _unit(cosine * center + np.sqrt(1 - cosine**2) * around)


def _directions(rng: np.random.Generator, number: int, scale: np.ndarray) -> np.ndarray:
    return _unit(rng.normal(size=(number, len(scale))) * scale)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))
