"""Plays a transcript: sends the requests of one file to one handler, and compares the answers with the expected ones.

A transcript consists of blocks between empty lines. `# a sentence` at the top of a block is the name of the test. Below
it are lines of these kinds:

    users ann, mia manager, rob superuser    new accounts, logged in: {ann} is the id, {ann.name} and {ann.token}
    sql STATEMENT                            set-up (further lines are indented); with `-> a | b` for each row, or
                                             `-> nothing`, a check of the tables
    let name = sql STATEMENT                 keeps the one value that the statement returns
    let name = file TEXT                     stores a file with this content; the value is its SHA-256
    let name = signed PATH?QUERY             the signed URL of a file; {soon} is a time for its expires
    ann: POST /path                          a request by ann; `nobody` sends no token

Below a request are its headers, its body (JSON, `form a=b&c=d`, `multipart a=b&c=@name:text`, which is a file,
`raw TYPE` with the text below it, or `base64 TYPE` with its bytes), then `-> status` or `-> status code`, and further
expectations of the answer:

    Name: value     Name: *     Name: absent     Name ~ regex
    .path[0].to = json     .path[*].to = json     .path ~ regex     .path count 3     .path absent
    faults a, b                the member errors has exactly these fields
    body lacks text     body has text     body ~ regex
    let name = .path           keeps a value; also of a header (ETag), or a part of either (.next ~ cursor=([^&]+))

A list as CSV is compared as a list of rows whose members are texts: .[0].name = "Lathe"; . count 3.

{name} is replaced by its value everywhere, {201 x} by 201 letters x; {base} is the start of URLs, {password} the
password of every account, {time} the pattern of a time. promises() checks what is true of every answer, documented.py
that it is documented.
"""
import base64
import csv
import hashlib
import io
import json
import os
import re
import time
import urllib.parse

import devstack as stacks

ABSENT = object()


def look(value, path):
    """The value at a path such as .results[0].id; with [*] the list of the values of all entries."""
    found = re.match(r'\.?(?:(\w+)|\[(\d+|\*)\])', path)
    if not found:
        return value
    rest, (name, index) = path[found.end():], found.groups()
    if index == '*':
        return [look(each, rest) for each in value]
    try:
        return look(value[name if index is None else int(index)], rest)
    except (KeyError, IndexError, TypeError):
        return ABSENT


def text_of(value):
    return value if isinstance(value, str) else 'nothing' if value is ABSENT else json.dumps(value, ensure_ascii=False,
                                                                                             sort_keys=True)


CSV = 'text/csv; charset=utf-8; header=present'


def rows_of(answer):
    """The rows of a list as CSV, each a dict of texts."""
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline=''), strict=True))


def promises_of_csv(answer):
    """Checks what is true of every list as CSV (RFC 4180); yields what is wrong. An answer to HEAD has only headers."""
    headers = answer.headers
    if not re.fullmatch(r'attachment; filename="[a-z_]+\.csv"', headers.get('content-disposition', '')):
        yield f'Content-Disposition is {headers.get("content-disposition")}'
    if headers.get('cache-control') not in ('private, no-cache', 'no-store') or 'etag' in headers:
        yield f'Cache-Control is {headers.get("cache-control")}, ETag {headers.get("etag")}'
    if 'accept' not in headers.get('vary', '').lower():
        yield 'Vary does not name Accept'
    if not answer.body:
        return
    names, *lines = csv.reader(io.StringIO(answer.body.decode(), newline=''), strict=True)
    if not answer.body.endswith(b'\r\n') or re.search(rb'(?<!\r)\n', re.sub(rb'"[^"]*"', b'', answer.body)):
        yield 'a line does not end with CR LF'
    if len(set(names)) < len(names) or not all(re.fullmatch(r'[a-z0-9_]+(\.[a-z0-9_]+)*', name) for name in names):
        yield f'the first line must be unique names, but is {names}'
    for line in lines:
        if len(line) != len(names):
            yield f'a line has {len(line)} cells, not {len(names)}: {line}'
        yield from (f'a spreadsheet would take this cell for a formula: {cell}' for cell in line
                    if re.match(r'[=+\-@\t\r]', cell) and not re.fullmatch(r'-\d+(\.\d+)?', cell))


