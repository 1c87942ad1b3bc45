"use strict";
// A sensor that lies between the pixels, and inside the scene (ram_envs/retina/sensor.py): another way to see it than the
// retina's. A scene is {light, height, width}: numbers in [0, 1].

class Sensor {
  /** `patchSize`: of its cells, a pixel apart, to each side. */
  constructor({ patchSize }) {
    this.patchSize = patchSize;
  }

  /** Where it lies: {top, left, size} in pixels. */
  regions({ height, width }, [x, y]) {
    const size = this.patchSize;
    return [{ top: ((y + 1) / 2) * height - size / 2, left: ((x + 1) / 2) * width - size / 2, size }];
  }

  /** What it sees: g x g numbers in [0, 1], each between the four pixels around it. */
  glimpse(scene, location) {
    const { light, height, width } = scene, size = this.patchSize, [{ top, left }] = this.regions(scene, location);
    const row = clamp(Math.floor(top), 0, height - size - 1), column = clamp(Math.floor(left), 0, width - size - 1);
    const down = Math.fround(top - row), right = Math.fround(left - column);
    const between = (a, b, share) => Math.fround(a + Math.fround(share * Math.fround(b - a)));
    return Float32Array.from({ length: size * size }, (_, cell) => {
      const at = (row + Math.floor(cell / size)) * width + column + (cell % size);
      const here = between(light[at], light[at + width], down), next = between(light[at + 1], light[at + width + 1], down);
      return clamp(between(here, next, right), 0, 1);
    });
  }
}
