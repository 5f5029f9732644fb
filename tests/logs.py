"""Patterns that no log may contain: errors of the code, reports of sanitizers, secrets. All test programs use them."""
import re

import devstack

# a fault of the code, which the handlers' logs name as such
FAULTS = (r'^.*fault: .*$', r'^.*passed our checks.*$')
# of AddressSanitizer, ThreadSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer
SANITIZERS = (r'^.*(?:ERROR|WARNING): \w+Sanitizer.*$', r'^.*runtime error:.*$')
# the password of the test accounts; the token of a session; a JWT; a personal access token; the hash of a password
SECRETS = (
    re.escape(devstack.PASSWORD),
    r'^.*Token [A-Za-z0-9_-]{43}.*$',
    r'^.*\beyJ[\w-]+\.[\w-]+\..*$',
    r'^.*fettle_[\w-]{43}.*$',
    r'^.*argon2id.*$',
)


def found(text, patterns=FAULTS + SANITIZERS + SECRETS, most=5):
    """The matches in a log: {pattern: its first matches, at most `most`}, without patterns that match nothing."""
    matches = {pattern: re.findall(pattern, text, re.MULTILINE)[:most] for pattern in patterns}
    return {pattern: lines for pattern, lines in matches.items() if lines}
