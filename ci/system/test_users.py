"""Users made by adduser: their homes are their own, su and login ask for what they should."""

import pytest


@pytest.fixture(name="shell", scope="module")
def shell_fixture(consoles):
    """Root's shell, on a machine with the users ada and bob."""
    console = consoles("users", seconds=900)
    console.prompt()
    for user, password in (("ada", "Analytical9"), ("bob", "Boolean77")):
        console.sendline(f"adduser -g '{user} of the test' {user}")
        for prompt in ("New password: ", "Retype password: "):
            console.expect_exact(prompt)
            console.sendline(password)
        console.expect_exact(f"password for {user} changed by root")
        console.prompt()
    console.output("su ada -c 'echo secret >/home/ada/diary'")
    return console


def leave(shell):
    """End a user's shell; root's goes on, or a new one begins."""
    shell.sendline("exit")
    shell.expect(r"root@skerry:\S*# ", timeout=30)


def asked(shell, command, *passwords):
    """Type a command that asks for passwords; what it says behind the last."""
    shell.sendline(command)
    for password in passwords:
        shell.expect_exact("Password: ")
        shell.sendline(password)
    shell.prompt()
    return shell.before


def test_accounts(shell):
    assert shell.output("grep ada /etc/passwd").strip() == (
        "ada:x:1001:1001:ada of the test:/home/ada:/bin/sh")
    assert shell.output("id -nG ada").strip() == "ada"
    fields = shell.output("grep ada /etc/shadow").split(":")
    assert fields[1].startswith("$6$")
    assert shell.output("ls -la /home/ada/.profile").split()[:4] == ["-rw-------", "1", "ada",
                                                                     "ada"]


def test_homes_are_closed(shell):
    for home, owner in (("ada", "ada"), ("bob", "bob"), ("user", "user")):
        said = shell.output(f"stat -c '%a %U %G' /home/{home}").split()
        assert said == ["700", owner, owner]
    for command in ("cat /home/ada/diary", "ls /home/ada", "echo x >/home/ada/new",
                    "cd /home/ada", "ls /home/user", "cat /home/bob/.profile /home/ada/.profile",
                    "ls /root", "cat /etc/shadow", "ls /etc/dropbear",
                    "ls /var/spool/cron/crontabs"):
        assert shell.run(f"su bob -c '{command}'")[0] != 0, command
    assert shell.output("su ada -c 'cat ~/diary'").strip() == "secret"
    assert shell.output("cat /home/ada/diary").strip() == "secret"


def test_private_files_stay_private(shell):
    """Also after the tools have written them anew, with their copies."""
    shell.output("addgroup ada wheel && deluser bob && adduser -D -H bob")
    for line in shell.output("stat -c '%a %n' /etc/shadow*").strip().split("\n"):
        assert line.split()[0] == "600", line
    shell.output("chown -R bob:bob /home/bob")
    assert "wheel" in shell.output("id -nG ada").split()


def test_su_asks_users(shell):
    shell.output("id -un")
    assert shell.output("su - ada -c 'id -un; pwd'").split() == ["ada", "/home/ada"]   # not root
    shell.sendline("su - ada")
    shell.expect_exact("ada@skerry:~$ ")
    assert "incorrect" in asked(shell, "su ada -c id", "wrong")
    assert "uid=" not in asked(shell, "su bob -c id", "Boolean77")      # made anew without one
    assert "uid=1001(ada)" in asked(shell, "su ada -c id", "Analytical9")
    assert "uid=1000(user)" in shell.output("su user -c id")             # has no password
    leave(shell)


def test_login(shell):
    shell.sendline("exec login")
    shell.expect_exact("login: ")
    shell.sendline("ada")
    shell.expect_exact("Password: ")
    shell.sendline("nothing")
    shell.expect_exact("Login incorrect", timeout=30)
    shell.expect_exact("login: ")
    shell.sendline("ada")
    shell.expect_exact("Password: ")
    shell.sendline("Analytical9")
    shell.expect_exact("Welcome to Skerry")
    shell.expect_exact("ada@skerry:~$ ")
    assert shell.run("tty; pwd; echo $USER $LOGNAME $SHELL")[1].split() == [
        "/dev/ttyS0", "/home/ada", "ada", "ada", "/bin/sh"]
    leave(shell)


def test_who_may_not_log_in(shell):
    """Locked, without a shell, with /etc/nologin."""
    shell.output("passwd -l ada")
    shell.sendline("su user")
    shell.expect_exact("user@skerry:")
    assert "uid=" not in asked(shell, "su ada -c id", "Analytical9")
    leave(shell)
    shell.output("passwd -u ada")
    assert "not available" in shell.run("su - daemon")[1]
    assert shell.run("su -s /bin/sh daemon -c 'id -un'")[1].strip() == "daemon"
    shell.output("echo Closed today. >/etc/nologin")
    shell.sendline("login ada")
    shell.expect_exact("Password: ")
    shell.sendline("Analytical9")
    shell.expect_exact("Closed today.")
    shell.prompt()
    shell.output("rm /etc/nologin")


def test_password_of_ones_own(shell):
    shell.sendline("su - ada")
    shell.expect_exact("ada@skerry:~$ ")
    shell.sendline("passwd")
    shell.expect_exact("Old password: ")
    shell.sendline("Analytical9")
    for prompt in ("New password: ", "Retype password: "):
        shell.expect_exact(prompt)
        shell.sendline("Difference1")
    shell.expect_exact("password for ada changed by ada")
    shell.prompt()
    assert shell.run("passwd root")[0] != 0
    assert "uid=1001" in asked(shell, "su ada -c id", "Difference1")
    leave(shell)


def test_options(shell):
    shell.output("adduser -S -h /var/lib/svc svc")
    assert shell.output("stat -c '%a %U %G' /var/lib/svc").split() == ["755", "svc", "nogroup"]
    assert shell.output("grep svc: /etc/passwd").strip().endswith(":/var/lib/svc:/bin/false")
    shell.output("mkdir -m 750 /home/kept; adduser -D --home=/home/kept eve 2>said; cat said")
    assert "left as it is" in shell.output("cat said")
    assert shell.output("stat -c '%a %U' /home/kept").split() == ["750", "root"]
    shell.output("mkdir /tmp/skel; echo hi >/tmp/skel/read; adduser -D -k /tmp/skel -u 1234 zoe")
    assert shell.output("stat -c '%a %u' /home/zoe /home/zoe/read").split() == [
        "700", "1234", "600", "1234"]
    shell.output("adduser zoe users && deluser --remove-home zoe")
    assert shell.run("ls /home/zoe")[0] != 0
    assert shell.run("adduser")[0] != 0
    assert shell.run("adduser ada")[0] != 0
    assert shell.run("adduser -x ada")[0] != 0
