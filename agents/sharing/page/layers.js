"use strict";
// Layers over arrays of float32. Sums are taken in double precision, then rounded once.

/** weight x + bias; a layer is {weight, bias} of tensors {data, shape}, and the bias may be missing. */
function linear({ weight, bias }, inputs) {
  const [rows, columns] = weight.shape, w = weight.data, x = Float32Array.from(inputs);
  if (x.length !== columns) throw new Error(`a layer of ${columns} inputs was given ${x.length}`);
  const y = new Float32Array(rows), even = columns - (columns % 4);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let [a, b, c, d] = [bias ? bias.data[row] : 0, 0, 0, 0]; // four sums: none waits for the one before
    for (let i = 0; i < even; i += 4) {
      a += w[start + i] * x[i];
      b += w[start + i + 1] * x[i + 1];
      c += w[start + i + 2] * x[i + 2];
      d += w[start + i + 3] * x[i + 3];
    }
    for (let i = even; i < columns; i++) a += w[start + i] * x[i];
    y[row] = a + b + c + d;
  }
  return y;
}

/** A convolution of 3 x 3 with a border of zeros; x is channels x size x size. */
function convolution({ weight, bias }, x, size, stride) {
  const [filters, channels] = weight.shape, w = weight.data, out = Math.ceil(size / stride);
  const y = new Float32Array(filters * out * out);
  for (let filter = 0; filter < filters; filter++) {
    for (let cell = 0; cell < out * out; cell++) {
      const top = Math.floor(cell / out) * stride - 1, left = (cell % out) * stride - 1;
      let sum = bias.data[filter];
      for (let channel = 0; channel < channels; channel++) {
        for (let tap = 0; tap < 9; tap++) {
          const row = top + Math.floor(tap / 3), column = left + (tap % 3);
          if (row < 0 || column < 0 || row >= size || column >= size) continue;
          sum += w[(filter * channels + channel) * 9 + tap] * x[(channel * size + row) * size + column];
        }
      }
      y[filter * out * out + cell] = sum;
    }
  }
  return y;
}

function relu(x) {
  return x.map((value) => Math.max(value, 0));
}

function sigmoid(value) {
  return 1 / (1 + Math.exp(-value));
}

function softmax(logits) {
  const most = Math.max(...logits), weights = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

function argmax(values) {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
}

function join(...parts) {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((start, part) => (whole.set(part, start), start + part.length), 0);
  return whole;
}
