"""The description of the API as a file: valid, complete, served. documented.py compares answers with it."""
import json
import os
import subprocess
import unittest

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

VALIDATOR = '''
    import { Validator } from "@seriousme/openapi-schema-validator";
    const result = await new Validator().validate(process.argv[1]);
    console.log(JSON.stringify(result));
    process.exit(result.valid ? 0 : 1);'''


FETCHED = os.path.exists(os.path.join(devstack.ROOT, 'build/validator/.fetched'))


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.path = os.path.abspath(os.path.join(BUILD, 'openapi.json'))
        cls.known = STACK.documentation

    @unittest.skipUnless(FETCHED, 'make could not fetch the validator')
    def test_an_independent_validator_accepts_it(self):
        result = subprocess.run(['node', '--input-type=module', '-e', VALIDATOR, self.path],
                                cwd=os.path.join(devstack.ROOT, 'build/validator'), capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout[:5000] + result.stderr[:5000])
        self.assertEqual(json.loads(result.stdout)['valid'], True)

    @unittest.skipUnless(FETCHED, 'make could not fetch the validator')
    def test_the_validator_finds_errors(self):
        broken = {**self.known.document, 'paths': {'/x': {'get': {'responses': {'200': {}}}}}}
        path = os.path.join(STACK.data, 'broken.json')
        with open(path, 'w') as file:
            json.dump(broken, file)
        result = subprocess.run(['node', '--input-type=module', '-e', VALIDATOR, path],
                                cwd=os.path.join(devstack.ROOT, 'build/validator'), capture_output=True, text=True)
        self.assertEqual(result.returncode, 1, result.stderr[:5000])

    def test_every_method_of_every_handler_is_an_operation_and_no_other(self):
        described = set()
        for name in os.listdir(os.path.join(BUILD, 'describe')):
            with open(os.path.join(BUILD, 'describe', name)) as file:
                described |= {f'{method} {endpoint["path"]}' for endpoint in json.load(file)['endpoints']
                              if not endpoint['internal'] for method in endpoint['methods']}
        self.assertEqual(described, set(self.known.operations))

    def test_every_reference_can_be_resolved(self):
        def references(value):
            if isinstance(value, dict):
                yield from ([value['$ref']] if '$ref' in value else [])
                value = list(value.values())
            if isinstance(value, list):
                for each in value:
                    yield from references(each)
        for name in set(references(self.known.document)):
            self.known.resolved({'$ref': name})

    def test_every_operation_has_an_example_that_fits_its_schemas(self):
        for key, operation in self.known.operations.items():
            with self.subTest(key):
                self.assertTrue('x-example' in operation,
                                'play a good answer in the transcript of its handler, then: make examples')
                status = str(operation['x-example']['status'])
                for kind, content in self.known.resolved(operation['responses'][status]).get('content', {}).items():
                    if kind == 'application/json':
                        self.assertIn('example', content)
                        self.assertEqual(list(self.known.wrong(content['schema'], content['example'])), [])
                bodies = operation.get('requestBody', {'content': {}})
                if bodies.get('required'):
                    self.assertTrue(any('example' in content for content in bodies['content'].values()),
                                    'no body of a request')
                content = bodies['content'].get('application/json', {})
                if 'example' in content:
                    self.assertEqual(list(self.known.wrong(content['schema'], content['example'])), [])

    def test_every_error_response_has_codes_and_a_sentence_for_each(self):
        for key, operation in self.known.operations.items():
            for status, response in operation['responses'].items():
                if status < '400':
                    continue
                response = self.known.resolved(response)
                if status == '416' and 'content' not in response:
                    continue  # nginx answers this for a file, with its own text
                codes = response['content']['application/problem+json']['schema']['allOf'][1]['properties'][
                    'code']['enum']
                for code in codes:
                    self.assertRegex(response['description'], rf'`{code}`: \S.*[.…]', (key, status))
            every = {'400', '413', '415', '500', '502', '503', '504'} | (
                {'406'} if '*/*' not in operation['responses'].get('200', {}).get('content', {}) else set())
            self.assertEqual(every - set(operation['responses']), set(), key)
            self.assertEqual('401' in operation['responses'], operation.get('security') != []
                             or key in ('POST /api/v1/auth/login', 'POST /api/v1/auth/refresh'), key)

    def test_the_file_is_served(self):
        client = STACK.client()
        answer = client.get('/api/v1/openapi.json')
        self.assertEqual((answer.status, answer.headers['content-type']), (200, 'application/json'))
        with open(self.path, 'rb') as file:
            self.assertEqual(answer.body, file.read())
        self.assertEqual(answer.headers['cache-control'], 'no-cache')
        for name in ('x-content-type-options', 'x-frame-options', 'content-security-policy', 'referrer-policy',
                     'strict-transport-security'):
            self.assertIn(name, answer.headers)
        self.assertEqual(client.get('/api/v1/openapi.json', headers={'If-None-Match': answer.headers['etag']}).status,
                         304)
        self.assertEqual(client.request('HEAD', '/api/v1/openapi.json').body, b'')
        refused = client.post('/api/v1/openapi.json', {})
        self.assertEqual((refused.status, refused.json['code'], refused.headers['allow']),
                         (405, 'method_not_allowed', 'GET, HEAD'))
