"""Which version a changed contract has: the minor rises for what is added, the major for what is gone or differs."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Signature:
    """The arguments as the source writes them, by name, and what is given back."""

    in_order: dict[str, str]
    by_keyword: dict[str, str]
    gives: str


def version_of(lines: Iterable[str], released: list[str]) -> str:
    """``contract 1.2``. ``released``: the lines of the last release, its version first."""
    version, *old = released
    major, minor = map(int, version.removeprefix("contract ").split("."))
    new = {name_of(line): line for line in lines}
    if any(not is_kept(line, new.get(name_of(line))) for line in old):
        return f"contract {major + 1}.0"
    return f"contract {major}.{minor + (set(new.values()) != set(old))}"


def changed_names(lines: Iterable[str], released: list[str]) -> set[str]:
    """What a changelog has to name: what came, went or changed; what belongs to such a class goes with it.

    A name that was all that was said, of which more is said now, has not changed.
    """
    lines, old = set(lines), set(released[1:])
    changed = {name_of(line) for line in lines ^ old}
    told_more = {line for line in old if line == name_of(line)} & {name_of(line) for line in lines}
    outermost = {name for name in changed if not any(name.startswith(f"{other}.") for other in changed)}
    return outermost - told_more


def name_of(line: str) -> str:
    """``config.add_scope`` of its line."""
    return re.split(r"[(:= ]", line)[0]


def is_kept(old: str, new: str | None) -> bool:
    """Whether whoever uses ``old`` can use ``new``: it is the same, or takes more arguments that may be left out.

    Where ``old`` is a name and nothing more, all that was promised is that it is there.
    """
    if new is None or old in (new, name_of(old)):
        return new is not None
    if not old.startswith(f"{name_of(old)}(") or not new.startswith(f"{name_of(new)}("):
        return False
    before, after = signature_of(old), signature_of(new)
    is_prefix = list(after.in_order.items())[: len(before.in_order)] == list(before.in_order.items())
    are_there = after.by_keyword.items() >= before.by_keyword.items()
    known = {**before.in_order, **before.by_keyword}
    more = [text for name, text in {**after.in_order, **after.by_keyword}.items() if name not in known]
    return before.gives == after.gives and is_prefix and are_there and all("=" in text for text in more)


def signature_of(line: str) -> Signature:
    """Of ``api.field(typ: Any, *, missing: Any=required) -> Any``."""
    (node,) = ast.parse(f"def f{line[line.index('(') :]}: ...").body
    assert isinstance(node, ast.FunctionDef)
    args = node.args
    defaults = [*[None] * (len(args.args) - len(args.defaults)), *args.defaults]
    in_order = {arg.arg: text_of(arg, default) for arg, default in zip(args.args, defaults, strict=True)}
    by_keyword = {arg.arg: text_of(arg, value) for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True)}
    for rest in (args.vararg, args.kwarg):
        if rest:
            by_keyword[f"*{rest.arg}"] = f"{ast.unparse(rest)}="
    return Signature(in_order, by_keyword, ast.unparse(node.returns) if node.returns else "")


def text_of(arg: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(arg) + (f"={ast.unparse(default)}" if default else "")
