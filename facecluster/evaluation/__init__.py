"""How far the answers can be trusted: clusters against people, photos held out, people held out, seeds and samples.

Each measure takes arrays and returns values with their intervals.
"""

from facecluster.lazy import hand_on

__getattr__ = hand_on(
    __name__,
    {
        "evaluate_clustering": "clustering_scores",
        "match_people": "clustering_scores",
    },
)
