"""Where somebody looked, and how alike two ways of looking are; `ram_agents.evaluation.scanpaths` offers it all."""
