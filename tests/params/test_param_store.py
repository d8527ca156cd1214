import copy
import pickle
import threading
from pathlib import Path

import pytest
import torch
from torch.distributions import constraints

import pyro.distributions  # noqa: F401 - registers the constraints that files of older Pyro refer to
from pyro.params import param_store
from pyro.params.param_store import ParamStoreDict

FILES = Path(__file__).with_name("files")


@pytest.fixture
def store():
    """A store with one parameter of each kind: plain, a module's, constrained."""
    store = ParamStoreDict()
    store.setdefault("loc", torch.tensor([1.0, -2.0]))
    store.setdefault("net$$$weight", torch.nn.Parameter(torch.tensor([3.0])))
    store.setdefault("scale", torch.tensor(2.0), constraint=constraints.positive)
    return store


def values(store):
    """The store's values as numbers, to five decimals."""
    return {name: value.detach().double().round(decimals=5).tolist() for name, value in store.items()}


VALUES = {"loc": [1.0, -2.0], "net$$$weight": [3.0], "scale": 2.0}


def test_it_is_a_mapping(store):
    assert bool(store) and len(store) == 3 and not ParamStoreDict() and len(ParamStoreDict()) == 0
    assert list(store) == list(store.keys()) == list(VALUES)
    assert "loc" in store and "nope" not in store
    assert values(store) == VALUES
    assert all(torch.equal(value, store[name]) for name, value in zip(store, store.values(), strict=True))
    del store["loc"]
    assert list(store) == ["net$$$weight", "scale"]
    store.clear()
    assert not store


def test_leaves_are_named(store):
    named = dict(store.named_parameters())
    assert list(named) == list(VALUES)
    for name, leaf in named.items():
        assert store[name].unconstrained() is leaf and store.param_name(leaf) == name
    assert store.param_name(torch.zeros(1)) is None
    old = named["scale"]
    store["scale"] = torch.tensor(5.0)
    assert store.param_name(old) is None and store.param_name(store["scale"].unconstrained()) == "scale"


@pytest.mark.parametrize("read", [ParamStoreDict.__getitem__, ParamStoreDict.__delitem__, ParamStoreDict.get_param])
def test_an_unknown_name_is_named(store, read):
    with pytest.raises(KeyError, match=r"no parameter 'nope' in the store.*pyro\.param\('nope'"):
        read(store, "nope")


def test_the_first_value_counts_and_is_computed_only_if_needed(store):
    assert store.setdefault("new", lambda: torch.tensor(7.0), constraints.positive).item() == pytest.approx(7)
    assert store.setdefault("new", pytest.fail, constraints.real).item() == pytest.approx(7)
    assert store.get_param("new", torch.tensor(1.0)).item() == pytest.approx(7)
    assert store.get_param("new").item() == pytest.approx(7)
    assert store.get_param("vector", torch.zeros(3), event_dim=1).shape == (3,)


def test_setting_a_value_keeps_the_constraint_and_the_place(store):
    store["scale"] = torch.tensor([4.0, 5.0])
    assert store["scale"].tolist() == pytest.approx([4, 5])
    assert store.get_state()["constraints"]["scale"] is constraints.positive
    store["loc"] = torch.tensor(0.0)
    assert list(store) == list(VALUES)
    with pytest.raises(ValueError, match=r"'scale': .*first \[-1.0\]"):
        store["scale"] = torch.tensor(-1.0)
    assert store["scale"].tolist() == pytest.approx([4, 5])
    store["new"] = torch.tensor(-1.0)
    assert store["new"].unconstrained() is store["new"]


def test_values_may_be_set_while_iterating(store):
    for name, value in store.items():
        store[name] = value.detach() + 1
    assert values(store) == {"loc": [2.0, -1.0], "net$$$weight": [4.0], "scale": 3.0}


def test_a_refused_value_leaves_the_store_as_it_was(store):
    for init in (torch.tensor(-1.0), lambda: torch.tensor(-1.0)):
        with pytest.raises(ValueError, match="'new'"):
            store.setdefault("new", init, constraints.positive)
    assert list(store) == list(VALUES) and list(store.get_state()["constraints"]) == list(VALUES)


@pytest.mark.parametrize("name", ["loc", "scale"])
def test_an_initial_value_of_another_shape_is_refused(store, name):
    old, shape = store[name], tuple(store[name].shape)
    with pytest.raises(ValueError) as error:
        store.setdefault(name, torch.ones(3), constraints.positive)
    for part in (f"'{name}'", f"of shape {shape}", "of shape (3,)", "pyro.clear_param_store()"):
        assert part in str(error.value)
    assert torch.equal(store[name], old) and values(store) == VALUES
    assert store.get_param(name, torch.ones(shape)).tolist() == old.tolist()


