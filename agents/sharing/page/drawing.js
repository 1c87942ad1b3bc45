"use strict";
// A digit that someone draws, brought to the form of MNIST's and put into a scene.

const MARGIN = 4 / 28, PEN = 2.4 / 28; // of the digit's size, as MNIST has them
const FINER = 4; // strokes are painted so many times too large, then averaged

/** Strokes, each a list of [x, y], as a digit of size x size bytes: its box fitted, its mass in the middle. */
function digitOf(strokes, size) {
  const points = strokes.flat(), [left, right, top, bottom] = extent(points);
  const room = size * (1 - 2 * MARGIN - PEN), scale = room / Math.max(right - left, bottom - top, 1e-6);
  const fitted = (dx, dy) => paintStrokes(strokes.map((stroke) => stroke.map(([x, y]) =>
    [(x - (left + right) / 2) * scale + size / 2 + dx, (y - (top + bottom) / 2) * scale + size / 2 + dy])), size);
  const [x, y] = middleOfMass(fitted(0, 0), size);
  return fitted(size / 2 - x, size / 2 - y);
}

function extent(points) {
  const xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
  return [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
}

function paintStrokes(strokes, size) {
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d", { willReadFrequently: true });
  canvas.width = canvas.height = size * FINER;
  Object.assign(context, { strokeStyle: "#fff", lineCap: "round", lineJoin: "round", lineWidth: PEN * size * FINER });
  for (const stroke of strokes) tracePath(context, stroke.map((point) => point.map((p) => p * FINER)));
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const digit = new Uint8Array(size * size);
  for (let i = 0; i < digit.length; i++) {
    let sum = 0;
    for (let part = 0; part < FINER * FINER; part++) {
      const row = Math.floor(i / size) * FINER + Math.floor(part / FINER), column = (i % size) * FINER + (part % FINER);
      sum += data[4 * (row * canvas.width + column) + 3];
    }
    digit[i] = sum / (FINER * FINER);
  }
  return digit;
}

function tracePath(context, points) {
  context.beginPath();
  context.moveTo(...points[0]);
  for (const point of points) context.lineTo(...point);
  context.stroke();
}

function middleOfMass(digit, size) {
  let mass = 1e-9, x = 0, y = 0;
  digit.forEach((light, i) => {
    mass += light;
    x += light * ((i % size) + 0.5);
    y += light * (Math.floor(i / size) + 0.5);
  });
  return [x / mass, y / mass];
}

/**
 * A scene with the digit at a random place, among cuts of the agent's test scenes around their digits.
 * `rules`: digit_size, num_distractors, distractor_size; `examples`: scenes that have a target.
 */
function composeScene(digit, { height, width }, rules, examples, random = Math.random) {
  const scene = { pixels: new Uint8Array(height * width), height, width, channels: 1 };
  const below = (limit) => Math.floor(random() * limit), size = rules.digit_size, cut = rules.distractor_size;
  const image = { pixels: digit, height: size, width: size };
  addPart(scene, below(height - size + 1), below(width - size + 1), image, 0, 0, size);
  for (let n = 0; n < rules.num_distractors; n++) {
    const from = examples[below(examples.length)], [top, left, high, wide] = from.target;
    const row = Math.floor(top + high / 2 - size / 2) + below(size - cut + 1);
    const column = Math.floor(left + wide / 2 - size / 2) + below(size - cut + 1);
    addPart(scene, below(height - cut + 1), below(width - cut + 1), from, row, column, cut);
  }
  return scene;
}

/** Add a square of another image to a scene, at most to 255. */
function addPart(scene, top, left, image, row, column, size) {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const y = row + i, x = column + j;
      if (y < 0 || x < 0 || y >= image.height || x >= image.width) continue;
      const at = (top + i) * scene.width + left + j;
      scene.pixels[at] = Math.min(scene.pixels[at] + image.pixels[y * image.width + x], 255);
    }
  }
}
