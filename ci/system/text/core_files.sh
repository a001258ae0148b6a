# coreutils: files, links, modes, copies. PLACE is where (ext4 or tmpfs).
PLACE=${1:-.}; OTHER=${2:-/dev/shm}
cd "$PLACE" || exit; umask 022
echo "== install, ln, stat"
echo text >a; install -m 4750 -o 3 -g 4 a b; stat -c '%A %a %u %g %s %h %F %n %U %G' b
install -D -m 600 a deep/er/c; stat -c '%a %n' deep deep/er deep/er/c; install -d -m 1777 sticky
stat -c %A sticky
ln a hard; ln -s a soft; ln -s nowhere dang; ln -sfn other soft2; ln -sf third soft2
readlink soft soft2 dang
stat -c '%h %N' a soft dang; [ a -ef hard ] && echo same; stat -L -c %F dang; ln a . ; ln deep d2
ln -r -s deep/er/c rel
readlink rel; realpath --relative-to=deep a; realpath -e dang; readlink -f soft | sed 's,.*/,,'
readlink -m x/../y/z | sed 's,.*/y,y,'
link a linked; unlink linked; unlink deep; ln -P soft hsoft; stat -c %F hsoft; ln -L soft2 x
echo "== mkdir, mknod, mkfifo, touch"
mkdir -p -m 700 p/q/r; stat -c '%a %n' p p/q p/q/r; mkdir p; mkdir n/o; mkfifo -m 640 fifo
stat -c '%F %a' fifo
mknod null c 1 3; mknod blk b 7 200; mknod pip p; stat -c '%F %t %T %n' null blk pip
echo gone >null; cat null | wc -c
touch -d '2001-02-03 04:05:06.123456789' t; stat -c '%y %Y %X' t; touch -r t u; stat -c %y u
touch -a -d @0 u; stat -c '%x|%y' u
touch -m -d '1950-01-01' u; stat -c %Y u; touch -d '2200-01-01' u; stat -c %Y u
touch -h -d @5 soft; stat -c %Y soft; touch -c none; ls none; touch no/dir
rmdir p; rmdir -p p/q/r; ls -d p; rmdir --ignore-fail-on-non-empty deep; ls -d deep
echo "== truncate, sparse, fallocate, dd"
truncate -s 1M sp; stat -c '%s %b' sp
printf end | dd of=sp bs=1 seek=600000 conv=notrunc status=none; stat -c %s sp
truncate -s +10 sp; truncate -s '<100' sp; stat -c %s sp; truncate -s %64 sp; stat -c %s sp
truncate -s 5T huge; stat -c '%s %b' huge; truncate -s 17T huge; echo $?
fallocate -l 64K fa; stat -c '%s' fa; fallocate -p -o 4K -l 8K fa; du -B1 --apparent-size fa
du -B1 fa; fallocate -z -o 0 -l 4K fa; fallocate -n -o 64K -l 64K fa; stat -c %s fa
cp --sparse=always fa fb; cmp fa fb && du -B1 fb; cp --sparse=never fa fc; du -B1 fc
seq 100000 >data; dd if=data of=d1 bs=4k skip=3 count=5 status=none; sha256sum d1
dd if=data of=d2 bs=1000 conv=sync,ucase status=none; stat -c %s d2
dd if=data of=d3 ibs=512 obs=64k oflag=append conv=notrunc status=none
dd if=/dev/zero of=d3 bs=1 count=3 seek=5 conv=notrunc 2>&1 | grep -v copied; cmp data d3
direct=direct,
[ "$(stat -f -c %T .)" != tmpfs ] || direct= # 6.1 has no O_DIRECT there
dd if=data of=d4 bs=4096 oflag=${direct}dsync conv=fdatasync,sync status=none
cmp -n 588895 data d4
dd if=data iflag=${direct}fullblock bs=4096 count=2 status=none | cksum
dd if=data iflag=count_bytes,skip_bytes bs=1k skip=100 count=33 status=none
dd of=data conv=excl,notrunc status=none </dev/null; dd if=nothing status=none
dd if=data of=/dev/full bs=1k count=1 status=none
dd if=/dev/zero of=sps bs=4k count=64 conv=sparse status=none; stat -c %s sps
(sleep 0.2; printf abc; sleep 0.2; printf def) | dd bs=6 count=1 iflag=fullblock status=none; echo
echo "== cp"
mkdir tree; cp a tree; ln tree/a tree/hl; ln -s a tree/sl; mkfifo tree/ff; mkdir tree/sub
chmod 2755 tree/sub; touch -d @1000000 tree/sub tree/a
setfattr -n user.colour -v blue tree/a; setfacl -m u:7:rw tree/a
setfattr -n trusted.t -v 1 tree/sub
cp -a tree copy
(cd copy && stat -c '%n %F %a %h %Y' a hl sl ff sub | sed -E '/^(sl|ff)/s/ [0-9]*$//')
getfattr -d copy/a; getfacl -nc copy/a; getfattr -n trusted.t copy/sub
cp -r --preserve=mode,timestamps tree copy2; getfattr -d copy2/a; stat -c %Y copy2/a
cp -rL tree/sl flat; stat -c %F flat; cp -s "$PWD/a" sy; stat -c %F sy; cp -l a lk; stat -c %h lk
cp --reflink=auto data r1; cmp data r1; cp --reflink=always data r2; echo $?; cp -u a t; cat t
cp --backup=numbered a t; ls t*; cp -n data t; cat t; cp tree x; cp a a; cp -t tree data b
ls tree
cp -a tree "$OTHER/cross"; (cd "$OTHER/cross" && stat -c '%n %F %a %h' a hl sl ff sub data b)
rm -r "$OTHER/cross"; cp /dev/null nul; stat -c %s nul; cp -a null null2; stat -c '%F %t %T' null2
cp --attributes-only data at; stat -c %s at; cp data /dev/full
cp --parents deep/er/c tree; ls tree/deep/er; cp -r tree tree/inside; cp -T tree/a tt; ls tt
echo "== mv, rm"
mv a aa; mv aa tree; mv tree/aa a; mv -n data a; mv data "$OTHER/x-data"; ls data
stat -c %s "$OTHER/x-data"; mv "$OTHER/x-data" data; mv tree copy/a; mv copy copy/sub
mv -T copy2 copy; echo $?; mv --exchange a b 2>/dev/null
mkdir empty; mv -T copy2 empty; ls -d copy2 empty; mv -b a t; ls t~; mv nothing a
mv tree "$OTHER/tree"; stat -c '%F %a' "$OTHER/tree/sub"
getfattr -d --absolute-names "$OTHER/tree/a" | sed 's,# file:.*/,,'; mv "$OTHER/tree" tree
rm deep; rm -d sticky; rm -f none; rm none; rm -r tree copy; echo $?; mkdir ro; touch ro/x
chmod 555 ro; rm -rf ro; rm -rf . 2>&1; rm -rf / 2>&1 | head -1; ls
shred -n 1 -u data; ls data; sync a; sync -f .; sync -d nothing
