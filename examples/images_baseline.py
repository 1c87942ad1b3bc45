"""What one gets on the images of GlimpseImages without looking about: chance, and logistic regression on whole images.

`pip install ".[samples]"` first. python examples/images_baseline.py --images sklearn:digits
"""

from __future__ import annotations

import numpy as np
import tyro
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from ram_envs.images.sources import load_split


def main(images: str = "sklearn:digits", *, image_size: int | None = None, steps: int = 1000) -> float:
    """Fit on the train split, its regularisation by cross-validation there, and return the test error in %."""
    (pixels, labels), (test_pixels, test_labels) = (
        load_split(images, split=split, image_size=image_size).dataset for split in ("train", "test")
    )
    model = GridSearchCV(LogisticRegression(max_iter=steps), {"C": np.logspace(-4, 2, 7)})
    model.fit(pixels.reshape(len(pixels), -1) / 255, labels)
    right = model.predict(test_pixels.reshape(len(test_pixels), -1) / 255) == test_labels
    commonest = np.bincount(labels).argmax()
    error = 100 * float(1 - right.mean())
    print(f"always the commonest class: {100 * np.mean(test_labels != commonest):.1f}% wrong")
    print(f"logistic regression: {error:.1f}% wrong, {np.sum(~right)} of {len(right)} test images")
    return error


if __name__ == "__main__":
    tyro.cli(main)
