"""``python -m tests.contracts.bad_input``: more than 10,000 inputs, on a server and a database of its own.

``--seed N`` takes other ones, other callers and rows, and other damage; ``--of-each-kind N`` so many for each
operation and kind, 0 for all that there are; ``--only get_course`` one operation. It prints what is wrong as it finds
it; the exit status is 1 if anything is.
"""

import argparse
import sys
import time

from tests.contracts.own_world import own_world


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--of-each-kind", type=int, default=20, metavar="N")
    parser.add_argument("--only", default="", metavar="OPERATION_ID")
    options = parser.parse_args()
    began = time.monotonic()
    with own_world() as (world, connection):
        from tests.contracts.bad_input.operations import Operations  # not earlier: it asks which plugins are on
        from tests.contracts.bad_input.probe import Probe

        probe = Probe(Operations(world, connection, options.seed), options.seed)
        for operation in probe.operations.all.values():
            if options.only in ("", operation.name):
                some = options.of_each_kind
                told = len(probe.wrongs)
                probe.try_all(operation, probe.sample(operation, some) if some else probe.corpus(operation))
                for wrong in probe.wrongs[told:]:
                    print(wrong, end="\n\n", flush=True)
    print(probe.report())
    print(f"seed {options.seed}, {time.monotonic() - began:.0f} s")
    return 1 if probe.wrongs else 0


if __name__ == "__main__":
    sys.exit(main())
