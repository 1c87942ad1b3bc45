"use strict";
// What was seen so far, each pixel in its place, and the convolutions that read it (ram_agents/model/canvas.py).

const CANVAS_STRIDES = [2, 2, 1, 2, 1];

/** A picture is colours x size x size: 0 where nothing was seen yet, else 1 more than the light. */
class Canvas {
  constructor(layer, { glimpse: [, width, , colours = 1], canvas_size: size }) {
    Object.assign(this, { width, colours, size });
    this.filters = CANVAS_STRIDES.map((_, i) => layer(`f_g.what.filters.${i}`));
    this.norms = CANVAS_STRIDES.map((_, i) => layer(`f_g.what.norms.${i}`));
    this.last = layer("f_g.what.last");
  }

  /** A picture, or none yet, with a glimpse put where it was taken. */
  painted(picture, glimpse, [x, y]) {
    const { width, colours, size } = this, next = picture ? picture.slice() : new Float32Array(colours * size * size);
    const [left, top] = [x, y].map((place) => Math.floor(((place + 1) / 2) * size - width / 2 + 0.5));
    for (let i = 0; i < glimpse.length; i++) {
      const pixel = Math.floor(i / colours), row = top + Math.floor(pixel / width), column = left + (pixel % width);
      if (row < 0 || column < 0 || row >= size || column >= size) continue;
      next[((i % colours) * size + row) * size + column] = glimpse[i] + 1;
    }
    return next;
  }

  forward(picture) {
    const area = this.size * this.size, seen = picture.slice(0, area).map((value) => (value > 0 ? 1 : 0));
    let x = join(picture.map((value, i) => value - seen[i % area]), seen), { size } = this;
    this.filters.forEach((filter, i) => {
      x = relu(normalised(this.norms[i], convolution(filter, x, size, CANVAS_STRIDES[i])));
      size = Math.ceil(size / CANVAS_STRIDES[i]);
    });
    return linear(this.last, x);
  }
}

/** A GroupNorm of one group: all channels and places to mean 0 and variance 1, then each channel by weight and bias. */
function normalised({ weight, bias }, x) {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length, area = x.length / weight.data.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length, std = Math.sqrt(variance + 1e-5);
  return x.map((value, i) => {
    const channel = Math.floor(i / area);
    return ((value - mean) / std) * weight.data[channel] + bias.data[channel];
  });
}
