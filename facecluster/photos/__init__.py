"""Photos and where they come from: folders, zips and data sets, read as upright RGB pictures, never changed.

What reads a file's bytes stands here, whatever its format and however damaged; so does the guess of which folder names
a photo's person. Nothing here knows faces or galleries.
"""

from facecluster.lazy import hand_on

__getattr__ = hand_on(
    __name__,
    {
        "load_image": "images",
        "open_photos": "sources",
    },
)
