"""No law, sector or strategy uses arithmetic whose bits depend on how many runs stand together.

NumPy's powers, sums over firms and matrix products take other paths for one run than for many,
and a random number with a state depends on what was drawn before it. This reads the source of
all code that handles `(firms, runs)` arrays and names what to use instead.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NUMERICS = ROOT / "agentsim/laws/numerics.py"
READ = [
    "agentsim/laws",
    "agentsim/ledger.py",
    "agentsim/outcomes.py",
    "agentsim/quarter.py",
    "agentsim/sectors",
    "agentsim/simulation.py",
    "agentsim/steps",
    "agentsim/strategy",
    "strategies",
]

USE_POWER = "use laws.numerics.power, or products for integer powers"
USE_SUM = "use laws.numerics.ordered_sum"
USE_PRODUCTS = "write the products out and add them with laws.numerics.ordered_sum"
USE_RANDOMNESS = "use agentsim.randomness, or sees.draw in a strategy"

FORBIDDEN = {
    **dict.fromkeys(["numpy.power", "numpy.float_power", "math.pow", "operator.pow"], USE_POWER),
    **dict.fromkeys(
        [
            "numpy.dot",
            "numpy.einsum",
            "numpy.inner",
            "numpy.linalg",
            "numpy.matmul",
            "numpy.matvec",
            "numpy.tensordot",
            "numpy.vdot",
            "numpy.vecdot",
            "numpy.vecmat",
            "operator.matmul",
        ],
        USE_PRODUCTS,
    ),
    **dict.fromkeys(["numpy.random", "random", "scipy.stats"], USE_RANDOMNESS),
}
REDUCTIONS = {"sum", "prod", "mean", "std", "var", "average", "nansum", "nanprod", "nanmean"}
ROUNDED = {"numpy.add", "numpy.multiply", "numpy.logaddexp"}
"""Those whose result depends on the order of the terms; maximum and minimum do not."""


def lint(source: str) -> list[str]:
    """What the source must not do, one line each."""
    linter = _Linter()
    linter.visit(ast.parse(source))
    return linter.found


class _Linter(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: list[str] = []
        self.names: dict[str, str] = {}
        """What a name stands for: np -> numpy."""

    def complain(self, node: ast.AST, what: str, remedy: str) -> None:
        self.found.append(f"line {getattr(node, 'lineno', 0)}: {what}: {remedy}")

    # Names

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.names[alias.asname or top] = alias.name if alias.asname else top
            self.check_name(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level:
            return
        for alias in node.names:
            full = f"{node.module}.{alias.name}"
            self.names[alias.asname or alias.name] = full
            self.check_name(node, full)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self.full_name(node)
        if name is None:
            self.generic_visit(node)
        else:
            self.check_name(node, name)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in self.names:
            self.check_name(node, self.names[node.id])

    def full_name(self, node: ast.expr) -> str | None:
        """numpy.add.reduce for np.add.reduce; None for what does not start at an import."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            start = self.full_name(node.value)
            return None if start is None else f"{start}.{node.attr}"
        return None

    def check_name(self, node: ast.AST, name: str) -> None:
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            remedy = FORBIDDEN.get(".".join(parts[:length]))
            if remedy is not None:
                self.complain(node, name, remedy)
                return

    # Operators

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow) and not (_constant(node.left) and _constant(node.right)):
            self.complain(node, "**", USE_POWER)
        if isinstance(node.op, ast.MatMult):
            self.complain(node, "@", USE_PRODUCTS)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow):
            self.complain(node, "**=", USE_POWER)
        if isinstance(node.op, ast.MatMult):
            self.complain(node, "@=", USE_PRODUCTS)

    # Calls

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        function = node.func
        if isinstance(function, ast.Name) and function.id == "pow" and "pow" not in self.names:
            self.complain(node, "pow()", USE_POWER)
        name = self.full_name(function)
        if name is not None:
            of_numpy, _, last = name.rpartition(".")
            if of_numpy == "numpy" and last in REDUCTIONS:
                self.check_axis(node, position=1, default=None)
            elif of_numpy in ROUNDED and last == "reduce":
                self.check_axis(node, position=1, default=0)
        elif isinstance(function, ast.Attribute):
            if function.attr in REDUCTIONS:
                self.check_axis(node, position=0, default=None)
            elif function.attr == "dot":
                self.complain(node, ".dot()", USE_PRODUCTS)

    def check_axis(self, call: ast.Call, position: int, default: int | None) -> None:
        """Complain unless the axis is known to leave out the first, which holds the firms."""
        axis: object = default
        given = [keyword.value for keyword in call.keywords if keyword.arg == "axis"]
        given += call.args[position : position + 1]
        if given:
            try:
                axis = ast.literal_eval(given[0])
            except ValueError:
                axis = None
        axes = axis if isinstance(axis, tuple) else (axis,)
        # -1 is the last axis, the runs; -2 is the firms of a (firms, runs) array.
        if not all(isinstance(a, int) and (a > 0 or a == -1) for a in axes):
            self.complain(call, f"{ast.unparse(call.func)} over firms", USE_SUM)


