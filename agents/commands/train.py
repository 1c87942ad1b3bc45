"""`ram train`: hyper-parameters from a recipe and from the command line, to checkpoints in a directory."""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ..agent import checkpoint
from ..evaluation.pretrained import load, tell_images
from ..evaluation.runs import BEST, LAST, LOG, Checkpoints
from ..model.cells import CellLocationNetwork
from ..model.policy import RAM
from ..precision import MatmulPrecision
from ..processes.group import ALONE, Processes
from ..processes.torchrun import launcher, leave, torchrun
from ..training.callbacks import Callback
from ..training.reinforce import Reinforce
from .options import check_device, check_out, program
from .train_options import Train, check_resumed, parse


def main(arguments: Sequence[str]) -> None:
    """Parse the arguments, train, and tell what was made and what can be done with it."""
    with torchrun() as processes:
        options, stopped = parse(arguments), False
        try:
            train(options, processes)
        except Stopped:
            stopped = True
    told = ("Stopped and saved.\n" if stopped else "") + ending(options) if processes.first else ""
    if processes.size > 1:
        print(told, end="\n" * processes.first, file=sys.stderr if stopped else sys.stdout)
        leave(int(stopped))
    if stopped:
        sys.exit(told)
    print(told)


class Stopped(KeyboardInterrupt):
    """The user, or a scheduler, stopped a run between two updates, and it is saved."""


def train(options: Train, processes: Processes = ALONE) -> Reinforce:
    """Train, in all of these processes together.

    Raises:
        Stopped: it was stopped, and can go on.
        KeyboardInterrupt: it was stopped before there was anything to save, or once more while it was saving.
        ValueError: options that can't be.
    """
    check_device(processes.device(options.device))
    torch.set_num_threads(options.threads)
    agent = begin(options, processes)
    if processes.first:
        check_out(options.out, directory=True)
    if agent.config.matmul_precision == "auto":
        agent.decide_precision()
        tell(processes, f"--matmul-precision {agent.config.matmul_precision}: measured to be the faster one here")
    if agent.config.teacher_weight and agent.teacher is None:
        tell(processes, f"a teacher is trained first, on {agent.config.teacher_scenes:,} whole scenes")
    checkpoints = Checkpoints(options.out)
    callbacks: list[Callback] = [checkpoints]
    if options.tensorboard and processes.first:
        from ..rendering.tensorboard import TensorBoard

        callbacks.append(TensorBoard(options.out))
    try:
        agent.learn(
            options.total_episodes, callback=callbacks, progress_bar=options.progress_bar, resume=options.resume
        )
    except KeyboardInterrupt:
        if processes.first and (checkpoints.metrics or not (options.out / LAST).exists()):
            raise
        raise Stopped from None
    return agent


def tell(processes: Processes, line: str) -> None:
    """Say something on standard error, once."""
    if processes.first:
        print(line, file=sys.stderr)


def begin(options: Train, processes: Processes = ALONE) -> Reinforce:
    """The agent that is to be trained.

    Raises:
        ValueError: the options don't fit each other, or the run that lies in the directory.
    """
    last = options.out / LAST
    if options.resume:
        device, unsigned = processes.device(options.device), options.allow_unsigned
        agent = Reinforce.load(last, device=device, processes=processes, allow_unsigned=unsigned)
        check_resumed(options, agent.config)
        tell_images(str(last), agent.env_kwargs, *agent.config.variants())
        tell_processes(last, processes)
        go_on_in(agent, options.matmul_precision)
        if math.ceil(options.total_episodes / options.num_envs) < agent.updates:
            raise ValueError(
                f"--total-episodes {options.total_episodes}: the run in {options.out} has gone through "
                f"{agent.episodes} already; ask for more"
            )
        return agent
    if last.exists():
        raise ValueError(f"{options.out} holds a run already: add --resume to go on with it, or choose another --out")
    device = processes.device(options.device)
    agent = Reinforce(config=options.hyper_parameters(), device=device, processes=processes)
    if options.weights:
        take_weights(agent, options.weights, allow_unsigned=options.allow_unsigned)
    return agent


def go_on_in(agent: Reinforce, precision: MatmulPrecision) -> None:
    """Let a run that is resumed keep its precision, unless another one is asked for; "auto" asks for none.

    Either is told; and if it keeps bfloat16, and float32 is the faster one here, the remedy.
    """
    kept = agent.config.matmul_precision
    if precision not in ("auto", kept):
        agent.config = agent.config.replace(matmul_precision=precision)
        told = f"{precision}, where the run had {kept}: it goes on, to other weights than with {kept}"
    elif kept != "medium":
        return
    elif agent.faster_precision() == "medium":
        told = "medium, as the run began"
    else:
        told = "medium, as the run began; highest is faster here, and goes on to other weights"
    tell(agent.processes, f"--matmul-precision {told}")


