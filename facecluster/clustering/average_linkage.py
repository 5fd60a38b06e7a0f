"""Average linkage by cosine, for any number of faces: its tree, where it is cut, which merges are of one person.

The mean cosine between two clusters is the product of their means, and two clusters that are each other's nearest are
merged by average linkage sooner or later, whatever else is merged before (it is reducible: Murtagh, "A survey of recent
advances in hierarchical clustering algorithms", 1983). So mutual neighbours are merged in rounds, without a matrix of
all pairs, until few enough clusters are left for one; up to 8,000 faces the tree is average linkage's own.
"""

from __future__ import annotations

import numpy as np

# A matrix of so many clusters takes 100 MB, and its chain about a second.
_DENSE = 5_000
# Beyond, mutual neighbours are first sought within cells of about this size, so that time does not grow as the square.
_WHOLE, _CELL = 8_000, 2_000
_ALIKE = 0.5  # the least cosine at which neighbours of one cell are merged: others may have a nearer one elsewhere
_CHUNK = 2_048
# The cosines of different people, measured on 677 faces of 17 people: the mean, the spread between pairs of people, and
# what a single face adds to it. Single faces then have a standard deviation of 0.13.
_STRANGERS, _PEOPLE_SPREAD, _FACE_SPREAD = 0.04, 0.09, 0.066
# So many standard deviations above strangers are taken for one person; more cut off hard photos, fewer join strangers.
_SURE = 2.6


class AverageTree:
    """The tree of (n, d) unit embeddings; `merges` (n - 1, 3) float64 of cosine, cluster and cluster, most alike first.

    Clusters 0 to n - 1 are the faces, n + i is what merge i makes.
    """

    def __init__(self, embeddings: np.ndarray) -> None:
        self.faces = len(embeddings)
        found = _merges(np.asarray(embeddings, np.float32))
        self.merges, self.sizes = _ordered(found, self.faces)

    def cut(self, number: int) -> np.ndarray:
        """Labels (n,) int from 0, of exactly so many clusters."""
        return self._labels(np.arange(self.faces - number))

    def people(self) -> int:
        """The number of clusters whose parts are as alike as faces of one person are.

        A merge is of one person where the mean cosine between its parts is (see `least_of_one_person`).
        """
        if self.faces == 1:
            return 1
        parts = self.merges[:, 1:].astype(int)
        least = least_of_one_person(*self.sizes[parts].T)
        sure, number, open_ = self.merges[:, 0] >= least, 0, [2 * self.faces - 2]
        while open_:
            node = open_.pop() - self.faces
            if node < 0 or sure[node]:
                number += 1
            else:
                open_ += parts[node].tolist()
        return number

    def _labels(self, made: np.ndarray) -> np.ndarray:
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        rows = np.concatenate([self.faces + made, self.faces + made])
        columns = np.concatenate([self.merges[made, 1], self.merges[made, 2]]).astype(int)
        links = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(2 * self.faces - 1,) * 2)
        found = connected_components(links, directed=False)[1][: self.faces]
        return np.asarray(np.unique(found, return_inverse=True)[1])


