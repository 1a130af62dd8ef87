# pyright: reportMissingImports=false
"""Write openood.npz: what OpenOOD's own file of metrics says of known confidences.

OpenOOD is no package. Its file is openood/evaluators/metrics.py of the repository Jingkang50/OpenOOD (commit a59cdac):

    python3 -m venv oracle && oracle/bin/pip install scikit-learn==1.9.1 numpy
    oracle/bin/python tests/oracles/make_openood.py PATH/TO/metrics.py

Confidences of both sides are alike, well apart, the wrong way round, and rounded until most are tied.

Arrays, for each case: inside and outside float64 [N]; figures float64 [4], AUROC, AUPR of the side learned, AUPR of OOD
images and false positive rate at 95 % true positives, OOD being positive; versions.
"""

import pathlib
import runpy
import sys
from typing import Any

import numpy as np
import sklearn

# Mean of those learned, images of both sides, decimals that are kept.
CASES = ((0, 200, 200, 9), (2, 300, 100, 9), (-1, 50, 150, 9), (1, 200, 300, 0), (1, 40, 30, 1))


def main() -> None:
    judge = runpy.run_path(sys.argv[1])["auc_and_fpr_recall"]
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for case, (mean, learned, strange, decimals) in enumerate(CASES):
        inside = rng.normal(mean, 1, learned).round(decimals)
        outside = rng.normal(0, 1, strange).round(decimals)
        label = np.repeat([0, -1], [learned, strange])
        arrays |= {
            f"inside{case}": inside,
            f"outside{case}": outside,
            f"figures{case}": np.array(judge(np.concatenate([inside, outside]), label, 0.95)),
        }
    versions = np.array(["OpenOOD a59cdac", f"scikit-learn {sklearn.__version__}"])
    np.savez_compressed(
        pathlib.Path(__file__).with_name("openood.npz"), versions=versions, **arrays
    )


if __name__ == "__main__":
    main()
