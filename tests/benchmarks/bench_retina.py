"""The retina against a plain loop over images and against copying: `python tests/benchmarks/bench_retina.py`.

One thread, batches of 128 images of bytes. The goal is 100 times the loop at 12x12, 3 scales, 60x60. `copy` is compiled
too and copies the source windows of all scales, the bytes that a retina reads if it takes each scale by itself.

Large images, 12x12 at 7 scales, are prepared and looked at by tables: against `halved`, which pools every scale from
one copied window as the finest scales are, and against a small image. Goals: 15 times as fast on one image of
1,000x1,000 that is looked at from 256 places, 5 times on 256 different ones; 4,000x4,000 at most 8 times the cost of
100x100.
"""

from __future__ import annotations

from timing import paired, verdict  # first: it sets the number of threads

# isort: split
from unittest.mock import patch

import numba
import numpy as np
import torch
import torch.nn.functional as F

from ram_envs import PreparedImages, Retina
from ram_envs.retina import kernels, retina

BATCH, SIZE, LOOKS = 128, 60, 256
CASES = [(8, 1, 28), (12, 3, 60), (12, 4, 100), (6, 3, 24)]  # patch size, scales, image; the second has the goal


def loop(images: torch.Tensor, locations: torch.Tensor, g: int, k: int) -> torch.Tensor:
    """The usual way: pad each image, slice each window, pool it. (B, H, W) bytes -> (B, k, g, g) float32."""
    glimpses = []
    height, width = images.shape[1:]
    for image, (x, y) in zip(images, locations.tolist(), strict=True):
        patches = []
        for scale in range(k):
            size = g * 2**scale
            padded = F.pad(image.float() / 255, (size, size, size, size))
            top = int(np.floor((y + 1) / 2 * height - size / 2 + 0.5)) + size
            left = int(np.floor((x + 1) / 2 * width - size / 2 + 0.5)) + size
            window = padded[top : top + size, left : left + size]
            patches.append(F.avg_pool2d(window[None, None], 2**scale)[0, 0])
        glimpses.append(torch.stack(patches))
    return torch.stack(glimpses)


@numba.njit
def copy(pixels, height, width, corners, sizes, output):  # type: ignore[no-untyped-def]
    """The bytes of every window that lie inside its image, copied row by row, one after another, into `output`."""
    to = numba.uintp(0)
    for b in range(len(corners)):
        for scale in range(len(sizes)):
            top, left, size = corners[b, scale, 0], corners[b, scale, 1], sizes[scale]
            begin, end = max(left, 0), min(left + size, width)
            for row in range(max(top, 0), min(top + size, height)):
                start = numba.uintp((b * height + row) * width + begin)
                for j in range(numba.uintp(max(end - begin, 0))):
                    output[to + j] = pixels[start + j]
                to += numba.uintp(max(end - begin, 0))