def promises(method, answer, accept=''):
    """Checks what is true of every answer; yields what is wrong. Only clients that accept text/csv may get it."""
    status, headers = answer.status, answer.headers
    as_csv = (status == 200 and method in ('GET', 'HEAD') and re.search(r'text/(csv|\*)', accept)
              and headers.get('content-type') == CSV)
    as_file = status in (200, 206) and 'content-disposition' in headers and not as_csv
    kind = (headers.get('content-type') if as_file else 'application/problem+json' if status >= 400
            else None if status in (204, 304) else CSV if as_csv else 'application/json')
    if headers.get('content-type') != kind:
        yield f'Content-Type is {headers.get("content-type")}'
    if headers.get('x-content-type-options') != 'nosniff':
        yield 'X-Content-Type-Options is not nosniff'
    for number, name in ((201, 'Location'), (401, 'WWW-Authenticate'), (405, 'Allow'), (429, 'Retry-After'),
                         (503, 'Retry-After')):
        if status == number and not headers.get(name.lower()):
            yield f'a {status} without {name}'
    if as_csv:
        yield from promises_of_csv(answer)
    if as_file and headers.get('content-security-policy') != "default-src 'none'; sandbox; frame-ancestors 'none'":
        yield f'Content-Security-Policy of a file is {headers.get("content-security-policy")}'
    if method == 'HEAD' or kind is None:
        if answer.body:
            yield f'an answer to {method} with {status} must have no body, but has one'
    elif as_csv:
        if not answer.body:
            yield 'a list as CSV has no line of names'
    elif status >= 400:
        for name, wanted in {'type': str, 'title': str, 'status': int, 'code': str, 'detail': str}.items():
            if not isinstance(answer.json.get(name), wanted):
                yield f'the member {name} of the problem is missing or has the wrong type'
        if answer.json.get('status') != status:
            yield f'the status in the body is {answer.json.get("status")}, not {status}'
    elif (not as_file and kind == 'application/json' and 'version' in answer.json
          and headers.get('cache-control') != 'no-store'):
        if headers.get('etag') != f'"{answer.json["version"]}-{hashlib.sha256(answer.body).hexdigest()[:8]}"':
            yield f'ETag is {headers.get("etag")}, which does not belong to this version and body'
        if headers.get('cache-control') != 'private, no-cache':
            yield f'Cache-Control is {headers.get("cache-control")}'


