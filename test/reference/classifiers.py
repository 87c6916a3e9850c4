"""python3 classifiers.py INPUT.safetensors OUTPUT.safetensors: scikit-learn's neighbours and logistic regression.

INPUT   metadata `config` (JSON: k); tensors `features` [N, D], `labels` [N], `queries` [Q, D].
OUTPUT  indices and similarities [Q, k] by cosine, nearest first; votes [Q, C] of weight exp(similarity / 0.07);
        probabilities [Q, C] of an unregularised logistic regression on features normalised by their own moments, and
        its loss on the features.
"""

import json
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

import tensor_file


def main(input_path, output_path):
    tensors, metadata = tensor_file.read(input_path)
    k = json.loads(metadata["config"])["k"]
    features, queries = (tensors[name].astype(np.float64) for name in ("features", "queries"))
    labels = tensors["labels"]
    distances, indices = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute").fit(features).kneighbors(queries)
    voters = KNeighborsClassifier(
        n_neighbors=k, metric="cosine", algorithm="brute", weights=lambda distance: np.exp((1 - distance) / 0.07)
    ).fit(features, labels)

    mean, deviation = features.mean(axis=0), np.sqrt(features.var(axis=0) + 1e-6)
    normalised = (features - mean) / deviation
    regression = LogisticRegression(penalty=None, solver="lbfgs", tol=1e-10, max_iter=20000)
    regression.fit(normalised, labels)
    tensor_file.write(
        output_path,
        {
            "indices": indices.astype(np.int32),
            "similarities": 1 - distances,
            "votes": voters.predict_proba(queries),
            "probabilities": regression.predict_proba((queries - mean) / deviation),
            "loss": np.array([log_loss(labels, regression.predict_proba(normalised))]),
        },
    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
