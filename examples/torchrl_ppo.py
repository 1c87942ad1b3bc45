"""RAM in TorchRL: PPO learns to name digits from the final reward alone; no label is seen.

`pip install ".[agents]" torchrl` first. python examples/torchrl_ppo.py --seed 1
"""

import gymnasium as gym
import torch
import tyro
from ram_agents import RAM
from tensordict import nn as tdnn
from torchrl.collectors import Collector
from torchrl.data import Unbounded
from torchrl.envs import Compose, GymWrapper, InitTracker, RewardSum, TensorDictPrimer, TransformedEnv
from torchrl.modules import IndependentNormal, OneHotCategorical, recurrent_mode, set_recurrent_mode
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

from ram_envs.wrappers import VectorFlatAction

ID, KWARGS = "ram_envs:ram_envs/GlimpseMNIST-v0", {"num_glimpses": 3, "patch_size": 12}
KINDS = {"gaze": IndependentNormal, "choice": OneHotCategorical}


class Recurrent(tdnn.TensorDictModuleBase):
    """RAM in the manner of TorchRL's LSTMModule: one step, or in recurrent mode a whole sequence (B, T)."""

    in_keys = ("glimpse", "location", "is_init", "memory")
    out_keys = (("params", "gaze", "loc"), ("params", "choice", "logits"), "state_value", ("next", "memory"))

    def __init__(self, ram: RAM):
        super().__init__()
        self.ram = ram

    def forward(self, td):
        """Add the `out_keys`. A tensordict's memory is (B, S, hidden_size), RAM's (S, B, hidden_size)."""
        steps = td.unbind(-1) if recurrent_mode() else [td.reshape(-1)]
        memory, outputs = steps[0]["memory"].transpose(0, 1), []
        for step in steps:
            output, memory = self.ram.step(step, memory * ~step["is_init"])
            outputs.append((output.location_mean, output.logits, output.baseline.unsqueeze(-1), memory.transpose(0, 1)))
        for key, values in zip(self.out_keys, zip(*outputs, strict=True), strict=True):
            td[key] = torch.stack(values, 1).reshape(*td.shape, *values[0].shape[1:])
        return td


def main(*, seed: int = 1, num_envs: int = 256, iterations: int = 300) -> float:
    """Train, and return the mean return of the last tenth of the training's episodes."""
    torch.set_num_threads(1)  # Such small matrices gain nothing from more.
    torch.manual_seed(seed)
    tdnn.set_composite_lp_aggregate(False).set()
    envs = gym.make_vec(ID, num_envs=num_envs, autoreset_mode="Disabled", **KWARGS)
    ram = RAM(envs.single_observation_space, envs.single_action_space, init="orthogonal", detach_baseline=False)
    memory = TensorDictPrimer(memory=Unbounded((ram.f_h.num_states, ram.f_h.hidden_size)), expand_specs=True)
    env = TransformedEnv(GymWrapper(VectorFlatAction(envs)), Compose(InitTracker(), memory, RewardSum()))
    env.set_seed(seed)
    options = {"distribution_map": KINDS, "extra_kwargs": {"gaze": {"scale": ram.location_std}}}
    composite = {"distribution_class": tdnn.CompositeDistribution, "distribution_kwargs": options}
    sampler = tdnn.ProbabilisticTensorDictModule(["params"], [*KINDS], **composite, return_log_prob=True)
    actor = tdnn.ProbabilisticTensorDictSequential(recurrent := Recurrent(ram), sampler)
    # The environment takes the clipped location; the loss keeps the one that was drawn.
    join = tdnn.TensorDictModule(lambda gaze, choice: torch.cat([gaze.clamp(-1, 1), choice], -1), [*KINDS], ["action"])
    policy, frames = tdnn.TensorDictSequential(actor, join), num_envs * KWARGS["num_glimpses"]  # Whole episodes.
    advantage = GAE(gamma=1, lmbda=1, value_network=recurrent, average_gae=True, shifted=True)
    loss = ClipPPOLoss(actor, recurrent, entropy_coeff=0.01, critic_coeff=0.5, loss_critic_type="l2")
    optimizer, returns = torch.optim.Adam(loss.parameters(), lr=1e-3), []
    for data in Collector(env, policy, frames_per_batch=frames, total_frames=frames * iterations):
        returns.append(data["next", "episode_reward"][data["next", "done"]].mean().item())
        with set_recurrent_mode(True):
            advantage(data)
            for rows in torch.rand(2, num_envs).argsort().view(4, -1):  # 2 epochs of 2 minibatches
                optimizer.zero_grad()
                sum(value for key, value in loss(data[rows]).items() if key.startswith("loss_")).backward()
                torch.nn.utils.clip_grad_norm_(loss.parameters(), 5.0)
                optimizer.step()
    return sum(returns[-iterations // 10 :]) / len(returns[-iterations // 10 :])


if __name__ == "__main__":
    print(f"return {tyro.cli(main):.3f}")
