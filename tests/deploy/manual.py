"""systemd/README.md as an administrator reads it: its blocks run from top to bottom, on a machine without Fettle."""
import os
import re
import sys
import unittest

import server
import devstack

sys.path.insert(0, os.path.join(devstack.ROOT, 'tests/live'))
import package  # noqa: E402
import pages  # noqa: E402

MACHINE = None  # given by run.py

# what a command prints, beside that it succeeds
EXPECTED = {'fettle doctor': r'\A(?!.*FAIL)', 'fettle deploy task_status ./task_status': 'was deployed'}


class SystemdPage(unittest.TestCase):

    def block(self, shell, language, block):
        """Runs the commands of one block, in the directory of root."""
        shell.run('cd /root')
        pairs = pages.commands(block) if language == 'console' else [(line, None) for line in pages.lines_of(block)]
        for command, expected in pairs:
            typed = devstack.PASSWORD if command.startswith('fettle superuser') else ''
            printed, status = shell.run(command, typed)
            self.assertEqual(status, 0, f'{command}\n{printed}')
            if expected is not None:
                self.assertTrue(pages.fits(expected, printed), f'{command}\nexpected:\n{expected}\nprinted:\n{printed}')
            if command in EXPECTED:
                self.assertRegex(printed, re.compile(EXPECTED[command], re.DOTALL))

    def test_every_block_does_what_the_page_says(self):
        MACHINE.run('dpkg -P fettle; rm -rf /var/lib/fettle; runuser -u postgres -- dropdb --force --if-exists fettle\n'
                    f'cp {server.PACKAGE} /root/fettle_1.deb; cp /mnt/fettle/build/handlers/task_status /root\n'
                    'printf "silent\\n" > /root/.curlrc')
        without_ipv6 = not os.path.exists('/proc/net/if_inet6')
        shell = pages.Shell([server.MACHINE, 'run', MACHINE.folder, 'env', 'DEBIAN_FRONTEND=noninteractive', 'bash'])
        self.addCleanup(shell.close)
        kept, ran = None, 0
        for number, language, block in pages.blocks(pages.read(pages.DEPLOYED)):
            if language not in ('sh', 'console'):
                continue
            if 'site-tls.conf' in block and without_ipv6:
                MACHINE.run(r"sed -i '/\[::\]/d' /usr/share/fettle/nginx/site-tls.conf")
            if 'pg_dump' in block:
                MACHINE.psql("insert into equipment (name, serial_number) values ('Lathe', 'page')")
            if 'dropdb' in block:
                MACHINE.psql("delete from equipment where serial_number = 'page'")
            if '--force-confold' in block:
                newer = package.package(1)
                MACHINE.run(f'mv {newer} /root/fettle_1.deb')
                kept = MACHINE.run("dpkg-query -W -f '${Version}' fettle")
            with self.subTest(line=number, block=block):
                self.block(shell, language, block)
                ran += 1
        self.assertGreater(ran, 10)
        self.assertEqual(MACHINE.psql("select count(*) from equipment where serial_number = 'page'"), [['1']])
        self.assertEqual(MACHINE.run("dpkg-query -W -f '${Version}' fettle"), f'{kept}+1')
        self.assertEqual(MACHINE.run('systemctl --failed --no-legend').strip(), '')


if __name__ == '__main__':
    unittest.main()
