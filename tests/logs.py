"""What no log may contain: faults of ours, findings of the sanitizers, secrets. For every program that runs tests."""
import re

import devstack

# a fault of the code, which the handlers' logs name as such
FAULTS = (r'^.*fault: .*$', r'^.*passed our checks.*$')
# of AddressSanitizer, ThreadSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer
SANITIZERS = (r'^.*(?:ERROR|WARNING): \w+Sanitizer.*$', r'^.*runtime error:.*$')
# the password of the tests' accounts; a session's token; a JWT; a personal token; the hash of a password
SECRETS = (
    re.escape(devstack.PASSWORD),
    r'^.*Token [A-Za-z0-9_-]{43}.*$',
    r'^.*\beyJ[\w-]+\.[\w-]+\..*$',
    r'^.*fettle_[\w-]{43}.*$',
    r'^.*argon2id.*$',
)


def found(text, patterns=FAULTS + SANITIZERS + SECRETS, most=5):
    """What of a log matches: {pattern: its first matches, at most so many}, without the patterns that match nothing."""
    matches = {pattern: re.findall(pattern, text, re.MULTILINE)[:most] for pattern in patterns}
    return {pattern: lines for pattern, lines in matches.items() if lines}
