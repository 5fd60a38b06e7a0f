"""From a picture to faces: where they are (MTCNN) and what each looks like as 512 numbers (InceptionResnetV1).

All networks live here, with the weights they load and the runtimes they are compiled for; torch, OpenCV and OpenVINO
are imported nowhere else.
"""

from facecluster.lazy import hand_on

__getattr__ = hand_on(
    __name__,
    {
        "Detection": "detection",
        "FaceDetector": "detection",
        "FaceEmbedder": "embedding",
        "crop_face": "embedding",
    },
)
