"""ci/check-errno: finds comparisons with errors that begin there, and nothing else."""

import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def check(path, text):
    path.write_text(text)
    return subprocess.run([os.path.join(TOP, "ci/check-errno"), str(path)], capture_output=True,
                          text=True, check=False)


def test_errors_that_begin(tmp_path):
    text = ("\treturn err == -ABI_ENOENT ? -EACCES : err;\n\terr = -EIO;\n"
            "\treturn n < 0 ? -EINVAL : n << EXPONENT;\n")
    assert check(tmp_path / "a.c", text).returncode == 0


def test_comparisons(tmp_path):
    text = ("fine\n\tif (err == -ENOENT)\n\treturn error != (int)EIO || ENOMEM == error ||\n"
            "\t       error ==\n\t\t-ERESTARTSYS;\n")
    result = check(tmp_path / "a.c", text)
    assert result.returncode == 1
    assert "a.c:2: compares with ENOENT, not ABI_ENOENT" in result.stdout
    assert "a.c:3: compares with EIO" in result.stdout
    assert "a.c:3: compares with ENOMEM" in result.stdout
    assert "a.c:5: compares with ERESTARTSYS" in result.stdout
    assert "4 comparisons" in result.stdout
