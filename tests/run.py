"""Runs all tests of Fettle. usage: python3 tests/run.py BUILD [SANITIZER]

A suite (the unit tests, the transcripts, each module of tests/live) runs in its own process, with its own dev stacks.
Suites run side by side. Those that check the time of an answer run one after the other, at the end. The output of a
suite is printed as one block when the suite has ended. Settings in the environment:

    ONLY    words; only suites (unit, live/jwt) and files in them (http/tasks, fuzz/multipart) run whose name contains
            one of these words
    JOBS    the number of suites that run at the same time. Default: the number of processors plus 1, because suites
            also wait, but at most 6; with a sanitizer, which needs more memory and time, the number of processors
    LOGS    any value: the logs of a failed suite are printed
"""
import difflib
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'live'))
import documented
import devstack
import logs
import transcript

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = sys.argv[1] if len(sys.argv) > 1 else 'build'
SANITIZER = sys.argv[2] if len(sys.argv) > 2 else ''
ONLY = os.environ.get('ONLY', '').split()
JOBS = int(os.environ.get('JOBS') or min(6, len(os.sched_getaffinity(0)) + (not SANITIZER)))
SLOW = 5       # seconds; a test that takes this long or longer is printed with its time
PATIENCE = 90  # seconds that an interrupted suite has to stop its dev stacks

# These modules, or classes of modules, fail if an answer takes longer than a second or two, or fill the disk: they run
# one after the other, when the others have ended.
ALONE = ('live/restarts.Handlers', 'live/spreadsheet', 'live/uploads.Uploads')
# The longest of the others start first, so that none of them runs alone at the end.
FIRST = ('http', 'live/uploads', 'live/restarts', 'live/smuggling', 'live/accounts', 'live/checks', 'live/races',
         'live/command', 'live/idempotency', 'live/plans')


def wanted(name):
    return not ONLY or any(only in name for only in ONLY)


def names(pattern, ending):
    """The matching files, relative to this directory and without their ending: http/tasks, live/jwt."""
    return sorted(os.path.relpath(path, HERE).removesuffix(ending) for path in glob.glob(os.path.join(HERE, pattern)))


# -- in the process of a suite

class Report:
    """Counts tests; prints each failure at once."""

    def __init__(self):
        self.passed = self.failed = 0

    def add(self, name, fault=None):
        """Counts one test: passed without a fault, otherwise failed."""
        if fault is None:
            self.passed += 1
        else:
            self.failed += 1
            print(f'FAILED {name}\n{fault}\n', flush=True)


class SharedStack:
    """The dev stack that the tests of a suite share. It starts when the first test uses it."""

    def __getattr__(self, name):
        if 'stack' not in vars(self):
            stack = devstack.DevStack(BUILD, FETTLE_WORKERS='4').start()
            stack.root = stack.user('root', superuser=True)
            stack.documentation = documented.Documentation(BUILD)
            self.stack = stack
        return getattr(self.stack, name)


def unit_tests(report):
    """The unit tests of lib, with Boost.Test."""
    result = subprocess.run([os.path.join(BUILD, 'tests/unit/run'), '--report_level=short', '--color_output=no'],
                            capture_output=True, text=True)
    count = re.search(r'(\d+) test cases? out of (\d+) passed', result.stdout + result.stderr)
    report.passed += int(count[1]) if count else 0
    if result.returncode or not count:
        report.add('unit', result.stdout + result.stderr)


def fuzzed_parsers(report):
    """Each parser with its corpus and the same 20,000 mutations of it every time; `make fuzz` tries more."""
    for name in filter(wanted, names('fuzz/*.cpp', '.cpp')):
        if name != 'fuzz/main':
            parser = os.path.basename(name)
            command = [os.path.join(BUILD, 'tests/fuzz', parser), os.path.join(HERE, 'fuzz/corpus', parser), '20000']
            result = subprocess.run(command, capture_output=True, text=True)
            fault = f'{result.returncode}: {result.stdout}{result.stderr}'
            report.add(name, fault if result.returncode else None)


def refused_programs(report):
    """Programs that must not compile; the first line of each has the sentence that the compiler must print."""
    compiler, lib = [os.environ.get('CXX', 'g++'), '-std=c++20'], os.path.join(devstack.ROOT, 'lib')
    with tempfile.TemporaryDirectory(prefix='fettle-test-') as folder:
        # All of them include api.hpp first, so GCC precompiles it once. Another compiler does not use the precompiled
        # header and reads api.hpp itself; GCC does the same if precompiling failed.
        subprocess.run([*compiler, '-w', '-x', 'c++-header', '-I', lib, os.path.join(lib, 'api.hpp'),
                        '-o', os.path.join(folder, 'api.hpp.gch')], capture_output=True)
        for name in filter(wanted, names('refused/*.cpp', '')):
            path = os.path.join(HERE, name)
            with open(path) as file:
                sentence = file.readline().removeprefix('// refused: ').strip()
            result = subprocess.run([*compiler, '-fsyntax-only', '-I', folder, '-I', lib, path],
                                    capture_output=True, text=True)
            if sentence == 'nothing, this one compiles':
                report.add(name, result.stderr if result.returncode else None)
            else:
                is_refused = result.returncode and sentence in result.stderr
                report.add(name, None if is_refused
                           else f'expected: {sentence}\nbut got {result.returncode}: {result.stderr}')


