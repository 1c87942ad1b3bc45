"use strict";
// Catch against the agent: the same ball, each with a paddle of its own.

const BEAT = 170; // milliseconds a step
const REST = 8; // steps between two balls

class Match {
  constructor(page, ram, root) {
    Object.assign(this, { page, ram, root, score: { you: 0, agent: 0, rounds: 0 }, held: null });
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.yours = new Painter(this.find("yours"), page);
    this.theirs = new Painter(this.find("theirs"), page);
    this.listen();
    this.begin();
    this.find("start").onclick = () => (this.timer ? this.pause() : this.play());
  }

  listen() {
    const keys = { ArrowLeft: 0, ArrowRight: 2, a: 0, d: 2 }, canvas = this.yours.canvas;
    addEventListener("keydown", (event) => {
      if (this.root.hidden || !(event.key in keys)) return;
      this.target = null;
      this.held = keys[event.key];
      if (!this.timer) this.play();
      event.preventDefault();
    });
    addEventListener("keyup", (event) => {
      if (keys[event.key] === this.held) this.held = null;
    });
    const follow = (event) => (this.target = ((this.yours.placeOf(event)[0] + 1) / 2) * this.page.game.width);
    canvas.onpointerdown = (event) => (canvas.setPointerCapture(event.pointerId), follow(event), this.timer || this.play());
    canvas.onpointermove = (event) => (event.buttons || event.pointerType === "mouse") && follow(event);
  }

  begin() {
    const draws = [Math.random(), Math.random(), Math.random()], { game: rules, initial_location: from } = this.page;
    this.mine = new CatchGame(rules, draws);
    const place = from === "center" ? [0, 0] : [randomPlace(), randomPlace()];
    this.player = new CatchPlayer(this.page, this.ram, new CatchGame(rules, draws), place);
    this.rest = 0;
    this.player.look();
    this.show();
  }

  play() {
    this.timer = setInterval(() => this.step(), BEAT);
    this.find("start").textContent = "pause";
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.find("start").textContent = "play";
  }

  step() {
    if (this.root.hidden) return this.pause();
    if (this.mine.over) return ++this.rest > REST ? this.begin() : undefined;
    this.mine.step(this.wish());
    this.player.act();
    if (this.mine.over) this.count();
    else this.player.look();
    this.show();
  }

  /** What the person does now: as the keys say, or towards the pointer. */
  wish() {
    if (this.held !== null) return this.held;
    if (this.target === null || this.target === undefined) return 1;
    const middle = this.mine.paddle + this.mine.rules.paddle_width / 2;
    return 1 + Math.sign(Math.trunc(this.target - middle));
  }

  count() {
    this.score.rounds++;
    this.score.you += this.mine.caught;
    this.score.agent += this.player.game.caught;
    const { you, agent, rounds } = this.score;
    this.find("score").textContent = `You ${you}, RAM ${agent} of ${rounds}`;
  }

  show() {
    const path = this.player.path, now = path.at(-1), theirs = this.player.game;
    this.yours.begin(this.mine.scene, sceneCanvas(this.mine.scene), 1);
    this.theirs.begin(theirs.scene, sceneCanvas(theirs.scene), theirs.over ? 1 : 0.45);
    if (!theirs.over) this.theirs.patches([now]);
    this.theirs.outlines(now);
    this.theirs.path(path, 2); // more would hide the ball
    showPatches(this.find("patches"), this.page, now);
    showBelief(this.find("belief"), this.page.action_names, now.probabilities);
    this.find("mine").textContent = this.mine.over ? (this.mine.caught ? "You: caught ✓" : "You: missed ✗") : "You";
    this.find("its").textContent = theirs.over ? (theirs.caught ? "RAM: caught ✓" : "RAM: missed ✗") : "RAM";
  }
}
