"""Evaluation: each scene once, errors that can be counted by hand, and the ways to look."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ram_agents import Reinforce
from ram_agents.evaluation.evaluate import evaluate, evaluation_env, scene_indices, validation_errors
from ram_agents.evaluation.paths import classification_error, confusion_matrix, follow
from ram_agents.evaluation.scores import area_under_curve, balanced_accuracy
from toy_env import PeekVectorEnv, StopVectorEnv, SwitchVectorEnv

SMALL = {"hidden_size": 32, "glimpse_size": 16, "location_size": 16}
MNIST = {"env_kwargs": {"num_glimpses": 3}, "num_envs": 8}


def test_classification_error_by_hand() -> None:
    probability = np.array([[[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], [[0.1, 0.9], [0.2, 0.8], [0.4, 0.6]]])
    np.testing.assert_allclose(classification_error(probability, np.array([0, 1, 1])), [100 / 3, 100 / 3])
    np.testing.assert_allclose(classification_error(probability, np.array([1, 1, 1])), [200 / 3, 0])


def test_confusion_matrix_by_hand() -> None:
    answers = np.eye(3)[[0, 2, 2, 1]]
    expected = [[1, 0, 1], [0, 0, 1], [0, 1, 0]]
    np.testing.assert_array_equal(confusion_matrix(np.array([0, 0, 1, 2]), answers), expected)


def test_every_scene_once() -> None:
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", **MNIST, **SMALL)
    for split, count in (("test", 10_000), ("validation", 5_000)):
        env = evaluation_env(agent, split, num_envs=768)  # which does not divide the count
        np.testing.assert_array_equal(scene_indices(env, split), np.arange(count))
    paths = follow(agent, env, scene_indices(env, split), look="mean", sample_action=False)
    assert paths.probability.shape == (3, count, 10)
    np.testing.assert_array_equal(paths.label, env.unwrapped.task.dataset.labels)  # type: ignore[attr-defined]


def test_the_figures_are_those_of_the_agent_step_by_step() -> None:
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", **MNIST, **SMALL)
    env = evaluation_env(agent, num_envs=50)
    result = evaluate(agent, env, episodes=50, paths=0, seed=3)
    env.reset(seed=3)
    observation, info = env.reset(options={"indices": np.arange(50)})
    state, errors, confusion = None, [], np.zeros((10, 10), int)
    for _ in range(3):
        action, state = agent.predict(observation, state, deterministic=True)
        errors.append(100 * np.mean(action["action"] != info["label"]))
        observation, *_ = env.step(action)
    np.add.at(confusion, (info["label"], action["action"]), 1)
    np.testing.assert_allclose(result.mean, errors)
    np.testing.assert_array_equal(result.confusion, confusion)
    assert result.sampled is None
    assert result.averaged is None


def test_averaging_takes_the_softmax_not_the_errors() -> None:
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", location_std=0.5, **MNIST, **SMALL)
    env, scenes = evaluation_env(agent, num_envs=80), np.arange(80)
    result = evaluate(agent, env, episodes=80, paths=6, seed=1)
    generator = torch.Generator().manual_seed(1)
    env.reset(seed=1)
    single = follow(agent, env, scenes, look="mean", sample_action=False, generator=generator)
    sampled = [
        follow(agent, env, scenes, look="sample", sample_action=False, stop="sample", generator=generator)
        for _ in range(6)
    ]
    errors = [classification_error(path.probability, path.label) for path in sampled]
    averaged = classification_error(np.mean([path.probability for path in sampled], axis=0), single.label)
    np.testing.assert_allclose(result.mean, classification_error(single.probability, single.label))
    np.testing.assert_allclose(result.sampled, np.mean(errors, axis=0))
    np.testing.assert_allclose(result.averaged, averaged)
    assert not np.allclose(result.averaged, result.sampled)


def test_one_sampled_path_averaged_is_itself() -> None:
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", location_std=0.5, **MNIST, **SMALL)
    result = evaluate(agent, episodes=200, paths=1)
    np.testing.assert_array_equal(result.sampled, result.averaged)
    assert not np.array_equal(result.mean, result.sampled)


def test_scores_are_of_the_answers_on_each_gaze() -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8)).astype(np.uint8)
    labels = (np.arange(60) % 3 == 0).astype(np.int64)
    env_kwargs = {"images": images, "labels": labels, "num_glimpses": 2, "patch_size": 4}
    agent = Reinforce("ram_envs/GlimpseImages-v0", env_kwargs=env_kwargs, num_envs=8, location_std=0.5, **SMALL)
    result = evaluate(agent, paths=3, seed=1)
    env = evaluation_env(agent)
    env.reset(seed=1)
    generator = torch.Generator().manual_seed(1)
    single = follow(agent, env, np.arange(60), look="mean", sample_action=False, generator=generator)
    sampled = [
        follow(agent, env, np.arange(60), look="sample", sample_action=False, stop="sample", generator=generator)
        for _ in range(3)
    ]
    averaged = np.mean([path.probability[-1] for path in sampled], axis=0)
    for found, score in ((result.balanced_accuracy, balanced_accuracy), (result.auc, area_under_curve)):
        assert found == {
            "mean": score(single.probability[-1], labels),
            "sampled": pytest.approx(np.mean([score(path.probability[-1], labels) for path in sampled])),  # type: ignore[type-var]
            "averaged": pytest.approx(score(averaged, labels)),
        }
    assert evaluate(agent, episodes=1, paths=0).auc == {"mean": None}  # of one image
    catch = evaluate(Reinforce("ram_envs/Catch-v0", num_envs=2, **SMALL), episodes=2, paths=0)
    assert catch.balanced_accuracy is catch.auc is None


def test_seeds_decide_and_paths_differ() -> None:
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", **MNIST, **SMALL)
    one, same, other = (evaluate(agent, episodes=500, paths=2, seed=seed) for seed in (0, 0, 1))
    for a, b in zip(one[1:], same[1:], strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(not np.array_equal(a, b) for a, b in zip(one[1:], other[1:], strict=True))


def test_it_begins_where_training_began() -> None:
    kwargs = {"num_glimpses": 2, "initial_location": "center"}
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs=kwargs, num_envs=8, **SMALL)
    env = evaluation_env(agent)
    assert (env.reset(seed=0)[0]["location"] == 0).all()


def test_another_look() -> None:
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", **MNIST, **SMALL)
    with torch.no_grad():
        agent.policy.f_a.weight *= 30  # what it sees decides what it says
        agent.policy.f_l.mean.bias.copy_(torch.tensor([0.5, -0.5]))  # its own gaze is off the centre
    mean, random, center = (evaluate(agent, episodes=500, paths=0, look=look) for look in (None, "random", "center"))
    same = evaluate(agent, episodes=500, paths=0, look="random")
    np.testing.assert_array_equal(random.confusion, same.confusion)
    for one, other in ((mean, random), (mean, center), (random, center)):
        assert not np.array_equal(one.confusion, other.confusion)
    control = Reinforce("ram_envs/GlimpseMNIST-v0", look="center", **MNIST, **SMALL)
    control.policy.load_state_dict(agent.policy.state_dict())
    np.testing.assert_array_equal(evaluate(control, episodes=500, paths=0).confusion, center.confusion)


def test_an_agent_of_relative_saccades_looks_at_canvases_of_any_size(tmp_path) -> None:
    kwargs = {"saccade": "relative", "canvas_size": 40, "patch_size": 8, "num_scales": 2, "num_glimpses": 3}
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs=kwargs, num_envs=8, **SMALL, total_episodes=16).learn()
    agent.save(tmp_path / "agent")
    again = Reinforce.load(tmp_path / "agent")
    assert again.spaces.observation["location"].high.tolist() == [np.inf, np.inf]
    far = {"glimpse": np.zeros((2, 8, 8), np.float32), "location": np.full(2, 9, np.float32)}
    np.testing.assert_array_equal(again.predict(far)[0]["location"], agent.predict(far)[0]["location"])
    assert evaluate(again, episodes=30, paths=1).episodes == 30
    again.config = again.config.replace(env_kwargs=kwargs | {"canvas_size": 90})
    assert evaluate(again, episodes=30, paths=0, look="scan").episodes == 30
    again.config = again.config.replace(env_kwargs=kwargs | {"saccade": "absolute"})
    with pytest.raises(ValueError, match=r"relative.*absolute"):
        evaluate(again, episodes=30, paths=0)


def test_after_an_early_end_the_answer_stands() -> None:
    env = PeekVectorEnv(4, lengths=[1, 3, 2, 3])
    agent = Reinforce(PeekVectorEnv(4), **SMALL)
    paths = follow(agent, env, 4, look="mean", sample_action=False)
    assert paths.probability.shape == (3, 4, 2)
    np.testing.assert_array_equal(paths.probability[1, 0], paths.probability[0, 0])
    np.testing.assert_array_equal(paths.probability[2, 0], paths.probability[0, 0])
    np.testing.assert_array_equal(paths.probability[2, 2], paths.probability[1, 2])
    assert not np.array_equal(paths.probability[2, 1], paths.probability[1, 1])


@pytest.mark.parametrize(("bias", "glimpses"), [(-20.0, 3), (20.0, 1)])
def test_glimpses_are_counted(bias: float, glimpses: int) -> None:
    kwargs = {"num_glimpses": 3, "can_stop": True, "glimpse_cost": 0.1}
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs=kwargs, num_envs=8, **SMALL)
    torch.nn.init.constant_(agent.policy.f_s.bias, bias)  # type: ignore[union-attr]
    result = evaluate(agent, episodes=40, paths=2)
    assert result.mean.shape == (glimpses,)
    assert (result.glimpses, result.sampled_glimpses) == (glimpses, glimpses)


def test_paths_that_stop_at_different_steps_are_averaged() -> None:
    agent = Reinforce(StopVectorEnv(4), **SMALL)
    torch.nn.init.constant_(agent.policy.f_s.bias, 1.0)  # type: ignore[union-attr]
    result = evaluate(agent, StopVectorEnv(20), episodes=20, paths=4)
    assert result.glimpses == 1
    assert result.mean == pytest.approx(100 - 100 * StopVectorEnv.RETURNS[0])
    assert result.sampled_glimpses is not None
    assert 1 < result.sampled_glimpses < 2
    kwargs = {"num_glimpses": 6, "can_stop": True}
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs=kwargs, num_envs=8, **SMALL)
    torch.nn.init.constant_(agent.policy.f_s.bias, 1.0)  # type: ignore[union-attr]
    result = evaluate(agent, episodes=3, paths=4)  # each path has as many steps as its longest episode
    assert result.sampled is not None
    assert result.averaged is not None
    assert result.mean.shape == result.sampled.shape == result.averaged.shape


def test_catch_has_numbered_games_and_validates_on_others() -> None:
    agent = Reinforce("ram_envs/Catch-v0", num_envs=4, **SMALL)
    env = evaluation_env(agent, "validation")
    np.testing.assert_array_equal(scene_indices(env, "test"), np.arange(10_000))
    assert scene_indices(env, "validation").min() >= 10_000  # type: ignore[union-attr]
    result = evaluate(agent, env, episodes=300, paths=1)
    assert result.mean.shape == (1,)
    assert 70 < result.mean[0] <= 100  # untrained: it misses
    assert result.confusion is None
    assert result.averaged is None
    (error,) = validation_errors(agent, env)
    assert error > 70


def test_without_labels_the_error_is_of_the_return() -> None:
    env = SwitchVectorEnv(50, lengths=2)
    agent = Reinforce(SwitchVectorEnv(4, lengths=2), **SMALL)
    with torch.no_grad():
        agent.policy.f_a.weight.zero_()
        agent.policy.f_a.bias.copy_(torch.tensor([0.0, 1.0]))
    assert evaluate(agent, env, episodes=60, paths=0).mean == pytest.approx(100 + 30)  # twice action 1 returns -0.3


def test_several_answers_are_measured_one_by_one_and_as_a_whole() -> None:
    kwargs = {"glimpses_per_object": 2, "num_digits": [1, 2], "initial_location": "center"}
    agent = Reinforce("ram_envs/GlimpseMNIST-Pairs-v0", env_kwargs=kwargs, num_envs=8, **SMALL)
    result = evaluate(agent, evaluation_env(agent, num_envs=30), episodes=40, paths=2)  # which 30 does not divide
    env = evaluation_env(agent, num_envs=40)
    observation, info = env.reset(options={"indices": np.arange(40)})
    state, over = None, np.zeros(40, bool)
    wrong, asked, confusion = np.zeros((40, 3)), np.zeros((40, 3), bool), np.zeros((11, 11), int)
    for step in range(6):
        action, state = agent.predict(observation, state, deterministic=True)
        names, labels, answer = action["action"], info["label"], step // 2
        if step % 2:
            asked[:, answer] = ~over
            wrong[:, answer] = (names != labels) & ~over
            np.add.at(confusion, (labels[~over], names[~over]), 1)
        observation, _, terminated, _, info = env.step(action)
        over |= terminated
        if terminated.any() and not over.all():
            observation, _ = env.reset(options={"reset_mask": terminated})
    assert asked.sum(0).tolist()[:2] == [40, 40]
    assert 0 < asked[:, 2].sum() < 40
    expected = np.array([wrong.any(1).mean(), *(wrong.sum(0) / asked.sum(0))])
    np.testing.assert_allclose(result.several["mean"], 100 * expected)
    np.testing.assert_array_equal(result.confusion, confusion)
    assert {gaze: len(errors) for gaze, errors in result.several.items()} == {"mean": 4, "sampled": 4, "averaged": 4}
    chosen_by = evaluate(agent, evaluation_env(agent, "validation"), split="validation", paths=0)
    assert validation_errors(agent, evaluation_env(agent, "validation"))[-1] == chosen_by.several["mean"][0]


def test_of_one_answer_there_are_not_several() -> None:
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", **MNIST, **SMALL)
    assert evaluate(agent, evaluation_env(agent, num_envs=20), episodes=20, paths=0).several is None
