"use strict";
// RAM, the recurrent attention model: the networks joined, as ram_agents/model/policy.py does it.

class RAM {
  /**
   * `options`: core, core_layers, glimpse_network, canvas_size, location_network, normalise, glimpse (the shape),
   * relative (saccades).
   * `weights`: tensors {data, shape} by PyTorch's names.
   */
  constructor(options, weights) {
    const layer = (name) => layerOf(weights, name);
    this.options = options;
    this.normalisation = layer("normalisation");
    this.f_g = new GlimpseNetwork(layer, options);
    this.f_h = new CoreNetwork(layer, options);
    this.f_h2 = options.core_layers === 2 ? new CoreNetwork(layer, options, "f_h2") : null;
    this.f_l = options.location_network.startsWith("cells") ? new CellLocationNetwork(layer, options) : new LocationNetwork(layer);
    this.f_a = layer("f_a");
    this.f_s = layer("f_s");
  }

  /** The state before the first glimpse. */
  start() {
    return { core: this.f_h.start(), upper: this.f_h2?.start(), looks: [] };
  }

  /**
   * One glimpse (figure 1 of the paper): from what is seen, where, and the last state to the mean of the next location,
   * the probability of each action, whether it would rather stop, and the next state.
   */
  step(glimpse, location, state) {
    const light = this.normalised(glimpse);
    const canvas = this.f_g.what.painted?.(state.canvas, glimpse, location);
    const core = this.f_h.forward(this.f_g.forward(canvas ?? light, location), state.core), h = core[0];
    const upper = this.f_h2?.forward(h, state.upper);
    const looks = [location, ...state.looks].slice(0, Math.floor(h.length / 3));
    const shown = this.options.normalise === "scales" ? light : glimpse;
    const mean = this.f_l.forward(upper ? upper[0] : h, shown, location, looks);
    return {
      location: mean.map((l) => clamp(l, -1, 1)),
      probabilities: softmax(linear(this.f_a, h)),
      stop: this.f_s !== undefined && linear(this.f_s, h)[0] > 0,
      state: { core, upper, looks, canvas },
    };
  }

  /** What f_g sees a glimpse through (ram_agents/model/normalisation.py). */
  normalised(glimpse) {
    if (this.options.normalise === "contrast") return contrast(glimpse, this.options.glimpse[0]);
    if (!this.normalisation) return glimpse;
    const { mean, std } = this.normalisation, [scales, , , colours = 1] = this.options.glimpse;
    const perScale = glimpse.length / scales, own = mean.data.length === scales * colours && mean.shape.length > 1;
    return glimpse.map((value, i) => {
      const at = (i % colours) + (own ? Math.floor(i / perScale) * colours : 0);
      return Math.fround(value - mean.data[at]) / std.data[at];
    });
  }
}

/** The tensors "name.x" as {x: ...}; undefined if there are none. */
function layerOf(weights, name) {
  const own = Object.entries(weights).filter(([key]) => key.startsWith(`${name}.`));
  return own.length ? Object.fromEntries(own.map(([key, tensor]) => [key.slice(name.length + 1), tensor])) : undefined;
}

const GREY_LEVEL = Math.fround(1 / 255); // the least std

/** Each patch, of all its colours, less its own mean, over its own standard deviation. */
function contrast(glimpse, numScales) {
  const size = glimpse.length / numScales, seen = new Float32Array(glimpse.length);
  for (let start = 0; start < glimpse.length; start += size) {
    const patch = glimpse.subarray(start, start + size), mean = patch.reduce((sum, light) => sum + light, 0) / size;
    const variance = patch.reduce((sum, light) => sum + (light - mean) ** 2, 0) / size;
    const std = Math.max(Math.fround(Math.sqrt(variance)), GREY_LEVEL);
    patch.forEach((light, i) => (seen[start + i] = Math.fround(light - Math.fround(mean)) / std));
  }
  return seen;
}
