"""Compares answers with the documentation: every status, code, header, parameter and member of an answer must be in
build/openapi.json. Its examples are the first successful answers of the transcripts, stored in tests/examples.json."""
import email
import json
import os
import re
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, 'examples.json')
BASE = 'http://127.0.0.1:8000'  # the address of the server in examples
MOST_ROWS = 3                   # rows of a list in an example

TYPES = {'object': dict, 'array': list, 'string': str, 'boolean': bool, 'null': type(None)}
FORMATS = {'date': r'\d{4}-\d\d-\d\d', 'date-time': r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)',
           'uri': r'https?://\S+', 'email': r'\S+@\S+', 'decimal': r'-?\d+(\.\d+)?'}
SILENT = {'description', 'default', 'example', 'readOnly', 'writeOnly', 'additionalProperties', '$ref', 'allOf'}


def is_type(value, name):
    if name in ('integer', 'number'):
        return isinstance(value, int if name == 'integer' else (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def without_tokens(text):
    """The text without tokens: no secret is written to a file, not even one of a server that does not run any more."""
    return re.sub(r'(eyJ|fettle_)?[\w.-]{40,}', lambda found: (found[1] or '') + '…', text)


def shape_of(value):
    """The structure of a value, which stays the same when times, ids and names differ."""
    if isinstance(value, dict):
        # whether a list has another page depends on the transcripts that were played before
        return {name: 'link' if name in ('next', 'previous') else shape_of(each) for name, each in value.items()}
    return [shape_of(each) for each in value[:1]] if isinstance(value, list) else type(value).__name__


class Documentation:
    """The OpenAPI document, and the examples from the transcripts that were played."""

    def __init__(self, build):
        with open(os.path.join(build, 'openapi.json')) as file:
            self.document = json.load(file)
        self.operations, self.patterns, self.shown = {}, [], {}
        for path, methods in self.document['paths'].items():
            for method, operation in methods.items():
                method = method.upper()
                self.operations[f'{method} {path}'] = operation
                for one in (path, *operation.get('x-also', ())):
                    pattern = re.sub(r'\{(\w+)\}', r'(?P<\1>[^/]+)', one.replace('.', r'\.'))
                    self.patterns.append((one.count('{'), method, re.compile(pattern), f'{method} {path}'))
        self.patterns.sort(key=lambda one: one[0])  # paths without parameters match first

    def find(self, method, path):
        """The key of the operation of a request, and its path parameters; None if there is no such operation."""
        path = path.partition('?')[0].rstrip('/')
        for _, has, pattern, key in self.patterns:
            if has == ('GET' if method == 'HEAD' else method) and (found := pattern.fullmatch(path)):
                return key, found.groupdict()
        return None, {}

    # -- answers

    def resolved(self, value):
        while '$ref' in value:
            here = self.document
            for name in value['$ref'].removeprefix('#/').split('/'):
                here = here[name]
            value = here
        return value

    def wrong(self, schema, value, at='.'):
        """Yields each violation of a schema; knows only the keywords that our schemas use."""
        schema = self.resolved(schema)
        if isinstance(schema.get('type', 'null'), str) and 'type' in schema or isinstance(schema.get('type'), list):
            types = schema['type'] if isinstance(schema['type'], list) else [schema['type']]
            if not any(is_type(value, name) for name in types):
                yield f'{at} is {value!r}, not of type {" or ".join(types)}'
                return
        for part in schema.get('allOf', ()):
            yield from self.wrong(part, value, at)
        if isinstance(value, dict):
            yield from (f'{at} lacks {name}' for name in schema.get('required', ()) if name not in value)
            for name, each in value.items():
                known = schema.get('properties', {}).get(name, schema.get('additionalProperties', True))
                if known is False:
                    yield f'{at} has {name}'
                elif known is not True:
                    yield from self.wrong(known, each, f'{at}{name}.')
        if isinstance(value, list):
            for i, each in enumerate(value):
                yield from self.wrong(schema.get('items', {}), each, f'{at}[{i}].')
        is_text, is_number = isinstance(value, str), is_type(value, 'number')
        checks = {'type': True, 'properties': True, 'required': True, 'items': True,
                  'enum': lambda all: value in all, 'const': lambda one: value == one,
                  'minLength': lambda least: not is_text or len(value) >= least,
                  'maxLength': lambda most: not is_text or len(value) <= most,
                  'pattern': lambda pattern: not is_text or re.search(pattern, value),
                  'format': lambda name: not is_text or re.fullmatch(FORMATS.get(name, '.*'), value, re.DOTALL),
                  'minimum': lambda least: not is_number or value >= least,
                  'maximum': lambda most: not is_number or value <= most,
                  'minItems': lambda least: not isinstance(value, list) or len(value) >= least,
                  'maxItems': lambda most: not isinstance(value, list) or len(value) <= most,
                  'uniqueItems': lambda wanted: not isinstance(value, list)
                  or len({json.dumps(each) for each in value}) == len(value)}
        for keyword, wanted in schema.items():
            if keyword in SILENT:
                continue
            if keyword not in checks:
                yield f'{at}: the keyword {keyword} of the schema is not checked here'
            elif checks[keyword] is not True and not checks[keyword](wanted):
                yield f'{at} is {value!r}, against {keyword} {wanted!r}'

    def faults(self, method, path, answer):
        """Yields each part of an answer that is not in the documentation."""
        key, _ = self.find(method, path)
        if key is None:
            if answer.status < 400 and method != 'OPTIONS':
                yield 'this operation is not documented'
            return
        operation, status = self.operations[key], str(answer.status)
        if answer.status == 405 and method not in answer.headers.get('allow', '').split(', '):
            return  # the pattern of another path matches too, but this path has fewer methods
        if status not in operation['responses']:
            yield f'the status {status} is not documented'
            return
        response = self.resolved(operation['responses'][status])
        for name in ('ETag', 'Location', 'Idempotency-Replayed', 'Retry-After', 'WWW-Authenticate'):
            header = response.get('headers', {}).get(name)
            if name.lower() in answer.headers and header is None:
                yield f'the header {name} is not documented'
            if name.lower() not in answer.headers and header and self.resolved(header).get('required'):
                yield f'the header {name} is documented and missing'
        if answer.status < 300:
            parameters = {parameter['name'] for parameter in map(self.resolved, operation.get('parameters', ()))}
            yield from (f'the parameter {name} is not documented'
                        for name, _ in urllib.parse.parse_qsl(path.partition('?')[2]) if name not in parameters)
        if not answer.body:
            return
        media = answer.headers.get('content-type', '').partition(';')[0]
        if '*/*' in response.get('content', {}):
            return
        if media not in response.get('content', {}):
            yield f'the type {media} of a {status} is not documented'
        elif media.endswith('json'):
            yield from (f'not as documented: {fault}'
                        for fault in self.wrong(response['content'][media].get('schema', {}), answer.json))

    # -- examples

    def show(self, transcript, names, method, path, headers, data, answer):
        """Keeps the first successful answer of an operation in the transcript of its handler as its example. If the
        request has a body, the first with documented JSON is preferred; for uploads the first of a documented type."""
        key, given = self.find(method, path)
        operation = self.operations.get(key)
        if not operation or operation['tags'] != [transcript] or not 200 <= answer.status < 300 or method == 'HEAD':
            return
        kind = headers.get('Content-Type', '').partition(';')[0] if data else ''
        content = operation.get('requestBody', {}).get('content', {})
        is_best = (not content or kind in content
                   and ('application/json' not in content or kind == 'application/json'
                        and not [*self.wrong(content[kind]['schema'], json.loads(data))]))
        if answer.headers.get('content-type',
                              '').startswith('text/csv') or key in self.shown and (self.shown[key][0] or not is_best):
            return
        self.shown[key] = is_best, self.example(key, operation, given, names, path, kind, headers, data, answer)

    def example(self, key, operation, given, names, path, kind, headers, data, answer):
        numbers, texts = {}, {**names, re.match(r'https?://[^/]+', answer.headers.get('location', BASE))[0]: BASE}

        def tidy(value, schema):
            """The value with small ids, short names and no secrets."""
            schema = self.resolved(schema)
            if isinstance(value, dict):
                return {name: tidy(each, schema.get('properties', {}).get(name, {})) for name, each in value.items()}
            if isinstance(value, list):
                return [tidy(each, schema.get('items', {})) for each in value[:MOST_ROWS]]
            if is_type(value, 'integer') and schema.get('format') == 'int64':
                return numbers.setdefault(value, len(numbers) + 1)
            if not isinstance(value, str):
                return value
            if schema.get('format') == 'int64' and value.isdigit():  # in a form
                return str(tidy(int(value), schema))
            for long, short in texts.items():
                value = value.replace(long, short)
            return without_tokens(re.sub(r'^http://127\.0\.0\.1:\d+', BASE, value))

        request = {'path': {name: tidy(int(value), {'format': 'int64'}) if value.isdigit() else tidy(value, {})
                            for name, value in given.items()}}
        line = re.sub(r'\{(\w+)\}', lambda found: str(request['path'][found[1]]), key)
        query = re.sub(r'(?<=expires=)\d+', '…', path.partition('?')[2])
        for parameter in map(self.resolved, operation.get('parameters', ())):
            if {**parameter['schema'], **parameter['schema'].get('items', {})}.get('format') == 'int64':
                query = re.sub(rf'(?<=\b{parameter["name"]}=)[\d,]+', lambda ids: ','.join(
                    tidy(each, {'format': 'int64'}) for each in ids[0].split(',')), query)
        request['line'] = line + ('?' + without_tokens(query) if query else '')
        if data and kind in operation.get('requestBody', {}).get('content', {}):
            schema = operation['requestBody']['content'][kind].get('schema', {})
            request.update(type=kind, body=tidy(body_of(kind, headers, data), schema))
        response = {'status': answer.status}
        if answer.body:
            media = answer.headers['content-type'].partition(';')[0]
            content = self.resolved(operation['responses'].get(str(answer.status), {})).get('content',
                                                                                            {}).get(media, {})
            response.update(type=media,
                            body=tidy(answer.json, content.get('schema', {})) if media.endswith('json') else None)
        return {'request': request, 'response': response}

    def examples(self, handlers):
        """Yields (name, None or the fault) for each operation of these handlers: the document must have the example
        from the transcripts. With EXAMPLES=record in the environment, new examples are recorded instead."""
        with open(RECORDED) as file:
            recorded = {key: example for key, example in json.load(file).items() if key in self.operations}
        for key, operation in self.operations.items():
            if operation['tags'][0] not in handlers:
                continue
            played, known = self.shown.get(key, (None, None))[1], recorded.get(key)
            fault = None
            if played is None:
                fault = f'tests/http/{operation["tags"][0]}.http has no successful answer for this operation'
            elif (known is None or known['request'] != played['request']
                  or shape_of(known['response']) != shape_of(played['response'])):
                recorded[key] = played
                if os.environ.get('EXAMPLES') != 'record':
                    fault = ('the documentation has another example; `make examples` records the new one\n'
                             f'documented {json.dumps(known)}\nplayed     {json.dumps(played)}')
            yield f'example: {key}', fault
        if os.environ.get('EXAMPLES') == 'record':
            with open(RECORDED, 'w') as file:
                json.dump({key: recorded[key] for key in self.operations if key in recorded}, file, indent=1,
                          ensure_ascii=False)
                file.write('\n')


def body_of(kind, headers, data):
    """A request body as a JSON value."""
    if kind == 'application/json':
        return json.loads(data)
    if kind == 'application/x-www-form-urlencoded':
        return dict(urllib.parse.parse_qsl(data.decode(), keep_blank_values=True))
    if kind == 'multipart/form-data':
        parts = email.message_from_bytes(b'Content-Type: ' + headers['Content-Type'].encode() + b'\r\n\r\n' +
                                         data).get_payload()
        return {part.get_param('name', header='content-disposition'): f'(the bytes of {part.get_filename()})'
                if part.get_filename() else part.get_payload(decode=True).decode()
                for part in parts}
    return f'({len(data)} bytes)'
