"""The agent: it learns a toy, works on every id, predicts as Stable-Baselines3 expects, and says what is wrong."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from conftest import CASES
from gymnasium.vector import AutoresetMode
from ram_agents import Config, Reinforce, recipe, recipe_names
from ram_agents.evaluation.evaluate import evaluate
from ram_agents.training.callbacks import Callback
from toy_env import PeekVectorEnv, SmoothVectorEnv, StopVectorEnv

SMALL = {"hidden_size": 32, "glimpse_size": 16, "location_size": 16}
PEEK = SMALL | {"location_hidden": 32, "location_std": 0.3, "reinforce_weight": 0.2, "learning_rate": 3e-3}


def weights(agent: Reinforce) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in agent.policy.parameters()])


@pytest.mark.parametrize(
    "options",
    [
        {"reward": "information-gain", "standardise": True, "discount": 0.8},
        pytest.param(
            {"reward": "information-gain", "standardise": True, "discount": 0.8, "baseline": "label"},
            marks=pytest.mark.slow,
        ),
        pytest.param({"reward": "log-likelihood", "repeats": 4, "baseline": "leave-one-out"}, marks=pytest.mark.slow),
        pytest.param({"baseline_probability": True, "gae_lambda": 0.9, "core": "gru"}, marks=pytest.mark.slow),
    ],
)
def test_it_learns_where_to_look(options) -> None:
    """The first glimpse tells the side; chance is 50%, looking at one side always 75%."""
    returns: list[float] = []
    env = PeekVectorEnv(64, repeats=options.get("repeats", 1))
    agent = Reinforce(env, total_episodes=64 * 800, **(PEEK | options))
    agent.learn(callback=lambda agent, update: returns.append(update.episode_return))
    assert np.mean(returns[:20]) < 0.65
    assert np.mean(returns[-100:]) > 0.85


def test_it_learns_when_to_stop() -> None:
    glimpses: list[float] = []
    agent = Reinforce(StopVectorEnv(64), total_episodes=64 * 300, stop_weight=1.0, learning_rate=3e-3, **SMALL)
    agent.learn(callback=lambda agent, update: glimpses.append(update.glimpses))
    assert glimpses[:30] == [3.0] * 30  # the warm-up takes them all
    assert np.mean(glimpses[-30:]) == pytest.approx(2, abs=0.15)  # where the return is the highest


def test_the_warm_up_leaves_the_stop_network_alone() -> None:
    agent = Reinforce(StopVectorEnv(8), total_episodes=8 * 4, stop_warmup=0.5, stop_weight=1.0, **SMALL)
    network = agent.policy.f_s
    assert network is not None
    before = network.weight.detach().clone()
    same: list[bool] = []
    agent.learn(callback=lambda agent, update: same.append(torch.equal(network.weight, before)))
    assert same == [True, True, False, False]


def test_repeats_share_their_scenes_however_early_they_stop() -> None:
    kwargs = {"can_stop": True, "num_glimpses": 4}
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs=kwargs, num_envs=32, repeats=4, stop_warmup=0.0, **SMALL)
    torch.nn.init.zeros_(agent.policy.f_s.bias)  # type: ignore[union-attr]
    batches = []
    for _ in range(3):
        agent.update()
        assert agent.last_rollout is not None
        groups = agent.last_rollout.label.reshape(8, 4)  # type: ignore[union-attr]
        assert (groups == groups[:, :1]).all()
        batches.append(groups[:, 0].tolist())
    assert batches[0] != batches[1] != batches[2]


def test_one_who_stops_predicts_and_is_loaded_again(tmp_path) -> None:
    kwargs = {"can_stop": True, "glimpse_cost": 0.01}
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs=kwargs, num_envs=8, **SMALL)
    torch.nn.init.constant_(agent.policy.f_s.bias, 5.0)  # type: ignore[union-attr]
    agent.save(tmp_path / "a")
    again = Reinforce.load(tmp_path / "a")
    env = gym.make_vec(again.env_id, num_envs=3, **again.env_kwargs)
    observation, _ = env.reset(seed=0)
    action, _ = again.predict(observation, deterministic=True)
    assert env.action_space.contains(action)
    assert action["stop"].tolist() == [1, 1, 1]
    single, _ = again.predict({key: value[0] for key, value in observation.items()}, deterministic=True)
    assert env.single_action_space.contains(single)
    with pytest.raises(ValueError, match=r"'can_stop': True.* this environment has .*'can_stop': False"):
        again.set_env(gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=3))


@pytest.mark.parametrize("name", CASES)
def test_every_id(name) -> None:
    id, kwargs = CASES[name]
    agent = Reinforce(id, env_kwargs=kwargs, num_envs=4, repeats=2, total_episodes=8, **SMALL)
    before = weights(agent).clone()
    agent.learn()
    assert agent.updates == 2
    assert agent.episodes == 8
    assert agent.hybrid is ("Catch" not in name)
    after = weights(agent)
    assert torch.isfinite(after).all()
    assert not torch.equal(before, after)
    env = gym.make_vec(agent.env_id, num_envs=3, **agent.env_kwargs)
    action, _ = agent.predict(env.reset(seed=0)[0])
    assert env.action_space.contains(action)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_any_autoreset_mode_trains_the_same(mode) -> None:
    trained = [
        Reinforce(PeekVectorEnv(16, autoreset_mode=m), total_episodes=16, **SMALL).learn()
        for m in (mode, AutoresetMode.DISABLED)
    ]
    torch.testing.assert_close(weights(trained[0]), weights(trained[1]), rtol=0, atol=0)


def test_class_weights_teach_the_rare_class(tmp_path) -> None:
    """One image in ten is bright, on no telling ground: all alike it is worth no answer, balanced it is."""
    images = np.zeros((40, 4, 4), np.uint8)
    labels = (np.arange(40) % 10 == 0).astype(int)
    env_kwargs = {"images": images, "labels": labels, "num_glimpses": 1, "patch_size": 4}
    config = Config(env_id="ram_envs/GlimpseImages-v0", env_kwargs=env_kwargs, num_envs=200, total_episodes=20_000)
    for weights, rare in ((None, 0.1), ("balanced", 0.5), ([1.0, 27.0], 0.75)):
        agent = Reinforce(config=config, class_weights=weights).learn()
        assert agent.last_rollout is not None
        believed = agent.last_rollout.logits.softmax(-1)[-1, :, 1].mean().item()
        assert believed == pytest.approx(rare, abs=0.08)
    agent.save(tmp_path / "a.safetensors")
    assert Reinforce.load(tmp_path / "a.safetensors").config.class_weights == [1.0, 27.0]
    with pytest.raises(ValueError, match="by which this action does not learn"):
        Reinforce(config=config, class_weights="balanced", hybrid=False)


def test_light_is_measured_once_before_the_first_update(tmp_path) -> None:
    env_kwargs = {"images": "sklearn:photos", "num_glimpses": 3, "patch_size": 4}
    config = Config(
        env_id="ram_envs/GlimpseImages-v0", env_kwargs=env_kwargs, num_envs=64, normalise="channels", **SMALL
    )
    config = config.replace(checkpoint_every=2, lr_schedule="constant")
    agent = Reinforce(config=config, total_episodes=64)
    assert agent.policy.normalisation is not None
    assert not agent.policy.normalisation.measured
    agent.learn()
    mean, std = agent.policy.normalisation.mean.clone(), agent.policy.normalisation.std.clone()
    photos = agent.env.unwrapped.task.dataset.images / 255  # type: ignore[union-attr]
    torch.testing.assert_close(mean, torch.from_numpy(photos.mean((0, 1, 2))).float(), atol=0.05, rtol=0)
    torch.testing.assert_close(std, torch.from_numpy(photos.std((0, 1, 2))).float(), atol=0.05, rtol=0)
    agent.save(tmp_path / "agent")
    again = Reinforce.load(tmp_path / "agent").learn(640)
    assert again.policy.normalisation is not None
    assert torch.equal(again.policy.normalisation.mean, mean)  # also where a new run begins from these weights
    unbroken = Reinforce(config=config).learn(256)
    Reinforce(config=config).learn(128).save(tmp_path / "half")
    resumed = Reinforce.load(tmp_path / "half").learn(256, resume=True)
    for name, tensor in resumed.policy.state_dict().items():
        assert torch.equal(tensor, unbroken.policy.state_dict()[name])


def test_light_of_each_scale_is_measured_at_random_places(tmp_path) -> None:
    env_kwargs = {"images": "sklearn:photos", "num_glimpses": 5, "patch_size": 4, "num_scales": 3}
    config = Config(env_id="ram_envs/GlimpseImages-v0", env_kwargs=env_kwargs, num_envs=256, **SMALL)
    config = config.replace(normalise="scales", location_network="cells", hidden_size=16)
    normalised = [Reinforce(config=config, total_episodes=256).learn().policy.normalisation for _ in range(2)]
    env = gym.make_vec("ram_envs/GlimpseImages-v0", num_envs=2000, **env_kwargs)
    glimpse = env.reset(seed=5)[0]["glimpse"]  # the first looks lie anywhere, too
    axes = (0, 2, 3)
    np.testing.assert_allclose(normalised[0].mean.squeeze(), glimpse.mean(axes), atol=0.05)
    np.testing.assert_allclose(normalised[0].std.squeeze(), glimpse.std(axes), atol=0.05)
    assert torch.equal(normalised[0].mean, normalised[1].mean)


def test_without_it_an_agent_has_no_such_numbers() -> None:
    names = Reinforce(PeekVectorEnv(4), **SMALL).policy.state_dict()
    assert not [name for name in names if "normalisation" in name]


def test_the_seed_decides_everything() -> None:
    one, same, other = (
        Reinforce(PeekVectorEnv(16), total_episodes=160, seed=seed, **SMALL).learn() for seed in (1, 1, 2)
    )
    assert torch.equal(weights(one), weights(same))
    assert not torch.equal(weights(one), weights(other))


def test_global_generators_are_left_alone() -> None:
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # type: ignore[index, union-attr] # noqa: NPY002
    Reinforce(PeekVectorEnv(8), total_episodes=16, **SMALL).learn()
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])  # type: ignore[index] # noqa: NPY002


def test_segments_begin_the_same_after_a_resume(tmp_path) -> None:
    settings = {"total_episodes": 16 * 7, "checkpoint_every": 3, "final_location_std": 0.02, **SMALL}
    whole = Reinforce(PeekVectorEnv(16), **settings).learn()

    def stop(agent: Reinforce, update: object) -> bool | None:
        if agent.updates == 3:
            agent.save(tmp_path / "three.safetensors")
        return agent.updates < 5

    Reinforce(PeekVectorEnv(16), **settings).learn(callback=stop)
    resumed = Reinforce.load(tmp_path / "three.safetensors", PeekVectorEnv(16)).learn(resume=True)
    assert resumed.updates == whole.updates == 7
    assert torch.equal(weights(resumed), weights(whole))


def test_learning_again_begins_a_new_run_from_the_present_weights() -> None:
    agent = Reinforce(PeekVectorEnv(16), total_episodes=32, **SMALL).learn()
    before = weights(agent).clone()
    agent.learn(48)
    assert agent.episodes == 48
    assert not torch.equal(before, weights(agent))


def test_rates_are_annealed() -> None:
    config = Config(learning_rate=1.0, final_learning_rate=0.2, location_std=0.3, final_location_std=0.1)
    assert [config.learning_rate_at(p) for p in (0, 0.5, 1)] == pytest.approx([1.0, 0.6, 0.2])
    linear = config.replace(lr_schedule="linear")
    assert [linear.learning_rate_at(p) for p in (0, 0.25, 1)] == pytest.approx([1.0, 0.8, 0.2])
    assert config.replace(lr_schedule="constant").learning_rate_at(0.9) == 1.0
    assert [config.location_std_at(p) for p in (0, 0.5, 1)] == pytest.approx([0.3, 0.2, 0.1])
    assert config.replace(final_location_std=None).location_std_at(1) == 0.3


def test_the_location_network_learns_at_a_rate_of_its_own() -> None:
    agent = Reinforce(
        PeekVectorEnv(8),
        total_episodes=8 * 4,
        learning_rate=1e-3,
        lr_schedule="constant",
        location_lr_scale=0.1,
        final_location_lr_scale=0.5,
    )
    rates = []
    agent.learn(callback=lambda agent, _: rates.append([group["lr"] for group in agent.optimizers[0].param_groups]))
    assert np.allclose(rates, [[1e-3, 1e-4], [1e-3, 2e-4], [1e-3, 3e-4], [1e-3, 4e-4]])
    located = {id(p) for p in agent.policy.f_l.parameters()}
    assert {id(p) for p in agent.optimizers[0].param_groups[1]["params"]} == located


def test_the_gaze_begins_at_the_centre() -> None:
    agent = Reinforce(PeekVectorEnv(8), total_episodes=8 * 4, look_warmup=0.5, location_std=0.2)
    before = [p.detach().clone() for p in agent.policy.f_l.parameters()]
    centred, moved = [], []

    def note(agent: Reinforce, update: object) -> None:
        centred.append(bool((agent.last_rollout.location == 0).all()))
        moved.append(any(not torch.equal(p, q) for p, q in zip(agent.policy.f_l.parameters(), before, strict=True)))

    agent.learn(callback=note)
    assert centred == [True, True, False, False]
    assert moved == [False, False, True, True]


def test_gradients_are_clipped() -> None:
    def moved(max_grad_norm: float | None) -> tuple[float, float]:
        agent = Reinforce(PeekVectorEnv(16), total_episodes=16, max_grad_norm=max_grad_norm, **SMALL)
        updates: list = []
        agent.learn(callback=lambda agent, update: updates.append(update))
        norm = torch.cat([p.grad.flatten() for p in agent.policy.parameters()]).norm()  # type: ignore[union-attr]
        return updates[0].grad_norm, norm.item()

    before, after = moved(0.01)
    assert before > 0.01
    assert after == pytest.approx(0.01, rel=1e-3)
    before, after = moved(None)
    assert after == pytest.approx(before)


def test_callbacks_are_called_in_order_and_can_stop() -> None:
    calls: list[str] = []

    class Tell(Callback):
        def on_start(self, agent: Reinforce) -> None:
            calls.append("start")

        def on_update(self, agent: Reinforce, update: object) -> bool:
            calls.append(f"update {agent.updates}")
            return agent.updates < 2

        def on_end(self, agent: Reinforce) -> None:
            calls.append("end")

    agent = Reinforce(PeekVectorEnv(8), total_episodes=80, **SMALL)
    agent.learn(callback=[Tell(), lambda agent, update: calls.append("function")])
    assert calls == ["start", "update 1", "function", "update 2", "function", "end"]


def test_progress_bar(capsys) -> None:
    Reinforce(PeekVectorEnv(8), total_episodes=80, **SMALL).learn(progress_bar=True)
    shown = capsys.readouterr().err
    assert "80 of 80 episodes (100%)" in shown
    assert "error" in shown


@pytest.mark.parametrize("core", ["rnn", "lstm", "gru"])
def test_predict_batched_and_alone(core) -> None:
    agent = Reinforce(SmoothVectorEnv(4), core=core, **SMALL)
    env = SmoothVectorEnv(4)
    observation, _ = env.reset(seed=0)
    observation["glimpse"] = np.random.default_rng(0).random((4, 1, 2, 2)).astype(np.float32)
    batch, state = agent.predict(observation, deterministic=True)
    assert env.action_space.contains(batch)
    single, single_state = agent.predict({k: v[1] for k, v in observation.items()}, deterministic=True)
    assert env.single_action_space.contains(single)
    np.testing.assert_allclose(single["location"], batch["location"][1], rtol=1e-5)
    assert single["action"] == batch["action"][1]
    np.testing.assert_allclose(single_state[:, 0], state[:, 1], rtol=1e-5, atol=1e-7)


def test_predict_remembers_and_forgets_row_by_row() -> None:
    agent = Reinforce(SmoothVectorEnv(4), **SMALL)
    observation, _ = SmoothVectorEnv(4).reset(seed=0)
    _, first = agent.predict(observation)
    _, second = agent.predict(observation, first)
    assert not np.allclose(first, second)
    _, mixed = agent.predict(observation, first, episode_start=np.array([True, False, True, False]))
    np.testing.assert_allclose(mixed[:, [0, 2]], first[:, [0, 2]], rtol=1e-6)
    np.testing.assert_allclose(mixed[:, [1, 3]], second[:, [1, 3]], rtol=1e-6)


def test_predict_samples_unless_deterministic() -> None:
    agent = Reinforce(PeekVectorEnv(64, labels=False), location_std=0.3, **SMALL)
    observation, _ = PeekVectorEnv(64).reset(seed=0)
    one, two = agent.predict(observation)[0], agent.predict(observation)[0]
    assert not np.array_equal(one["location"], two["location"])
    assert len(set(one["action"])) == 2  # drawn from an untrained softmax
    fixed, again = (agent.predict(observation, deterministic=True)[0] for _ in range(2))
    np.testing.assert_array_equal(fixed["location"], again["location"])


def test_stable_baselines3_evaluates_it() -> None:
    from stable_baselines3.common.evaluation import evaluate_policy
    from stable_baselines3.common.vec_env import DummyVecEnv

    from ram_envs.wrappers import FlatAction, VectorFlatAction

    agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs={"num_glimpses": 2}, total_episodes=25_600, num_envs=256)
    agent.learn()
    agent.set_env(VectorFlatAction(gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=2, num_glimpses=2)))

    def make() -> gym.Env:
        return FlatAction(gym.make("ram_envs/GlimpseMNIST-v0", num_glimpses=2, split="test"))

    mean, _ = evaluate_policy(agent, DummyVecEnv([make] * 8), n_eval_episodes=200, warn=False)  # type: ignore[arg-type]
    assert mean > 0.3  # chance is 0.1


def test_flat_and_grid_environments_train() -> None:
    from ram_envs.wrappers import VectorFlatAction, VectorGridAction

    for form, wrapper in (("flat", VectorFlatAction), ("grid", VectorGridAction)):
        named = gym.make_vec("ram_envs/Catch-v0", num_envs=4, autoreset_mode="Disabled", action=form)
        wrapped = wrapper(gym.make_vec("ram_envs/Catch-v0", num_envs=4, autoreset_mode="Disabled"))
        for env in (named, wrapped):
            agent = Reinforce(env, total_episodes=4, **SMALL).learn()
            action, _ = agent.predict(env.reset(seed=0)[0])
            assert env.action_space.contains(np.asarray(action, env.action_space.dtype))
            assert agent.env_id == "ram_envs/Catch-v0"


@pytest.mark.parametrize("form", ["flat", "grid"])
def test_the_form_of_an_action_is_an_argument_like_any_other(form: str, tmp_path) -> None:
    env_kwargs = {"num_glimpses": 2, "action": form} | ({"grid_size": [5, 4]} if form == "grid" else {})
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs=env_kwargs, num_envs=4, total_episodes=8, **SMALL).learn()
    agent.save(tmp_path / "agent.safetensors")
    again = Reinforce.load(tmp_path / "agent.safetensors")
    env = gym.make(again.env_id, **again.env_kwargs)
    action, _ = again.predict(env.reset(seed=0)[0])
    assert env.action_space.contains(np.asarray(action, env.action_space.dtype))
    assert 0 <= evaluate(again, episodes=20, paths=0).mean[-1] <= 100


def test_one_number_for_location_and_action_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r'action="flat" and action="grid".*Discrete\(147\)'):
        Reinforce("ram_envs/Catch-v0", env_kwargs={"action": "discrete"})


def test_the_agent_knows_what_it_was_trained_on() -> None:
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs={"num_glimpses": 3}, num_envs=4)
    assert (agent.env_id, agent.env_kwargs) == ("ram_envs/GlimpseMNIST-v0", {"num_glimpses": 3})
    env = gym.make_vec("ram_envs/Catch-v0", num_envs=6, repeats=3, autoreset_mode="Disabled", pooling="max")
    agent = Reinforce(env)
    assert (agent.env_id, agent.env_kwargs) == ("ram_envs/Catch-v0", {"pooling": "max"})
    assert (agent.config.num_envs, agent.config.repeats) == (6, 3)


def test_single_environments_without_a_vector_form() -> None:
    gym.register("toys/OnlySingle-v0", "ram_envs.shells.environments:CatchEnv")
    try:
        agent = Reinforce("toys/OnlySingle-v0", num_envs=2, total_episodes=2, **SMALL).learn()
        assert agent.episodes == 2
        with pytest.raises(ValueError, match="can't repeat scenes: use repeats=1, not 2"):
            Reinforce("toys/OnlySingle-v0", num_envs=2, repeats=2)
    finally:
        del gym.registry["toys/OnlySingle-v0"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"baseline": "leave-one-out"}, "needs repeats of at least 2, not 1"),
        ({"num_envs": 10, "repeats": 4}, "repeats=4 must divide num_envs=10"),
        ({"location_std": 0.0}, "location_std must be in "),
        ({"discount": 1.5}, r"discount must be in \[0, 1\], not 1.5"),
        ({"total_episodes": 0}, "total_episodes must be at least 1, not 0"),
        ({"core": "transformer"}, "core must be 'rnn', 'lstm' or 'gru'"),
        ({"reward": "2/3"}, "reward must be '0/1', 'log-likelihood' or 'information-gain', not '2/3'"),
        ({"optimizer": "lion"}, "optimizer must be 'adam', 'muon' or 'sgd', not 'lion'"),
        ({"lr_schedule": "step"}, "lr_schedule must be 'constant', 'linear' or 'cosine', not 'step'"),
        ({"matmul_precision": "low"}, "matmul_precision must be 'auto', 'highest', 'high' or 'medium', not 'low'"),
    ],
)
def test_bad_hyperparameters(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        Reinforce(PeekVectorEnv(8) if "core" in changes else None, **changes)


def test_an_unknown_hyperparameter_is_told_with_the_known_ones() -> None:
    with pytest.raises(TypeError, match="no such hyper-parameter: learningrate; there are: core, "):
        Reinforce(learningrate=1)


def test_a_single_environment_is_told() -> None:
    with pytest.raises(TypeError, match=r"is no vector environment; put single ones into gymnasium.vector.SyncVector"):
        Reinforce(gym.make("ram_envs/Catch-v0"))  # type: ignore[arg-type]


def test_another_environment_must_fit() -> None:
    agent = Reinforce(PeekVectorEnv(8), **SMALL)
    with pytest.raises(ValueError, match=r"made for .*\(1, 2, 2\).* has .*\(1, 4, 4\)"):
        agent.set_env(PeekVectorEnv(8, glimpse_shape=(1, 4, 4)))


@pytest.mark.parametrize("of_labels", [{"reward": "information-gain"}, {"baseline": "label"}])
def test_an_environment_without_labels_is_refused_before_an_update(of_labels: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="needs an environment whose infos tell the label"):
        Reinforce(PeekVectorEnv(8, labels=False), **SMALL, **of_labels)
    agent = Reinforce(PeekVectorEnv(8), **SMALL, **of_labels)
    with pytest.raises(ValueError, match="needs an environment whose infos tell the label"):
        agent.set_env(PeekVectorEnv(8, labels=False))


def test_a_gradient_that_is_not_finite_stops_the_run() -> None:
    class Broken(PeekVectorEnv):
        def step(self, actions):
            observation, reward, *rest = super().step(actions)
            return observation, reward + np.inf, *rest

    agent = Reinforce(Broken(8), total_episodes=80, **SMALL)
    before = weights(agent).clone()
    with pytest.raises(FloatingPointError, match=r"the gradient is nan at update 0: lower learning_rate=0.001"):
        agent.learn()
    assert torch.equal(weights(agent), before)


def test_repeats_must_be_the_environments() -> None:
    with pytest.raises(ValueError, match="repeats=4, but the environment repeats each scene 2 times"):
        Reinforce(PeekVectorEnv(8, repeats=2), repeats=4, num_envs=8)


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_are_whole(name) -> None:
    images = {"images": "sklearn:photos"} if name == "photographs" else {}  # whose own come from the user
    config = recipe(name)
    config = config.replace(num_envs=2 * config.repeats, total_episodes=1, env_kwargs=config.env_kwargs | images)
    config = config.replace(teacher_scenes=1)
    agent = Reinforce(config=config).learn()
    assert agent.episodes == config.num_envs


def test_unknown_recipe() -> None:
    with pytest.raises(ValueError, match=r"no recipe is called 'mnist'; there are: .*mnist28"):
        recipe("mnist")