def least_of_one_person(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The mean cosine from which on the faces of two clusters, so many in each, are taken for one person's.

    It lies 2.6 standard deviations above what different people have; the fewer faces, the more that scatters. Measured
    with the casia-webface weights.
    """
    return np.asarray(_STRANGERS + _SURE * np.sqrt(_PEOPLE_SPREAD**2 + _FACE_SPREAD**2 * (1 / one + 1 / other)))


def _merges(points: np.ndarray) -> list[tuple[float, int, int]]:
    """Cosine, and one face of each of the two clusters, of all merges, in no order."""
    means, sizes, of = points.copy(), np.ones(len(points)), np.arange(len(points))
    found: list[tuple[float, int, int]] = []
    rng = np.random.default_rng(0)
    while len(means) > _DENSE:
        cells = _cells(means, rng) if len(means) > _WHOLE else None
        near, cosine = _nearest(means, cells)
        mutual = np.flatnonzero((near[near] == np.arange(len(near))) & (np.arange(len(near)) < near))
        if cells is not None:
            mutual = mutual[cosine[mutual] >= _ALIKE]
            if len(mutual) < len(means) // 50:  # cells have no more to give
                near, cosine = _nearest(means, None)
                mutual = np.flatnonzero((near[near] == np.arange(len(near))) & (np.arange(len(near)) < near))
        other = near[mutual]
        found += zip(cosine[mutual].tolist(), of[mutual].tolist(), of[other].tolist(), strict=True)
        weights = sizes[mutual] + sizes[other]
        means[mutual] = (
            means[mutual] * (sizes[mutual] / weights)[:, None] + means[other] * (sizes[other] / weights)[:, None]
        )
        sizes[mutual] = weights
        kept = np.ones(len(means), bool)
        kept[other] = False
        means, sizes, of = means[kept], sizes[kept], of[kept]
    return found + [(cosine, int(of[a]), int(of[b])) for cosine, a, b in _chain(means @ means.T, sizes)]


def _chain(cosines: np.ndarray, sizes: np.ndarray) -> list[tuple[float, int, int]]:
    """Average linkage of weighted clusters by chains of nearest neighbours; `cosines` (n, n) is used up."""
    np.fill_diagonal(cosines, -np.inf)
    active, first = np.ones(len(cosines), bool), 0
    chain: list[int] = []
    found: list[tuple[float, int, int]] = []
    while len(found) < len(cosines) - 1:
        if not chain:
            while not active[first]:
                first += 1
            chain = [first]
        last = chain[-1]
        near = int(cosines[last].argmax())
        # Of equally near ones the one before, else the chain runs in a circle.
        if len(chain) > 1 and cosines[last, chain[-2]] >= cosines[last, near]:
            near = chain[-2]
        if len(chain) < 2 or near != chain[-2]:
            chain.append(near)
            continue
        del chain[-2:]
        found.append((float(cosines[last, near]), last, near))
        row = (sizes[last] * cosines[last] + sizes[near] * cosines[near]) / (sizes[last] + sizes[near])
        sizes[last] += sizes[near]
        active[near] = False
        row[last] = -np.inf
        cosines[last] = cosines[:, last] = row
        cosines[near] = cosines[:, near] = -np.inf
    return found


def _nearest(means: np.ndarray, cells: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Each cluster's nearest other one, within its cell, and the mean cosine to it; itself where it is alone there."""
    near, cosine = np.arange(len(means)), np.full(len(means), -np.inf, np.float32)
    groups = [np.arange(len(means))] if cells is None else [np.flatnonzero(cells == cell) for cell in np.unique(cells)]
    for group in groups:
        inside = means[group]
        for start in range(0, len(group), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(group)))
            products = inside[rows] @ inside.T
            products[rows - start, rows] = -np.inf
            best = products.argmax(axis=1)
            near[group[rows]], cosine[group[rows]] = group[best], products[rows - start, best]
    return near, cosine


def _cells(means: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A cell (n,) for each cluster: the nearest of as many drawn ones as make cells of about 2,000."""
    drawn = means[rng.choice(len(means), -(-len(means) // _CELL), replace=False)]
    drawn /= np.maximum(np.linalg.norm(drawn, axis=1, keepdims=True), 1e-12)
    return np.concatenate(
        [(means[start : start + _CHUNK] @ drawn.T).argmax(axis=1) for start in range(0, len(means), _CHUNK)]
    )


def _ordered(found: list[tuple[float, int, int]], faces: int) -> tuple[np.ndarray, np.ndarray]:
    """The merges (n - 1, 3), most alike first, by the number of each cluster, and every cluster's size (2n - 1,)."""
    parent, number, sizes = list(range(faces)), list(range(faces)), [1] * faces
    merges = np.empty((len(found), 3))

    def root(face: int) -> int:
        while parent[face] != face:
            parent[face] = parent[parent[face]]
            face = parent[face]
        return face

    # Stable, so that of equal ones those come first that the others rest on.
    for place, (cosine, one, other) in enumerate(sorted(found, key=lambda merge: -merge[0])):
        first, second = root(one), root(other)
        merges[place] = cosine, number[first], number[second]
        sizes.append(sizes[number[first]] + sizes[number[second]])
        parent[second], number[first] = first, faces + place
    return merges, np.array(sizes)