def golden_files(report):
    """Compares what the build generates from the handlers with the copies in tests/golden, so that each changed line is
    reviewed. `make golden` copies the generated files."""
    handlers = {os.path.basename(path)[:-4] for path in glob.glob(os.path.join(devstack.ROOT, 'handlers/*.cpp'))}
    copies = {os.path.basename(path)[:-4] for path in glob.glob(os.path.join(HERE, 'golden/sql/*.sql'))}
    report.add('golden/sql', f'no handler has these statements: {copies - handlers}' if copies - handlers else None)
    for golden in ['routes.conf', 'permissions.sql', 'openapi.json', *(f'sql/{name}.sql' for name in sorted(handlers))]:
        path = os.path.join(HERE, 'golden', golden)
        expected = open(path).readlines() if os.path.exists(path) else []
        diff = ''.join(difflib.unified_diff(expected, generated(golden), f'tests/golden/{golden}', 'the build'))
        report.add('golden/' + golden, diff or None)


def generated(golden):
    """The lines of a file that the build generates."""
    kind, _, name = golden.rpartition('/')
    if kind == 'sql':
        handler = os.path.join(BUILD, 'handlers', name[:-4])
        return subprocess.run([handler, '--sql'], capture_output=True, text=True, check=True).stdout.splitlines(True)
    with open(os.path.join(BUILD, 'nginx' if name == 'routes.conf' else '', name)) as file:
        return file.readlines()


def layers(report):
    """The layers of lib: includes go down only, every file is in a layer, and every source is part of a program."""
    result = subprocess.run([os.path.join(devstack.ROOT, 'tools/dev/layers'), BUILD], capture_output=True, text=True)
    print(result.stdout.splitlines()[-1] if result.stdout else '')
    report.add('layers', result.stdout + result.stderr if result.returncode else None)


def published_text(report):
    """The pages: their generated tables, links and names of sources. And no phrase of tools/dev/words.txt anywhere."""
    for name, *options in (('pages', '--check'), ('words',)):
        command = [os.path.join(devstack.ROOT, 'tools/dev', name), BUILD, *options]
        result = subprocess.run(command, capture_output=True, text=True)
        print(result.stdout.splitlines()[-1] if result.stdout else '')
        report.add(name, result.stdout + result.stderr if result.returncode else None)


def transcripts(report):
    """One transcript for each handler, all with one dev stack."""
    stack, played = SharedStack(), names('http/*.http', '.http')
    # Ids of different tables differ, whatever transcripts are played: so the examples of the documentation, which show
    # small numbers for them, are always the same.
    stack.psql("select setval(oid::regclass, row_number() over (order by relname) * 1000000) from pg_class "
               "where relkind = 'S' and relnamespace = 'public'::regnamespace")
    handlers = {os.path.basename(path)[:-4] for path in glob.glob(os.path.join(devstack.ROOT, 'handlers/*.cpp'))}
    for handler in sorted(handlers):
        if 'http/' + handler not in played:
            report.add('http/' + handler, f'tests/http/{handler}.http is missing')
    for name in filter(wanted, played):
        for request, fault in transcript.run(os.path.join(HERE, name + '.http'), stack):
            report.add(request, fault)
    for example, fault in stack.documentation.examples({name for name in handlers if wanted('http/' + name)}):
        report.add(example, fault)


class Result(unittest.TestResult):
    """Passes the result of each test of a module of tests/live to the report."""

    def __init__(self, report):
        super().__init__()
        self.report = report

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        if (took := time.monotonic() - self.began) >= SLOW:
            print(f'   {test.id()} took {took:.0f} s', flush=True)

    def addSuccess(self, test):
        self.report.add(test.id())

    def addFailure(self, test, fault):
        super().addFailure(test, fault)
        self.report.add(test.id(), self.failures[-1][1])

    def addError(self, test, fault):  # in a test, or in the set-up of its class or module
        super().addError(test, fault)
        self.report.add(test.id(), self.errors[-1][1])

    def addSubTest(self, test, subtest, fault):
        super().addSubTest(test, subtest, fault)
        if fault:
            of_kind = self.failures if issubclass(fault[0], test.failureException) else self.errors
            self.report.add(subtest.id(), of_kind[-1][1])

    def addSkip(self, test, why):
        super().addSkip(test, why)
        print(f'skipped {test.id()}: {why}', flush=True)


def flat(suite):
    """The tests of a unittest suite, which may have suites in it."""
    for test in suite:
        yield from flat(test) if isinstance(test, unittest.TestSuite) else (test,)


