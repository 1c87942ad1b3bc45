"""Networks that see whole scenes."""

from __future__ import annotations

import pytest
import torch
from ram_agents.model.whole import ModernCNN, WeakCNN


def test_the_papers_cnn() -> None:
    network = WeakCNN(channels=1, size=60, num_classes=10)
    assert network[0].weight.shape == (8, 1, 10, 10)
    assert network[0].stride == (5, 5)
    assert network[3].weight.shape == (256, 8 * 11 * 11)
    assert network(torch.rand(2, 1, 60, 60)).shape == (2, 10)


@pytest.mark.parametrize("size", [28, 60, 100])
def test_the_modern_cnn_takes_any_size(size) -> None:
    assert ModernCNN(channels=3, size=size, num_classes=7)(torch.rand(2, 3, size, size)).shape == (2, 7)
