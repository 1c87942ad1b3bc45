"use strict";
// An episode in a still scene: look, believe, look again; and then the answer.

class Episode {
  /** `page`: what `ram page` tells of an agent; `place`: of the first look, in [-1, 1] of the scene. */
  constructor(page, scene, place) {
    this.scene = scene;
    this.numGlimpses = page.num_glimpses;
    this.retina = new Retina({ patchSize: page.glimpse[1], numScales: page.glimpse[0], pooling: page.pooling });
    this.saccades = page.relative ? new RelativeSaccades(this.retina, scene) : new AbsoluteSaccades();
    this.eye = this.saccades.start(place);
  }

  /** What is seen now, and where. */
  observe() {
    const centre = this.saccades.centre(this.eye);
    return {
      glimpse: this.retina.glimpse(this.scene, centre),
      location: this.saccades.location(this.eye),
      gaze: this.saccades.gaze(this.eye),
      regions: this.retina.regions(this.scene, centre),
    };
  }

  move(location) {
    this.eye = this.saccades.move(this.eye, location);
  }
}

/** What an agent sees and believes, glimpse by glimpse: {glimpse, gaze, regions, probabilities} of each. */
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
