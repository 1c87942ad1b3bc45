"use strict";
// The retina, rho(x, l) (the paper's "glimpse sensor", section 3.1), as ram_envs/retina has it, bit for bit.
//
// A location is [x, y] in [-1, 1]: [-1, -1] is the scene's top-left corner, [0, 0] its middle. A scene is {pixels, height,
// width, channels}: bytes, row after row, the channels of a pixel side by side. Outside of it everything is 0.

class Retina {
  /** k = numScales square patches, each twice as wide as the one before, brought down to g x g, g = patchSize. */
  constructor({ patchSize, numScales, pooling = "average" }) {
    Object.assign(this, { patchSize, numScales, pooling });
  }

  /** Where each scale looks: {top, left, size} in pixels, the finest first; it may hang outside. */
  regions(scene, [x, y]) {
    const row = ((y + 1) / 2) * scene.height, column = ((x + 1) / 2) * scene.width;
    return Array.from({ length: this.numScales }, (_, scale) => {
      const size = this.patchSize * 2 ** scale;
      return { top: firstPixel(row, size), left: firstPixel(column, size), size };
    });
  }

  /** What is seen: k x g x g x channels numbers in [0, 1], the finest scale first. */
  glimpse(scene, location) {
    const { patchSize: g, pooling } = this, { channels } = scene;
    const glimpse = new Float32Array(this.numScales * g * g * channels);
    this.regions(scene, location).forEach(({ top, left }, scale) => {
      const width = 2 ** scale;
      const gain = pooling === "max" ? UNIT : UNIT / (width * width);
      for (let cell = 0; cell < g * g; cell++) {
        const row = top + Math.floor(cell / g) * width, column = left + (cell % g) * width;
        for (let channel = 0; channel < channels; channel++) {
          const light = pool(scene, row, column, width, channel, pooling === "max");
          glimpse[(scale * g * g + cell) * channels + channel] = gain * Math.fround(light);
        }
      }
    });
    return glimpse;
  }
}

const UNIT = Math.fround(1 / 255);

function firstPixel(centre, size) {
  return Math.floor(centre - size / 2 + 0.5);
}

/** The sum, or the largest, of a block of width x width pixels of one channel. */
function pool({ pixels, height, width: across, channels }, top, left, width, channel, useMax) {
  const begin = Math.max(left, 0), end = Math.min(left + width, across);
  let light = 0;
  for (let row = Math.max(top, 0); row < Math.min(top + width, height); row++) {
    for (let column = begin; column < end; column++) {
      const pixel = pixels[(row * across + column) * channels + channel];
      light = useMax ? Math.max(light, pixel) : light + pixel;
    }
  }
  return light;
}