class Player:
    """Plays the blocks of one file; values has the value of each {name}."""

    def __init__(self, name, stack):
        self.name, self.stack, self.clients = name, stack, {'nobody': stack.client()}
        self.values = {'base': f'http://127.0.0.1:{stack.port}', 'password': stacks.PASSWORD,
                       'time': r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z', 'soon': str(int(time.time()) + 250)}

    def fill(self, text):
        return re.sub(r'\{(?:(\d+) (\S)|([a-z][\w.]*))\}',
                      lambda m: m[2] * int(m[1]) if m[1] else self.values[m[3]], text)

    def play(self, lines):
        """Plays a block; whether it was a test, and its faults."""
        tested, faults = False, []
        while lines:
            line = self.fill(lines.pop(0))
            while lines and lines[0].startswith(' '):
                line += '\n' + self.fill(lines.pop(0))
            if line.startswith('users '):
                self.accounts(line[6:])
            elif found := re.match(r'let (\S+) = (file|signed) (.*)', line):
                is_file = found[2] == 'file'
                self.values[found[1]] = self.stack.store(found[3].encode()) if is_file else self.stack.sign(found[3])
            elif found := re.match(r'(?:let (\S+) = )?sql (.*)', line, re.DOTALL):
                rows, wanted = self.stack.psql(found[2]), []
                if found[1]:
                    (self.values[found[1]],), = rows
                while lines and lines[0].startswith('-> '):
                    wanted.append([part.strip() for part in self.fill(lines.pop(0))[3:].split('|')])
                tested = tested or bool(wanted)
                if wanted and rows != ([] if wanted == [['nothing']] else wanted):
                    faults.append(f'{line}\nexpected {wanted}\nfound    {rows}')
            elif found := re.match(r'(\w+): ([A-Z]+) (\S+)$', line):
                return True, faults + self.ask(*found.groups(), lines)
            else:
                raise ValueError('not understood: ' + line)
        return tested, faults

    def accounts(self, text):
        for name, _, kind in (each.strip().partition(' ') for each in text.split(',')):
            user = self.stack.user(f'{name}-{self.name}', None if kind == 'superuser' else kind or None,
                                   kind == 'superuser')
            self.clients[name] = user
            self.values.update({name: str(user.id), name + '.name': user.username, name + '.token': user.token})

    def ask(self, who, method, path, lines):
        """Sends the request in these lines and compares the answer; returns the faults."""
        start = [line[:3] for line in lines].index('-> ')
        sent, headers, data = [self.fill(line) for line in lines[:start]], {}, None
        while sent and (found := re.match(r'([A-Z][\w-]*): (.*)', sent[0])):
            headers[found[1]] = found[2]
            sent.pop(0)
        if sent:
            kind, _, rest = sent[0].partition(' ')
            types = {'form': 'application/x-www-form-urlencoded', 'multipart': 'multipart/form-data; boundary=part',
                     'raw': rest, 'base64': rest}
            headers.setdefault('Content-Type', types.get(kind, 'application/json'))
            data = rest if kind == 'form' else '\n'.join(sent[1:] if kind in ('raw', 'base64') else sent)
            if kind == 'multipart':
                parts = [(name, re.fullmatch('@([^:]*):(.*)|(.*)', value, re.DOTALL))
                         for name, value in urllib.parse.parse_qsl(rest, keep_blank_values=True)]
                data = ''.join(f'--part\r\nContent-Disposition: form-data; '
                               f'name="{name}"' + (f'; filename="{found[1]}"' if found[1] is not None else '') +
                               f'\r\n\r\n{found[2] if found[1] is not None else found[3]}\r\n'
                               for name, found in parts) + '--part--\r\n'
        client = self.clients[who]
        client.token = self.values.get(who + '.token')
        path, known, raw = path.removeprefix(self.values['base']), self.stack.documentation, None
        if data is not None:
            raw = base64.b64decode(data) if sent[0].startswith('base64 ') else data.encode()
        answer = client.request(method, path, raw=raw, headers=headers)
        known.show(self.name, {each.username: name for name, each in self.clients.items() if name != 'nobody'}, method,
                   path, headers, raw, answer)
        faults = [*promises(method, answer, headers.get('Accept', '')), *known.faults(method, path, answer),
                  *filter(None, (self.check(self.fill(line), answer) for line in lines[start:]))]
        return faults and [f'{who}: {method} {path}', *(line[:300] for line in sent), f'-> {answer}', *faults]

    def check(self, line, answer):
        """The fault of an answer that does not meet the expectation of a line; None if it does."""
        kind = answer.headers.get('content-type', '') if answer.body else ''
        body = answer.json if kind.endswith('json') else rows_of(answer) if kind == CSV else ABSENT
        value = ABSENT
        if found := re.fullmatch(r'-> (\d{3})(?: (\w+))?', line):
            value = f'{answer.status} {text_of(look(body, ".code"))}'
            true = answer.status == int(found[1]) and (not found[2] or value == f'{found[1]} {found[2]}')
        elif found := re.fullmatch(r'let (\S+) = (\S+)(?: ~ (.*))?', line):
            value = look(body, found[2]) if found[2].startswith('.') else answer.headers.get(found[2].lower(), ABSENT)
            true = value is not ABSENT and re.search(found[3] or '', text_of(value))
            if true:
                self.values[found[1]] = true[1] if found[3] else text_of(value)
        elif found := re.fullmatch(r'faults (.+)', line):
            value = look(body, '.errors')
            true = value is not ABSENT and sorted(value) == sorted(found[1].split(', ')) and all(value.values())
        elif found := re.fullmatch(r'body (lacks|has) (.+)', line):
            true = bool(answer.body) and (found[2] in answer.body.decode()) == (found[1] == 'has')
        elif found := re.fullmatch(r'body ~ (.+)', line):
            value = answer.body.decode()
            true = re.search(found[1], value)
        elif found := re.fullmatch(r'(\.\S*) (=|~|count|absent)(?: (.*))?', line):
            value, (_, way, wanted) = look(body, found[1]), found.groups()
            true = {'=': lambda: value is not ABSENT and text_of([value]) == text_of([json.loads(wanted)]),
                    '~': lambda: value is not ABSENT and re.search(wanted, text_of(value)),
                    'count': lambda: isinstance(value, list) and len(value) == int(wanted),
                    'absent': lambda: body is not ABSENT and value is ABSENT}[way]()
        elif found := re.fullmatch(r'([A-Z][\w-]*)(: | ~ )(.*)', line):
            value = answer.headers.get(found[1].lower(), ABSENT)
            if found[3] in ('absent', '*'):
                true = (value is ABSENT) == (found[3] == 'absent')
            else:
                true = value is not ABSENT and (
                    re.search(found[3], value) if found[2] == ' ~ ' else value == found[3])
        else:
            return 'not understood: ' + line
        return None if true else f'expected {line}\nfound    {text_of(value)}'[:1000]


def run(path, stack):
    """Yields (name, None or the fault) for each test of the file."""
    name = os.path.basename(path)[:-5]
    player, seen = Player(name, stack), {''}
    with open(path) as file:
        text = file.read()
    for found in re.finditer(r'\S.*?(?=\n\n|\s*\Z)', text, re.DOTALL):
        lines = found[0].split('\n')
        title = ' '.join(line[1:].strip() for line in lines if line.startswith('#'))
        try:
            tested, faults = player.play([line for line in lines if not line.startswith('#')])
            if tested and title in seen:
                faults.append('another test of this file has the same sentence')
        except Exception as fault:  # such as a {name} without a value because an earlier test failed
            tested, faults = True, [f'{type(fault).__name__}: {fault}']
        seen.add(title)
        if tested:
            yield f'http/{name}: {title}', '\n'.join([f'{path}:{text.count(chr(10), 0, found.start()) + 1}',
                                                      *faults]) if faults else None
