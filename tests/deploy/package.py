"""The package: lintian, installation, upgrade, removal and purge."""
import collections
import os
import re
import shutil
import tempfile
import threading
import time
import unittest
import urllib.request

import load
import server
import devstack

MACHINE = None  # set by run.py
# the package of an earlier release, from which one test upgrades; see run.py
BEFORE = os.environ.get('BEFORE')
# for a package: a migration that takes a while
MIGRATION = (
    "echo 'alter table tasks add column later text; create index later on tasks (later); select pg_sleep(1);' "
    "> usr/share/fettle/sql/tables/999_later.sql"
)


def package(later=0, change=''):
    """The path of the package in the machine; or of a later version of it, whose files these shell commands change."""
    if not later:
        return server.PACKAGE
    other = f'/tmp/fettle-{later}.deb'
    MACHINE.run(f'rm -rf /tmp/package && dpkg-deb -R {server.PACKAGE} /tmp/package && cd /tmp/package\n'
                f'sed -i "s/^Version: .*/&+{later}/" DEBIAN/control\n{change}\ndpkg-deb -Znone -b /tmp/package {other}')
    return other


def upgrade(package):
    """As in README."""
    return MACHINE.run(
        f'DEBIAN_FRONTEND=noninteractive apt-get install -y -o Dpkg::Options::=--force-confold {package} 2>&1'
    )


def install(package, check=True):
    return MACHINE.run(f'DEBIAN_FRONTEND=noninteractive dpkg -i --force-confold {package} 2>&1', check)


def install_release_before():
    """Installs the package BEFORE instead of this build, with a new database in which there is some data."""
    MACHINE.run('dpkg -P fettle; rm -rf /var/lib/fettle; runuser -u postgres -- dropdb --force fettle')
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, 'tmp'))
        shutil.copy(BEFORE, os.path.join(folder, 'tmp/fettle-before.deb'))
        MACHINE.copy(folder)
    install('/tmp/fettle-before.deb')
    MACHINE.prepare()
    load.setUpModule()


def setUpModule():
    # without compression, the installations below are faster
    MACHINE.run(
        f'dpkg-deb -R {server.PACKAGE} /tmp/plain && dpkg-deb -Znone -b /tmp/plain {server.PACKAGE} && rm -r /tmp/plain'
    )
    if not load.CALM:
        load.setUpModule()


