"""Starts the dev stack of another checkout of Fettle, with the tools and schema of that checkout."""
import importlib.util
import os


def load(checkout):
    """The module that starts the dev stack of a checkout: tests/devstack.py, or tests/stage.py in release 1.0.0."""
    for name in ('devstack', 'stage'):
        path = os.path.join(checkout, 'tests', name + '.py')
        if os.path.exists(path):
            spec = importlib.util.spec_from_file_location('other_' + name, path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise RuntimeError(f'{checkout} is not a checkout of Fettle: it has neither tests/devstack.py nor tests/stage.py')


def stack_class(checkout):
    """The class of that checkout's dev stack, with the interface of devstack.DevStack."""
    module = load(checkout)
    return module.DevStack if hasattr(module, 'DevStack') else module.Stage


def of_build(build):
    """The checkout of a build directory: the nearest directory above it with a Makefile."""
    folder = os.path.abspath(build)
    while not os.path.exists(os.path.join(folder, 'Makefile')):
        if folder == os.path.dirname(folder):
            raise RuntimeError(f'{build} is not in a checkout of Fettle: no directory above it has a Makefile')
        folder = os.path.dirname(folder)
    return folder
