"""Networks compiled for this machine and kept: OpenVINO, CUDA, MPS or eager torch."""
