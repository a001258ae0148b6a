"""An interactive session, as a person has one: one machine, a list of things typed."""

import time

import pexpect
import pytest

CTRL_C, CTRL_D, CTRL_Z, CTRL_BACKSLASH, ESCAPE = "\x03", "\x04", "\x1a", "\x1c", "\x1b"


SESSION = []


@pytest.fixture(name="shell")
def shell_fixture(consoles):
    """The one machine at its prompt; a new one when the test before has left it elsewhere."""
    if SESSION:
        SESSION[0].send(CTRL_C)
        try:
            SESSION[0].output("echo in step", 10)
            return SESSION[0]
        except (pexpect.ExceptionPexpect, AssertionError):
            SESSION.pop()
    SESSION.append(consoles("session", seconds=900))
    SESSION[0].prompt()
    SESSION[0].output("stty cols 80 rows 24")
    return SESSION[0]


def keys(shell, *texts):
    """Type with a pause behind each text, for programs that look at the time between keys."""
    for text in texts:
        shell.send(text)
        time.sleep(0.4)


def test_login(shell):
    assert shell.output("id -un").strip() == "root"
    assert shell.output("tty").strip() == "/dev/ttyS0"
    assert shell.output("echo $HOME $PWD").split() == ["/root", "/root"]


def test_pipes(shell):
    assert shell.output("seq 1000 | grep 7 | wc -l").strip() == "271"
    assert shell.output("yes | head -n 3 | tr y z").split() == ["z", "z", "z"]
    assert shell.output("(echo b; echo a) | sort | tr '\\n' ' '").strip() == "a b"
    assert shell.run("false | true")[0] == 0
    assert shell.run("true | false")[0] == 1


def test_line_editing(shell):
    shell.send("echo wrong\x15echo right\r")
    shell.expect("\nright\n")
    shell.prompt()
    shell.send("echo abd\x7fc\r")
    shell.expect("\nabc\n")
    shell.prompt()
    shell.send("\x1b[A\x1b[A\r")                # up, up: the one before
    shell.expect("\nright\n")
    shell.prompt()
    shell.send("ls /etc/pass\t\r")
    shell.expect(r"\n\S*/etc/passwd\S*\n")
    shell.prompt()


def test_interrupt(shell):
    started = time.monotonic()
    shell.sendline("sleep 1000")
    time.sleep(0.5)
    shell.send(CTRL_C)
    shell.prompt()
    assert time.monotonic() - started < 30
    assert shell.output("echo alive").strip() == "alive"
    keys(shell, "cat\r", "echoed\r")
    shell.expect("echoed\nechoed\n")
    shell.send(CTRL_C)
    shell.prompt()
    shell.sendline("sleep 1000")
    time.sleep(0.5)
    shell.send(CTRL_BACKSLASH)
    shell.expect("Quit")
    shell.prompt()
    shell.sendline("while :; do :; done")       # the shell itself
    time.sleep(0.5)
    shell.send(CTRL_C)
    shell.prompt()


def test_end_of_file(shell):
    keys(shell, "cat >typed\r", "one\rtwo\r" + CTRL_D)
    shell.prompt()
    assert shell.output("cat typed").split() == ["one", "two"]
    shell.sendline("sh")
    shell.prompt()
    shell.send(CTRL_D)
    shell.prompt()


def test_job_control(shell):
    shell.sendline("sleep 500")
    time.sleep(0.5)
    shell.send(CTRL_Z)
    shell.expect("Stopped")
    shell.prompt()
    assert "Stopped" in shell.output("jobs")
    shell.sendline("bg")
    shell.expect("sleep 500")
    shell.prompt()
    assert "Running" in shell.output("jobs")
    shell.sendline("fg")
    shell.expect("sleep 500\n")
    time.sleep(0.3)
    shell.send(CTRL_Z)
    shell.expect("Stopped")
    shell.prompt()
    shell.sendline("fg %1")
    shell.expect("sleep 500\n")
    time.sleep(0.3)
    shell.send(CTRL_C)
    shell.prompt()
    assert shell.output("jobs").strip() == ""
    shell.sendline("cat &")                     # reads in the background: stopped
    shell.prompt()
    shell.sendline("sleep 0.5; jobs")
    shell.expect(r"Stopped \(tty input\)")
    shell.prompt()
    shell.output("kill %1; kill -CONT %1; wait")


