"""Counts the NumPy operations of a quarter: python array_operations.py RUNS QUARTERS LINEUP...

NumPy cannot be asked for that: an operator on arrays is no call that Python sees, and a subclass of
arrays would be lost wherever the code takes plain ones. So agentsim's modules are imported with
every operator, call, look-up and assignment to elements passed through a count, which is all that
is changed about them.

An operation is what works on the elements of an array with a number for each run: arithmetic and
comparison, ufuncs and their reductions, np.where, copies, fills, sorts, assignments and look-ups by
mask. To see an array in another way (slices, reshape, asarray) is none, nor to make an empty one.
"""

import ast
import builtins
import importlib.abc
import importlib.machinery
import operator
import sys

import numpy as np

NO_WORK = [
    "array_equal",
    "asarray",
    "ascontiguousarray",
    "atleast_1d",
    "atleast_2d",
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "empty",
    "empty_like",
    "ndim",
    "reshape",
    "setflags",
    "shape",
    "size",
    "swapaxes",
    "transpose",
    "view",
]
OPERATORS = {
    name: getattr(operator, function)
    for name, function in zip(
        [
            "Add",
            "Sub",
            "Mult",
            "Div",
            "Pow",
            "FloorDiv",
            "Mod",
            "MatMult",
            "BitAnd",
            "BitOr",
            "BitXor",
            "LShift",
            "RShift",
            "Lt",
            "LtE",
            "Gt",
            "GtE",
            "Eq",
            "NotEq",
            "USub",
            "UAdd",
            "Invert",
        ],
        [
            "add",
            "sub",
            "mul",
            "truediv",
            "pow",
            "floordiv",
            "mod",
            "matmul",
            "and_",
            "or_",
            "xor",
            "lshift",
            "rshift",
            "lt",
            "le",
            "gt",
            "ge",
            "eq",
            "ne",
            "neg",
            "pos",
            "invert",
        ],
        strict=True,
    )
}


class Count:
    """What the modules call; `made` are the operations on arrays of `least` elements and more."""

    operators = OPERATORS

    def __init__(self, least):
        self.least = least
        self.made = 0

    def counts(self, *operands):
        return any(isinstance(each, np.ndarray) and each.size >= self.least for each in operands)

    def apply(self, function, *operands):
        self.made += self.counts(*operands)
        return function(*operands)

    def added(self, target, value):
        """The right side of `target += value`."""
        self.made += self.counts(target, value)
        return value

    def assigned(self, target, value):
        """The right side of `target[...] = value`."""
        self.made += self.counts(target)
        return value

    def look_up(self, array, index):
        if self.counts(array):
            parts = index if isinstance(index, tuple) else (index,)
            self.made += any(isinstance(part, np.ndarray | list) for part in parts)
        return array[index]

    def call(self, function, *args, **kwargs):
        result = function(*args, **kwargs)
        if is_operation(function):
            owner = getattr(function, "__self__", None)
            self.made += self.counts(owner, result, *args, *kwargs.values())
        return result


def is_operation(function):
    """Whether this is NumPy's, or an array's, and works on elements."""
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", "")
    if isinstance(function, type) or name in NO_WORK:
        return False
    module = getattr(function, "__module__", None) or ""
    ours = isinstance(function, np.ufunc) or isinstance(owner, np.ufunc | np.ndarray)
    return ours or module.partition(".")[0] == "numpy"


class Counting(ast.NodeTransformer):
    """Puts the count into a module."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        return counted("apply", function_of(node.op), node.left, node.right)

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Not):
            return node
        return counted("apply", function_of(node.op), node.operand)

    def visit_Compare(self, node):
        self.generic_visit(node)
        if len(node.ops) > 1 or type(node.ops[0]).__name__ not in OPERATORS:
            return node  # a chain is none of arrays
        return counted("apply", function_of(node.ops[0]), node.left, node.comparators[0])

    def visit_AugAssign(self, node):
        target = read(node.target)
        self.generic_visit(node)
        node.value = counted("added", target, node.value)
        return node

    def visit_Assign(self, node):
        holders = [
            read(each.value)
            for target in node.targets
            for each in (target.elts if isinstance(target, ast.Tuple) else [target])
            if isinstance(each, ast.Subscript)
        ]
        self.generic_visit(node)
        for holder in holders:
            node.value = counted("assigned", holder, node.value)
        return node

    def visit_Subscript(self, node):
        self.generic_visit(node)
        sliced = any(isinstance(each, ast.Slice) for each in ast.walk(node.slice))
        if sliced or not isinstance(node.ctx, ast.Load):
            return node
        return counted("look_up", node.value, node.slice)

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return node  # it looks at the frame that calls it
        return counted("call", node.func, *node.args, keywords=node.keywords)

    # Types are left as they are written.

    def visit_AnnAssign(self, node):
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_FunctionDef(self, node):
        node.body = [self.visit(each) for each in node.body]
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        node.args.defaults = [self.visit(each) for each in node.args.defaults]
        return node

    def visit_ClassDef(self, node):
        node.body = [self.visit(each) for each in node.body]
        return node


def read(target):
    """What is assigned to, as something that is read."""
    return ast.parse(ast.unparse(target), mode="eval").body


def function_of(kind):
    return ast.parse(f"__count__.operators[{type(kind).__name__!r}]", mode="eval").body


def counted(method, *args, keywords=()):
    function = ast.parse(f"__count__.{method}", mode="eval").body
    return ast.Call(function, list(args), list(keywords))


def compiled(source, path):
    """Compile a module with the count in it."""
    tree = Counting().visit(ast.parse(source, path))
    return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a module so, and keeps nothing of it on disk."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        return compiled(self.get_data(path), path)


class Finder(importlib.abc.MetaPathFinder):
    """Finds agentsim's modules as ever."""

    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] != "agentsim":
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None and (spec.origin or "").endswith(".py"):
                spec.loader = Loader(spec.name, spec.origin)
                return spec
        return None


def count(runs, quarters, lineups):
    """Return the operations a quarter of markets with these lineups."""
    counter = builtins.__count__ = Count(runs)
    sys.meta_path.insert(0, Finder())
    from agentsim.lineup import resolve
    from agentsim.scenario import Scenario
    from agentsim.simulation import Simulation

    scenario, numbers, found = Scenario.load("2025Q4"), np.arange(runs), []
    for lineup in lineups:
        chosen = resolve(lineup, scenario.firms)
        simulation = Simulation(scenario, chosen, numbers, 1, horizon=quarters)
        counter.made = 0
        simulation.run()
        found.append(counter.made / quarters)
    return found


if __name__ == "__main__":
    print(*count(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
