"""The examples of the pages: every console block is run exactly as printed, and its output is compared with the page.

A block that begins with ```console has commands after `$ `, which may go on in the next lines (after a backslash, or
within quotes), and below each what it prints:

    an ellipsis    means any text; a line of its own, any output
    a moment       such as 2026-11-22T01:38:38Z means any moment
    line breaks    with the spaces around them are ignored, so that a page can break a long line of JSON

A command must end with exit status 0. curl ends with another one where the answer is an error: then the page must show
that error. The pages of PAGES are run one after the other in one shell with one dev stack, as a reader would.
"""
import glob
import os
import re
import subprocess
import tempfile
import unittest

import devstack
import pictures

STACK, BUILD, SANITIZER = None, 'build', ''

# in the order in which a newcomer reads them
PAGES = ('README.md', 'handlers/README.md', 'CONTRIBUTING.md', 'sql/README.md', 'lib/README.md', 'tests/README.md')
# tests/deploy/manual.py runs the blocks of this one as root on a machine of their own
DEPLOYED = 'systemd/README.md'
ADDRESS = '127.0.0.1:8000'
MOMENT = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z'
PDF = b'%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n'
END = '--- the end of a command: '


def blocks(text):
    """The code blocks of a page: the number of its first line, the language, the text."""
    for match in re.finditer(r'(?ms)^```([^\n]*)\n(.*?)^```$', text):
        yield text[:match.start(2)].count('\n') + 1, match[1], match[2]


def read(page):
    with open(os.path.join(devstack.ROOT, page), encoding='utf-8') as file:
        return file.read()


def is_complete(command):
    """Whether a shell would not wait for another line."""
    checked = subprocess.run(['bash', '-n', '-c', command], capture_output=True)
    return not command.endswith('\\') and checked.returncode == 0


def lines_of(script):
    """The commands of a script, one by one."""
    command = ''
    for line in script.splitlines():
        command += line
        if is_complete(command):
            if command.strip() and not command.startswith('#'):
                yield command
            command = ''
        else:
            command += '\n'
    assert not command, command


def commands(block):
    """Pairs of a command and what the page says that it prints."""
    found = []
    for line in block.splitlines():
        if line.startswith('$ '):
            found.append([line[2:], ''])
        elif found and not found[-1][1] and not is_complete(found[-1][0]):
            found[-1][0] += '\n' + line
        elif found:
            found[-1][1] += line + '\n'
        else:
            raise AssertionError(f'output before the first command: {line}')
    return found


def squeezed(text):
    """A text without its line breaks and the spaces around them."""
    return re.sub(r'\s*\n\s*', '', text).strip()


def fits(expected, printed):
    """Whether a command printed what the page says."""
    def exact(text):
        return MOMENT.join(re.escape(part) for part in re.split(MOMENT, text))
    pattern = '.*'.join(exact(part.strip()) for part in squeezed(expected).split('…'))
    return re.fullmatch(pattern, squeezed(printed), re.DOTALL) is not None


class Shell:
    """A shell that reads commands one after the other, as a person types them."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, **options)

    def run(self, command, typed=''):
        """What a command prints, and its exit status; typed is its standard input."""
        self.process.stdin.write(f"{{ {command}\n}} <<'{END}'\n{typed}\n{END}\nprintf '\\n{END}%s\\n' $?\n")
        self.process.stdin.flush()
        printed = ''
        for line in self.process.stdout:
            if line.startswith(END):
                return printed, int(line.removeprefix(END))
            printed += line
        raise AssertionError(f'the shell has ended: {printed}')

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def checkout(stack, folder):
    """Makes of an empty directory one that looks like a checkout in which `make run` runs; curl finds the dev stack."""
    for name, target in (('build/run/env', os.path.join(stack.data, 'env')),
                         ('build/handlers', os.path.join(stack.build, 'handlers')),
                         ('build/fettle', os.path.join(stack.build, 'fettle'))):
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        os.symlink(target, os.path.join(folder, name))
    curl = f'connect-to = "{ADDRESS}:127.0.0.1:{stack.port}"\nsilent\nfail-with-body\n'
    for name, content in (('manual.pdf', PDF), ('ann.jpg', pictures.JPEG), ('.curlrc', curl.encode())):
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(content)


class Pages(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        stack = devstack.DevStack(BUILD).start()
        cls.addClassCleanup(stack.stop)
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        checkout(stack, folder)
        cls.shell = Shell(['bash', '--norc'], cwd=folder, env={**os.environ, 'CURL_HOME': folder})
        cls.addClassCleanup(cls.shell.close)

    def test_every_example_prints_what_its_page_says(self):
        for page in PAGES:
            for number, _, block in (block for block in blocks(read(page)) if block[1] == 'console'):
                for command, expected in commands(block):
                    with self.subTest(page=page, line=number, command=command):
                        printed, status = self.shell.run(command)
                        self.assertTrue(fits(expected, printed), f'expected:\n{expected}\nprinted:\n{printed}')
                        if not re.search(r'"status":[45]\d\d', squeezed(expected)):
                            self.assertEqual(status, 0, printed)

    def test_no_example_with_curl_is_left_out(self):
        every = [path for pattern in ('*.md', '*/*.md') for path in glob.glob(pattern, root_dir=devstack.ROOT)]
        self.assertEqual(set(PAGES) - set(every), set())
        for page in every:
            with self.subTest(page):
                for number, language, block in blocks(read(page)):
                    if language == 'console':
                        self.assertIn(page, (*PAGES, DEPLOYED))
                    else:
                        self.assertNotIn('curl ', block, f'the block in line {number} is run by no test')


if __name__ == '__main__':
    unittest.main()
