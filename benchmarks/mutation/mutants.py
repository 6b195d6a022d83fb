"""Mutants: one change to one file each, with a name that survives other changes to the file."""

import ast
import copy
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

from benchmarks.mutation.operators import Site, sites

_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to one file.

    Attributes:
        file: The path from the root of the checkout.
        line: Where, counted from 1.
        number: Which of the file's changes.
        operator: What sort of change.
        before: The statement as it is, without its body; of a long one only what changes.
        after: The same, changed.
        function: The function whose code changes; None where all of the module must be executed anew.
    """

    file: str
    line: int
    number: int
    operator: str
    before: str
    after: str
    function: str | None


def mutants_of(root: Path, file: str) -> list[Mutant]:
    """Return all changes to a file, except those that leave its code the same."""
    tree = ast.parse((root / file).read_text())
    tied = _with_cells(tree)
    found: list[Mutant] = []
    for number, site in enumerate(sites(tree)):
        before, after = _shown(site)
        if before != after:
            line = getattr(site.new, "lineno", site.statement.lineno)
            function = None if site.function in tied else site.function
            found.append(Mutant(file, line, number, site.operator, before, after, function))
    return found


def unchanged(file: str) -> Mutant:
    """Return the mutant that changes nothing, which has to survive."""
    return Mutant(file, 0, -1, "none", "", "", None)


def code_of(root: Path, mutant: Mutant) -> CodeType:
    """Return the code of the whole changed module."""
    path = root / mutant.file
    tree = ast.parse(path.read_text())
    for number, site in enumerate(sites(tree)):
        if number == mutant.number:
            site.swap()
            break
    return compile(tree, str(path), "exec")


def code_inside(module: CodeType, name: str) -> CodeType:
    """Return the code of the function with the qualified name."""
    pending = [module]
    while pending:
        for inner in pending.pop().co_consts:
            if isinstance(inner, CodeType):
                if inner.co_qualname == name:
                    return inner
                pending.append(inner)
    raise LookupError(name)


def _with_cells(tree: ast.Module) -> set[str | None]:
    """Return the methods that say `super()`: their code is tied to a cell and cannot be exchanged."""
    return {
        f"{outer.name}.{inner.name}"
        for outer in tree.body
        if isinstance(outer, ast.ClassDef)
        for inner in outer.body
        if isinstance(inner, ast.FunctionDef)
        if any(isinstance(node, ast.Name) and node.id == "super" for node in ast.walk(inner))
    }


def _shown(site: Site) -> tuple[str, str]:
    child = getattr(site.parent, site.field)
    old = child if site.index is None else child[site.index]
    before = _text(site.statement)
    if old is site.statement or isinstance(old, ast.ExceptHandler) or len(before) > _LONGEST:
        return _text(old), _text(site.new)
    site.swap()
    try:
        return before, _text(site.statement)
    finally:
        site.swap()


def _text(node: ast.AST) -> str:
    """Return a node as one line of code; of a compound statement its head."""
    shown = copy.copy(node)
    for field in ("body", "orelse", "finalbody", "handlers"):
        if isinstance(getattr(shown, field, None), list):
            setattr(shown, field, [ast.Pass()] if field == "body" else [])
    return " ".join(ast.unparse(shown).removesuffix("pass").split())
