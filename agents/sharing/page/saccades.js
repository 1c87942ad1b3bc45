"use strict";
// Saccades: what the location of an action does to the eye, and what is observed of the eye's place
// (ram_envs/retina/saccade.py).

/** The paper's: a location is the place to look at; an eye is its place in [-1, 1]. */
class AbsoluteSaccades {
  start(place) {
    return place.map(Math.fround);
  }

  move(eye, location) {
    return location.map(Math.fround);
  }

  /** What an observation tells of an eye. */
  location(eye) {
    return eye;
  }

  /** The eye's place in [-1, 1] of the scene. */
  gaze(eye) {
    return eye;
  }

  /** The location that a retina is given for an eye. */
  centre(eye) {
    return eye;
  }

  /** The location that brings an eye as near to a place as one step can. */
  lookAt(eye, place) {
    return place.map(Math.fround);
  }
}

/**
 * A location is a displacement by `most` of it, at most that far in any direction; the eye's patch stays inside the scene,
 * and an eye is its place in [-1, 1] of those where it does. `room` is how far it gets, in halves of the scene.
 */
class InsideSaccades extends AbsoluteSaccades {
  constructor({ most, room }) {
    super();
    Object.assign(this, { most, room });
  }

  move(eye, location) {
    return intoDisc(location).map((l, axis) => Math.fround(clamp(Math.fround(eye[axis] + Math.fround(this.most * l)), -1, 1)));
  }

  gaze(eye) {
    return eye.map((e) => Math.fround(e * this.room));
  }

  centre(eye) {
    return this.gaze(eye);
  }

  lookAt(eye, place) {
    return intoDisc(place.map((p, axis) => (clamp(p / this.room, -1, 1) - eye[axis]) / this.most)).map(Math.fround);
  }
}

/** The point of the unit disc that is nearest to a location. */
function intoDisc([x, y]) {
  const length = Math.max(Math.hypot(x, y), 1);
  return [x / length, y / length];
}

const GRAIN = 2 ** -16; // pixels

/**
 * A location a is a displacement by reach * sign(a) * a**2 pixels in each axis, the reach half the coarsest patch.
 * An eye is its distance from the scene's middle in pixels, on a grain of 2**-16, so that all sums are exact.
 */
class RelativeSaccades {
  constructor(retina, scene) {
    this.reach = (retina.patchSize * 2 ** (retina.numScales - 1)) / 2;
    this.edge = [scene.width / 2, scene.height / 2];
  }

  start(place) {
    return place.map((p, axis) => onGrain(p * this.edge[axis]));
  }

  move(eye, location) {
    return eye.map((from, axis) => {
      const a = location[axis], edge = this.edge[axis];
      return clamp(from + onGrain(this.reach * a * Math.abs(a)), -edge, edge);
    });
  }

  location(eye) {
    return eye.map((e) => Math.fround(e / this.reach));
  }

  gaze(eye) {
    return eye.map((e, axis) => Math.fround(e / this.edge[axis]));
  }

  /** A quarter of a grain more is the same pixel, and too much to be rounded away. */
  centre(eye) {
    return eye.map((e, axis) => Math.min((e + GRAIN / 4) / this.edge[axis], 1));
  }

  lookAt(eye, place) {
    return place.map((p, axis) => {
      const way = clamp((p * this.edge[axis] - eye[axis]) / this.reach, -1, 1);
      return Math.fround(Math.sign(way) * Math.sqrt(Math.abs(way)));
    });
  }
}

function onGrain(pixels) {
  return toEven(pixels / GRAIN) * GRAIN + 0; // + 0 leaves no -0
}

/** The nearest whole number, and of two as near the even one, as numpy.rint. */
function toEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
