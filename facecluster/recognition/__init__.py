"""Who is it: scores of a face against known people, the threshold between known and unknown, and the answer.

Identification (one of many) and verification (these two) rest on the same scores.
"""

from facecluster.lazy import hand_on

__getattr__ = hand_on(
    __name__,
    {
        "Identifier": "identification",
        "Match": "identification",
    },
)
