"""python3 principal_components.py INPUT.safetensors OUTPUT.safetensors: scikit-learn's principal component analysis.

INPUT   metadata `config` (JSON: count); tensor `vectors` [N, D].
OUTPUT  directions [count, D], explained [count], places [N, count].
"""

import json
import sys

import numpy as np
from sklearn.decomposition import PCA

import tensor_file


def main(input_path, output_path):
    tensors, metadata = tensor_file.read(input_path)
    vectors = tensors["vectors"].astype(np.float64)
    pca = PCA(n_components=json.loads(metadata["config"])["count"], svd_solver="full")
    places = pca.fit_transform(vectors)
    found = {"directions": pca.components_, "explained": pca.explained_variance_ratio_, "places": places}
    tensor_file.write(output_path, found)


if __name__ == "__main__":
    main(*sys.argv[1:])