def grow(store, tmp_path):
    store["loc"] = torch.zeros(5)


def take_state(store, tmp_path):
    store.set_state({"params": {"loc": torch.zeros(5)}, "constraints": {"loc": constraints.real}})


def read_file(store, tmp_path):
    other = ParamStoreDict()
    other.setdefault("loc", torch.zeros(5))
    other.save(tmp_path / "params.pt")
    store.load(tmp_path / "params.pt")


@pytest.mark.parametrize("replace", [grow, take_state, read_file])
def test_a_parameter_that_was_replaced_may_have_any_shape(store, tmp_path, replace):
    replace(store, tmp_path)
    assert store.setdefault("loc", torch.zeros(2)).tolist() == [0.0] * 5


def test_names_match_a_regular_expression(store):
    assert list(store.match("(loc|sc)")) == ["loc", "scale"]
    assert store.match(r".*\$\$\$")["net$$$weight"] is store["net$$$weight"]
    assert store.match("cale") == {}


def test_old_names_still_work(store):
    with pytest.warns(DeprecationWarning, match="keys()"):
        assert list(store.get_all_param_names()) == list(VALUES)
    with pytest.warns(DeprecationWarning, match=r"store\[name\] = value"):
        store.replace_param("scale", torch.tensor(9.0), store["scale"])
    assert store["scale"].item() == pytest.approx(9)
    with pytest.warns(DeprecationWarning), pytest.raises(ValueError, match="'scale': old_param is not its value"):
        store.replace_param("scale", torch.tensor(9.0), torch.tensor(9.0))


def test_a_state_shares_the_leaves_and_is_a_snapshot(store):
    state, other = store.get_state(), ParamStoreDict()
    other.set_state(state)
    assert values(other) == values(store)
    assert all(leaf is dict(store.named_parameters())[name] for name, leaf in other.named_parameters())
    store["later"] = torch.tensor(0.0)
    assert "later" not in state["params"] and "later" not in state["constraints"]
    other.set_state({"params": {"more": torch.zeros(2)}, "constraints": {"more": constraints.unit_interval}})
    assert other["more"].tolist() == [0.5, 0.5] and len(other) == 4


@pytest.mark.parametrize(("state", "message"), [
    ([1, 2], "got a list"),
    ({}, r"keys 'params' and 'constraints', got the keys \[\]"),
    ({"params": {}}, r"got the keys \['params'\]"),
    ({"params": {"loc": torch.zeros(1)}, "constraints": {}}, r"no constraints for the parameters \['loc'\]"),
    ({"params": {"loc": torch.zeros(1), "b": 1.0}, "constraints": {"loc": constraints.real, "b": constraints.real}},
     "'b': expected a tensor and a constraint, got a float"),
    ({"params": {"loc": torch.zeros(1), "b": torch.zeros(1)},
      "constraints": {"loc": constraints.real, "b": {"constraint": "odd"}}}, "Unknown constraint tag"),
])
def test_a_malformed_state_leaves_the_store_as_it_was(store, state, message):
    with pytest.raises(ValueError, match=message):
        store.set_state(state)
    assert values(store) == VALUES


def test_a_file_gives_the_parameters_back(store, tmp_path):
    store["frozen"] = torch.zeros(1)
    store["frozen"].requires_grad_(False)
    store.save(tmp_path / "params.pt")
    again = ParamStoreDict()
    again["kept"] = torch.tensor(0.0)
    again.load(str(tmp_path / "params.pt"), map_location="cpu")
    assert values(again) == {"kept": 0.0, **values(store)}
    for name, leaf in store.named_parameters():
        loaded = again[name].unconstrained()
        assert type(loaded) is type(leaf) and loaded.requires_grad == leaf.requires_grad and loaded is not leaf
    again["scale"] = torch.tensor(1.0)
    assert again["scale"].unconstrained() == 0  # the constraint came along


class Odd(constraints.Constraint):
    def check(self, value):
        return value % 2 == 1


torch.distributions.transform_to.register(Odd)(lambda constraint: torch.distributions.ExpTransform())


def test_a_constraint_without_a_tag_is_refused_before_the_file_is_touched(store, tmp_path):
    file = tmp_path / "params.pt"
    store.save(file)
    before = file.read_bytes()
    store.setdefault("odd", torch.tensor(1.0), Odd())
    with pytest.raises(ValueError, match="Odd cannot be written to a file"):
        store.save(file)
    assert file.read_bytes() == before


