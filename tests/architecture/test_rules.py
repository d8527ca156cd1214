"""Each rule finds what it forbids and nothing else."""

import ast
from collections.abc import Callable, Iterator

import pytest

from tests.architecture import rules
from tests.architecture.sources import is_reexport

Rule = Callable[[ast.Module], Iterator[rules.Finding]]

BROKEN: list[tuple[Rule, str]] = [
    (rules.imports_in_functions, "def f():\n    import math"),
    (rules.imports_in_functions, "class A:\n    async def f(self):\n        if self:\n            from math import pi"),
    (rules.front_door_imports, "import pyro"),
    (rules.front_door_imports, "import pyro.settings"),
    (rules.front_door_imports, "import pyro as p"),
    (rules.front_door_imports, "from pyro import sample"),
    (rules.torch_patches, "import torch\ntorch.Tensor.shout = print"),
    (rules.torch_patches, "import torch.distributions as td\ntd.Normal.mean: int = 3"),
    (rules.torch_patches, "from torch.distributions import Normal\nsetattr(Normal, 'mean', 3)"),
    (rules.torch_patches, "from torch.distributions import Normal\ndel Normal.mean"),
    (rules.torch_patches, "from torch.distributions import kl\nkl._KL_REGISTRY[1, 2] = print"),
    (rules.torch_patches, "import torch\na, torch.pi = 1, 3"),
    (rules.tracing_questions, "import torch\nif torch.compiler.is_compiling(): pass"),
    (rules.tracing_questions, "from torch._C import _get_tracing_state"),
    (rules.tracing_questions, "from torch.fx.experimental.proxy_tensor import make_fx"),
    (rules.tracing_questions, "import torch._dynamo"),
    (rules.tracing_questions, "import torch\nstep = torch.compile(print)"),
    (rules.torch_jit_uses, "import torch\ntorch.jit.is_tracing()"),
    (rules.torch_jit_uses, "from torch import jit"),
    (rules.torch_jit_uses, "import torch.jit"),
]

KEPT: list[tuple[Rule, str]] = [
    (rules.imports_in_functions, "import math\ndef f():\n    return math.pi"),
    (rules.front_door_imports, "from pyro import settings\nimport pyro.settings as s\nfrom pyro.ops import stats"),
    (rules.torch_patches, "import torch\nx = torch.zeros(3)\nx[0] = 1\nx.grad = None\ntorch.zeros(3)[0] = 1"),
    (rules.torch_patches, "import torch\nclass A(torch.nn.Module):\n    def f(self):\n        self.a = torch.pi"),
    (rules.tracing_questions, "import torch\ncompiled = torch.exp\nx = torch.exponential"),
    (rules.torch_jit_uses, "import torch\nfrom pyro.ops.jit import trace\njit = trace"),
]


@pytest.mark.parametrize(("rule", "text"), BROKEN)
def test_rule_finds_what_it_forbids(rule: Rule, text: str) -> None:
    assert list(rule(ast.parse(text)))


@pytest.mark.parametrize(("rule", "text"), KEPT)
def test_rule_leaves_the_rest_alone(rule: Rule, text: str) -> None:
    assert list(rule(ast.parse(text))) == []


@pytest.mark.parametrize(("text", "expected"), [
    ('"""Doc."""\nfrom a import b\nimport c\n__all__ = ["b"]\n__all__ += ["c"]', True),
    ("from a import b\nc = b", False),
    ("from a import b\ndef c(): ...", False),
    ("from a import b\nb()", False),
])
def test_reexport_passes_names_on_and_does_nothing_else(text: str, expected: bool) -> None:
    assert is_reexport(ast.parse(text)) is expected