class Package(unittest.TestCase):
    """The tests run in the order of their names. After each one, the package is installed."""

    def healthy(self):
        self.assertNotIn('FAIL', MACHINE.run('fettle doctor', check=False))
        task = MACHINE.user().post('/api/v1/tasks', {'title': 'Oil the lathe'})
        self.assertEqual(task.status, 201, task)

    def rows(self):
        """The numbers of rows, and the id of the newest task."""
        return MACHINE.psql(
            'select (select count(*) from users), (select count(*) from documents), count(*), max(id) from tasks'
        )

    def reloads(self):
        """The number of reloads of nginx since the boot."""
        return int(MACHINE.run("journalctl -o cat --no-pager _PID=1 | grep -c '^Reloaded nginx' || :"))

    def undo_migration(self):
        MACHINE.psql(
            "drop index if exists later; alter table tasks drop column if exists later; delete from migrations where "
            "name = '999_later'"
        )

    def test_0_lintian_finds_no_error(self):
        said = MACHINE.lintian.communicate()[0]
        self.assertEqual(MACHINE.lintian.returncode, 0, said)

    def test_1_it_installs_over_an_installation_and_serves(self):
        MACHINE.run(
            "systemctl reset-failed 'fettle-*'"
        )  # timers may have failed while another test had stopped the database
        install(package())
        self.healthy()
        self.assertEqual(MACHINE.run('systemctl --failed --no-legend').strip(), '')

    def test_2_an_upgrade_keeps_settings_masks_and_requests(self):
        if BEFORE:
            install_release_before()
        former, rows = MACHINE.run("dpkg-query -W -f '${Version}' fettle"), self.rows()
        MACHINE.run(
            'echo FETTLE_QUOTA_MIB=77 >> /etc/fettle/fettle.env; systemctl mask --now fettle@reports.socket; systemctl '
            'disable --now fettle@messages.socket'
        )
        try:
            sockets = "systemctl show -p ActiveEnterTimestampMonotonic --value fettle@tasks.socket"
            before, pid = MACHINE.run(sockets), MACHINE.run(
                'systemctl start fettle@tasks.service; systemctl show -p MainPID --value fettle@tasks.service'
            )
            answers, names = collections.Counter(), ('tasks', 'me', 'equipment', 'users', 'maintenance', 'documents')
            created, closed, reloads = [], [], self.reloads()

            def one(caller, number):
                if number == 0:  # this client writes, and uses a new connection for each request
                    title = f'Upgrade {len(created)}'
                    status, _, said = caller.ask('POST', '/api/v1/tasks', {'title': title})
                    answers['a new task', 200 if status == 201 else (status, said[:300])] += 1
                    if status == 201:
                        created.append(title)
                    caller.close()
                    return
                handler, kept = names[number % len(names)], caller.connection is not None
                outcome = caller.calm(handler)
                if kept and isinstance(outcome, tuple) and outcome[0] == 0:
                    # nginx was reloaded, and closed an idle connection: clients repeat a GET
                    closed.append(outcome)
                    outcome = caller.calm(handler)
                answers[handler, outcome] += 1
            with load.Crowd(16, one):
                said = upgrade(package(1, MIGRATION))
                time.sleep(1)
            lost = {key: count for key, count in answers.items() if key[1] != 200}
            now = MACHINE.run("dpkg-query -W -f '${Version}' fettle")
            print(f'   an upgrade from {former} to {now} under 16 clients: {sum(answers.values())} answers, '
                  f'{sum(lost.values())} lost; {len(created)} tasks created in this time, '
                  f'{len(closed)} idle connections closed by {self.reloads() - reloads} reloads of nginx', flush=True)
            self.assertEqual(lost, {}, said)
            self.assertLessEqual(len(closed), 15 * (self.reloads() - reloads), closed)  # one for each client
            self.assertGreater(len(created), 0)
            stored = {row[0] for row in MACHINE.psql("select title from tasks where title like 'Upgrade %'")}
            self.assertEqual(set(created) - stored, set(), 'acknowledged, but not stored')
            users, documents, tasks, _ = self.rows()[0]
            self.assertEqual([users, documents, int(tasks) - len(created)], [*rows[0][:2], int(rows[0][2])])
            self.assertEqual(MACHINE.psql("select count(*) from migrations where name = '999_later'"), [['1']])
            self.assertTrue(MACHINE.run("dpkg-query -W -f '${Version}' fettle").endswith('+1'))
            self.assertEqual(MACHINE.run(sockets), before, 'the socket was restarted')
            self.assertNotEqual(MACHINE.run('systemctl show -p MainPID --value fettle@tasks.service'), pid)
            self.assertIn('FETTLE_QUOTA_MIB=77', MACHINE.run('cat /etc/fettle/fettle.env'))
            self.assertEqual(
                MACHINE.run(
                    'systemctl is-enabled fettle@reports.socket fettle@messages.socket fettle@tasks.socket', check=False
                ).split(),
                ['masked', 'disabled', 'enabled'],
            )
            self.assertEqual(
                MACHINE.run('systemctl is-active fettle@reports.socket fettle@messages.socket', check=False).split(),
                ['inactive'] * 2,
            )
            self.assertEqual(MACHINE.user().get('/api/v1/reports').status, 503)
        finally:
            self.undo_migration()
            MACHINE.run(
                'systemctl unmask fettle@reports.socket; systemctl enable --now fettle@reports.socket '
                'fettle@messages.socket'
            )
        install(package())  # the other release would require its migration
        self.healthy()

    def test_2_a_release_that_is_older_than_the_database_is_refused_and_nothing_of_it_starts(self):
        install(package(1, MIGRATION))
        try:
            self.assertIn('journalctl -u fettle-migrate', install(package(), check=False))
            self.assertIn(
                'this release is older than the database', MACHINE.run('journalctl -o cat --no-pager -u fettle-migrate')
            )
            for timer in ('sweep', 'schedules', 'audit-seal'):
                MACHINE.run(f'systemctl start fettle-{timer}.service')
                self.assertEqual(
                    MACHINE.run(f'systemctl show -p ConditionResult --value fettle-{timer}.service').strip(),
                    'no',
                    timer,
                )
        finally:
            self.undo_migration()
        install(package())
        self.healthy()

    def test_2_a_handler_that_a_release_no_longer_has_is_removed(self):
        # installs a release that has one more, and then this one
        more = """echo 'u fettle_more -:fettle "More"' >> usr/lib/sysusers.d/fettle.conf
                  cp usr/lib/fettle/handlers/health usr/lib/fettle/handlers/more
                  echo PGUSER=fettle_more > usr/lib/fettle/roles/more"""
        install(package(1, more))
        self.assertEqual(MACHINE.run('systemctl is-enabled fettle@more.socket').strip(), 'enabled')
        MACHINE.run('systemctl start fettle@more.service')
        install(package())
        self.assertEqual(
            MACHINE.run("systemctl is-active fettle@more.socket fettle@more.service", check=False).split(),
            ['inactive'] * 2,
        )
        self.assertNotEqual(MACHINE.run('systemctl is-enabled fettle@more.socket', check=False).strip(), 'enabled')
        self.assertEqual(MACHINE.run('systemctl --failed --no-legend').strip(), '')
        self.healthy()

    def test_2_nginx_is_reloaded_if_a_release_changes_its_configuration(self):
        install(package())
        before = self.reloads()
        install(package())
        self.assertEqual(self.reloads(), before)
        install(package(1, "sed -i '1i # another' usr/share/fettle/nginx/http.conf"))
        self.assertEqual(self.reloads(), before + 1)
        install(package())
        self.assertEqual(self.reloads(), before + 2)

    def test_2_a_privilege_that_a_release_no_longer_needs_is_revoked_after_the_restart(self):
        held = "select has_table_privilege('fettle_tasks', 'reports', 'select')"
        MACHINE.psql('grant select on reports to fettle_tasks')
        MACHINE.run('systemctl restart fettle-migrate.service')
        self.assertEqual(MACHINE.psql(held), [['t']])
        install(package())
        self.assertEqual(MACHINE.psql(held), [['f']])

    def test_2_files_from_when_all_handlers_had_one_user_get_the_current_group_and_mode(self):
        old = '/var/lib/fettle/storage/old'
        MACHINE.run(
            f'install -d -m 750 -o fettle -g fettle {old}; install -m 640 -o fettle -g fettle /etc/hostname {old}/file'
        )
        try:
            install(package(1))
            self.assertEqual(
                MACHINE.run(f"stat -c '%A %U %G' {old} {old}/file").splitlines(),
                ['drwxrwsr-x fettle fettle_files', '-rw-r--r-- fettle fettle'],
            )
        finally:
            MACHINE.run(f'rm -r {old}')

    def test_3_an_upgrade_whose_migration_fails_leaves_running_handlers_alone(self):
        MACHINE.run('systemctl start fettle@tasks.service')
        user = MACHINE.user()
        broken, answers = (
            package(2, "echo 'select no_such_thing();' > usr/share/fettle/sql/tables/999_broken.sql"),
            collections.Counter(),
        )

        def one(caller, number):
            answers[caller.calm('tasks')] += 1
            time.sleep(0.1)
        with load.Crowd(2, one):  # so that the handler does not become idle
            said = install(broken, check=False)
        self.assertEqual(set(answers), {200}, answers)
        self.assertIn('journalctl -u fettle-migrate', said)
        self.assertIn('iF', MACHINE.run('dpkg-query -W -f "\\${db:Status-Abbrev}" fettle'))
        self.assertEqual(user.get('/api/v1/tasks').status, 200)
        MACHINE.run('systemctl stop fettle@statistics.service')
        # a request that the socket had accepted when systemd gave it up gets 502, a later one 503
        self.assertIn(user.get('/api/v1/statistics/tasks').status, (502, 503), 'no new process starts')
        self.assertEqual(user.get('/api/v1/statistics/tasks').status, 503)
        self.assertRegex(
            MACHINE.run('fettle doctor', check=False), r'(?m)^FAIL +handlers +no new handler starts, because an upgrade'
        )
        install(package())
        self.assertNotEqual(user.get('/api/v1/statistics/tasks').status, 503)
        self.healthy()

    def test_3_a_handler_that_is_requested_while_a_migration_fails_does_not_start(self):
        broken = package(
            2, "echo 'select pg_sleep(6); select no_such_thing();' > usr/share/fettle/sql/tables/999_broken.sql"
        )
        MACHINE.run(
            'systemctl stop fettle@statistics.service; systemctl restart fettle@tasks.service'
        )  # it exits after 30 s without a request
        upgrade = threading.Thread(target=install, args=(broken, False))
        upgrade.start()
        try:
            sleeps = "select 1 from pg_stat_activity where query like '%pg_sleep(6)%' and pid <> pg_backend_pid()"
            MACHINE.run(
                f'for i in $(seq 200); do runuser -u postgres -- psql -XqAt -c "{sleeps}" | grep -q 1 && exit; sleep '
                '0.1; done; exit 1'
            )
            MACHINE.run('systemctl start --no-block fettle@statistics.service')
        finally:
            upgrade.join()
        self.assertEqual(
            MACHINE.run('systemctl is-active fettle@tasks.service fettle@statistics.service', check=False).split(),
            ['active', 'inactive'],
        )
        began = time.monotonic()
        self.assertIn(MACHINE.client().get('/api/v1/statistics/tasks').status, (502, 503))
        self.assertLess(time.monotonic() - began, 5, 'the failed migration was run again')
        install(package())
        self.healthy()

    def test_3_an_upgrade_without_a_database_leaves_running_handlers_alone(self):
        newer = package(2)
        MACHINE.run('systemctl restart fettle@tasks.service; systemctl stop fettle@statistics.service')
        pid = MACHINE.run('systemctl show -p MainPID --value fettle@tasks.service')
        MACHINE.run('systemctl stop postgresql@*.service')
        try:
            self.assertIn('no PostgreSQL answers', install(newer, check=False))
            self.assertIn('iF', MACHINE.run('dpkg-query -W -f "\\${db:Status-Abbrev}" fettle'))
            self.assertEqual(MACHINE.run('systemctl show -p MainPID --value fettle@tasks.service'), pid)
            MACHINE.run('systemctl start fettle@statistics.service', check=False)
            self.assertEqual(
                MACHINE.run('systemctl is-active fettle@statistics.service', check=False).strip(), 'inactive'
            )
        finally:
            MACHINE.run('systemctl start postgresql.service')
        install(package())
        self.healthy()

    def test_2_the_site_answers_only_to_its_own_names_also_with_tls(self):
        def curl(words):
            return MACHINE.run(
                f"curl -sk -o /dev/null -w '%{{http_code}} %{{redirect_url}}' {words}; echo \" $?\"", check=False
            ).split()
        self.assertEqual(curl('http://127.0.0.1/api/v1/health'), ['200', '0'])
        self.assertEqual(curl("-H 'Host: attacker.example' http://127.0.0.1/api/v1/health"), ['421', '0'])
        site, name = '/etc/nginx/sites-available/fettle', 'fettle.example.org'
        former = MACHINE.run(f'cat {site}')
        text = MACHINE.run('cat /usr/share/fettle/nginx/site-tls.conf')
        if not os.path.exists('/proc/net/if_inet6'):
            text = re.sub(r'(?m)^.*\[::\].*\n', '', text)
        MACHINE.run('rm -f /etc/nginx/sites-enabled/default')
        MACHINE.run(
            f"""openssl req -x509 -newkey rsa:2048 -nodes -subj /CN={name} -keyout /etc/ssl/private/fettle.key \\
                    -out /etc/ssl/certs/fettle.pem
                        cat > {site} && nginx -t && systemctl restart nginx""",
            stdin=text,
        )
        try:
            known, strange = (
                f'--resolve {one}:443:127.0.0.1 https://{one}/api/v1/health' for one in (name, 'attacker.example')
            )
            self.assertEqual(curl(known), ['200', '0'])
            self.assertEqual(curl(strange), ['000', '35'], 'the handshake must be refused')
            self.assertEqual(
                curl(f"-H 'Host: {name}' http://127.0.0.1/api/v1/tasks?page_size=1"),
                ['308', f'https://{name}/api/v1/tasks?page_size=1', '0'],
            )
            self.assertEqual(curl("-H 'Host: attacker.example' http://127.0.0.1/"), ['421', '0'])
        finally:
            MACHINE.run(
                f'cat > {site} && nginx -t && systemctl restart nginx && rm /etc/ssl/private/fettle.key '
                '/etc/ssl/certs/fettle.pem',
                stdin=former,
            )
        self.healthy()

    def test_3_an_installation_that_was_disabled_stays_disabled(self):
        for how, back in (('disable', 'enable'), ('mask', 'unmask')):
            with self.subTest(how):
                MACHINE.run(f"systemctl {how} --now fettle.target; systemctl stop 'fettle@*'")
                try:
                    self.assertIn('fettle.target is disabled, so nothing is started', install(package()))
                    self.assertEqual(
                        MACHINE.run("systemctl is-active fettle.target fettle@tasks.socket", check=False).split(),
                        ['inactive'] * 2,
                    )
                finally:
                    MACHINE.run(f'systemctl {back} fettle.target; systemctl start fettle.target')
                self.healthy()

    def test_3_an_nginx_that_refuses_its_configuration_or_does_not_run_is_reported(self):
        MACHINE.run('echo nonsense > /etc/nginx/sites-enabled/broken')
        try:
            self.assertIn('nginx continues with its previous configuration', install(package()))
        finally:
            MACHINE.run('rm /etc/nginx/sites-enabled/broken')
        MACHINE.run('systemctl stop nginx')
        try:
            self.assertIn('nginx does not run', install(package()))
            self.assertRegex(
                MACHINE.run('fettle doctor', check=False),
                r'(?m)^FAIL +nginx +does not serve the metrics on 127.0.0.1:9464',
            )
        finally:
            MACHINE.run('systemctl start nginx')
        self.healthy()

    def test_4_after_a_removal_a_new_installation_has_all_data(self):
        before = self.rows()
        MACHINE.run('dpkg -r fettle')
        self.assertEqual(MACHINE.run("systemctl list-units --no-legend --all 'fettle*'").strip(), '')
        self.assertEqual(
            MACHINE.run(
                'ls -d /run/fettle/*.sock /usr/lib/fettle /etc/nginx/sites-enabled/fettle 2> /dev/null', check=False
            ),
            '',
        )
        MACHINE.run('nginx -t && test -e /etc/fettle/fettle.env && test -e /var/lib/fettle/keys')
        install(package())
        self.assertEqual(self.rows(), before)
        self.healthy()

    def test_4_the_backup_of_the_page_can_be_restored(self):
        with open(os.path.join(devstack.ROOT, 'systemd/README.md')) as file:
            chapter = re.search(r'(?ms)^## Back up.*?(?=^## )', file.read())[0]
        backup, restore = re.findall(r'(?s)```sh\n(.*?)```', chapter)
        made = MACHINE.root.post(
            '/api/v1/documents?file_name=a.txt&title=A', raw=b'what is kept', headers={'Content-Type': 'text/plain'}
        ).json
        before = self.rows()
        MACHINE.run(f'cd /root && set -e\n{backup}')
        self.assertEqual(MACHINE.run("stat -c %a /root/fettle-*.dump /root/fettle-*.tar").split(), ['600'] * 2)
        # as on another machine: only the database roles are left, which an installation creates if needed
        MACHINE.run('dpkg -P fettle; rm -rf /var/lib/fettle; runuser -u postgres -- dropdb --force fettle')
        install(package())
        self.assertNotEqual(self.rows(), before)
        MACHINE.run(f'cd /root && set -e\n{restore}')
        self.assertEqual(self.rows(), before)
        # the sessions and files of the backup are valid
        again = MACHINE.root.get(f'/api/v1/documents/{made["id"]}')
        self.assertEqual((again.status, again.json['sha256']), (200, made['sha256']))
        with urllib.request.urlopen(again.json['url'].replace('localhost', '127.0.0.1')) as answer:
            self.assertEqual(answer.read(), b'what is kept')
        self.assertNotIn('left alone', MACHINE.run('fettle sweep'))
        self.assertEqual(
            MACHINE.root.post(
                '/api/v1/documents?file_name=b.txt', raw=b'and goes on', headers={'Content-Type': 'text/plain'}
            ).status,
            201,
        )
        self.healthy()

    def test_4_it_starts_postgresql_and_nginx_and_a_second_run_completes_the_first(self):
        # as on a machine where make has built and tested Fettle: both are installed, and were never started
        MACHINE.run(
            'dpkg -r fettle; systemctl stop nginx.service postgresql.service; echo nonsense > '
            '/etc/nginx/sites-enabled/broken'
        )
        try:
            said = install(package())
            self.assertIn('so the site is not enabled', said)
            self.assertEqual(
                MACHINE.run('systemctl is-active postgresql.service nginx.service', check=False).split(),
                ['active', 'failed'],
            )
        finally:
            MACHINE.run(
                'rm /etc/nginx/sites-enabled/broken; systemctl stop postgresql.service; dpkg -r fettle; systemctl '
                'reset-failed nginx.service'
            )
        self.assertNotRegex(install(package()), '(?m)^fettle: ')
        self.assertEqual(
            MACHINE.run('systemctl is-active postgresql.service nginx.service', check=False).split(), ['active'] * 2
        )
        self.healthy()

    def test_5_a_purge_keeps_the_database_and_the_files(self):
        answer = MACHINE.user().post(
            '/api/v1/documents?file_name=a.txt&title=A',
            raw=b'the text of a file',
            headers={'Content-Type': 'text/plain'},
        )
        self.assertEqual(answer.status, 201, answer)
        MACHINE.run('systemctl mask --now fettle@reports.socket fettle-sweep.timer')
        before, files = self.rows(), MACHINE.run('ls -R /var/lib/fettle/storage')
        self.assertIn('are kept', MACHINE.run('dpkg -P fettle'))
        self.assertEqual(MACHINE.run('find /etc/systemd/system -name "fettle*"'), '')
        self.assertEqual(
            MACHINE.run('ls -d /etc/fettle /var/lib/fettle/keys /var/lib/fettle-package 2> /dev/null', check=False), ''
        )
        self.assertEqual(MACHINE.run('ls -R /var/lib/fettle/storage'), files)
        install(package())
        self.assertEqual(self.rows(), before)
        MACHINE.prepare()
        self.healthy()
