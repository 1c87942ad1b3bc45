"""Serve an agent without torch. First `ram export cluttered60 --out agent.onnx`, then this with `agent.onnx`."""

import json
import sys

import gymnasium as gym
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1])
told = session.get_modelmeta().custom_metadata_map
kwargs = json.loads(told["env_kwargs"]) | {"split": "test", "autoreset_mode": "Disabled"}
envs = gym.make_vec("ram_envs:" + told["env_id"], num_envs=1000, **kwargs)
(observation, info), done = envs.reset(seed=0), np.zeros(1000, bool)
state = np.zeros([n if isinstance(n, int) else 1000 for n in session.get_inputs()[2].shape], np.float32)
while not done.all():
    location, logits, state = session.run(None, {**observation, "state": state})
    observation, reward, done, truncated, info = envs.step({"location": location, "action": logits.argmax(1)})
print(f"{100 * info['is_success'].mean():.1f}% of 1000 test scenes are right")
