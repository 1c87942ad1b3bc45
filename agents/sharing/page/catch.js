"use strict";
// The rules of Catch (the paper's section 4.2; ram_envs/tasks/catch.py).

class CatchGame {
  /** `rules`: height, width, paddle_width, ball_speed, max_angle. `draws`: of ball, angle and paddle, in [0, 1). */
  constructor(rules, draws) {
    const angle = (rules.max_angle * Math.PI) / 180;
    this.rules = rules;
    this.start = draws[0] * rules.width;
    this.drift = Math.tan((2 * draws[1] - 1) * angle) * rules.ball_speed;
    this.paddle = Math.floor(draws[2] * (rules.width - rules.paddle_width + 1));
    this.numSteps = Math.ceil((rules.height - 1) / rules.ball_speed);
    this.steps = 0;
  }

  /** The ball's column and row. A path that bounces between walls is a straight one folded at them. */
  get ball() {
    const { width, height, ball_speed } = this.rules, path = this.start + this.drift * this.steps, turn = 2 * width;
    const folded = width - Math.abs((((path % turn) + turn) % turn) - width);
    return [Math.floor(Math.min(folded, width - 1)), Math.min(this.steps * ball_speed, height - 1)];
  }

  get over() {
    return this.steps === this.numSteps;
  }

  get caught() {
    const distance = this.ball[0] - this.paddle;
    return this.over && distance >= 0 && distance < this.rules.paddle_width;
  }

  /** Actions: 0 left, 1 stay, 2 right. */
  step(action) {
    this.paddle = clamp(this.paddle + action - 1, 0, this.rules.width - this.rules.paddle_width);
    this.steps++;
  }

  /** The screen as a scene of bytes. */
  get scene() {
    const { height, width, paddle_width } = this.rules, pixels = new Uint8Array(height * width);
    const [column, row] = this.ball;
    pixels[row * width + column] = 255;
    pixels.fill(255, (height - 1) * width + this.paddle, (height - 1) * width + this.paddle + paddle_width);
    return { pixels, height, width, channels: 1 };
  }
}

/** An agent at a game: it looks, moves the paddle by one pixel, and looks elsewhere. */
class CatchPlayer {
  constructor(page, ram, game, place) {
    this.ram = ram;
    this.game = game;
    this.episode = new Episode(page, game.scene, place);
    this.state = ram.start();
    this.path = [];
  }

  /** What is seen now, kept in `path`, and what it says; the game has not moved yet. */
  look() {
    this.episode.whole = this.game.scene;
    const seen = this.episode.observe(), said = this.ram.step(seen.glimpse, seen.location, this.state);
    this.said = said;
    this.state = said.state;
    this.path.push({ ...seen, probabilities: said.probabilities });
  }

  act() {
    this.game.step(argmax(this.said.probabilities));
    this.episode.move(this.said.location);
  }
}