def live_tests(report, name):
    """A module of tests/live (jwt), or one class of it (uploads.Uploads): tests that need more than a transcript. The
    shared dev stack is the module's STACK."""
    name, _, chosen = name.partition('.')
    apart = {alone.partition('.')[2] for alone in ALONE if alone.startswith(f'live/{name}.')}
    module = __import__(name)
    module.STACK, module.BUILD, module.SANITIZER = SharedStack(), BUILD, SANITIZER
    tests = [test for test in flat(unittest.defaultTestLoader.loadTestsFromModule(module))
             if (type(test).__name__ == chosen if chosen else type(test).__name__ not in apart)]
    if not tests:
        report.add('live/' + name, 'it has no tests')
    try:
        unittest.TestSuite(tests).run(Result(report))
    except KeyboardInterrupt:  # unittest does not clean up then
        for test in tests:
            test.doCleanups()
        for kind in {type(test) for test in tests}:
            kind.doClassCleanups()
        raise


def run_suite(name):
    """Runs one suite in this process; the last line that it prints is `N passed, N failed`."""
    report = Report()
    try:
        kind, _, module = name.partition('/')
        if kind == 'live':
            live_tests(report, module)
        else:
            {'unit': unit_tests, 'fuzz': fuzzed_parsers, 'refused': refused_programs,
             'golden': golden_files, 'layers': layers, 'pages': published_text,
             'http': transcripts}[kind](report)
    finally:
        devstack.stop_all()
    if devstack.stopped_logs:
        written = '\n'.join(devstack.stopped_logs)
        found = logs.found(written)
        report.add('logs/' + name, '\n'.join('\n'.join([pattern, *lines]) for pattern, lines in found.items()) or None)
        if report.failed and os.environ.get('LOGS'):
            print(written)
    print(f'{report.passed} passed, {report.failed} failed')


# -- in the process that starts them

class Suite:
    """A suite, which runs in its own process and prints into a file."""

    def __init__(self, name):
        self.name, self.began, self.output = name, time.monotonic(), tempfile.TemporaryFile('w+')
        # in its own session: Ctrl-C on a terminal reaches only the parent process, which passes it on once
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'TERM', sys.executable, os.path.abspath(__file__), BUILD, SANITIZER, name],
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT, start_new_session=True)

    def has_ended(self):
        """Whether the suite has ended. If so, this prints its block and sets .passed and .failed (tests), .took and
        .processor (seconds)."""
        before = os.times()
        if self.process.poll() is None:
            return False
        after = os.times()
        self.took = time.monotonic() - self.began
        self.processor = sum(after[2:4]) - sum(before[2:4])  # with its children that their parents waited for
        self.output.seek(0)
        *lines, last = self.output.read().splitlines() or ['']
        count = re.fullmatch(r'(\d+) passed, (\d+) failed', last)
        if not count or self.process.returncode:
            lines += [last, f'FAILED {self.name}\nit ended with status {self.process.returncode}\n']
        self.passed, self.failed = (int(count[1]), int(count[2])) if count else (0, 0)
        self.failed += bool(not count or self.process.returncode)
        first = f'== {self.name}: {self.passed} passed, {self.failed} failed, {self.took:.0f} s'
        print('\n'.join([first, *lines]), flush=True)
        return True


def run_side_by_side(waiting, jobs):
    """Runs suites, at most `jobs` at the same time; yields each when it has ended. At exit, it stops the rest."""
    waiting, runs = list(waiting), []
    try:
        while waiting or runs:
            while waiting and len(runs) < jobs:
                runs.append(Suite(waiting.pop(0)))
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            for suite in [*runs]:
                if suite.has_ended():
                    runs.remove(suite)
                    yield suite
    finally:
        for suite in runs:
            suite.process.terminate()
        until = time.monotonic() + PATIENCE
        for suite in runs:
            try:
                suite.process.wait(max(0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                suite.process.kill()  # its dev stacks stop with it


def main():
    # A signal that stops this process also stops the suites. It raises KeyboardInterrupt like Ctrl-C, because unittest
    # would count SystemExit as an error of the test.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    if len(sys.argv) > 3:
        run_suite(sys.argv[3])
        return 0
    started, ended = time.monotonic(), []
    every = {'unit': ['unit'], 'golden': ['golden'], 'layers': ['layers'], 'pages': ['pages'],
             'fuzz': names('fuzz/*.cpp', '.cpp'),
             'refused': names('refused/*.cpp', ''), 'http': names('http/*.http', '.http'),
             **{name: [name] for name in (*names('live/*.py', '.py'), *ALONE)}}
    chosen = [suite for suite, parts in every.items() if any(map(wanted, parts))]
    chosen.sort(key=lambda suite: FIRST.index(suite) if suite in FIRST else len(FIRST))
    for suites, jobs in (([suite for suite in chosen if suite not in ALONE], JOBS),
                         ([suite for suite in chosen if suite in ALONE], 1)):
        ended.extend(run_side_by_side(suites, jobs))
    ended.sort(key=lambda suite: -suite.took)
    print('== times: elapsed, processor')
    print('\n'.join(f'{suite.took:6.0f} s {suite.processor:6.0f} s  {suite.name}' for suite in ended))
    passed, failed = sum(suite.passed for suite in ended), sum(suite.failed for suite in ended)
    print(f'took {time.monotonic() - started:.0f} s')
    print(f'{passed} passed, {failed} failed')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit('interrupted')
