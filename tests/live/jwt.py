"""Access tokens as an attacker would forge them, and the effect of changed keys on tokens; no secret is logged."""
import base64
import hashlib
import hmac
import json
import os
import secrets
import time
import unittest

import devstack

STACK, BUILD, SANITIZER = None, 'build', ''

INT64_MAX = 2**63 - 1
ABSENT = object()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def unbase64url(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def dumped(members):
    """Members as JSON: a dictionary without the members that are ABSENT, or the text unchanged."""
    if isinstance(members, str):
        return members
    return json.dumps({name: value for name, value in members.items() if value is not ABSENT}, separators=(',', ':'))


def signed(head, key, digest=hashlib.sha256):
    """A token of these first two parts, signed with that key."""
    return head + '.' + base64url(hmac.new(key, head.encode(), digest).digest())


class KeyFile:
    """The key file of a dev stack: lines of use, id, creation time, key; the first key of a use is the newest."""

    def __init__(self, on):
        self.path = on.env['FETTLE_KEYS']

    def lines(self):
        with open(self.path) as file:
            return [line.split() for line in file if line.strip() and not line.startswith('#')]

    def newest(self):
        """Id and key of the newest access key."""
        _, kid, _, key = next(line for line in self.lines() if line[0] == 'access')
        return kid, unbase64url(key)

    def write(self, lines, mode=0o600):
        """Replaces the file as rotate_keys() does, so that readers see the complete new file at once."""
        owner = os.stat(self.path)
        with open(os.open(self.path + '.new', os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'w') as file:
            file.write('# Keys of a test.\n' + ''.join(' '.join(line) + '\n' for line in lines))
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            os.fchmod(file.fileno(), mode)
        os.rename(self.path + '.new', self.path)

    def rotate(self):
        """Adds a new key, which becomes the first; its id."""
        kid = secrets.token_urlsafe(6)
        self.write([['access', kid, str(int(time.time())), secrets.token_urlsafe(32)]] + self.lines())
        return kid


class Case(unittest.TestCase):
    def me(self, on, token, scheme='Bearer '):
        client = on.client()
        answer = client.get('/api/v1/me', headers={'Authorization': scheme + token})
        client.close()
        return answer

    def refused(self, answer, code='not_authenticated', why=''):
        self.assertEqual(answer.status, 401, f'{why}: {answer}')
        self.assertEqual(answer.json['code'], code, f'{why}: {answer}')
        self.assertTrue(answer.headers.get('www-authenticate'), why)

    def login(self, on, user):
        answer = on.client().post('/api/v1/auth/login', {'username': user.username, 'password': devstack.PASSWORD})
        self.assertEqual(answer.status, 200, answer)
        return answer.json


class Tokens(Case):
    @classmethod
    def setUpClass(cls):
        cls.user, cls.other = STACK.user(), STACK.user()
        cls.sid = base64url(hashlib.sha256(cls.user.token.encode()).digest())
        cls.kid, cls.key = KeyFile(STACK).newest()

    def header(self, **changes):
        return {'alg': 'HS256', 'kid': self.kid, 'typ': 'JWT', **changes}

    def claims(self, **changes):
        now = int(time.time())
        return {'exp': now + 900, 'iat': now, 'iss': 'fettle', 'sid': self.sid, 'sub': str(self.user.id),
                'use': 'access', **changes}

    def token(self, header=None, claims=None, key=None, digest=hashlib.sha256):
        """A token with the right signature, unless another key or digest is given."""
        parts = [base64url(dumped(self.header() if header is None else header).encode()),
                 base64url(dumped(self.claims() if claims is None else claims).encode())]
        return signed('.'.join(parts), key or self.key, digest)

    def taken(self, token, why='', scheme='Bearer '):
        answer = self.me(STACK, token, scheme)
        self.assertEqual(answer.status, 200, f'{why}: {answer}')
        self.assertEqual(answer.json['id'], self.user.id, why)

    def test_a_token_made_by_this_test_is_accepted_so_the_others_fail_for_the_tested_reason(self):
        self.taken(self.token())
        access = self.login(STACK, STACK.user())['access']
        header, claims, _ = access.split('.')
        self.assertEqual(json.loads(unbase64url(header)), self.header())
        self.assertEqual(set(json.loads(unbase64url(claims))), set(self.claims()))

    def test_no_other_algorithm_is_accepted(self):
        def head(alg):
            return '.'.join(base64url(dumped(part).encode()) for part in (self.header(alg=alg), self.claims()))
        for alg in ('none', 'None', 'NONE', 'nOnE', '', ABSENT, None, 0):
            self.refused(self.me(STACK, head(alg) + '.'), why=f'{alg} without a signature')
            self.refused(self.me(STACK, self.token(self.header(alg=alg))), why=f'{alg} with a signature')
        for alg, digest in (('HS384', hashlib.sha384), ('HS512', hashlib.sha512), ('hs256', hashlib.sha256),
                            ('Hs256', hashlib.sha256)):
            self.refused(self.me(STACK, self.token(self.header(alg=alg), digest=digest)), why=alg)
        self.refused(self.me(STACK, self.token(digest=hashlib.sha384)), why='HS256 in name only')
        for alg in ('RS256', 'ES256', 'PS256', 'EdDSA'):
            self.refused(self.me(STACK, head(alg) + '.' + base64url(secrets.token_bytes(256))), why=alg)
            self.refused(self.me(STACK, self.token(self.header(alg=alg))), why=alg + ' that is HS256')

    def test_the_header_must_be_exact(self):
        for typ in (ABSENT, 'at+jwt', 'jwt', 'JWS', '', None, 1):
            self.refused(self.me(STACK, self.token(self.header(typ=typ))), why=f'typ {typ}')
        for kid in (ABSENT, '', 'unknown1', 0, 1, None, [self.kid], '../../../dev/null', self.kid + ' ',
                    self.kid.swapcase(), "' or 1=1 --"):
            self.refused(self.me(STACK, self.token(self.header(kid=kid))), why=f'kid {kid}')
        key = base64url(b'k' * 32)
        for name, value in {'crit': ['exp'], 'jku': 'https://example.org/keys', 'jwk': {'kty': 'oct', 'k': key},
                            'x5u': 'https://example.org/cert',
                            'x5c': ['MII'], 'x5t': key, 'zip': 'DEF', 'b64': False, 'cty': 'JWT',
                            'enc': 'A256GCM'}.items():
            self.refused(self.me(STACK, self.token(self.header(**{name: value}))), why=name)
            self.refused(self.me(STACK, self.token(self.header(**{name: value}), key=b'k' * 32)),
                         why=name + ' with its own key')
        for header in ('[]', '"HS256"', 'null', '1', '', '{', '{}', '{"alg":"HS256"}', dumped(self.header()) + 'x',
                       '[' * 500, '{"a":' * 200 + '1' + '}' * 200):
            self.refused(self.me(STACK, self.token(header)), why='header ' + header[:30])

    def test_the_claims_must_be_exact(self):
        for name in self.claims():
            self.refused(self.me(STACK, self.token(claims=self.claims(**{name: ABSENT}))), why='without ' + name)
            for value in (None, '', [], {}, True):
                self.refused(self.me(STACK, self.token(claims=self.claims(**{name: value}))), why=f'{name} {value}')
        for name, value in {'nbf': int(time.time()) - 10, 'aud': 'fettle', 'admin': True, 'is_superuser': True,
                            'jti': 'x'}.items():
            self.refused(self.me(STACK, self.token(claims=self.claims(**{name: value}))), why=name)
        for use in ('refresh', 'Access', 'access ', 'media', 1):
            self.refused(self.me(STACK, self.token(claims=self.claims(use=use))), why=f'use {use}')
        for issuer in ('somebody', 'Fettle', 'fettle/', ['fettle']):
            self.refused(self.me(STACK, self.token(claims=self.claims(iss=issuer))), why=f'iss {issuer}')
        for claims in ('[]', 'null', '1', '', '{', '{}', dumped(self.claims()) + 'x', '[' * 500):
            self.refused(self.me(STACK, self.token(claims=claims)), why='claims ' + claims[:30])

    def test_a_token_is_accepted_until_half_a_minute_after_it_expires(self):
        now = int(time.time())
        for exp in (now - 15, now + 5, INT64_MAX):
            self.taken(self.token(claims=self.claims(exp=exp)), f'exp {exp}')
        for exp in (now - 31, now - 3600, 0, -1, -2**63):
            self.refused(self.me(STACK, self.token(claims=self.claims(exp=exp))), 'token_expired', f'exp {exp}')
        for exp in (str(now + 900), now + 900.5, float(now + 900), 1e300, INT64_MAX + 1, 2**64, -2**63 - 1, 10**400):
            self.refused(self.me(STACK, self.token(claims=self.claims(exp=exp))), why=f'exp {exp}'[:60])
        for exp in ('1e300', '1e999', 'NaN', 'Infinity', '1e10', '0x7fffffff', '-0', '09999999999'):
            answer = self.me(STACK, self.token(claims=dumped(self.claims(exp='@')).replace('"@"', exp)))
            self.assertEqual(answer.status, 401, f'exp {exp}: {answer}')
        # the answer to a token that is both expired and forged does not reveal that it has expired
        self.refused(self.me(STACK, self.token(claims=self.claims(exp=now - 3600), key=b'k' * 32)))

    def test_a_token_from_the_future_is_refused(self):
        now = int(time.time())
        for iat in (now + 15, now - 3600, 0, -1):
            self.taken(self.token(claims=self.claims(iat=iat)), f'iat {iat}')
        for iat in (now + 45, now + 3600, INT64_MAX, now + 0.5, str(now), 1e300):
            self.refused(self.me(STACK, self.token(claims=self.claims(iat=iat))), why=f'iat {iat}')

    def test_the_caller_is_the_owner_of_the_session_whatever_sub_contains(self):
        for subject in (self.other.id, STACK.root.id, 999999999):
            answer = self.me(STACK, self.token(claims=self.claims(sub=str(subject))))
            self.assertIn(answer.status, (200, 401), answer)
            if answer.status == 200:
                self.assertEqual(answer.json['id'], self.user.id)
        for subject in ('0', '-1', 'root', '1.0', ' 1', '1e1', str(2**63), self.user.id, 0, "1' or '1'='1"):
            self.refused(self.me(STACK, self.token(claims=self.claims(sub=subject))), why=f'sub {subject}')

    def test_the_session_is_checked_with_each_request(self):
        ended = STACK.user()
        sid = base64url(hashlib.sha256(ended.token.encode()).digest())
        token = self.token(claims=self.claims(sid=sid, sub=str(ended.id)))
        self.assertEqual(self.me(STACK, token).json['id'], ended.id)
        self.assertEqual(ended.post('/api/v1/auth/logout', {}).status, 200)
        self.refused(self.me(STACK, token), 'session_ended')
        for sid in (base64url(b'\0' * 32), base64url(secrets.token_bytes(32)), base64url(secrets.token_bytes(31)),
                    base64url(secrets.token_bytes(33)),
                    self.sid + '=', self.sid + 'A', self.sid[:-1], '\\x' + '00' * 32, self.user.token,
                    'x' * 1000, "'", '1'):
            self.refused(self.me(STACK, self.token(claims=self.claims(sid=sid))), why=f'sid {sid}')

    def test_a_token_with_a_duplicate_member_is_refused(self):
        """Neither the first nor the second of two members with the same name may win: the token is refused."""
        header, claims = dumped(self.header()), dumped(self.claims())
        for name, value in {'alg': 'none', 'kid': 'unknown1', 'typ': 'JWS'}.items():
            twice = f'"{name}":"{value}"'
            self.refused(self.me(STACK, self.token('{' + twice + ',' + header[1:])), why='first ' + name)
            self.refused(self.me(STACK, self.token(header[:-1] + ',' + twice + '}')), why='last ' + name)
        for name, value in {'sub': f'"{STACK.root.id}"', 'sid': '"x"', 'exp': str(INT64_MAX), 'iss': '"somebody"',
                            'use': '"refresh"', 'iat': '0'}.items():
            for twice in (f'"{name}":{value}', f'"\\u{ord(name[0]):04x}{name[1:]}":{value}'):
                self.refused(self.me(STACK, self.token(claims='{' + twice + ',' + claims[1:])), why='first ' + twice)
                self.refused(self.me(STACK, self.token(claims=claims[:-1] + ',' + twice + '}')), why='last ' + twice)
            expired = dumped(self.claims(exp=0))
            self.refused(self.me(STACK, self.token(claims=expired[:-1] + f',"exp":{INT64_MAX}' + '}')))

    def test_a_token_has_one_spelling(self):
        alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
        header, claims = dumped(self.header()), dumped(self.claims())
        # spaces in the JSON give the parts every length; two of the lengths have a last character with unused bits
        for _ in range(3):
            parts = [base64url(header.encode()), base64url(claims.encode())]
            self.taken(signed('.'.join(parts), self.key), 'spaces in the JSON')
            for i in (0, 1):
                if len(parts[i]) % 4:
                    spelled = parts[:]
                    spelled[i] = parts[i][:-1] + alphabet[alphabet.index(parts[i][-1]) + 1]
                    self.assertEqual(unbase64url(spelled[i]), unbase64url(parts[i]))
                    self.refused(self.me(STACK, signed('.'.join(spelled), self.key)),
                                 why=f'another last character of part {i}')
                    spelled[i] = parts[i] + '=' * (-len(parts[i]) % 4)
                    self.refused(self.me(STACK, signed('.'.join(spelled), self.key)), why=f'padding of part {i}')
            header, claims = header[:-1] + ' }', claims[:-1] + ' }'
        token = self.token()
        self.refused(self.me(STACK, token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]),
                     why='another last character of the signature')
        self.refused(self.me(STACK, token + '='), why='padding of the signature')

    def test_a_token_has_three_parts_and_nothing_else(self):
        token = self.token()
        header, claims, signature = token.split('.')
        for bad in ('', '.', '..', '...', header, f'{header}.{claims}', f'{header}.{claims}.', f'{header}..{signature}',
                    f'.{claims}.{signature}', f'..{signature}',
                    token + '.', '.' + token, f'{token}.{signature}', token + '.x', token.replace('.', '..'),
                    f'{header}.{claims}.{signature[:-1]}', f'{header}.{claims}.{signature}A',
                    f'{claims}.{header}.{signature}', f'{header} .{claims}.{signature}',
                    f'{header}. {claims}.{signature}', f'{header}\t.{claims}.{signature}', token + ' x', token + ', x',
                    token + ',' + token, f'"{token}"', token.replace('.', '%2e'), token + 'ä', 'ä' + token,
                    token[:50] + 'ü' + token[51:], token.replace('-', '+'), token + '\x01', token + '\x7f'):
            if bad == token:
                continue
            answer = self.me(STACK, bad)
            self.assertIn(answer.status, (401,) if bad.isprintable() else (400, 401), f'{bad!r}: {answer}')
        for bad in (token + '\0', token[:60] + '\0' + token[60:], '\0'):
            self.assertIn(self.me(STACK, bad).status, (400, 401))  # nginx may refuse it itself
        for size in (2049, 3000, 5000):
            self.refused(self.me(STACK, 'a' * size), why=f'{size} characters')
            self.refused(self.me(STACK, self.token(claims=self.claims(sub='1' * size))), why=f'a sub of {size}')
            self.refused(self.me(STACK, token + 'A' * (size - len(token))), why=f'a signature of {size}')
        for size in (9000, 20000):
            self.assertIn(self.me(STACK, 'a' * size).status, (400, 401, 431))

    def test_the_scheme_is_case_insensitive_and_one_word(self):
        for scheme in ('Bearer ', 'bearer ', 'BEARER ', 'bEaReR '):
            self.taken(self.token(), scheme, scheme)
        for scheme in ('', 'Token ', 'Basic ', 'JWT ', 'Bearer', 'Bearer: ', 'Bearer=', 'Bearer Bearer ', 'Bearer,'):
            self.refused(self.me(STACK, self.token(), scheme), why=scheme)
        # RFC 9110, 11.4 allows more than one space there; the request must not cause an error of the server
        for scheme in ('Bearer  ', 'Bearer\t', ' Bearer ', 'Bearer \t'):
            self.assertIn(self.me(STACK, self.token(), scheme).status, (200, 401), scheme)
        self.refused(self.me(STACK, self.user.token), why='an opaque token as Bearer')

    def test_a_foreign_signature_is_refused(self):
        token = self.token()
        for key in (b'k' * 32, self.key[:-1], self.key + b'x', base64url(self.key).encode(), b'\0', self.kid.encode()):
            self.refused(self.me(STACK, self.token(key=key)), why='another key')
        head, _, signature = token.rpartition('.')
        flipped = base64url(bytes([unbase64url(signature)[0] ^ 1]) + unbase64url(signature)[1:])
        for other in (flipped, base64url(unbase64url(signature)[:16]), base64url(unbase64url(signature) * 2),
                      base64url(b'\0' * 32)):
            self.refused(self.me(STACK, f'{head}.{other}'), why='another signature')


class Keys(Case):
    """On its own dev stack, whose keys change while it runs."""

    @classmethod
    def setUpClass(cls):
        cls.on = devstack.DevStack(BUILD, deliberate=r'^\w+: fault: .*/keys\b.*$').start()
        cls.addClassCleanup(cls.on.stop)
        cls.file, cls.user = KeyFile(cls.on), cls.on.user()
        cls.first = cls.file.lines()

    def setUp(self):
        self.file.write(self.first)

    def kid(self, access):
        return json.loads(unbase64url(access.split('.')[0]))['kid']

    def test_keys_change_without_a_restart(self):
        self.assertEqual(os.stat(self.file.path).st_mode & 0o777, 0o600)
        (use, first, _, key), (other, _, _, _) = self.file.lines()
        self.assertEqual((use, len(unbase64url(key)), other), ('access', 32, 'media'))
        before = {name: self.on.pids(name) for name in ('me', 'auth_login', 'auth_refresh', 'tasks')}
        old = self.login(self.on, self.user)
        self.assertEqual(self.kid(old['access']), first)
        second = self.file.rotate()
        self.assertEqual(self.me(self.on, old['access']).status, 200)
        renewed = self.on.client().post('/api/v1/auth/refresh', {'refresh': old['refresh']}).json
        self.assertEqual(self.kid(renewed['access']), second)
        for access in (old['access'], renewed['access']):
            for path in ('/api/v1/me', '/api/v1/tasks', '/api/v1/users'):
                self.assertEqual(self.on.client().get(path, headers={'Authorization': 'Bearer ' + access}).status, 200,
                                 path)
        # without the old key, tokens that it signed are refused; the session itself stays active
        self.file.write([line for line in self.file.lines() if line[1] != first])
        self.refused(self.me(self.on, old['access']))
        self.assertEqual(self.me(self.on, renewed['access']).status, 200)
        self.assertEqual(self.me(self.on, old['token'], 'Token ').status, 200)
        self.assertEqual(before, {name: self.on.pids(name) for name in before})

    def test_a_key_of_another_use_signs_no_access_token(self):
        kid, key = 'mediakey', secrets.token_urlsafe(32)
        self.file.write(self.file.lines() + [['media', kid, str(int(time.time())), key]])
        header, claims, _ = self.login(self.on, self.user)['access'].split('.')
        self.assertEqual(self.me(self.on, signed(f'{header}.{claims}', self.file.newest()[1])).status, 200)
        for named in (kid, self.kid(header + '.')):
            other = base64url(dumped({'alg': 'HS256', 'kid': named, 'typ': 'JWT'}).encode())
            self.refused(self.me(self.on, signed(f'{other}.{claims}', unbase64url(key))), why=f'kid {named}')

    def test_a_key_file_that_other_users_can_read_is_not_used(self):
        """A key that other users may have read is not secret, and is not used. Requests that need no key still work."""
        given = self.login(self.on, self.user)
        lines = self.file.lines()
        for broken, mode, words in ((lines, 0o644, 'must be a regular file with mode 0600'),
                                    (lines, 0o620, 'must be a regular file with mode 0600'),
                                    ([['access', 'only']], 0o600, 'is not a valid key'),
                                    (lines + [['access', 'short', '1', 'c2hvcnQ']], 0o600, 'is not a valid key')):
            self.file.write(broken, mode)
            answer = self.me(self.on, given['access'])
            self.assertIn(answer.status, (500, 503), answer)
            self.assertNotIn(self.file.path, answer.body.decode())
            self.assertNotIn(words, answer.body.decode())
            self.assertIn(words, self.on.logs())
            self.assertEqual(self.me(self.on, given['token'], 'Token ').status, 200)
            self.assertEqual(self.on.client().get('/api/v1/health').status, 200)
            body = {'username': self.user.username, 'password': devstack.PASSWORD}
            self.assertIn(self.on.client().post('/api/v1/auth/login', body).status, (500, 503))
            self.assertEqual(self.on.psql('select coalesce(sum(failures), 0) from login_failures'), [['0']],
                             'an error of the key file was counted as a wrong password')
        self.file.write(lines)
        self.assertEqual(self.me(self.on, given['access']).status, 200)

    def test_a_refresh_that_fails_without_a_key_does_not_end_the_session(self):
        given, lines = self.login(self.on, self.user), self.file.lines()
        self.file.write(lines, 0o644)
        self.assertIn(self.on.client().post('/api/v1/auth/refresh', {'refresh': given['refresh']}).status, (500, 503))
        self.file.write(lines)
        answer = self.on.client().post('/api/v1/auth/refresh', {'refresh': given['refresh']})
        self.assertEqual(answer.status, 200, f'the client should be able to refresh again after the error: {answer}')


class Secrets(Case):
    def test_no_secret_is_in_a_log_or_in_a_table(self):
        """Sends all kinds of secrets in all requests that take or return them, well-formed or not."""
        own = devstack.DevStack(BUILD).start()
        logs = None
        try:
            user, word, newer = own.user('ann'), 'a password for the logs', 'a newer password for the logs'
            root = own.user('root', superuser=True)
            secret = {devstack.PASSWORD, word, newer, user.token, root.token}
            access = []

            def send(method, path, body, token=None, scheme='Token '):
                answer = own.client().request(method, path, body,
                                              headers={'Authorization': scheme + token} if token else None)
                if answer.headers.get('content-type') == 'application/json':
                    secret.update(answer.json[name] for name in ('token', 'access', 'refresh') if name in answer.json)
                return answer

            for name in ('ann', 'nobody-here'):
                for password in (devstack.PASSWORD, word):
                    given = send('POST', '/api/v1/auth/login', {'username': name, 'password': password})
                    if given.status == 200:
                        token, access, refresh = (given.json[part] for part in ('token', 'access', 'refresh'))
            for body in ({'username': 'ann', 'email': 'ann@example.org', 'password': word},
                         {'username': 'an', 'password': word, 'more': word},
                         {'username': 'bob', 'email': 'bob@example.org', 'password': word},
                         {'username': 'eve', 'email': 'eve@example.org', 'password': [word]}):
                send('POST', '/api/v1/auth/register', body)
            send('POST', '/api/v1/auth/register', {'username': word, 'password': word, 'email': word + '\0'})
            for given in (access, access + 'x', access[:-3] + 'AAA', token, 'x' * 43):
                for scheme in ('Bearer ', 'Token ', 'Basic ', ''):
                    send('GET', '/api/v1/me', None, given, scheme)
                    send('PATCH', '/api/v1/me', {'first_name': 'Ann'}, given, scheme)
            made = send('POST', '/api/v1/auth/tokens', {'name': 'script'}, token)
            self.assertEqual(made.status, 201, made)
            send('GET', '/api/v1/tasks', None, made.json['token'])
            send('DELETE', f'/api/v1/auth/tokens/{made.json["id"]}', None, token)
            for current, fresh in ((word, newer), (devstack.PASSWORD, 'short'), (devstack.PASSWORD, 'ann@example.org'),
                                   (devstack.PASSWORD, newer)):
                send('PUT', '/api/v1/auth/password', {'current_password': current, 'new_password': fresh}, token)
            send('PATCH', '/api/v1/me', {'username': 'anne', 'current_password': word}, token)
            self.assertEqual(send('PATCH', '/api/v1/me', {'username': 'anne', 'current_password': newer}, token).status,
                             200)
            send('PATCH', f'/api/v1/users/{user.id}',
                 {'email': 'anne@example.org', 'current_password': devstack.PASSWORD}, root.token)
            for _ in range(2):
                self.assertIn(send('POST', '/api/v1/auth/refresh', {'refresh': refresh}).status, (200, 401))
            send('POST', '/api/v1/auth/refresh', {'refresh': refresh + 'x', 'more': refresh})
            send('POST', '/api/v1/auth/logout', {'scope': 'all'}, token)
            secret |= {key for _, _, _, key in KeyFile(own).lines()}
            secret |= {hash for hash, in own.psql('select password_hash from credentials')}
            self.assertGreater(len(secret), 12)
            tables = '\n'.join(row[0] for table in ('users', 'sessions', 'login_failures', 'audit', 'profiles', 'roles',
                                                    'user_roles')
                               for row in own.psql(f'select to_jsonb(it) from {table} it'))
            audit = '\n'.join(row[0] for row in own.psql('select to_jsonb(it) from audit it'))
            digests = {hashlib.sha256(each.encode()).hexdigest() for each in secret}
            trail = send('GET', '/api/v1/audit?page_size=200', None, root.token).body.decode()
        finally:
            logs = own.stop()
        self.assertIn('auth', tables + logs)
        for each in secret | {base64.b64encode(each.encode()).decode() for each in secret}:
            for where, text in (('a log', logs), ('a table', tables), ('the audit trail', trail)):
                self.assertNotIn(each, text, f'{each} is in {where}')
        # nor the digests by which sessions are found: they would reveal which token was which
        for each in digests:
            self.assertNotIn(each, audit + trail + logs)
