"""The page in a real browser, from a file, without a server: headless Chromium uses it as a person does."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ram_agents
from processes import run
from ram_agents import Reinforce, cli
from ram_agents.evaluation.predictions import predict_scenes
from ram_agents.rendering.episodes import environment
from ram_agents.sharing.page_data import page_data
from ram_agents.sharing.pages import write_page

FAILURES = "<script>const failures = []; addEventListener('error', (event) => failures.push(event.message));</script>"
TELL = """
<script>
(async () => { %s })().catch((error) => ({ failure: String(error) })).then((result) => {
  const told = document.createElement("pre");
  told.id = "told";
  told.textContent = JSON.stringify({ result, failures });
  document.body.append(told);
});
</script>
"""


def browse(folder: Path, code: str, *options: str) -> Any:
    """What some code returns that runs in the opened page in `folder`; a skip without a browser.

    Args:
        folder: of the page.
        code: JavaScript.
        options: of the browser.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("neither chromium nor google-chrome is installed")
    page = (folder / "index.html").read_text().replace("<head>", f"<head>{FAILURES}")
    (folder / "test.html").write_text(page.replace("</body>", TELL % code + "</body>"))
    words = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'browser'}", *options)
    done = run(browser, *words, "--virtual-time-budget=20000", "--dump-dom", (folder / "test.html").as_uri())
    (told,) = re.findall(r'<pre id="told">(.*?)</pre>', done.stdout, flags=re.DOTALL)
    answer = json.loads(html.unescape(told))
    assert not answer["failures"], answer
    return answer["result"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a small retina's digits and of Catch, by the command."""
    folder = tmp_path_factory.mktemp("page")
    cli.main(["page", "mnist28_3", "catch", "--scenes", "5", "--half", "--out", str(folder)])
    return folder


USE = """
const tabs = [...document.querySelectorAll("nav button")], text = (view, name) => view.find(name).textContent;
const [watch, fovea, match] = tabs.map((tab, i) => (tab.click(), document.querySelector("main").children[i].view));
const point = (canvas, kind, x, y) => {
  const box = canvas.getBoundingClientRect(), mouse = { pointerId: 1, pointerType: "mouse", buttons: 1 };
  const at = { clientX: box.left + x * box.width, clientY: box.top + y * box.height };
  canvas.dispatchEvent(new PointerEvent(kind, { ...mouse, ...at, bubbles: true }));
};
const drag = (canvas, points) => {
  points.forEach(([x, y], i) => point(canvas, i ? "pointermove" : "pointerdown", x, y));
  point(canvas, "pointerup", ...points.at(-1));
};
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const told = { tabs: tabs.map((tab) => tab.textContent) };

tabs[0].click();
told.watched = [0, 1, 2].map((number) => {
  watch.choose(number);
  watch.show(watch.steps.length - 1);
  return { says: text(watch, "verdict"), title: text(watch, "title"), count: text(watch, "count"),
    patches: watch.find("patches").children.length, bars: watch.find("belief").children.length };
});
watch.choose(0);
await wait(5000);
told.played = [watch.t, watch.timer, text(watch, "play")];
drag(watch.painter.canvas, [[0.5, 0.5], [0.75, 0.25]]);
await wait(100);
told.dragged = watch.steps[0].gaze;

const pad = watch.find("pad").querySelector("canvas"), round = Array.from({ length: 33 }, (_, i) => i * Math.PI / 16);
watch.first = [0, 0];
drag(pad, [[0.55, 0.2], [0.5, 0.5], [0.45, 0.8]]);
watch.show(watch.steps.length - 1);
told.drawn = [text(watch, "verdict"), text(watch, "title")];
watch.find("pad").querySelector("button").click();
drag(pad, round.map((angle) => [0.5 + 0.25 * Math.sin(angle), 0.5 - 0.35 * Math.cos(angle)]));
watch.show(watch.steps.length - 1);
told.drawn.push(text(watch, "verdict"));

tabs[1].click();
told.asked = text(fovea, "verdict");
point(fovea.painter.canvas, "pointerdown", 0.25, 0.75);
told.looked = [fovea.steps.at(-1).gaze, text(fovea, "verdict")];
for (let i = 0; i < 4; i++) point(fovea.painter.canvas, "pointerdown", 0.5, 0.5);
told.looks = fovea.steps.length;
fovea.find("answers").children[fovea.labels[0]].click();
told.answered = [text(fovea, "verdict"), text(fovea, "score"), fovea.labels[0]];

tabs[2].click();
const before = match.mine.paddle, key = before > 11 ? "ArrowLeft" : "ArrowRight";
dispatchEvent(new KeyboardEvent("keydown", { key }));
await wait(500);
told.moved = [match.mine.paddle - before, before > 11 ? -1 : 1];
dispatchEvent(new KeyboardEvent("keyup", { key }));
point(match.yours.canvas, "pointermove", before > 11 ? 0.99 : 0.01, 0.5);
await wait(4000);
told.match = [text(match, "score"), text(match, "its"), match.mine.steps, match.mine.paddle, before > 11 ? 22 : 0];
told.wide = [document.documentElement.scrollWidth, innerWidth];
return told;
"""


def test_a_person_can_use_all_of_it(folder: Path) -> None:
    told = browse(folder, USE)
    assert told["tabs"] == ["Watch: mnist28_3", "Be the fovea: mnist28_3", "Play: catch"]
    for number, watched in enumerate(told["watched"]):
        assert watched["says"] == f"It says {[7, 2, 1][number]} ✓"  # MNIST's first test digits
        assert watched["title"] == f"test scene {number}"
        assert (watched["count"], watched["patches"], watched["bars"]) == ("glimpse 3 of 3", 1, 10)
    assert told["played"] == [2, None, "play"]
    np.testing.assert_allclose(told["dragged"], [0.5, -0.5], atol=0.01)
    assert told["drawn"] == ["It says 1", "your digit", "It says 0"]
    assert told["asked"] == "Click where to look next: 2 left. Answer when you know."
    np.testing.assert_allclose(told["looked"][0], [-0.5, 0.5], atol=0.01)
    assert told["looked"][1].startswith("Click where to look next: 1 left")
    assert told["looks"] == 3
    said, score, label = told["answered"]
    assert said.startswith(f"It is {label}. You: {label} ✓. RAM: ")
    assert score.startswith("You 1, RAM ")
    paddles, way = told["moved"]
    assert paddles * way >= 2
    score, its, steps, paddle, corner = told["match"]
    assert re.fullmatch(r"You [01], RAM [01] of 1", score)
    assert re.fullmatch(r"RAM: (caught ✓|missed ✗)", its)
    assert (steps, paddle) == (23, corner)
    assert told["wide"][0] <= told["wide"][1]


SEVERAL = """
const main = document.querySelector("main"), text = (view, name) => view.find(name).textContent;
[...document.querySelectorAll("nav button")].forEach((tab) => tab.click());
const [watch, fovea, moving, follower] = [...main.children].map((root) => root.view);
const told = { labels: watch.scene.labels, watched: [] };
for (const t of [0, 1, 2, 3]) watch.show(t), told.watched.push(text(watch, "verdict"));
const asked = () => [text(fovea, "verdict"), fovea.steps.length];
const press = (answer) => fovea.find("answers").children[answer].click();
told.asked = [asked()];
for (const place of [[0.5, 0], [0, 0.5]]) fovea.lookAt(place); // one is left, the other is not
told.asked.push(asked());
press(fovea.labels[0]);
told.asked.push(asked());
press((fovea.labels[1] + 1) % 10);
told.truth = fovea.labels;
told.ended = [text(fovea, "verdict"), text(fovea, "score")];
const lit = (painter) => [...painter.context.getImageData(0, 0, 600, 600).data].reduce((sum, light) => sum + light, 0);
told.own = moving.find("own").hidden;
told.moved = [moving.steps[0].scene, moving.steps[2].scene].map(({ pixels }) => pixels.join());
told.lit = [0, 2].map((t) => (moving.show(t), lit(moving.painter)));
follower.lookAt([0.2, 0.2]);
told.followed = follower.steps.map(({ scene }) => scene.pixels.join())[1] === told.moved[0];
return told;
"""


def test_several_answers_and_moving_scenes(tmp_path: Path) -> None:
    small = {"num_envs": 1, "glimpse_size": 8, "location_size": 8, "hidden_size": 16}
    pairs = Reinforce("ram_envs/GlimpseMNIST-Pairs-v0", env_kwargs={"glimpses_per_object": 2}, **small)
    moving = Reinforce("ram_envs/GlimpseMNIST-Moving-v0", env_kwargs={"num_glimpses": 3, "speed": 5.0}, **small)
    write_page(tmp_path, [page_data(pairs, "pairs", num_scenes=1), page_data(moving, "moving", num_scenes=1)])
    told = browse(tmp_path, SEVERAL)
    first, second = told["labels"]
    leans, says, both, end = told["watched"]
    assert re.fullmatch(r"It leans to \d", leans)
    assert re.fullmatch(r"It says \d", says)
    assert re.fullmatch(rf"{says}, it leans to \d", both)
    assert re.fullmatch(rf"{says} \d ([✓]|✗ it is {first} {second})", end)
    once, twice, then = told["asked"]
    assert once == ["Answer 1 of 2, from left to right. Click where to look next: 1 left. Answer when you know.", 1]
    assert twice == ["Answer 1 of 2, from left to right. What is it?", 2]
    assert then == ["Answer 2 of 2, from left to right. Click where to look next: 1 left. Answer when you know.", 2]
    assert told["truth"] == told["labels"]
    wrong = (second + 1) % 10
    assert told["ended"][0].startswith(f"It is {first} {second}. You: {first} {wrong} ✗. RAM: ")
    assert re.fullmatch(r"You 0, RAM [01] of 1", told["ended"][1])
    assert told["own"]
    assert told["moved"][0] != told["moved"][1]
    assert told["lit"][0] != told["lit"][1]
    assert not told["followed"]


PHONE = """
document.body.style.width = "390px"; // the window's least width is 500, in which the page is laid out as on a phone
const left = document.body.getBoundingClientRect().left;
const seen = [...document.querySelectorAll("nav button")].map((tab) => {
  tab.click();
  const parts = [...document.querySelectorAll("body *")].filter((part) => part.offsetParent && part.id !== "told");
  return { right: Math.max(...parts.map((part) => part.getBoundingClientRect().right)) - left,
    lowest: Math.min(...parts.filter((part) => part.tagName === "BUTTON").map((part) => part.offsetHeight)) };
});
const style = getComputedStyle(document.body);
return { seen, wide: innerWidth, colours: [style.backgroundColor, style.color] };
"""


@pytest.mark.parametrize(
    ("scheme", "page", "text"), [(0, (12, 14, 19), (238, 241, 246)), (1, (255,) * 3, (20, 23, 31))]
)
def test_a_phone_shows_all_of_it_in_the_colours_that_it_asks_for(
    folder: Path, scheme: int, page: tuple[int, ...], text: tuple[int, ...]
) -> None:
    told = browse(folder, PHONE, "--window-size=500,900", f"--blink-settings=preferredColorScheme={scheme}")
    assert told["wide"] <= 720
    for tab in told["seen"]:
        assert tab["right"] <= 390
        assert tab["lowest"] >= 36  # pixels, for a finger
    assert told["colours"] == [f"rgb{page}", f"rgb{text}"]


def test_the_page_needs_nothing_from_elsewhere(folder: Path) -> None:
    files = [path for path in folder.iterdir() if path.suffix in (".html", ".js", ".css") and path.name != "test.html"]
    for path in files:
        assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest|\bimport\b|url\(", path.read_text()), path
    assert sum(path.stat().st_size for path in files) < 8e6


def test_the_command_tells_what_it_wrote(folder: Path, tmp_path: Path, capsys) -> None:
    cli.main(["page", "mnist28_3", "--scenes", "1", "--out", str(tmp_path / "new")])
    assert re.search(r"wrote .*index\.html, 1\.\d\d MB", capsys.readouterr().out)
    large = ["canvas28", "mnist28", "cluttered100", "megapixel", "catch"]
    cli.main(["page", *large, "--scenes", "1", "--out", str(tmp_path / "new")])
    assert "larger than 8 MB: --half, fewer --scenes" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="name at least one agent"):
        cli.main(["page", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"no agent of this name.*cluttered60"):
        cli.main(["page", "nobody", "--out", str(tmp_path)])


LOOK = """
const ram = new RAM(pages[0], unpackWeights(pages[0].weights));
return pages[0].scenes.map((scene) => look(ram, new Episode(pages[0], unpackScene(scene), [0, 0])).map(
  ({ gaze, probabilities }) => ({ gaze, answer: argmax(probabilities) })));
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("mnist28_3", {}),
        ("cluttered60", {}),
        ("megapixel", {"canvas_size": 200, "num_distractors": 32, "num_glimpses": 12}),
    ],
)
def test_the_browser_looks_and_answers_as_python_on_1000_scenes(
    name: str, kwargs: dict[str, Any], tmp_path: Path
) -> None:
    agent: Reinforce = ram_agents.load(name)
    agent.config = agent.config.replace(env_kwargs=agent.env_kwargs | kwargs)
    write_page(tmp_path, [page_data(agent, name, num_scenes=1000)])
    found = browse(tmp_path, LOOK)
    expected = predict_scenes(agent, environment(agent, num_envs=1000, split="test"), seed=0)
    for steps, prediction in zip(found, expected, strict=True):
        np.testing.assert_allclose([step["gaze"] for step in steps], prediction.gaze, rtol=0, atol=1e-4)
        assert steps[-1]["answer"] == prediction.label