def measure(g: int, k: int, size: int) -> None:
    """Print one retina's figures."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (BATCH, size, size), dtype=np.uint8)
    locations = generator.uniform(-1, 1, (BATCH, 2)).astype(np.float32)
    sensor = Retina(g, k)
    tensors = torch.from_numpy(images), torch.from_numpy(locations)
    np.testing.assert_allclose(sensor(images, locations), loop(*tensors, g, k).numpy(), atol=1e-6)
    regions = [sensor.regions(location, (size, size)) for location in locations]
    corners = np.array([[(region.top, region.left) for region in scales] for scales in regions])
    sizes = np.array([g * 2**scale for scale in range(k)])
    output = np.zeros(BATCH * (sizes**2).sum(), np.uint8)
    times = paired(
        {
            "retina": lambda: sensor(images, locations),
            "loop": lambda: loop(*tensors, g, k),
            "copy": lambda: copy(images.reshape(-1), size, size, corners, sizes, output),
        }
    )
    faster = times["loop"] / times["retina"]
    goal = verdict(faster, 100) if size == SIZE else ""
    print(
        f"{g}x{g}, {k} scales, {size}x{size}: {times['retina'] * 1e6:6.0f} us a batch of {BATCH}, "
        f"{BATCH / times['retina']:9,.0f} glimpses a second; {faster:4.0f} times the loop {goal}; "
        f"{times['retina'] / times['copy']:.2f} times a copy of the windows"
    )


def measure_lanes(g: int, k: int, size: int, batch: int) -> None:
    """Print what it saves that grey bytes are pooled where they lie, in lanes, and not from a copied window."""
    generator, sensor = np.random.default_rng(0), Retina(g, k)
    with patch.object(retina, "can_put_bytes", lambda patch_size, halved: False):
        from_window = Retina(g, k)
    images = generator.integers(0, 256, (batch, size, size), dtype=np.uint8)
    locations = generator.uniform(-1, 1, (batch, 2))

    np.testing.assert_array_equal(from_window(images, locations), sensor(images, locations))
    times = paired({"lanes": lambda: sensor(images, locations), "window": lambda: from_window(images, locations)})
    lanes, window = (1e9 * times[way] / batch for way in ("lanes", "window"))
    print(
        f"{g}x{g}, {k} scales, {batch} of {size}x{size}: {lanes:.0f} ns a glimpse in lanes, {window:.0f} from a "
        f"window: {lanes / window:.2f} of the time"
    )


def halved(images: np.ndarray, locations: np.ndarray, which: np.ndarray, sensor: Retina) -> np.ndarray:
    """Glimpses at `locations` of `images[which]`, every scale halved from one copied window."""
    k, g = sensor.num_scales, sensor.patch_size
    output = np.empty((len(locations), k, g, g), np.float32)
    sums = np.empty((2 * k, (g << (k - 1)) ** 2 // 4 + g**2), np.uint32)
    unit, every = np.float32(1 / 255), retina.EACH_ITS_OWN
    assert kernels.glimpse_images(images, which, every, (0,), locations, k, output, sums, unit, False)
    return output


def measure_large(num_images: int, goal: float) -> None:
    """Print what tables bring on images of 1,000x1,000."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (num_images, 1000, 1000), dtype=np.uint8)
    locations, which = generator.uniform(-1, 1, (LOOKS, 2)), np.arange(LOOKS) % num_images
    sensor = Retina(12, 7)
    eye = PreparedImages(sensor, images, num_glimpses=24)
    np.testing.assert_array_equal(eye.glimpse(locations, which), halved(images, locations, which, sensor))
    straight = images[which[:16]]
    times = paired(
        {
            "tables": lambda: eye.glimpse(locations, which),
            "halved": lambda: halved(images, locations, which, sensor),
            "straight": lambda: sensor(straight, locations[:16]),
            "prepare": lambda: eye.refresh(),
        }
    )
    faster = times["halved"] / times["tables"]
    print(
        f"12x12, 7 scales, {num_images} of 1000x1000: {times['tables'] / LOOKS * 1e6:.1f} us a glimpse; "
        f"{faster:.1f} times as fast as halved {verdict(faster, goal)}; straight "
        f"from the image {times['straight'] / 16 * 1e6:.0f} us; "
        f"preparing {times['prepare'] / num_images * 1e6:.0f} us an image"
    )


def measure_growth() -> None:
    """Print what a glimpse costs on images from 100x100 to 4,000x4,000."""
    generator, sensor = np.random.default_rng(0), Retina(12, 7)
    locations, which = generator.uniform(-1, 1, (LOOKS, 2)), np.zeros(LOOKS, np.int64)
    runs = {}
    for size in (100, 400, 1000, 4000):
        image = generator.integers(0, 256, (1, size, size), dtype=np.uint8)
        eye = PreparedImages(sensor, image, num_glimpses=LOOKS)
        runs[f"{size}"] = lambda eye=eye: eye.glimpse(locations, which)
        runs[f"{size}, one a call"] = lambda eye=eye: eye.glimpse(locations[:1])
    times = paired(runs)
    for name, time in times.items():
        print(f"12x12, 7 scales, one image of {name}: {time / (1 if 'call' in name else LOOKS) * 1e6:.1f} us a glimpse")
    growth = times["4000"] / times["100"]
    print(f"4000x4000 for 100x100: {growth:.1f} times {verdict(growth, 8, at_least=False)}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    measure_large(1, goal=15)
    measure_large(LOOKS, goal=5)
    measure_growth()
    for case in CASES:
        measure(*case)
    for case in CASES[:3]:
        for batch in (256, 1024):
            measure_lanes(*case, batch)
