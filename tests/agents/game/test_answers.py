import pytest
from ram_agents.game.answers import BOTTOM, TOP, Answers
from ram_agents.game.drawing import blank

from ram_envs.rendering.canvas import LEFT, RIGHT
from ram_envs.rendering.painting import YELLOW

pytest.importorskip("pygame")

SUMS = [str(i) for i in range(19)]


def type_all(answers, *keys):
    """What each key gives."""
    return [answers.type(key) for key in keys]


def test_a_name_counts_as_soon_as_it_is_typed_and_no_other_begins_with_it():
    assert type_all(Answers("0123456789"), "7", "0") == [7, 0]
    assert type_all(Answers(SUMS), "7", "1", "4", "0") == [7, None, 14, 0]
    # A letter alone is not the answer: who types on would give commands by the others.
    assert type_all(Answers(["square", "Circle"]), *"circle") == [None] * 5 + [1]
    assert type_all(Answers(["red fox", "red kite"]), *"red", "space", *"fox") == [None] * 6 + [0]


def test_return_ends_a_name_or_completes_it_and_backspace_takes_back():
    answers = Answers(SUMS)
    assert type_all(answers, "1", "return") == [None, 1]
    assert answers.typed == ""
    assert type_all(answers, "return", "1", "backspace", "1", "2") == [None, None, None, None, 12]
    words = Answers(["rose", "rowan", "tulip"])
    assert type_all(words, "t", "return") == [None, 2]
    assert type_all(words, "r", "return", "x", "left shift") == [None] * 4  # which one? and none goes on with x
    assert words.typed == "r"


@pytest.mark.parametrize(
    "names", ["0123456789", SUMS, ["square", "circle"], [f"kind {i}" for i in range(10)], [str(i) for i in range(25)]]
)
def test_every_answer_has_a_button_where_there_is_room(names):
    answers = Answers(names)
    buttons = answers.buttons()
    assert [button.answer for button in buttons] == list(range(len(names)))
    for answer, left, top, width, height in buttons:
        assert left >= LEFT
        assert left + width <= RIGHT + 1
        assert TOP <= top <= top + height <= BOTTOM + 1
        assert height >= 20  # units: for a finger
        assert answers.at(((left + width / 2) / 800, (top + height / 2) / 480)) == answer
    assert answers.at(((buttons[0].left - 2) / 800, (TOP + 2) / 480)) is None
    assert answers.at(None) is None


def test_of_many_names_those_are_shown_that_begin_with_what_is_typed():
    answers = Answers([f"{letter}{i:02}x" for letter in "abc" for i in range(30)])
    shown = answers.buttons()
    assert len(shown) < 90
    assert answers.hint().endswith(f"and {90 - len(shown)} more")
    answers.type("b")
    assert answers.buttons()[0].answer == 30
    answers.type("1")
    assert [button.answer for button in answers.buttons()] == list(range(40, 50))
    assert answers.hint() == "type: b1_"


def test_what_return_would_answer_is_lit_and_named():
    answers, canvas = Answers(SUMS), blank()
    answers.type("1")
    assert answers.hint() == "RETURN  it is 1"
    answers.paint(canvas, None)
    lit = answers.buttons()[1]
    unit = canvas.unit
    row, column = round((lit.top + 4) * unit), round((lit.left + lit.width / 2) * unit)
    assert tuple(canvas.frame[row, column]) == YELLOW
    assert (canvas.frame == YELLOW).all(-1).sum() < 1.1 * lit.width * lit.height * unit**2
