"use strict";
// An episode in a scene: look, believe, look again; and then the answer, or one after the other.

class Episode {
  /** `page`: what `ram page` tells of an agent; `place`: of the first look, in [-1, 1] of the scene. */
  constructor(page, scene, place) {
    const [numScales, patchSize] = page.glimpse;
    this.whole = scene;
    this.time = 0;
    this.perAnswer = page.glimpses_per_answer;
    this.numGlimpses = this.perAnswer * (scene.labels ?? [null]).length;
    this.retina = page.inside ? new Sensor({ patchSize }) : new Retina({ patchSize, numScales, pooling: page.pooling });
    this.saccades = page.inside ? new InsideSaccades(page.inside)
      : page.relative ? new RelativeSaccades(this.retina, scene) : new AbsoluteSaccades();
    this.eye = this.saccades.start(place);
  }

  /** The scene as it is now. */
  get scene() {
    const { frames } = this.whole;
    return frames ? { ...this.whole, pixels: frames[Math.min(this.time, frames.length - 1)] } : this.whole;
  }

  /** What is seen now, and where. */
  observe() {
    const centre = this.saccades.centre(this.eye), { scene } = this;
    return {
      scene,
      glimpse: this.retina.glimpse(scene, centre),
      location: this.saccades.location(this.eye),
      gaze: this.saccades.gaze(this.eye),
      regions: this.retina.regions(scene, centre),
    };
  }

  /** The eye moves, and the scene if it does. */
  move(location) {
    this.eye = this.saccades.move(this.eye, location);
    this.time++;
  }
}

/** What an agent sees and believes, glimpse by glimpse: {scene, glimpse, gaze, regions, probabilities} of each. */
function look(ram, episode) {
  const steps = [];
  let state = ram.start();
  for (let t = 0; t < episode.numGlimpses; t++) {
    const seen = episode.observe(), said = ram.step(seen.glimpse, seen.location, state);
    steps.push({ ...seen, probabilities: said.probabilities });
    if (said.stop) break;
    state = said.state;
    episode.move(said.location);
  }
  return steps;
}

/** What was answered in these steps: the likeliest at every `perAnswer`-th, and where the agent stopped. */
function answersIn(steps, perAnswer) {
  const count = Math.ceil(steps.length / perAnswer);
  return Array.from({ length: count }, (_, i) => argmax(steps[Math.min((i + 1) * perAnswer, steps.length) - 1].probabilities));
}

/** Answers in words, and whether they are right: a tick, or a cross. */
function inWords(answers, labels, names) {
  const words = answers.map((answer) => names[answer]).join(" ");
  return `${words} ${areRight(answers, labels) ? "✓" : "✗"}`;
}

function areRight(answers, labels) {
  return labels.every((label, i) => label === answers[i]);
}
