"""The models that fit a gallery."""

from __future__ import annotations

from facecluster.gallery.gallery import Gallery
from facecluster.vision.embedding import FaceEmbedder, recorded_embedder
from facecluster.vision.weights import model_name


def gallery_embedder(gallery: Gallery, model: str | None = None) -> FaceEmbedder:
    """The embedder whose embeddings compare with the gallery's; an empty gallery has none yet and takes any.

    `model` says where the weights are when the gallery's own file lies elsewhere now. Raises WeightsError when the
    weights are not there or have changed, GalleryError when `model` is another one than the gallery's.
    """
    if model is None:
        return recorded_embedder(gallery.model, gallery.weights)
    gallery.require_model(model_name(model))
    return FaceEmbedder(model)