def test_a_file_of_something_else_leaves_the_store_as_it_was(store, tmp_path):
    torch.save({"a": 1}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match=r"got the keys \['a'\]"):
        store.load(tmp_path / "other.pt")
    assert values(store) == VALUES


def test_lesson_17a_files_of_older_pyro_are_read():
    store = ParamStoreDict()
    store.load(FILES / "upstream_torch_constraints.pt")
    assert values(store) == {
        "loc": [1.0, 2.0], "scale": 0.5, "p": [0.25, 0.75], "w": [0.25, 0.75], "L": [[1.0, 0.0], [0.0, 1.0]],
        "iv": 0.0, "ind": [1.0, 1.0],
        "m$$$weight": [[0.5, 0.5]], "m$$$bias": [0.5]}
    assert isinstance(store["m$$$bias"], torch.nn.Parameter)


def test_lesson_17a_files_of_older_pyro_with_its_own_constraints_are_read(tmp_path):
    store, again = ParamStoreDict(), ParamStoreDict()
    store.load(FILES / "upstream_pyro_constraints.pt")
    eye = [[1.0, 0.0], [0.0, 1.0]]
    assert values(store) == {"softplus": 0.5, "ordered": [1.0, 2.0], "sl": eye, "ul": eye, "po": [1.0, 2.0],
                             "corr": eye, "sphere": [1.0, 0.0]}
    assert store.get_state()["constraints"]["ordered"].check(torch.tensor([[1.0, 2.0], [2.0, 1.0]])).tolist() == [
        True, False]
    store.save(tmp_path / "params.pt")
    again.load(tmp_path / "params.pt")
    assert values(again) == values(store)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda store: pickle.loads(pickle.dumps(store))])
def test_a_store_can_be_copied(store, copied):
    again = copied(store)
    assert values(again) == values(store)
    again["loc"] = torch.tensor(0.0)
    assert store["loc"].tolist() == [1.0, -2.0]
    leaf = again["scale"].unconstrained()
    assert again.param_name(leaf) == "scale" and leaf is not store["scale"].unconstrained()


def test_a_scope_has_contents_of_its_own(store):
    with store.scope() as state:
        assert not store
        store["inner"] = torch.tensor(1.0)
        with store.scope(state):
            assert "inner" not in store, "the state is brought up to date at the end of its block"
        store.clear()
        store["inner"] = torch.tensor(2.0)
    assert values(store) == VALUES
    assert state["params"]["inner"].item() == 2
    with store.scope(state) as again:
        assert again is state and values(store) == {"inner": 2.0}
        store["more"] = torch.tensor(3.0)
    assert list(state["params"]) == list(state["constraints"]) == ["inner", "more"]


def test_an_error_ends_a_scope(store):
    with pytest.raises(ZeroDivisionError), store.scope():
        store["inner"] = torch.tensor(1.0)
        raise ZeroDivisionError
    assert values(store) == VALUES
    with pytest.raises(ValueError, match="got the keys"), store.scope({"params": {}}):
        pytest.fail("a malformed state opens no scope")
    assert values(store) == VALUES


def test_scopes_of_two_stores_do_not_meet(store):
    other = ParamStoreDict()
    with store.scope(), other.scope():
        store["a"] = torch.tensor(1.0)
        assert "a" in store and not other


def test_two_threads_have_scopes_of_their_own(store):
    together = threading.Barrier(2, timeout=60)
    seen = {}

    def work(value):
        outside = list(store)
        with store.scope():
            store["x"] = torch.tensor(value)
            together.wait()
            seen[value] = (outside, values(store))
            together.wait()

    threads = [threading.Thread(target=work, args=(value,)) for value in (1.0, 2.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {value: (list(VALUES), {"x": value}) for value in (1.0, 2.0)}
    assert values(store) == VALUES


def test_threads_that_create_one_parameter_get_the_same(store):
    together = threading.Barrier(8, timeout=60)
    got = []

    def init():
        together.wait()  # all have found the name missing
        return torch.tensor(float(threading.get_ident()))

    threads = [threading.Thread(target=lambda: got.append(store.setdefault("x", init))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8 and all(value is store["x"] for value in got)


@pytest.mark.parametrize(("name", "module", "user", "normal"), [
    ("net$$$weight", "net", "weight", "net.weight"),
    ("a.b$$$c.d", "a.b", "c.d", "a.b.c.d"),
    ("plain", "plain", "plain", "plain"),
])
def test_names_of_module_parameters(name, module, user, normal):
    assert param_store.module_from_param_with_module_name(name) == module
    assert param_store.user_param_name(name) == user
    assert param_store.normalize_param_name(name) == normal
    if module != user:
        assert param_store.param_with_module_name(module, user) == name
