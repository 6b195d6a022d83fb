"""Operators: which small changes are made to a tree of Python code.

Each change replaces one child of one node, so that it can be made, printed and taken back. What is left alone:
annotations and docstrings, imports, the texts of exceptions (for people, and tested where they promise something),
and conditions of `while` that would never end.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

_ORDERS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}

_OTHER_NAMES = {
    "any": "all",
    "all": "any",
    "min": "max",
    "max": "min",
    "startswith": "endswith",
    "endswith": "startswith",
    "partition": "rpartition",
    "match": "fullmatch",
    "fullmatch": "match",
    "search": "match",
    "values": "keys",
}
_WRAPPERS = frozenset({"sorted", "reversed", "tuple", "list", "dict", "set", "frozenset", "bool", "str", "int"})
_TEXT_METHODS = frozenset({"lower", "upper", "strip", "removesuffix", "removeprefix", "copy", "union"})
_NOT_VISITED = frozenset({"annotation", "returns", "type_params", "bases", "type_comment", "ctx"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(slots=True)
class Site:
    """One change that can be made to a tree.

    Attributes:
        parent: The node whose child is replaced.
        field: The name of the child's field.
        index: The place in the field where that is a list.
        new: What the child becomes.
        operator: What sort of change this is.
        statement: The innermost statement around it.
        function: The qualified name of the outermost function whose code changes; None where that is the module's.
    """

    parent: ast.AST
    field: str
    index: int | None
    new: ast.AST
    operator: str
    statement: ast.stmt
    function: str | None

    def swap(self) -> None:
        """Make the change; a second time takes it back."""
        held = getattr(self.parent, self.field)
        if self.index is None:
            setattr(self.parent, self.field, self.new)
            self.new = held
        else:
            held[self.index], self.new = self.new, held[self.index]


@dataclass(frozen=True, slots=True)
class _Around:
    statement: ast.stmt | None = None
    classes: tuple[str, ...] = ()
    function: str | None = None
    is_message: bool = False
    in_text: bool = False


def sites(tree: ast.Module) -> Iterator[Site]:
    """Yield every change, in the order of the code."""
    yield from _below(tree, _Around())


def _below(node: ast.AST, around: _Around) -> Iterator[Site]:
    for field, value in ast.iter_fields(node):
        if field in _NOT_VISITED:
            continue
        inside = _entered(node, field, around)
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _is_left_alone(child):
                continue
            below = _of_statement(child, inside)
            if below.statement is not None:
                place = index if isinstance(value, list) else None
                for operator, new in _replacements(child, node, field, below):
                    ast.copy_location(new, child)
                    ast.fix_missing_locations(new)
                    yield Site(node, field, place, new, operator, below.statement, below.function)
            yield from _below(child, below)


def _entered(node: ast.AST, field: str, around: _Around) -> _Around:
    """Return the surroundings of a field: a body belongs to its function, decorators and defaults do not."""
    if isinstance(node, _FUNCTIONS) and field == "body" and around.function is None:
        return _Around(around.statement, around.classes, ".".join((*around.classes, node.name)))
    if isinstance(node, ast.ClassDef) and field == "body" and around.function is None:
        return _Around(around.statement, (*around.classes, node.name))
    return around


def _of_statement(child: ast.AST, around: _Around) -> _Around:
    statement = child if isinstance(child, ast.stmt) else around.statement
    is_message = around.is_message or isinstance(child, ast.Raise) or _is_error(child)
    in_text = isinstance(child, ast.JoinedStr) or around.in_text
    return _Around(statement, around.classes, around.function, is_message, in_text)


def _is_error(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Error")


def _is_left_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
        return True
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _replacements(node: ast.AST, parent: ast.AST, field: str, around: _Around) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.stmt):
        yield from _of_statements(node)
    elif isinstance(node, ast.ExceptHandler):
        yield from _of_handlers(node)
    elif isinstance(node, ast.Slice):
        for end in ("lower", "upper"):
            if getattr(node, end) is not None:
                yield "slice", _with(node, **{end: None})
    elif isinstance(node, ast.expr):
        if _is_condition(parent, field):
            yield "condition", ast.Constant(value=True)
            yield "condition", ast.Constant(value=False)
        yield from _of_expressions(node, parent, around)


def _is_condition(parent: ast.AST, field: str) -> bool:
    if isinstance(parent, ast.If | ast.IfExp):
        return field == "test"
    return isinstance(parent, ast.comprehension) and field == "ifs"


def _of_statements(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Return) and node.value is not None:
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield "return", ast.Return(value=ast.Constant(value=None))
    elif _has_effect(node):
        yield "removed", ast.Pass()
    elif isinstance(node, ast.Continue):
        yield "loop", ast.Break()
    elif isinstance(node, ast.Break):
        yield "loop", ast.Continue()


def _has_effect(node: ast.stmt) -> bool:
    """True for a statement without which every name is bound all the same."""
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Subscript | ast.Attribute)
    return isinstance(node, ast.Expr | ast.AugAssign | ast.Raise | ast.Delete)


def _of_handlers(node: ast.ExceptHandler) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.type, ast.Tuple):
        for index in range(len(node.type.elts)):
            kept = [*node.type.elts[:index], *node.type.elts[index + 1 :]]
            yield "handler", _with(node, type=ast.Tuple(elts=kept, ctx=ast.Load()))
    elif node.type is not None:
        yield "handler", _with(node, type=ast.Name(id="ZeroDivisionError", ctx=ast.Load()))


def _of_expressions(node: ast.expr, parent: ast.AST, around: _Around) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Constant):
        yield from _of_constants(node, around)
    elif isinstance(node, ast.Compare):
        for index, held in enumerate(node.ops):
            for other in _ORDERS.get(type(held), ()):
                yield "compare", _with(node, ops=[*node.ops[:index], other(), *node.ops[index + 1 :]])
    elif isinstance(node, ast.BoolOp):
        yield "and/or", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for index in range(len(node.values)):
            rest = [*node.values[:index], *node.values[index + 1 :]]
            yield "operand", rest[0] if len(rest) == 1 else _with(node, values=rest)
    elif isinstance(node, ast.UnaryOp):
        yield "unary", node.operand
    elif isinstance(node, ast.BinOp):
        yield from _of_arithmetic(node)
    elif isinstance(node, ast.Call):
        yield from _of_calls(node)
    else:
        yield from _of_displays(node, parent)


def _of_constants(node: ast.Constant, around: _Around) -> Iterator[tuple[str, ast.AST]]:
    value = node.value
    if isinstance(value, bool):
        yield "constant", ast.Constant(value=not value)
    elif isinstance(value, int | float):
        yield "constant", ast.Constant(value=value + 1)
        if value > 0:
            yield "constant", ast.Constant(value=value - 1)
    elif around.is_message:
        return
    elif isinstance(value, str):
        yield "text", ast.Constant(value=f"XX{value}")
    elif isinstance(value, bytes):
        yield "text", ast.Constant(value=b"XX" + value)


def _of_arithmetic(node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    yield "operand", node.left
    if isinstance(node.op, ast.Add | ast.BitOr):
        yield "operand", node.right
    elif isinstance(node.op, ast.Sub):
        yield "operator", _with(node, op=ast.Add())
    elif isinstance(node.op, ast.Mult):
        yield "operator", _with(node, op=ast.FloorDiv())


def _of_calls(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    for index, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            yield "argument", _with(node, keywords=[*node.keywords[:index], *node.keywords[index + 1 :]])
    if isinstance(node.func, ast.Name):
        name = node.func.id
        if name in _WRAPPERS and node.args:
            yield "unwrapped", node.args[0]
        if name in _OTHER_NAMES:
            yield "function", _with(node, func=ast.Name(id=_OTHER_NAMES[name], ctx=ast.Load()))
    elif isinstance(node.func, ast.Attribute):
        name = node.func.attr
        if name in _TEXT_METHODS:
            yield "unwrapped", node.func.value
        if name in _OTHER_NAMES:
            yield "function", _with(node, func=_with(node.func, attr=_OTHER_NAMES[name]))
        if name == "get" and len(node.args) == 2:
            yield "argument", _with(node, args=node.args[:1])


def _of_displays(node: ast.expr, parent: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Dict):
        for index, key in enumerate(node.keys):
            if key is None or isinstance(parent, ast.Return | ast.Assign | ast.Call):
                fields = {name: [*held[:index], *held[index + 1 :]] for name, held in ast.iter_fields(node)}
                yield "member", _with(node, **fields)
    is_choice = isinstance(node, ast.Tuple) and isinstance(parent, ast.Compare)
    if isinstance(node, ast.Set | ast.List) or is_choice:
        held = getattr(node, "elts")  # noqa: B009 -- the three kinds of display have no common class
        for index, member in enumerate(held):
            if len(held) > 1 and not isinstance(member, ast.Constant):
                yield "member", _with(node, elts=[*held[:index], *held[index + 1 :]])


def _with(node: ast.AST, **fields: object) -> ast.AST:
    fresh = copy.copy(node)
    for name, value in fields.items():
        setattr(fresh, name, value)
    return fresh