def test_background(shell):
    assert shell.output("sleep 0.2 & wait $!; echo done").strip().endswith("done")
    assert shell.run("sleep 100 & kill -9 $!; wait $!")[0] == 137


def test_vi(shell):
    shell.output("rm -f text")
    shell.sendline("vi text")
    shell.expect("text")
    keys(shell, "", "ifirst line\rsecond line\rthird", ESCAPE,
         "ggdd",                                # the first line goes away
         "A, longer", ESCAPE, "yyp", ":s/second/copied/\r", ":wq\r")
    shell.prompt()
    assert shell.output("cat text").split("\n")[:3] == [
        "second line, longer", "copied line, longer", "third"]
    shell.sendline("vi text")
    keys(shell, "", "ddi never written", ESCAPE, ":q!\r")
    shell.prompt()
    assert "never" not in shell.output("cat text")


def less_prompt(shell, prompt, text):
    """Type at a prompt of less, which leaves raw mode behind each key: a return that comes in then
    is a newline, and less waits for another one, here as on Linux. Where the next character goes is
    shown in raw mode again; a person types it when it is there."""
    shell.send(prompt)
    shell.expect_exact(prompt + "\x1b[24;2H")
    for column, character in enumerate(text, 3):
        shell.send(character)
        shell.expect_exact(f"{character}\x1b[24;{column}H")
    shell.send("\r")


def test_less(shell):
    shell.output("seq 500 >numbers")
    shell.sendline("less numbers")
    shell.expect_exact("K23\n")
    shell.expect_exact("numbers\x1b[m")
    shell.send("G")
    shell.expect_exact("K500\n")
    shell.expect_exact("(END)\x1b[m")
    less_prompt(shell, "/", "250")
    shell.expect_exact("\x1b[7m250\x1b[m\n")     # found, and on the first line
    shell.expect_exact("K272\n\x1b[24;0H\x1b[K:")
    less_prompt(shell, "?", "100")
    shell.expect_exact("\x1b[7m100\x1b[m\n")
    shell.expect_exact("K122\n\x1b[24;0H\x1b[K:")
    shell.send("q")
    shell.prompt()


def test_top(shell):
    shell.sendline("top")
    shell.expect("Mem: .*used")
    shell.expect("COMMAND")
    shell.expect("Mem: .*used", timeout=20)     # it refreshes
    shell.send("q")
    shell.prompt()


def test_terminal(shell):
    assert shell.output("stty size").split() == ["24", "80"]
    shell.output("stty -echo")
    shell.sendline("echo un''seen")
    shell.expect("unseen\n")
    assert "un''seen" not in shell.before
    shell.prompt()
    shell.sendline("stty echo")
    shell.prompt()
    assert "speed 115200 baud" in shell.output("stty -a")
    shell.sendline("reset")
    shell.prompt()


def test_other_user(shell):
    said = shell.output("su user -c 'id -un; echo x >/home/user/mine && cat /home/user/mine'")
    assert said.split() == ["user", "x"]
    assert shell.run("su user -c 'cat /etc/shadow'")[0] != 0
    assert shell.run("su user -c 'echo x >/etc/new'")[0] != 0
    assert shell.run("su user -c 'kill 1'")[0] != 0


def test_logout(shell):
    """The last test here: init gives another shell."""
    shell.sendline("exit")
    try:
        shell.prompt(30)
    except pexpect.TIMEOUT:
        pytest.fail("no shell after logging out")
    assert shell.output("id -un").strip() == "root"
