"use strict";
// A location network that scores the cells of the retina and looks at the best, or at the mean of all
// (ram_agents/model/cells.py).
// Offsets are in units of the retina's reach: half of its coarsest patch.

const BLURS = [3, 5];
const NEAR = [2, 4]; // halves of the finest patch
const COVERED = [1 / 4, 1 / 2]; // of a scale's own patch
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

class CellLocationNetwork {
  constructor(layer, options) {
    const { glimpse: [scales, size, , colours = 1], relative, normalise, location_network } = options;
    const { location_gravity, location_direction, location_memory, location_seen, location_drift } = options;
    const alike = normalise === "scales", takesMean = location_network === "cells-mean";
    Object.assign(this, { scales, size, colours, relative, alike, takesMean, gravity: location_gravity });
    this.direction = location_direction;
    this.memory = location_memory || Infinity;
    this.hidden = layer("f_l.hidden");
    this.weights = layer("f_l.weights");
    this.own = layer("f_l.own");
    this.reach = relative ? null : layer("f_l").reach.data;
    const reach = (size * 2 ** (scales - 1)) / 2; // in pixels
    this.axis = Array.from({ length: scales }, (_, scale) =>
      Float32Array.from({ length: size }, (_, i) => ((i - (size - 1) / 2) * 2 ** scale) / reach));
    this.widths = Array.from({ length: scales }, (_, scale) => 2 ** scale / reach); // of a cell
    this.drift = (location_drift * size) / reach;
    const near = NEAR.map((halves) => (halves * size) / 2);
    this.near = Array.from({ length: scales }, (_, scale) => { // how far a cell that was seen may be from the look
      const width = 2 ** scale, patch = (size / 2) * width;
      const wide = [...near.map((far) => far + width / 2), ...COVERED.map((share) => share * patch)];
      return (location_seen === "covered" ? wide : near).map((far) => Math.fround(far / reach));
    });
    this.finer = Array.from({ length: scales }, (_, scale) => Math.fround((size / 2) * 2 ** scale / 2 / reach));
  }

  /**
   * Where to look next: the place of the best cell, or one of the network's own.
   * `looks` are the eye's places so far, the newest, which is `location`, first.
   */
  forward(h, glimpse, location, looks) {
    const inner = this.hidden ? relu(linear(this.hidden, h)) : h;
    const counts = linear(this.weights, inner), own = counts.length - 1;
    const scores = this.scores(counts, this.features(glimpse, location, looks));
    if (this.takesMean) {
      const places = Array.from(scores, (_, cell) => this.place(cell, glimpse, location, looks.length));
      return this.mean([...scores, counts[own]], [...places, Array.from(linear(this.own, inner), tanh32)]);
    }
    const best = argmax(scores);
    if (counts[own] > scores[best]) return Array.from(linear(this.own, inner), tanh32);
    return this.place(best, glimpse, location, looks.length);
  }

  /** Of places by the softmax of their scores. */
  mean(scores, places) {
    const weights = softmax(scores);
    return [0, 1].map((axis) => clamp(places.reduce((sum, place, i) => sum + weights[i] * place[axis], 0), -1, 1));
  }

  scores(counts, features) {
    const cells = this.size ** 2, perScale = features[0].length;
    const scores = new Float32Array(this.scales * cells);
    features.forEach((ofScale, scale) => {
      for (let cell = 0; cell < cells; cell++) {
        let sum = 0;
        ofScale.forEach((feature, f) => (sum += counts[scale * perScale + f] * feature[cell]));
        scores[scale * cells + cell] = sum;
      }
    });
    return scores;
  }

  /** Of each scale a list of features, each of g x g cells: light, its blurs, whether outside, which way, whether seen. */
  features(glimpse, location, looks) {
    const { size, colours } = this, cells = size * size;
    return this.axis.map((_, scale) => {
      const gain = this.alike ? 1 : 2 ** scale, start = scale * cells * colours;
      const light = Array.from({ length: colours }, (_, colour) =>
        Float32Array.from({ length: cells }, (_, cell) => glimpse[start + cell * colours + colour] * gain));
      const blurred = BLURS.flatMap((width) => light.map((plane) => boxBlur(plane, size, width)));
      const seen = this.near[scale].map((near) => this.seen(scale, near, location, looks));
      const ways = this.direction ? this.ways(scale) : [];
      return [...light, ...blurred, this.outside(scale), ...ways, ...seen];
    });
  }

