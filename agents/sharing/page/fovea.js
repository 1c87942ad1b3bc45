"use strict";
// Be the fovea: a person looks through the agent's retina, as often as it may, then names what is there.

class Fovea {
  constructor(page, ram, root) {
    Object.assign(this, { page, ram, root, score: { you: 0, agent: 0, rounds: 0 } });
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.painter = new Painter(this.find("scene"), page);
    this.painter.canvas.onpointerdown = (event) => this.lookAt(this.painter.placeOf(event));
    this.find("again").onclick = () => this.begin();
    this.find("answers").replaceChildren(...page.action_names.map((name, answer) => {
      const button = make("button", name);
      button.onclick = () => this.answer(answer);
      return button;
    }));
    this.begin();
  }

  begin() {
    const { page } = this, packed = page.scenes[Math.floor(Math.random() * page.scenes.length)];
    this.scene = unpackScene(packed);
    this.label = packed.label;
    this.first = page.initial_location === "center" ? [0, 0] : [randomPlace(), randomPlace()];
    this.episode = new Episode(page, this.scene, this.first);
    this.steps = [this.episode.observe()];
    this.over = false;
    this.show();
  }

  /** Look there, or as near as one step leads, if a glimpse is left. */
  lookAt(place) {
    if (this.over || this.steps.length === this.page.num_glimpses) return;
    this.episode.move(this.episode.saccades.lookAt(this.episode.eye, place));
    this.steps.push(this.episode.observe());
    this.show();
  }

  answer(answer) {
    if (this.over) return;
    const theirs = argmax(look(this.ram, new Episode(this.page, this.scene, this.first)).at(-1).probabilities);
    const names = this.page.action_names, told = (said) => `${names[said]} ${said === this.label ? "✓" : "✗"}`;
    this.over = true;
    this.score.rounds++;
    this.score.you += answer === this.label;
    this.score.agent += theirs === this.label;
    this.show();
    this.find("verdict").textContent = `It is ${names[this.label]}. You: ${told(answer)}. RAM: ${told(theirs)}.`;
    const { you, agent, rounds } = this.score;
    this.find("score").textContent = `You ${you}, RAM ${agent} of ${rounds}`;
  }

  show() {
    const { painter, steps } = this, left = this.page.num_glimpses - steps.length;
    painter.begin(this.scene, this.over ? sceneCanvas(this.scene) : undefined, 0.7);
    if (!this.over) painter.patches(steps);
    painter.outlines(steps.at(-1));
    painter.path(steps);
    this.find("verdict").textContent = left ? `Click where to look next: ${left} left. Answer when you know.` : "What is it?";
  }
}
