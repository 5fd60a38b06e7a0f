"""From photos to a gallery: read ahead, detect, crop, embed and store, batch by batch, to be cut off anywhere."""

from facecluster.lazy import hand_on

__getattr__ = hand_on(
    __name__,
    {
        "IndexReport": "run",
        "index_photos": "run",
    },
)
