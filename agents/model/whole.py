"""Networks that see a whole scene at once: the paper's convolutional control, and a modern one."""

from __future__ import annotations

from torch import nn


class WeakCNN(nn.Sequential):
    """The paper's: 8 filters of 10x10 with stride 5, a layer of 256, softmax. Deliberately small."""

    def __init__(self, *, channels: int, size: int, num_classes: int):
        side = (size - 10) // 5 + 1
        super().__init__(
            nn.Conv2d(channels, 8, 10, stride=5),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(8 * side**2, 256),
            nn.ReLU(),
            nn.Linear(256, num_classes),
        )


class ModernCNN(nn.Sequential):
    """What one would take today, for its time: six convolutions with batch normalisation, then each filter's maximum.

    The first two halve the scene each while filters are few: at full size a scene would take several times as long.
    """

    def __init__(self, *, channels: int, size: int, num_classes: int):
        del size  # any
        layers: list[nn.Module] = []
        inputs = channels
        for filters, width, stride in ((16, 5, 2), (32, 3, 2), (32, 3, 1), (64, 3, 2), (64, 3, 1), (64, 3, 1)):
            layers += [nn.Conv2d(inputs, filters, width, stride, width // 2, bias=False)]
            layers += [nn.BatchNorm2d(filters), nn.ReLU()]
            inputs = filters
        super().__init__(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(inputs, num_classes))
