"""Find faces in photos, group them by person, and answer who is on a new photo.

from facecluster import FaceClusterer, Gallery, Identifier, index_photos, load_image, match_people, open_photos

gallery = Gallery.open("my-gallery")
report = index_photos(gallery, open_photos("photos/"))
faces = gallery.faces()
model = FaceClusterer(n_clusters=17, random_state=0).fit(faces.embeddings)
people = match_people(model.labels_, faces.persons)
matches = Identifier.from_gallery(gallery).identify(load_image("probe.jpg"))
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facecluster.clustering import FaceClusterer
    from facecluster.detection import Detection, FaceDetector
    from facecluster.embedding import FaceEmbedder, crop_face
    from facecluster.errors import FaceClusterError
    from facecluster.evaluation import evaluate_clustering, match_people
    from facecluster.gallery import Gallery
    from facecluster.identification import Identifier, Match
    from facecluster.indexing import IndexReport, index_photos
    from facecluster.photos import load_image, open_photos
    from facecluster.samples import write_sample_people
    from facecluster.selection import suggest_n_clusters

_HOMES = {
    "Detection": "detection",
    "FaceClusterError": "errors",
    "FaceClusterer": "clustering",
    "FaceDetector": "detection",
    "FaceEmbedder": "embedding",
    "Gallery": "gallery",
    "Identifier": "identification",
    "IndexReport": "indexing",
    "Match": "identification",
    "crop_face": "embedding",
    "evaluate_clustering": "evaluation",
    "index_photos": "indexing",
    "load_image": "photos",
    "match_people": "evaluation",
    "open_photos": "photos",
    "suggest_n_clusters": "selection",
    "write_sample_people": "samples",
}

__version__ = "0.1.0"
__all__ = [
    "Detection",
    "FaceClusterError",
    "FaceClusterer",
    "FaceDetector",
    "FaceEmbedder",
    "Gallery",
    "Identifier",
    "IndexReport",
    "Match",
    "crop_face",
    "evaluate_clustering",
    "index_photos",
    "load_image",
    "match_people",
    "open_photos",
    "suggest_n_clusters",
    "write_sample_people",
]


def __getattr__(name: str) -> Any:
    # The rooms load torch, OpenVINO and scikit-learn; a script that needs one of them should not wait for all.
    if name in _HOMES:
        return getattr(import_module(f"facecluster.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
