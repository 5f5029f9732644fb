"""A server for the tests: the machine of tests/deploy/machine, with PostgreSQL, nginx and Fettle installed in it."""
import ctypes
import glob
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import devstack  # noqa: E402

MACHINE = os.path.join(HERE, 'machine')


PACKAGE = '/tmp/fettle.deb'  # in the machine


class Failed(Exception):
    """A command in the machine ended with a status other than 0. The message has the command and its output."""


class Client(devstack.Client):
    """A client that sends the host name of the site, which accepts no other name."""

    def request(self, method, path, body=None, form=None, raw=None, headers=None):
        return super().request(method, path, body, form, raw, {'Host': 'localhost', **(headers or {})})


class Machine:
    """A booted machine. After boot(), this process is in its network namespace: 127.0.0.1 is that of the machine."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.folder = tempfile.mkdtemp(prefix='fettle-deploy-')
        self.users = 0
        self.lintian = None

    @staticmethod
    def refusal():
        """Why this machine cannot boot one, in a sentence; empty if it can."""
        result = subprocess.run([MACHINE, 'possible'], capture_output=True, text=True)
        return result.stderr.strip() if result.returncode else ''

    def boot(self):
        # the machine ends when this pipe is closed, so also when this process is killed
        self.process = subprocess.Popen([MACHINE, 'boot', self.folder, devstack.ROOT], stdin=subprocess.PIPE)
        while not os.path.exists(os.path.join(self.folder, 'pid')):
            if self.process.poll() is not None:
                raise RuntimeError('the machine did not boot; the reason is above')
            time.sleep(0.05)
        with open(os.path.join(self.folder, 'pid')) as file:
            pid = int(file.read())
        libc = ctypes.CDLL(None, use_errno=True)  # os.setns exists since Python 3.12
        with open(f'/proc/{pid}/ns/net') as network:
            if libc.setns(network.fileno(), 0):
                raise OSError(ctypes.get_errno(), 'setns')

    def halt(self):
        if self.lintian:
            self.lintian.kill()
            self.lintian.wait()
        self.process.stdin.close()
        self.process.wait()

    def run(self, command, check=True, stdin=''):
        """Runs a shell command in the machine, as root. Returns its standard output. Throws Failed."""
        result = subprocess.run(
            [MACHINE, 'run', self.folder, 'bash', '-c', command], input=stdin, capture_output=True, text=True
        )
        if check and result.returncode:
            raise Failed(f'{command}\nended with {result.returncode}: {result.stderr}{result.stdout}')
        return result.stdout

    def copy(self, folder):
        """Copies the files below a directory to the root directory of the machine."""
        with subprocess.Popen(
            ['tar', '-C', folder, '--owner=0', '--group=0', '-c', '.'], stdout=subprocess.PIPE
        ) as tar:
            subprocess.run(
                [MACHINE, 'run', self.folder, 'tar', '-C', '/', '--no-overwrite-dir', '-x'],
                stdin=tar.stdout,
                check=True,
            )

    def shell(self):
        """A shell in the machine. It runs commands that are written to .stdin, which is faster than run()."""
        return subprocess.Popen(
            [MACHINE, 'run', self.folder, 'bash'],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )

    # -- Fettle in it

    def psql(self, sql, user='fettle'):
        """Runs SQL, as the owner of the database or another user. Returns the rows as lists of strings."""
        return [
            line.split('\x1f')
            for line in self.run(
                f"cd / && runuser -u {user} -- psql -XqAt -F '\x1f' -v ON_ERROR_STOP=1 fettle", stdin=sql
            ).splitlines()
        ]

    def handlers(self):
        return self.run('ls /usr/lib/fettle/handlers').split()

    def pids(self):
        """The main process of each running handler: its process id in the machine."""
        units = self.run("systemctl show -p Id -p MainPID 'fettle@*.service'").split('\n\n')
        found = [dict(line.split('=', 1) for line in unit.split('\n') if line) for unit in units]
        return {unit['Id'][7:-8]: int(unit['MainPID']) for unit in found if unit and unit['MainPID'] != '0'}

    def client(self, token=None):
        return Client(80, token)

    def user(self, name=None, role=None):
        """A new account, logged in: a Client with .id and .username."""
        self.users += 1
        name = name or f'user{self.users}'
        client = self.client()
        answer = client.post(
            '/api/v1/auth/register', {'username': name, 'email': f'{name}@example.org', 'password': devstack.PASSWORD}
        )
        assert answer.status == 201, answer
        client.id, client.username = answer.json['id'], name
        if role:
            self.psql(
                f"insert into user_roles (user_id, role_id) select {client.id}, id from roles where name = '{role}'"
            )
        return self.log_in(client)

    def log_in(self, client):
        answer = client.post('/api/v1/auth/login', {'username': client.username, 'password': devstack.PASSWORD})
        assert answer.status == 200, answer
        client.token = answer.json['token']
        return client

    def make(self, *targets):
        # not as a part of the make that runs this program: it does not share its job slots
        environment = {
            name: value for name, value in os.environ.items() if name not in ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL')
        }
        subprocess.run(
            ['make', '-s', '-C', devstack.ROOT, *targets], check=True, stdout=subprocess.DEVNULL, env=environment
        )

    def install(self):
        """Installs Fettle with a PostgreSQL and an nginx that were never started, and creates a superuser: .root."""
        # creates a cluster as the package of PostgreSQL does; that of this machine is not used
        self.run(
            'pg_createcluster --locale C.UTF-8 $(ls /usr/lib/postgresql | sort -V | tail -1) main && systemctl -q '
            'enable postgresql nginx'
        )
        # without this file, installing a package does not index all manual pages again
        self.run('rm -f /var/lib/man-db/auto-update')
        self.make('deb')
        # lintian takes long and does not need the machine: it runs now, and the test of the package waits for it
        deb, = glob.glob(os.path.join(devstack.ROOT, 'build/deb/*.deb'))
        command = ['nice', '-n', '19', 'lintian', '--allow-root', '--fail-on', 'error', deb]
        self.lintian = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.run(
            f'cp /mnt/fettle/build/deb/*.deb {PACKAGE} && DEBIAN_FRONTEND=noninteractive dpkg -i --force-confold '
            f'{PACKAGE}'
        )
        self.prepare()

    def prepare(self):
        """Changes an installation for the tests."""
        # the shortest possible idle time; and no rate limit for login, which would refuse the requests of tests
        self.run("sed -i '/^FETTLE_IDLE=/d' /etc/fettle/fettle.env && echo FETTLE_IDLE=30 >> /etc/fettle/fettle.env")
        self.run(
            "sed -i 's|rate=120r/m|rate=1000000r/m|' /usr/share/fettle/nginx/http.conf && sed -i "
            "'s|burst=40|burst=10000|' /usr/share/fettle/nginx/routes.conf"
        )
        self.run('nginx -t 2> /dev/null && systemctl start nginx && systemctl reload nginx')
        self.run('fettle superuser root root@example.org', stdin=devstack.PASSWORD + '\n')
        self.root = self.client()
        self.root.username = 'root'
        self.log_in(self.root)
        self.root.id = self.root.get('/api/v1/me').json['id']
        self.run('fettle doctor')
