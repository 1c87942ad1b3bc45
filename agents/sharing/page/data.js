"use strict";
// What `ram page` writes of an agent and its scenes (ram_agents/sharing/page_data.py), unpacked.

const pages = []; // one for each agent; their files push them

/** Tensors {data, shape} of float32 by name. */
function unpackWeights(packed) {
  return Object.fromEntries(Object.entries(packed).map(([name, { shape, type, data, scale }]) => {
    const { buffer } = fromBase64(data);
    const numbers = type === "int8" ? inSteps(new Int8Array(buffer), new Float32Array(fromBase64(scale).buffer))
      : type === "float16" ? Float32Array.from(new Uint16Array(buffer), fromHalf)
      : new Float32Array(buffer);
    return [name, { shape, data: numbers }];
  }));
}

/** What steps are worth: each of as many rows as there are scales has steps of a size of its own. */
function inSteps(steps, scales) {
  const each = steps.length / scales.length;
  return Float32Array.from(steps, (step, i) => step * scales[Math.floor(i / each)]);
}

/**
 * A scene {pixels, height, width, channels, labels}. One that moves has `frames`, its pixels at each glimpse; one that a
 * sensor sees between the pixels has `light`, numbers in [0, 1] of which the pixels are rounded.
 */
function unpackScene({ shape: [height, width, channels = 1], data, light, labels }) {
  const scene = { height, width, channels, labels };
  if (light) {
    const exact = new Float32Array(fromBase64(light).buffer);
    return { ...scene, light: exact, pixels: Uint8Array.from(exact, (value) => toEven(Math.fround(255 * value))) };
  }
  const frames = data.map((packed) => unpackZeros(fromBase64(packed), height * width * channels));
  return frames.length > 1 ? { ...scene, frames, pixels: frames[0] } : { ...scene, pixels: frames[0] };
}

/** Bytes of which a 0 is followed by how many more zeros there are, at most 255. */
function unpackZeros(packed, length) {
  const bytes = new Uint8Array(length);
  for (let from = 0, to = 0; from < packed.length; from++, to++) {
    if (packed[from]) bytes[to] = packed[from];
    else to += packed[++from];
  }
  return bytes;
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** The number of a float16's 16 bits. */
function fromHalf(bits) {
  const exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
  return bits & 0x8000 ? -size : size;
}
