"""Find faces in photos, group them by person, and answer who is on a new photo.

from facecluster import FaceClusterer, Gallery, Identifier, index_photos, load_image, match_people, open_photos

gallery = Gallery.open("my-gallery")
report = index_photos(gallery, open_photos("photos/"))
faces = gallery.faces()
model = FaceClusterer(n_clusters=17, random_state=0).fit(faces.embeddings)
people = match_people(model.labels_, faces.persons)
matches = Identifier.from_gallery(gallery).identify(load_image("probe.jpg"))
"""

from typing import TYPE_CHECKING

from facecluster._version import __version__ as __version__
from facecluster.lazy import hand_on

if TYPE_CHECKING:
    from facecluster.clustering.face_clusterer import FaceClusterer
    from facecluster.clustering.number_of_clusters import suggest_n_clusters
    from facecluster.errors import FaceClusterError
    from facecluster.evaluation.clustering_scores import evaluate_clustering, match_people
    from facecluster.gallery.gallery import Gallery
    from facecluster.indexing.run import IndexReport, index_photos
    from facecluster.photos.sources import load_image, open_photos
    from facecluster.recognition.identification import Identifier, Match
    from facecluster.samples.sample_photos import write_sample_people
    from facecluster.vision.detection import Detection, FaceDetector
    from facecluster.vision.embedding import FaceEmbedder, crop_face

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


__getattr__ = hand_on(
    __name__,
    {
        "Detection": "vision.detection",
        "FaceClusterError": "errors",
        "FaceClusterer": "clustering.face_clusterer",
        "FaceDetector": "vision.detection",
        "FaceEmbedder": "vision.embedding",
        "Gallery": "gallery.gallery",
        "Identifier": "recognition.identification",
        "IndexReport": "indexing.run",
        "Match": "recognition.identification",
        "crop_face": "vision.embedding",
        "evaluate_clustering": "evaluation.clustering_scores",
        "index_photos": "indexing.run",
        "load_image": "photos.images",
        "match_people": "evaluation.clustering_scores",
        "open_photos": "photos.sources",
        "suggest_n_clusters": "clustering.number_of_clusters",
        "write_sample_people": "samples.sample_photos",
    },
)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
