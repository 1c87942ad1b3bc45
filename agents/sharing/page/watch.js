"use strict";
// Watch an agent look at a test scene, or at a digit of one's own, glimpse by glimpse.

const PACE = 700; // milliseconds a glimpse

class Watch {
  constructor(page, ram, root) {
    Object.assign(this, { page, ram, root, number: 0 });
    this.find = (name) => root.querySelector(`[data-${name}]`);
    this.painter = new Painter(this.find("scene"), page);
    this.first = page.initial_location === "center" ? [0, 0] : [randomPlace(), randomPlace()];
    this.listen();
    if (page.drawing) new Pad(this.find("pad"), (strokes) => this.draw(strokes));
    else this.find("own").hidden = true;
    this.choose(0);
  }

  listen() {
    const canvas = this.painter.canvas;
    this.find("previous").onclick = () => this.choose(this.number - 1);
    this.find("next").onclick = () => this.choose(this.number + 1);
    this.find("play").onclick = () => (this.timer ? this.pause() : this.play());
    this.find("time").oninput = (event) => (this.pause(), this.show(Number(event.target.value)));
    this.find("elsewhere").onclick = () => this.strokes && this.draw(this.strokes);
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.dragged(event);
      canvas.onpointermove = (moved) => this.dragged(moved);
    };
    canvas.onpointerup = canvas.onpointercancel = () => {
      canvas.onpointermove = null;
      this.lookAnew();
      this.play(0);
    };
  }

  /** The first look goes where the pointer is. */
  dragged(event) {
    this.first = this.painter.placeOf(event);
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.lookAnew());
  }

  lookAnew() {
    cancelAnimationFrame(this.frame);
    this.pause();
    this.look();
    this.show(0);
  }

  choose(number) {
    const { scenes } = this.page;
    this.number = (number + scenes.length) % scenes.length;
    const scene = scenes[this.number];
    this.open(unpackScene(scene), `test scene ${scene.index}`);
  }

  draw(strokes) {
    const { drawing, scenes } = this.page, [height, width] = scenes[0].shape;
    this.strokes = strokes;
    const examples = scenes.slice(0, 8).map((scene) => ({ ...unpackScene(scene), target: scene.target }));
    this.open(composeScene(digitOf(strokes, drawing.digit_size), { height, width }, drawing, examples), "your digit");
  }

  open(scene, title) {
    this.scene = scene;
    this.find("title").textContent = title;
    this.look();
    this.play(0);
  }

  look() {
    this.steps = look(this.ram, new Episode(this.page, this.scene, this.first));
    this.find("time").max = this.steps.length - 1;
  }

  play(from = this.t === this.steps.length - 1 ? 0 : this.t) {
    this.pause();
    this.show(from);
    this.timer = setInterval(() => {
      if (this.t < this.steps.length - 1) this.show(this.t + 1);
      else this.pause();
    }, PACE);
    this.find("play").textContent = "pause";
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.find("play").textContent = "play";
  }

  /** Show the moment of glimpse t. */
  show(t) {
    this.t = t;
    const { painter, steps, page } = this, now = steps[t];
    if (this.shown !== now.scene.pixels) [this.shown, this.behind] = [now.scene.pixels, sceneCanvas(now.scene)];
    painter.begin(now.scene, this.behind);
    painter.patches([now]);
    painter.outlines(now);
    painter.path(steps.slice(0, t + 1));
    showPatches(this.find("patches"), page, now);
    showBelief(this.find("belief"), page.action_names, now.probabilities);
    this.find("time").value = t;
    this.find("count").textContent = `glimpse ${t + 1} of ${steps.length}`;
    this.verdict(t + 1, t === steps.length - 1);
  }

  /** What it says after so many glimpses: all answers so far, and what it leans to. */
  verdict(count, ended) {
    const { action_names: names, glimpses_per_answer: perAnswer } = this.page, element = this.find("verdict");
    const answers = answersIn(this.steps.slice(0, count), perAnswer), said = answers.map((answer) => names[answer]);
    const leans = !ended && count % perAnswer ? said.pop() : undefined, labels = this.scene.labels;
    const parts = [said.length ? `It says ${said.join(" ")}` : "", leans ? `${said.length ? "it" : "It"} leans to ${leans}` : ""];
    const judged = ended && labels && !labels.includes(null), right = judged && areRight(answers, labels);
    const truth = !judged ? "" : right ? " ✓" : ` ✗ it is ${labels.map((label) => names[label]).join(" ")}`;
    element.textContent = parts.filter(Boolean).join(", ") + truth;
    element.className = judged ? (right ? "right" : "wrong") : "";
  }
}

function randomPlace() {
  return 2 * Math.random() - 1;
}

/** A square to draw in; tells of the strokes so far when the pen is lifted. */
class Pad {
  constructor(element, done) {
    const canvas = element.querySelector("canvas"), context = canvas.getContext("2d");
    let strokes = [];
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * canvas.width, ((event.clientY - box.top) / box.height) * canvas.height];
    };
    Object.assign(context, { strokeStyle: "#fff", lineCap: "round", lineJoin: "round", lineWidth: canvas.width / 12 });
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      strokes.push([at(event)]);
      tracePath(context, strokes.at(-1));
      canvas.onpointermove = (moved) => {
        strokes.at(-1).push(at(moved));
        tracePath(context, strokes.at(-1).slice(-2));
      };
    };
    canvas.onpointerup = canvas.onpointercancel = () => {
      canvas.onpointermove = null;
      if (strokes.length) done(strokes);
    };
    element.querySelector("button").onclick = () => {
      strokes = [];
      context.clearRect(0, 0, canvas.width, canvas.height);
    };
  }
}
