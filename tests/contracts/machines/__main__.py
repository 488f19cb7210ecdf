"""``python -m tests.contracts.machines``: each machine for many examples, others for each ``--seed``.

It prints the shortest example that went wrong; the exit status is 1 if there was one.
"""

import argparse
import sys
import time
import traceback

from tests.contracts.own_world import own_stage


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--examples", type=int, default=100, help="of each machine")
    parser.add_argument("--steps", type=int, default=40, help="of each example")
    parser.add_argument("--only", default="", metavar="MACHINE")
    options = parser.parse_args()
    wrong = 0
    with own_stage() as (client, connection):
        from tests.contracts.machines.life import School  # not earlier: plugins would be imported before they are on
        from tests.contracts.machines.running import MACHINES, run

        school = School(client, connection)
        for name in [name for name in MACHINES if options.only in ("", name)]:
            began = time.monotonic()
            try:
                run(name, school, examples=options.examples, steps=options.steps, seed=options.seed)
            except Exception:
                traceback.print_exc()
                wrong += 1
            print(f"{name}: {options.examples} examples of {options.steps} steps, {time.monotonic() - began:.0f} s")
    print(f"seed {options.seed}: {wrong} machines found something")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
