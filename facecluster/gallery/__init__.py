"""The gallery on disk: photos, faces, clusterings, and all SQL.

One SQLite file and the copies beside it. It stores and hands out; what is computed from it is computed elsewhere.
"""

from facecluster.lazy import hand_on

__getattr__ = hand_on(
    __name__,
    {
        "Gallery": "gallery",
        "default_gallery": "gallery",
    },
)
