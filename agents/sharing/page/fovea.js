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
    this.labels = packed.labels;
    this.said = [];
    this.left = page.glimpses_per_answer - 1;
    this.first = page.initial_location === "center" ? [0, 0] : [randomPlace(), randomPlace()];
    this.episode = new Episode(page, this.scene, this.first);
    this.steps = [this.episode.observe()];
    this.over = false;
    this.show();
  }

  /** Look there, or as near as one step leads, if a glimpse is left before the answer. */
  lookAt(place) {
    if (this.over || !this.left) return;
    this.left--;
    this.episode.move(this.episode.saccades.lookAt(this.episode.eye, place));
    this.steps.push(this.episode.observe());
    this.show();
  }

  /** Name it; of several answers the next is asked for, which has looks of its own. */
  answer(answer) {
    if (this.over) return;
    this.said.push(answer);
    this.left = this.page.glimpses_per_answer - 1;
    if (this.said.length === this.labels.length) return this.end();
    this.show();
  }

  end() {
    const { page, labels, said } = this, names = page.action_names;
    const theirs = answersIn(look(this.ram, new Episode(page, this.scene, this.first)), page.glimpses_per_answer);
    this.over = true;
    this.score.rounds++;
    this.score.you += areRight(said, labels);
    this.score.agent += areRight(theirs, labels);
    this.show();
    const truth = labels.map((label) => names[label]).join(" "), told = (answers) => inWords(answers, labels, names);
    this.find("verdict").textContent = `It is ${truth}. You: ${told(said)}. RAM: ${told(theirs)}.`;
    const { you, agent, rounds } = this.score;
    this.find("score").textContent = `You ${you}, RAM ${agent} of ${rounds}`;
  }

  show() {
    const { painter, steps, left, said, labels } = this, { scene } = steps.at(-1);
    painter.begin(scene, this.over ? sceneCanvas(scene) : undefined, 0.7);
    if (!this.over) painter.patches(this.scene.frames ? steps.slice(-1) : steps); // what has moved on is seen no more
    painter.outlines(steps.at(-1));
    painter.path(steps);
    const asked = labels.length > 1 ? `Answer ${said.length + 1} of ${labels.length}, from left to right. ` : "";
    this.find("verdict").textContent =
      asked + (left ? `Click where to look next: ${left} left. Answer when you know.` : "What is it?");
  }
}
