"""The tests of a deployment, in a booted machine with systemd. usage: python3 tests/deploy/run.py BUILD

Settings in the environment:
ONLY       names of modules or tests: only these are run
SECONDS    how long each test keeps its load up (60); with less, repeated steps are repeated less often too
SLOWER     the factor by which this machine may exceed time limits (1)
BEFORE     the path of the package of an earlier release: the upgrade under load starts from it
DEPLOY     required: if this machine cannot boot another one, the run fails; otherwise the tests are skipped
"""
import os
import re
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import server  # noqa: E402
import logs  # noqa: E402

BUILD = sys.argv[1] if len(sys.argv) > 1 else 'build'
ONLY = os.environ.get('ONLY', '').split()
MODULES = ('units', 'load', 'rollout', 'package')


def flat(suite):
    """The tests of a unittest suite, which may have suites in it."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


class Result(unittest.TestResult):
    """Prints each failure at once, and each test that takes long."""

    passed = 0

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        took = time.monotonic() - self.began
        if took >= 5:
            print(f'   {took:.0f} s: {test.id()}', flush=True)

    def addSuccess(self, test):
        self.passed += 1

    def addFailure(self, test, fault):
        super().addFailure(test, fault)
        print(f'FAILED {self.failures[-1][0].id()}\n{self.failures[-1][1]}', flush=True)

    def addSubTest(self, test, subtest, fault):
        super().addSubTest(test, subtest, fault)
        if fault:
            print(f'FAILED {subtest.id()}\n{fault[1]}', flush=True)

    def addError(self, test, fault):
        super().addError(test, fault)
        print(f'FAILED {test.id()}\n{self.errors[-1][1]}', flush=True)

    def addSkip(self, test, why):
        super().addSkip(test, why)
        print(f'skipped {test.id()}: {why}', flush=True)


class Logs(unittest.TestCase):
    """What no test may leave in the journal and in the logs of nginx."""

    MACHINE, FIRST = None, 'the first line of this run'

    def test_no_fault_and_no_secret_was_logged(self):
        written = self.MACHINE.run('journalctl -o cat --no-pager; cat /var/log/nginx/*.log')
        self.assertIn(self.FIRST, written, 'the journal has lost its beginning')
        of_the_machine = (
            r'^.*segfault.*$',
            r'^.*code=dumped.*$',
            r'^.*\[(?:crit|alert|emerg)\](?!.*\.sock failed \(2: No such file)(?!.*sites-enabled/broken).*$',
        )
        for pattern in (*logs.FAULTS, *of_the_machine, *logs.SECRETS):
            with self.subTest(pattern):
                self.assertEqual(re.findall(pattern, written, re.MULTILINE)[:5], [])


def main():
    for name in (signal.SIGTERM, signal.SIGHUP):  # so that the machine is halted whatever stops this process
        signal.signal(
            name, signal.default_int_handler
        )  # like Ctrl-C, because unittest would count SystemExit as an error of the test
    why = server.Machine.refusal()
    if why:
        print(f'skipped: {why}')
        return 1 if os.environ.get('DEPLOY') == 'required' else 0
    began = time.monotonic()
    machine, result = server.Machine(BUILD), Result()
    try:
        machine.boot()
        machine.run(f'echo {Logs.FIRST} | systemd-cat')
        try:
            machine.install()
        except server.Failed:
            print(machine.run('journalctl -o cat --no-pager -u "fettle*"'))
            raise
        print(f'== a machine with Fettle\n   took {time.monotonic() - began:.0f} s', flush=True)
        for name in MODULES:
            if not os.path.exists(os.path.join(server.HERE, name + '.py')):
                continue
            module = __import__(name)
            module.MACHINE, module.BUILD = machine, BUILD
            tests = [
                test
                for test in flat(unittest.defaultTestLoader.loadTestsFromModule(module))
                if not ONLY or any(only in test.id() for only in ONLY)
            ]
            if tests:
                since = time.monotonic()
                print(f'== {name}', flush=True)
                unittest.TestSuite(tests).run(result)
                print(f'   took {time.monotonic() - since:.0f} s', flush=True)
        Logs.MACHINE = machine
        unittest.defaultTestLoader.loadTestsFromTestCase(Logs).run(result)
        if os.environ.get('LOGS') and (result.failures or result.errors):
            print(machine.run('journalctl --no-pager; cat /var/log/nginx/*.log'))
    finally:
        machine.halt()
    failed = len(result.failures + result.errors)
    print(f'took {time.monotonic() - began:.0f} s\n{result.passed} passed, {failed} failed')
    return 1 if failed or not result.passed else 0


sys.exit(main())
