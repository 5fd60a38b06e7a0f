"""Defaults that several packages share. They stand apart so that a page need not load a network to know them."""

from __future__ import annotations

FPIR = 0.01
"""The share of strangers' faces that may get a name."""

FMR = 0.001
"""The share of pairs of faces of different people that may pass as one person's."""

# InceptionResnetV1 sees 160 px: a face of 20 px, facenet-pytorch's default, would be enlarged eight times and tells it
# little, while looking for it doubles the time.
MIN_FACE_SIZE = 40
"""The smallest face that is looked for, in pixels of the photo."""

# Chosen on the 680 photos and on what else was found beside their faces (docs/detection.md).
MIN_SCORE = 0.9
"""The least detection score of a face, in [0, 1]."""