def _constant(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _constant(node.left) and _constant(node.right)
    if isinstance(node, ast.UnaryOp):
        return _constant(node.operand)
    return isinstance(node, ast.Constant)


def problems(file: Path) -> list[str]:
    found = lint(file.read_text(encoding="utf-8"))
    if file == NUMERICS:
        # `ordered_sum` itself adds with NumPy, in the shapes that NumPy adds in order.
        found = [problem for problem in found if not problem.endswith(USE_SUM)]
    return [f"{file.relative_to(ROOT)}: {problem}" for problem in found]


def files_read() -> list[Path]:
    found: list[Path] = []
    for place in READ:
        path = ROOT / place
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path] * path.is_file()
    return found


def test_laws_sectors_and_strategies_use_arithmetic_that_any_chunk_repeats():
    files = files_read()
    assert NUMERICS in files
    found = [problem for file in files for problem in problems(file)]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    "snippet",
    [
        "y = x ** 2",
        "y = x ** 0.5",
        "y = 2 ** x",
        "y = (1 + rate) ** (1 / 4)",
        "x **= 2",
        "y = pow(x, 2)",
        "import numpy as np\ny = np.power(x, 2)",
        "import numpy as np\nf = np.power",
        "import numpy\ny = numpy.float_power(x, 2)",
        "from numpy import power as p\ny = p(x, 2)",
        "import math\ny = math.pow(x, 2)",
        "from math import pow\ny = pow(x, 2)",
        "y = a @ b",
        "a @= b",
        "y = a.dot(b)",
        "import numpy as np\ny = np.dot(a, b)",
        "import numpy as np\ny = np.matmul(a, b)",
        "import numpy as np\ny = np.inner(a, b)",
        "import numpy as np\ny = np.einsum('fr,fr->r', a, b)",
        "import numpy as np\ny = np.tensordot(a, b)",
        "import numpy as np\ny = np.linalg.solve(a, b)",
        "y = x.sum(axis=0)",
        "y = x.sum(0)",
        "y = x.sum()",
        "y = x.sum(axis=None)",
        "y = x.sum(axis=-2)",
        "y = x.sum(axis=(0, 1))",
        "y = x.sum(axis=axis)",
        "y = (a * b).sum(axis=0)",
        "y = x.prod(axis=0)",
        "y = x.mean(axis=0)",
        "y = x[1:].mean(0)",
        "y = sees.capex.mean(axis=0)",
        "import numpy as np\ny = np.sum(x, axis=0)",
        "import numpy as np\ny = np.sum(x, 0)",
        "import numpy as np\ny = np.sum(x)",
        "import numpy as np\ny = np.mean(x, axis=0)",
        "import numpy as np\ny = np.prod(x, axis=0)",
        "import numpy as np\ny = np.average(x, axis=0, weights=w)",
        "import numpy as np\ny = np.add.reduce(x)",
        "import numpy as np\ny = np.multiply.reduce(x, axis=0)",
        "import numpy as np\ny = np.random.default_rng(1)",
        "import numpy as np\ny = np.random.SeedSequence",
        "import numpy.random",
        "import numpy.random as r",
        "from numpy import random",
        "from numpy.random import default_rng",
        "import random",
        "from random import gauss",
        "def f():\n    import random",
        "class A:\n    def f(self, x):\n        return [y ** 2 for y in x]",
    ],
)
def test_the_linter_catches(snippet):
    assert len(lint(snippet)) >= 1


@pytest.mark.parametrize(
    "snippet",
    [
        "MILLION = 10**6",
        "SMALL = 10.0 ** -3",
        "LIMIT = 2 ** (16 - 1) - 1",
        "f(**options)",
        "y = {**a, **b}",
        "y = x * x",
        "from agentsim.laws.numerics import power\ny = power(x, 2)",
        "from agentsim.laws.numerics import ordered_sum\ny = ordered_sum(x)",
        "from agentsim.randomness import Randomness\nr = Randomness(1, runs)",
        "from agentsim import randomness\nr = randomness.Randomness(1, runs)",
        "y = sees.draw('tremble')",
        "y = sees.random.normal(0, 'x')",
        "y = x.sum(axis=1)",
        "y = x.mean(axis=-1)",
        "import numpy as np\ny = np.sum(x, axis=1)",
        "import numpy as np\ny = np.maximum.reduce(x)",
        "import numpy as np\ny = np.exp(np.log(x))",
        "import numpy as np\ny = np.cumsum(x, axis=0)",
        "y = sum(rows)",
        "y = x.max(axis=0)",
        "@decorated\ndef f(): pass",
    ],
)
def test_the_linter_lets_pass(snippet):
    assert lint(snippet) == []


def test_the_linter_says_where_and_what_to_use_instead():
    assert lint("import numpy as np\n\ny = np.power(x, 2)") == [f"line 3: numpy.power: {USE_POWER}"]
    assert lint("y = x.sum(axis=0) ** 2") == [
        f"line 1: x.sum over firms: {USE_SUM}",
        f"line 1: **: {USE_POWER}",
    ]
