"use strict";
// What is painted: scenes, the retina's patches, the path of the gaze. The colours are Okabe and Ito's.

const SCALE_COLOURS = ["#e69f00", "#56b4e9", "#009e73", "#cc79a7"];
const NIGHT = "#0c0e13", FOG = "#2c313d", YELLOW = "#f0e442";
const MOST_MARKS = 12;

/** Bytes or numbers in [0, 1], height x width x channels, as a canvas of as many pixels. */
function asCanvas(values, height, width, channels, shade) {
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
  canvas.width = width;
  canvas.height = height;
  const image = context.createImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = shade(values[i * channels + (channels === 3 ? c : 0)]);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function sceneCanvas({ pixels, height, width, channels }) {
  return asCanvas(pixels, height, width, channels, (byte) => byte);
}

/** A patch of a glimpse; a single pixel would vanish in a coarse patch's mean, so those are brightened. */
function patchCanvas(glimpse, scale, size, channels) {
  const cells = size * size * channels, patch = glimpse.subarray(scale * cells, (scale + 1) * cells);
  return asCanvas(patch, size, size, channels, (light) => 255 * light ** (2 / (2 + scale)));
}

class Painter {
  /** Paints scenes of a page's agent on a canvas. */
  constructor(canvas, page) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    [this.scales, this.size, , this.channels = 1] = page.glimpse;
  }

  /** Begin a picture of a scene {height, width}; `behind` is its canvas, or undefined for fog. */
  begin({ height, width }, behind, dim = 0.45) {
    this.zoom = this.canvas.width / width;
    const high = Math.round(height * this.zoom), { context } = this;
    if (this.canvas.height !== high) this.canvas.height = high;
    this.scene = { height, width };
    context.imageSmoothingEnabled = false;
    context.fillStyle = behind ? NIGHT : FOG;
    context.fillRect(0, 0, this.canvas.width, high);
    if (!behind) return;
    context.imageSmoothingEnabled = this.zoom < 1;
    context.globalAlpha = dim;
    context.drawImage(behind, 0, 0, this.canvas.width, high);
    context.globalAlpha = 1;
    context.imageSmoothingEnabled = false;
  }

  /** The patches of glimpses where they lie, fine over coarse. */
  patches(steps) {
    for (let scale = this.scales - 1; scale >= 0; scale--) {
      for (const { glimpse, regions } of steps) {
        const { top, left, size } = regions[scale], z = this.zoom;
        this.clipped(() => this.context.drawImage(
          patchCanvas(glimpse, scale, this.size, this.channels), left * z, top * z, size * z, size * z));
      }
    }
  }

  /** A patch may hang over the edge, where there is nothing to see. */
  clipped(paint) {
    this.context.save();
    this.context.beginPath();
    this.context.rect(0, 0, this.scene.width * this.zoom, this.scene.height * this.zoom);
    this.context.clip();
    paint();
    this.context.restore();
  }

  outlines({ regions }) {
    regions.forEach(({ top, left, size }, scale) => {
      this.context.strokeStyle = SCALE_COLOURS[scale % SCALE_COLOURS.length];
      this.context.lineWidth = 2;
      this.context.strokeRect(left * this.zoom, top * this.zoom, size * this.zoom, size * this.zoom);
    });
  }

  /** The path of the gaze, its latest `most` looks: past ones are numbered, the present one is a ring. */
  path(steps, most = MOST_MARKS) {
    const { context, canvas } = this, points = steps.map(({ gaze }) => this.at(gaze));
    const unit = Math.max(canvas.width / (canvas.clientWidth || canvas.width), 1); // a canvas is shrunk on a phone, marks are not
    Object.assign(context, { strokeStyle: YELLOW, lineWidth: 2.5 * unit, lineJoin: "round", globalAlpha: 0.75 });
    tracePath(context, points.slice(-most));
    context.globalAlpha = 1;
    points.forEach(([x, y], i) => {
      if (i < points.length - most) return;
      if (i === points.length - 1) this.disc(x, y, 10 * unit, null, YELLOW, 3 * unit);
      else {
        this.disc(x, y, 10 * unit, YELLOW, NIGHT, 3 * unit);
        Object.assign(context, { fillStyle: NIGHT, textAlign: "center", textBaseline: "middle" });
        context.font = `bold ${13 * unit}px system-ui, sans-serif`;
        context.fillText(i + 1, x, y + unit);
      }
    });
  }

  disc(x, y, radius, fill, stroke, lineWidth) {
    this.context.beginPath();
    this.context.arc(x, y, radius, 0, 2 * Math.PI);
    if (fill) Object.assign(this.context, { fillStyle: fill }).fill();
    Object.assign(this.context, { strokeStyle: stroke, lineWidth }).stroke();
  }

  /** In pixels of the canvas, of a place in [-1, 1]. */
  at([x, y]) {
    return [((x + 1) / 2) * this.canvas.width, ((y + 1) / 2) * this.canvas.height];
  }

  /** The place in [-1, 1] that a pointer's event is at. */
  placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(2 * (event.clientX - box.left)) / box.width - 1, (2 * (event.clientY - box.top)) / box.height - 1]
      .map((p) => clamp(p, -1, 1));
  }
}

/** The patches enlarged, beside each other, in an element. */
function showPatches(element, page, { glimpse }) {
  const [scales, size, , channels = 1] = page.glimpse;
  element.replaceChildren(...Array.from({ length: scales }, (_, scale) => {
    const figure = make("figure"), canvas = patchCanvas(glimpse, scale, size, channels);
    canvas.style.borderColor = SCALE_COLOURS[scale % SCALE_COLOURS.length];
    figure.append(canvas, make("figcaption", `${size * 2 ** scale} px`));
    return figure;
  }));
}

/** A bar for each action's probability, the likeliest one in yellow. */
function showBelief(element, names, probabilities) {
  const best = argmax(probabilities), longest = Math.max(...names.map((name) => name.length));
  element.style.setProperty("--name", `${clamp(0.6 * longest, 3, 9)}rem`);
  element.replaceChildren(...names.map((name, i) => {
    const row = make("div", "", "bar"), bar = make("i");
    bar.style.width = `${100 * probabilities[i]}%`;
    row.classList.toggle("best", i === best);
    const track = make("span");
    track.append(bar);
    row.append(make("b", name), track, make("small", percent(probabilities[i])));
    return row;
  }));
}

function percent(share) {
  return `${(100 * share).toFixed(share > 0.0005 && share < 0.1 ? 1 : 0)}%`;
}

function make(tag, text = "", className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}
