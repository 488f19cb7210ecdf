"""``python -m tests.faults``: all scenarios, or some, by a seed. It ends with 1 if one goes otherwise than promised."""

import argparse
import json
import signal
import sys
from pathlib import Path

from tests.faults.running import Outcome
from tests.faults.scenarios import SCENARIOS
from tests.faults.series import CALM, WRITERS, Series, reason_to_skip
from tests.faults.table import HEAD, lines


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--scenario", action="append", choices=names, metavar="NAME", help="only this; can be repeated")
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--rounds", type=int, default=1, help="each with the next seed")
    parser.add_argument("--writers", type=int, default=WRITERS, help="how many write meanwhile")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument("--list", action="store_true", help="say what there is")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started ends with us
    if asked.list:
        for scenario in SCENARIOS:
            print(f"{scenario.name:<24}  {scenario.told}")
        return 0
    names = {CALM, *(asked.scenario or (scenario.name for scenario in SCENARIOS))}
    outcomes: list[Outcome] = []
    print(HEAD, flush=True)
    with Series(asked.writers) as series:
        for seed in range(asked.seed, asked.seed + asked.rounds):
            for scenario in SCENARIOS:
                if scenario.name not in names:
                    continue
                if reason := reason_to_skip(scenario):
                    print(f"{scenario.name:<24}  skipped: {reason}", flush=True)
                    continue
                outcome = series.run(scenario, seed)
                outcomes.append(outcome)
                print(*lines(outcome), sep="\n", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps([outcome.as_json() for outcome in outcomes], indent=1))
    return 0 if all(outcome.is_well for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
