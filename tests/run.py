"""Every test of Fettle. usage: python3 tests/run.py BUILD [SANITIZER]; with NAMES in the environment ONLY, those alone."""
import difflib
import glob
import os
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'live'))
import documented  # noqa: E402
import devstack  # noqa: E402
import transcript  # noqa: E402

BUILD = sys.argv[1] if len(sys.argv) > 1 else 'build'
SANITIZER = sys.argv[2] if len(sys.argv) > 2 else ''
ONLY = os.environ.get('ONLY', '').split()
HERE = os.path.dirname(os.path.abspath(__file__))
passed, failed, began = 0, [], time.monotonic()


def wanted(name):
    return not ONLY or any(only in name for only in ONLY)


def report(name, fault=None):
    """Notes one test: it passed, or what was wrong."""
    global passed
    if fault is None:
        passed += 1
        return
    failed.append(name)
    print(f'FAILED {name}\n{fault}\n', flush=True)


def section(title):
    """Begins a part of the run; of the one before it, how long it took."""
    global began
    took, began = time.monotonic() - began, time.monotonic()
    print(f'   took {took:.0f} s\n== {title}' if took >= 1 else f'== {title}', flush=True)


def unit_tests():
    """Boost.Test of lib."""
    section('unit tests')
    result = subprocess.run([os.path.join(BUILD, 'tests/unit/run'), '--report_level=short', '--color_output=no'], capture_output=True, text=True)
    count = re.search(r'(\d+) test cases? out of (\d+) passed', result.stdout + result.stderr)
    global passed
    passed += int(count.group(1)) if count else 0
    if result.returncode or not count:
        report('unit', result.stdout + result.stderr)


def fuzzed_parsers():
    """Each parser with its corpus and mutations of it, the same each time; make fuzz looks further."""
    section('fuzzed parsers')
    for path in sorted(glob.glob(os.path.join(HERE, 'fuzz/*.cpp'))):
        name = os.path.basename(path)[:-4]
        if name != 'main' and wanted('fuzz/' + name):
            result = subprocess.run([os.path.join(BUILD, 'tests/fuzz', name), os.path.join(HERE, 'fuzz/corpus', name), '20000'], capture_output=True, text=True)
            report('fuzz/' + name, f'{result.returncode}: {result.stdout}{result.stderr}' if result.returncode else None)


def refused_programs():
    """Programs that must not compile, with the sentence that the compiler must print (first line of the file)."""
    section('programs that must not compile')
    for path in sorted(glob.glob(os.path.join(HERE, 'refused/*.cpp'))):
        name = 'refused/' + os.path.basename(path)
        if not wanted(name):
            continue
        with open(path) as file:
            sentence = file.readline().removeprefix('// refused: ').strip()
        result = subprocess.run([os.environ.get('CXX', 'g++'), '-std=c++20', '-fsyntax-only', '-I', os.path.join(devstack.ROOT, 'lib'), path], capture_output=True, text=True)
        if sentence == 'nothing, this one compiles':
            report(name, result.stderr if result.returncode else None)
        else:
            report(name, None if result.returncode and sentence in result.stderr else f'expected: {sentence}\nbut got {result.returncode}: {result.stderr}')


def golden_files():
    """What is folded from the handlers, against the copies in tests/golden: a changed line is a decision."""
    section('golden files')
    for golden, built in (('routes.conf', 'nginx/routes.conf'), ('permissions.sql', 'permissions.sql'), ('openapi.json', 'openapi.json')):
        with open(os.path.join(HERE, 'golden', golden)) as file:
            expected = file.readlines()
        with open(os.path.join(BUILD, built)) as file:
            found = file.readlines()
        diff = ''.join(difflib.unified_diff(expected, found, f'tests/golden/{golden}', f'{BUILD}/{built}'))
        report('golden/' + golden, diff or None)


def transcripts(live):
    """One transcript for each handler, against the running stack."""
    section('transcripts')
    handlers = {os.path.basename(path)[:-4] for path in glob.glob(os.path.join(devstack.ROOT, 'handlers/*.cpp'))}
    names = {os.path.basename(path)[:-5] for path in glob.glob(os.path.join(HERE, 'http/*.http'))}
    for handler in sorted(handlers - names):
        report('http/' + handler, f'tests/http/{handler}.http is missing')
    for name in sorted(names):
        if wanted('http/' + name):
            for request, fault in transcript.run(os.path.join(HERE, 'http', name + '.http'), live):
                report(request, fault)
    for example, fault in live.documentation.examples({name for name in handlers if wanted('http/' + name)}):
        report(example, fault)


def live_tests(live):
    """tests/live: what needs a program to be tried. Each module has unittest cases; stack is given as the module's STACK."""
    for path in sorted(glob.glob(os.path.join(HERE, 'live/*.py'))):
        name = os.path.basename(path)[:-3]
        if not wanted('live/' + name):
            continue
        section('live: ' + name)
        module = __import__(name)
        module.STACK, module.BUILD, module.SANITIZER = live, BUILD, SANITIZER
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
        for test, fault in result.failures + result.errors:
            report(str(test), fault)
        for test, why in result.skipped:
            print(f'skipped {test}: {why}')
        global passed
        passed += result.testsRun - len({test.id() for test, _ in result.failures + result.errors + result.skipped})


def main():
    # so that the dev stack is stopped whatever stops us; as Ctrl-C does: a test takes SystemExit for a fault of its own
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    if wanted('unit'):
        unit_tests()
    fuzzed_parsers()
    refused_programs()
    if wanted('golden'):
        golden_files()
    live = devstack.DevStack(BUILD, FETTLE_WORKERS='4').start()
    try:
        live.root = live.user('root', superuser=True)
        live.documentation = documented.Documentation(BUILD)
        transcripts(live)
        live_tests(live)
    finally:
        logs = live.stop()
    section('logs')
    # what no run may leave behind: a fault of ours, a sanitizer's finding, a secret
    for pattern in (r'^.*fault: .*$', r'^.*a value passed our checks.*$', r'^.*(?:ERROR|WARNING): \w+Sanitizer.*$', r'^.*runtime error:.*$',
                    re.escape(devstack.PASSWORD), r'^.*Token [A-Za-z0-9_-]{43}.*$', r'^.*\beyJ[\w-]+\.[\w-]+\..*$', r'^.*fettle_[\w-]{43}.*$', r'^.*argon2id.*$'):
        found = re.findall(pattern, logs, re.MULTILINE)
        report('logs/' + pattern, '\n'.join(found[:5]) if found else None)
    if failed and os.environ.get('LOGS'):
        print(logs)
    print(f'took {time.monotonic() - started:.0f} s')
    print(f'{passed} passed, {len(failed)} failed')
    return 1 if failed or not passed else 0


sys.exit(main())
