"""Services (/etc/rc.subr): they start in order, are kept running, checked, given up, logged, and
end in time."""

import re
import time

import pytest

from machines import becomes

# Services of the test, each a file of /etc/rc.d.
FILES = {
    "steady": 'daemon="sleep 1000"\nneeds="base once"\n',
    "base": 'daemon="sleep 1001"\n',
    "once": "start() { echo >>/run/once; }\nstop() { rm /run/once; }\nneeds=base\n",
    "broken": 'daemon="sh -c \'exit 3\'"\nfailures_max=2\n',
    # Answers as long as /run/answers is there.
    "mute": 'daemon="sleep 1002"\ncheck_every=5 check_seconds=1\n'
            "check() { [ -e /run/answers ] || sleep 60; }\n",
    "stubborn": "daemon=\"sh -c 'trap : TERM; while :; do sleep 1; done'\"\nstop_seconds=1\n",
    "talker": "daemon=\"sh -c 'echo what it says; exec sleep 1003'\"\n",
    "circle": "daemon=true\nneeds=ring\n",
    "ring": "daemon=true\nneeds=circle\n",
    "lonely": "daemon=true\nneeds=nobody\n",
    "neither": "needs=\n",
}


def with_files(console, *names):
    console.prompt()
    for name in names:
        # The shell's own words, each line by itself: the console's are short.
        console.output(f": >/etc/rc.d/{name}")
        for line in FILES[name].splitlines():
            quoted = line.replace("'", "'\\''")
            console.output(f"echo '{quoted}' >>/etc/rc.d/{name}")


def state(console, name):
    """The words that `service` has for one: of the last column only the first."""
    for line in console.output("service").splitlines():
        if line.split()[:1] == [name]:
            return line.split()
    raise AssertionError(name)


def fails(console, command, why):
    status, text = console.run(command)
    assert status != 0 and why in text, text


def test_kept_running(machine):
    console = machine()
    with_files(console, "steady", "base", "once")
    # What it needs comes first, by itself.
    console.output("service steady start && pidof sleep && [ -e /run/once ]")
    assert state(console, "steady")[1] == state(console, "base")[1] == "running"
    assert state(console, "once")[1] == "done"
    console.output("service once start && [ $(wc -l </run/once) = 1 ]")
    # Killed, it comes back, and is counted.
    before = state(console, "steady")
    console.output(f"kill -9 {before[3]}")
    becomes(console, "service", r"steady +running +no +\d+ +\d+s +1 +signal 9 after")
    assert state(console, "steady")[3] != before[3]
    assert "restarts: 1" in console.output("service steady")
    assert "run: steady: (pid" in console.output("sv status steady")
    becomes(console, "cat /var/log/messages", r"service: steady: signal 9 after \d+ s; starting it")
    # Stopped, it stays so; started twice is started once.
    console.output("service steady stop")
    assert state(console, "steady")[1] == "stopped"
    fails(console, "service steady", "stopped")
    console.output("service steady start; service steady start; service steady restart")
    assert state(console, "steady")[1] == "running"
    console.output("service once stop && [ ! -e /run/once ]")
    # Even the one that watches all, and a supervisor of its own.
    console.output("pkill -9 -f 'service supervise'; pkill -9 -f 'runsv /run/service/base'; "
                   "pkill -9 -f 'sleep 1001'")
    becomes(console, "service", r"base +running")


def test_given_up(machine):
    console = machine()
    with_files(console, "broken")
    console.run("service broken start")
    becomes(console, "service", r"broken +failed +no +- +- +2 +exit 3 after 0 s", 30)
    assert "given up" in console.output("cat /var/log/messages")
    fails(console, "service broken", "failed")
    console.output("sed -i 's/exit 3/exec sleep 1000/' /etc/rc.d/broken; service broken start")
    assert state(console, "broken")[1] == "running"


def test_silent(machine):
    """What does not answer in time is started anew, also one that is stopped and cannot end."""
    console = machine()
    with_files(console, "mute")
    console.output("touch /run/answers; service mute start; service mute check")
    process = state(console, "mute")[3]
    time.sleep(7)
    assert state(console, "mute")[3] == process
    console.output(f"kill -STOP {process}; rm /run/answers")
    becomes(console, "service", r"mute +silent", 60)
    becomes(console, "service", r"mute .*silent, signal 15", 60)
    console.output("touch /run/answers")
    assert "does not answer" in console.output("cat /var/log/messages")
    becomes(console, "service", r"mute +running", 30)
    assert state(console, "mute")[3] != process


def test_ends_in_time(machine):
    """What ignores SIGTERM is killed when its time is over, and keeps no machine from going off."""
    console = machine()
    with_files(console, "stubborn", "talker")
    console.output("service stubborn start; service talker start; sleep 1")
    console.output("service stubborn stop")
    assert state(console, "stubborn")[1] == "stopped"
    assert "does not end in 1 s: killed" in console.output("cat /var/log/messages")
    becomes(console, "cat /var/log/messages", "daemon.info talker: what it says")
    console.output("service stubborn start")
    console.sendline("poweroff")
    assert console.ended() == 0


def test_at_boot(machine, disk_copy):
    """Enabled for the next boot, with a machine id and a host key that stay."""
    console = machine(test=False, disks=[disk_copy])
    with_files(console, "steady", "base", "once", "circle", "ring", "lonely", "neither")
    becomes(console, "service", r"dropbear +running")
    for name in ("steady", "circle", "lonely", "neither", "httpd"):
        console.output(f"service {name} enable; service {name} enable")
    fails(console, "service neither start", "neither a daemon nor a start")
    fails(console, "service circle start", "circle needs itself: circle ring circle")
    fails(console, "service lonely start", "no service 'nobody'")
    fails(console, "service nobody", "no service 'nobody'")
    fails(console, "service ../hosts", "is no name")
    fails(console, "service crond fly", "usage")
    fails(console, "su user -c 'service crond stop'", "only root may")
    assert "crond" in console.output("su user -c service")
    console.output("service crond disable")
    ids = console.output("cat /etc/machine-id; cksum /etc/dropbear/*")
    assert re.match(r"[0-9a-f]{32}\s", ids) and "ed25519" in ids
    console.sendline("reboot")
    console.expect("Welcome to", timeout=100)
    console.prompt()
    becomes(console, "service", r"steady +running +yes")
    text = console.output("service")
    assert re.search(r"crond +stopped +no", text)
    assert not re.search(r"(circle|lonely|neither) +(running|done)", text)
    becomes(console, "service", r"httpd +running")
    becomes(console, "service httpd check; echo $?", "^0")
    assert console.output("cat /etc/machine-id; cksum /etc/dropbear/*") == ids
    text = console.output("cat /var/log/messages")
    assert "circle needs itself" in text and "no service 'nobody'" in text


@pytest.mark.parametrize("lines", [9000])
def test_log_is_rotated(machine, lines):
    console = machine()
    console.prompt()
    becomes(console, "service", r"syslogd +running")
    console.output(f"yes line after line of a log that grows | head -n {lines} | "
                   "logger -t test", 120)
    becomes(console, "ls /var/log", r"messages\.1")
    sizes = [int(size) for size in console.output("stat -c %s /var/log/messages*").split()]
    assert all(size < 300 << 10 for size in sizes)
    assert console.output("stat -c %a /var/log/messages").strip() == "600"
