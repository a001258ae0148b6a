"""Debian's servers and what asks them, unmodified, on an ext4 disk: sshd with ssh, scp and sftp,
redis-server with redis-cli and redis-benchmark, nginx with curl. The scripts ci/foreign/NAME start
and stop them, and say the same on Skerry and on Debian's Linux (ci/foreign.py). With TEST_FULL
only."""

import os

import pytest

import debian
import foreign

pytestmark = pytest.mark.skipif(not os.environ.get("TEST_FULL"), reason="TEST_FULL is not set")

# A shell, what scripts want, curl; then the servers.
PACKAGES = debian.NET + """bash bsdutils util-linux diffutils findutils grep sed mawk procps
libproc2-0 libncursesw6 libtinfo6 libblkid1 libmount1 libsmartcols1 libuuid1 libudev1 libcap-ng0
libc-bin libpam0g libaudit1 openssh-server openssh-client openssh-sftp-server libedit2 libfido2-1
libcbor0.8 redis-server redis-tools libatomic1 libhiredis0.14 libjemalloc2 liblua5.1-0 liblzf1
lua-bitop lua-cjson libstdc++6 nginx nginx-common openssl""".split()
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nsshd:x:102:65534::/run/sshd:/usr/sbin/nologin\n"
                  "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"
                  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\ntty:x:5:\nwww-data:x:33:\nnogroup:x:65534:\n",
}


@pytest.mark.parametrize("name", ["ssh", "redis", "nginx"])
def test_server(name):
    disk = debian.make_disk("servers", list(dict.fromkeys(PACKAGES)), FILES, size="512M",
                            kind="ext4")
    foreign.same(foreign.scripts(f"servers-{name}", disk, name))