def tell_processes(last: Path, processes: Processes) -> None:
    """Say it if a run goes on in another number of processes."""
    with checkpoint.opened(last) as file:
        before = file.description.get("processes", 1)
    if before != processes.size:
        tell(
            processes,
            f"processes: {processes.size}, where the run had {before}: it goes on, to other weights than with {before}",
        )


def take_weights(agent: Reinforce, name: str, *, allow_unsigned: bool = False) -> None:
    """Give an agent the weights of another, by its path or name.

    What begins anew: a stop network that the other lacks, and, which is told, the action network where there are more
    or fewer actions to choose from. Of what counts as seen only this agent's "covered" may be more than the other's.

    Raises:
        ValueError: the two are different models.
    """
    other = load(name, allow_unsigned=allow_unsigned).policy
    ours, theirs = agent.policy.state_dict(), other.state_dict() | weights_of_seen(agent.policy, other)
    actions, before = len(ours["f_a.weight"]), len(theirs["f_a.weight"])
    anew: tuple[str, ...] = ("f_s.",)
    if actions != before:
        anew = ("f_s.", "f_a.")
        theirs = {key: tensor for key, tensor in theirs.items() if not key.startswith("f_a.")}
    lacking = [key for key in ours if key not in theirs and not key.startswith(anew)]
    unfit = [key for key, tensor in theirs.items() if key not in ours or ours[key].shape != tensor.shape]
    if wrong := lacking + unfit:
        raise ValueError(
            f"the weights of {name} are another model's: {', '.join(wrong)} do not fit; train with its hyper-parameters"
            " and its environment's arguments"
        )
    if actions != before:
        told = f"--weights {name}: it chooses among {before} actions, this agent among {actions}"
        tell(agent.processes, f"{told}: the network that chooses begins anew")
    agent.policy.load_state_dict(ours | theirs)


def weights_of_seen(policy: RAM, other: RAM) -> dict[str, Tensor]:
    """Another's weights of cells, where this policy is told more of what was seen: zeros for what it is told."""
    mine, theirs = policy.f_l, other.f_l
    if not (isinstance(mine, CellLocationNetwork) and isinstance(theirs, CellLocationNetwork)):
        return {}
    if (more := mine.num_seen - theirs.num_seen) <= 0 or mine.scales != theirs.scales:
        return {}
    found = {}
    for name, tensor in theirs.weights.state_dict().items():  # (k * F + 1, ...): what was seen is told last of each F
        known = tensor[:-1].unflatten(0, (theirs.scales, -1))
        further = known.new_zeros(theirs.scales, more, *known.shape[2:])
        found[f"f_l.weights.{name}"] = torch.cat([torch.cat([known, further], 1).flatten(0, 1), tensor[-1:]])
    return found


def ending(options: Train) -> str:
    """What a run has left in its directory, and the commands that go on from there."""
    with checkpoint.opened(options.out / LAST) as file:
        last = file.description
    episodes = last["updates"] * options.num_envs
    total = math.ceil(options.total_episodes / options.num_envs) * options.num_envs  # whole updates
    errors = {LAST: last["validation_error"]}
    if (options.out / BEST).exists():
        errors = {BEST: last["best_error"], **errors}
    lines = [f"{options.out} holds, after {episodes:,} of {total:,} episodes:"]
    for name, error in errors.items():
        lines.append(f"  {name:<18}" + ("" if error is None else f" held-out error {error:.2f}%"))
    lines += [f"  {LOG:<18} a line for each checkpoint", "What next:"]
    agent = shlex.quote(str(options.out / next(iter(errors))))
    out = shlex.quote(str(options.out))
    module = f" --env-id {options.env_id}" if ":" in options.env_id else ""  # no file alone imports one
    more = "" if episodes < total else f" --total-episodes {2 * options.total_episodes}"
    size = last.get("processes", 1)
    trainer = program() if size == 1 else f"{launcher(size)} -m {__package__.partition('.')[0]}"
    lines += [f"  {program()} {command}" for command in (f"evaluate {agent}{module}", f"watch {agent}{module}")]
    lines += [
        f"  {program()} plot curves {out}",
        f"  {trainer} train --out {out} --resume{more}{module}{_kept(options)}",
    ]
    return "\n".join(lines)


def _kept(options: Train) -> str:
    """The options that `--resume` does not find in the run, as they were given."""
    words = {
        f" --device {options.device}": options.device != "cpu",
        " --tensorboard": options.tensorboard,
    }
    return "".join(word for word, given in words.items() if given)