  /** 1 for the cells that lie outside of the next finer scale. */
  outside(scale) {
    const inside = Array.from(this.axis[scale], (a) => scale > 0 && Math.abs(a) < this.finer[scale]);
    return this.onCells((row, column) => !(inside[row] && inside[column]));
  }

  /** How far to the right and how far down cells lie. */
  ways(scale) {
    const axis = this.axis[scale];
    return [this.onCells((row, column) => axis[column]), this.onCells((row) => axis[row])];
  }

  /** 1 for the cells within `near` of one of the looks that count, in each axis. */
  seen(scale, near, location, looks) {
    const axis = this.axis[scale];
    const found = looks.slice(0, this.memory).map((look) => look.map((place, i) => {
      const way = Math.fround(place - location[i]), offset = this.reach ? Math.fround(way / this.reach[i]) : way;
      return Array.from(axis, (a) => Math.abs(Math.fround(offset - a)) < near);
    }));
    return this.onCells((row, column) => found.some(([columns, rows]) => rows[row] && columns[column]));
  }

  /** From the middle of a cell to the centre of gravity of the light in the 3x3 cells around it. */
  beside(glimpse, scale, row, column) {
    const { size, colours } = this, width = this.widths[scale];
    let mass = 0, x = 0, y = 0;
    for (let down = Math.max(row - 1, 0); down <= Math.min(row + 1, size - 1); down++) {
      for (let across = Math.max(column - 1, 0); across <= Math.min(column + 1, size - 1); across++) {
        const light = lightOf(glimpse, (scale * size + down) * size + across, colours);
        mass += light;
        x += light * (across - column);
        y += light * (down - row);
      }
    }
    return mass > 0 ? [(x / mass) * width, (y / mass) * width] : [0, 0];
  }

  /** What a function of row and column tells of each cell; of yes and no 1 and 0. */
  onCells(tell) {
    const { size } = this;
    return Float32Array.from({ length: size * size }, (_, i) => Number(tell(Math.floor(i / size), i % size)));
  }

  /** Beside a cell's middle, after so many looks. */
  place(cell, glimpse, location, looks) {
    const { size, drift } = this, scale = Math.floor(cell / (size * size)), angle = GOLDEN_ANGLE * looks;
    const column = cell % size, row = Math.floor(cell / size) % size, axis = this.axis[scale];
    const [x, y] = this.gravity ? this.beside(glimpse, scale, row, column) : [0, 0];
    const offset = [axis[column] + x + drift * Math.cos(angle), axis[row] + y + drift * Math.sin(angle)];
    if (this.relative) return offset.map((o) => Math.fround(Math.sign(o) * Math.sqrt(Math.abs(o))));
    return offset.map((o, i) => Math.fround(location[i] + Math.fround(this.reach[i] * o)));
  }
}

/** The light of all colours in a cell; what is normalised may lie below 0, which counts as none. */
function lightOf(glimpse, cell, colours) {
  let sum = 0;
  for (let colour = 0; colour < colours; colour++) sum += glimpse[cell * colours + colour];
  return Math.max(sum, 0);
}

/** The mean over width x width cells, zeros beyond the edge. */
function boxBlur(plane, size, width) {
  const far = (width - 1) / 2;
  return plane.map((_, i) => {
    const row = Math.floor(i / size), column = i % size;
    let sum = 0;
    for (let y = Math.max(row - far, 0); y <= Math.min(row + far, size - 1); y++) {
      for (let x = Math.max(column - far, 0); x <= Math.min(column + far, size - 1); x++) sum += plane[y * size + x];
    }
    return sum / (width * width);
  });
}
