"""`python -m ram_agents COMMAND ...` is `ram COMMAND ...`."""

from .cli import main

main()
