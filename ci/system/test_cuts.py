"""The power is cut at every moment of short sequences of operations (docs/power-cuts.md); what
takes long is `make power-cuts`."""

import pytest

from cuts import enumerate as enumeration, guest, sequences


@pytest.mark.parametrize("kind", ["ext2", "ext4-plain", "ext4"])
def test_host(kind):
    result = enumeration.run(kind, 1, sequences.all_of(1), jobs=1)
    assert not result.violations, "\n".join(result.shown)
    assert result.sequences >= 70 and result.disks > 400


@pytest.mark.parametrize("kind", ["ext2", "ext2-4k", "ext4-plain", "ext4"])
def test_nodes_before_their_turn(kind):
    """What a file's map has gained is not on the disk before its data, whoever writes buffers."""
    result = enumeration.run(kind, 4, [
        "hold A/foo;write A/foo 16000 4000 5;disk", "hold deep;write deep 45056 9000 10;disk",
        "hold deep;dwrite deep 20480 8192 11;disk", "hold deep;write deep 45056 9000 10;wb;disk",
        "hold A/foo;write A/foo 16000 4000 5;disk;unlink A/foo;sync"], jobs=1)
    assert not result.violations, "\n".join(result.shown)
    assert result.sequences == 5 and result.disks > 120


@pytest.mark.parametrize("kind, kib", [("ext2-grow", 9216), ("ext4-grow", 6400),
                                       ("ext4-meta", 6400)])
def test_growing(kind, kib):
    """A file system that grows has the old size or a larger one, and all that was promised."""
    result = enumeration.run(kind, 2, [
        f"grow {kib}", f"write bar 9000 3000 6;grow {kib};fsync bar",
        f"creat A/new;grow {kib};write A/new 0 5000 3;fsync A/new;unlink bar;sync"], jobs=1)
    assert not result.violations, "\n".join(result.shown)
    assert result.sequences == 3 and result.disks > 50


@pytest.mark.parametrize("kind", ["ext2", "ext4"])
def test_lost_flushes_show(kind):
    """The checker is worth something: a driver whose flushes do nothing does not pass."""
    result = enumeration.run(kind, 0, ["creat A/new;write A/new 0 5000 3;fsync A/new"], True, 1)
    assert result.violations


def test_broken_off(tmp_path):
    """A run that was broken off goes on after the parts that had ended."""
    state, chosen = tmp_path / "state", sequences.sample(1, 6, 1)
    first = enumeration.run("ext2", 0, chosen, jobs=2, state=str(state))
    parts = sorted(state.iterdir())
    assert len(parts) == 2 and first.disks > 6
    parts[0].write_text(parts[0].read_text().replace('"violations": 0', '"violations": 100'))
    parts[1].unlink()
    again = enumeration.run("ext2", 0, chosen, jobs=2, state=str(state))
    assert (again.sequences, again.disks, again.violations) == (6, first.disks, 100)


@pytest.mark.parametrize("kind", ["ext2", "ext4"])
def test_guest(kind):
    chosen = sequences.sample(2, 10, 1) + [
        "mkdir C;creat C/new;fsync .;fsync C", "unlink bar;fdatasync ."]
    result = guest.run("skerry", kind, 1, chosen)
    assert not result.violations, "\n".join(result.shown)
    assert result.sequences == 12
