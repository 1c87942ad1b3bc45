"use strict";
// The paper's networks (section 3.1), with the weights' names of ram_agents/model/networks.py.
//
// `layer(name)` gives the {weight, bias} of a name, and undefined if there is none.

/** f_g: h_g = ReLU(Linear(rho)), h_l = ReLU(Linear(l)), g_t = ReLU(Linear(h_g) + Linear(h_l)). */
class GlimpseNetwork {
  constructor(layer, options) {
    this.what = new { mlp: Matrix, conv: Convolutions, canvas: Canvas }[options.glimpse_network](layer, options);
    this.where = layer("f_g.where");
    this.both = layer("f_g.both");
  }

  /** From a glimpse, or the picture that a `Canvas` reads, and the eye's place to g_t. */
  forward(glimpse, location) {
    const seen = relu(this.what.forward(glimpse)), placed = relu(linear(this.where, location));
    return relu(linear(this.both, join(seen, placed)));
  }
}

/** The paper's Linear(rho). */
class Matrix {
  constructor(layer) {
    this.layer = layer("f_g.what");
  }

  forward(glimpse) {
    return linear(this.layer, glimpse);
  }
}

/** Two convolutions with the scales, of each colour, as channels, and a matrix. */
class Convolutions {
  constructor(layer, { glimpse: [scales, size, , colours = 1], normalise }) {
    Object.assign(this, { scales, size, colours, alike: normalise === "scales" });
    this.layers = ["first", "second", "last"].map((name) => layer(`f_g.what.${name}`));
  }

  forward(glimpse) {
    const { size, colours } = this, cells = size * size, [first, second, last] = this.layers;
    const scaled = new Float32Array(glimpse.length);
    for (let i = 0; i < glimpse.length; i++) {
      const scale = Math.floor(i / (cells * colours)), cell = Math.floor(i / colours) % cells;
      scaled[(scale * colours + (i % colours)) * cells + cell] = glimpse[i] * (this.alike ? 1 : 2 ** scale);
    }
    return linear(last, relu(convolution(second, relu(convolution(first, scaled, size, 1)), size, 2)));
  }
}

/** f_h: the state is a list of arrays, of which the first is h_t. */
class CoreNetwork {
  constructor(layer, { core }, name = "f_h") {
    const [glimpse, hidden, cell] = ["glimpse", "hidden", "cell"].map((part) => layer(`${name}.${part}`));
    Object.assign(this, { core, glimpse, hidden, cell });
    const first = core === "rnn" ? this.hidden.weight : this.cell.weight_hh;
    this.size = first.shape[1];
  }

  start() {
    return Array.from({ length: this.core === "lstm" ? 2 : 1 }, () => new Float32Array(this.size));
  }

  forward(g, state) {
    if (this.core === "rnn") {
      const seen = linear(this.glimpse, g), kept = linear(this.hidden, state[0]);
      return [relu(seen.map((value, i) => value + kept[i]))];
    }
    const { weight_ih, bias_ih, weight_hh, bias_hh } = this.cell;
    const seen = linear({ weight: weight_ih, bias: bias_ih }, g);
    const kept = linear({ weight: weight_hh, bias: bias_hh }, state[0]);
    return this.core === "lstm" ? this.lstm(seen, kept, state[1]) : this.gru(seen, kept, state[0]);
  }

  /** Gates: input, forget, cell, output. */
  lstm(seen, kept, cell) {
    const n = this.size, gate = (k, i) => seen[k * n + i] + kept[k * n + i];
    const next = cell.map((c, i) => sigmoid(gate(1, i)) * c + sigmoid(gate(0, i)) * Math.tanh(gate(2, i)));
    return [next.map((c, i) => sigmoid(gate(3, i)) * Math.tanh(c)), next];
  }

  /** Gates: reset, update, new. */
  gru(seen, kept, h) {
    const n = this.size, gate = (k, i) => sigmoid(seen[k * n + i] + kept[k * n + i]);
    return [h.map((before, i) => {
      const fresh = Math.tanh(seen[2 * n + i] + gate(0, i) * kept[2 * n + i]);
      return fresh + gate(1, i) * (before - fresh);
    })];
  }
}

/** f_l: the mean of the next location's Gaussian, tanh(Linear(h_t)), perhaps with a hidden layer before. */
class LocationNetwork {
  constructor(layer) {
    this.hidden = layer("f_l.hidden");
    this.mean = layer("f_l.mean");
  }

  forward(h) {
    return Array.from(linear(this.mean, this.hidden ? relu(linear(this.hidden, h)) : h), tanh32);
  }
}

function tanh32(value) {
  return Math.fround(Math.tanh(value));
}
