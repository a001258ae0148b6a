# tar: trees with all that a file may be, formats, appended, changed, in parts, by differences; and
# the compressors, xz before all: threads, signals, holes, what they keep.
type tar xz gzip bzip2 zstd setfattr setfacl >/dev/null || exit 127
umask 022
show() { (cd "$1" && find . -mindepth 1 -printf '%P %y %m %U %G %s %n %l %TY-%Tm-%Td\n' | sort); }

mkdir -p tree/sub/empty tree/"$(printf 'd%.0s' {1..120})"/"$(printf 'e%.0s' {1..120})"
seq 20000 >tree/numbers; ln tree/numbers tree/sub/hard; ln -s ../numbers tree/sub/soft
ln -s "$(printf 'x%.0s' {1..110})" tree/long; mkfifo -m 604 tree/fifo; mknod -m 620 tree/null c 1 3
mknod tree/disk b 7 9; chown 1000:2000 tree/sub/empty; chmod 1757 tree/sub/empty
printf words >tree/"$(printf 'n\xc3\xa4me\nof two')"
chmod 4711 tree/"$(printf 'n\xc3\xa4me\nof two')"
truncate -s 3M tree/holes; echo middle | dd of=tree/holes bs=1M seek=1 conv=notrunc status=none
echo attributes >tree/marked; setfattr -n user.mark -v value tree/marked
setfacl -m u:1000:rw,g:2000:r tree/marked; setfacl -d -m o::--- tree/sub
find tree -exec touch -h -d '2001-02-03 04:05:06.789' {} +

echo == formats
for format in gnu pax ustar oldgnu; do
	tar --format=$format --sort=name -cf $format.tar tree; echo "$format: $?"
	mkdir $format; tar -xpf $format.tar -C $format; show $format | cksum
	tar -df $format.tar; echo "compared: $?"
done
show gnu | grep -v dddd; tar --numeric-owner -tvf gnu.tar | sed 's/dd*/d/g; s/ee*/e/g' | sort
stat -c '%n %y' pax/tree/numbers gnu/tree/numbers
tar --sparse -cf sparse.tar tree/holes; [ "$(stat -c %s sparse.tar)" -lt 40000 ] && echo small
mkdir sparse; tar -xf sparse.tar -C sparse; cmp sparse/tree/holes tree/holes
[ "$(stat -c %b sparse/tree/holes)" -lt 1000 ] && echo holes
tar --xattrs --acls -cf all.tar tree; mkdir all; tar --xattrs --acls -xpf all.tar -C all
getfattr -d all/tree/marked; getfacl -cn all/tree/marked all/tree/sub

echo == changes
cp pax.tar one.tar; echo new >added; tar -rf one.tar added; echo newer >added
touch -d 2030-01-01 added; tar -uf one.tar added; tar -tf one.tar | grep -c '^added'
tar -xOf one.tar added --occurrence=2; tar --delete -f one.tar added
tar -tf one.tar | grep -c added
tar -Af one.tar sparse.tar; tar -tf one.tar | grep -c 'tree/holes'
echo changed >>tree/sub/hard; tar -df gnu.tar 2>&1 | sort
mkdir part; tar -xf gnu.tar -C part --wildcards --strip-components=1 'tree/sub/*' tree/numbers 2>&1
show part | cut -d' ' -f1-3
tar --sort=name -cf - --exclude='*dd*' --transform='s,^tree,other,' --owner=7 --group=9 \
	--mtime=2002-01-01 --mode=a+rX tree | tar -xf - --one-top-level=top --numeric-owner
show top
tar -xkf gnu.tar -C part/.. tree/marked 2>&1; tar --overwrite -xf gnu.tar tree/marked; echo "$?"
mkdir inc; echo 1 >inc/a; echo 2 >inc/b; tar -g state -cf inc0.tar inc; sleep 1
echo 3 >inc/c; rm inc/a; tar -g state -cf inc1.tar inc; tar -tf inc1.tar; rm -r inc
tar -g /dev/null -xf inc0.tar; tar -g /dev/null -xf inc1.tar; ls inc
tar -M -L 100 -cf v1 -f v2 -f v3 -f v4 -f v5 tree/numbers; ls v?; mkdir vol
tar -M -xf v1 -f v2 -f v3 -f v4 -f v5 -C vol; cmp vol/tree/numbers tree/numbers && echo joined
tar -xf /none 2>&1 | head -n 1; head -c 3000 gnu.tar | tar -tf - 2>&1 | tail -n 2
tar -cf /dev/full tree/numbers 2>&1; echo "$?"

echo == compressors
for with in xz gzip bzip2 zstd; do
	tar --$with -cf with.$with tree/numbers tree/holes; mkdir of-$with
	tar -xf with.$with -C of-$with; cmp of-$with/tree/holes tree/holes && echo "$with: same"
	touch -d 2001-01-01 tree/numbers; cp -p tree/numbers f; $with -q f; [ -e f ] && rm f; ls f.*
	$with -t f.* && echo tested; $with -dc <"$(echo f.*)" | cksum
	head -c 5000 f.* | $with -dc 2>/dev/null | cmp - tree/numbers 2>&1 | sed 's/byte.*//'
	$with -q -d f.*; stat -c '%n %a %Y' f; rm f f.* 2>/dev/null
done
seq 90000 >big; xz -T2 --block-size=50KiB -k big; xz --robot -l big.xz | cut -f1-4 | tail -n 2
xz -T2 -dc big.xz | cmp - big && echo the same; xz -6e -c big | xz -dc | cksum
xz -k big 2>&1; echo "status $?"; xz -dkf big.xz; ln big twice; xz big 2>&1; echo "status $?"
truncate -s 8M hollow; xz hollow; xz -d hollow.xz; stat -c %s hollow
[ "$(stat -c %b hollow)" -lt 1000 ] && echo hollow
ln -s big soft; xz soft 2>&1; xz -cf soft | xz -d | cksum; xz -M 1MiB -dc big.xz 2>&1 | wc -c
mkfifo pipe; xz -c <pipe >partial & exec 3>pipe; seq 1000 >&3; kill $!; wait $!; echo "status $?"
exec 3>&-
xz -6e -T1 -k -S .other big & until [ -e big.other ] || ! kill -0 $!; do :; done; kill $!; wait $!
echo "status $?"; ls big.other 2>&1
echo not | xz -d 2>&1; xz -c big >/dev/full; echo "status $?"
