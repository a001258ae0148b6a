# grep, sed and awk, GNU's and mawk, and find with xargs: what they ask of files, directories,
# pipes, terminals and children, rather than their languages.
type grep sed gawk mawk find xargs >/dev/null || exit 127
umask 022
mkdir -p tree/one/two tree/three; seq 100000 >tree/numbers; seq 50 >tree/one/small
printf 'text\0binary\n' >tree/one/two/binary; printf 'Gr\xc3\xbc\xc3\x9fe\nnone' >tree/three/words
ln -s ../numbers tree/three/link; ln -s .. tree/three/up; mkfifo tree/fifo; : >tree/empty

echo == grep
grep -rc '7$' tree | sort; grep -D skip -Rl 77777 tree 2>&1 | sort
grep -c . tree/numbers - <tree/one/small
grep -r --include='s*' -n '^4.$' tree | tail -n 2; grep -rn binary tree
grep -ra binary tree | tr -d '\0'
grep -z -c . tree/one/two/binary; grep -b -o -m 2 99 tree/numbers
grep -A1 -B1 -n '^500$' tree/numbers
grep x tree 2>&1; echo "$?"; grep -s x /none; echo "$?"; grep x /none 2>&1; echo "$?"
grep -q 1 tree/numbers /none; echo "$?"; grep 1 tree/numbers >/dev/full; echo "$?"
grep . <tree/one/small 2>&1 >>tree/one/small; echo "$?"; grep -L 1 tree/e* tree/one/small
printf 'a\nb\n' | (grep -m1 a; cat); (exec <tree/one/small; grep -m 3 .; head -n 1)
grep -rD skip -e 99999 tree; grep -E '^(.)(.)\2\1$' tree/numbers | wc -l; grep -P '^(?=.*7)\d{2}$' \
	tree/numbers | wc -l; seq 5 | grep --line-buffered 3; grep -r 1 <tree/one/small tree/empty
yes | grep -m 100000 y | tail -n 1; yes words | grep w | head -n 1; echo "${PIPESTATUS[*]}"

echo == sed
cp tree/one/small s; ln s hard; ln -s s soft; chmod 640 s; chown 1000:2000 s
setfattr -n user.a -v b s
sed -i.bak '1d' s; stat -c '%n %a %u %g %h' s s.bak hard; sed -i 1d soft; stat -c '%F' soft
ln -sf s soft; sed -i --follow-symlinks 1d soft; stat -c '%F' soft; head -n 1 s
sed -n -s '$=' tree/one/small tree/numbers; sed -n '$=' tree/one/small tree/numbers
sed -n 'w part' tree/one/small; cmp part tree/one/small; sed '/^2$/r part
	/^3$/q9' tree/one/small | wc -l; echo "${PIPESTATUS[0]}"; sed -n '5{e echo from a shell
	p}' tree/one/small; echo 'echo run' | sed 's/^//e'; sed 5q tree/numbers | wc -l
sed -u 2q <tree/one/small | tail -n 1; (sed -u 2q >/dev/null; head -n 1) <tree/one/small
sed p /none 2>&1; sed -i p tree/one 2>&1; sed p tree/numbers >/dev/full
echo "$?"; sed -z 's/\n/,/g' s | cksum; sed -n 'w /dev/stdout' tree/one/small | tail -n 1
sed ':a;N;$!ba;s/\n/ /g' tree/one/small | cksum; printf 'no end' | sed p; ls -A | grep sed

echo == awk
cat >programs.awk <<'END'
BEGIN {
	"echo one; echo two" | getline x; print x; print close("echo one; echo two")
	print "to a child" | "cat; exit 3"; print close("cat; exit 3")
	print system("exit 7"), system("kill -TERM $$")
	while (("seq 3" | getline n) > 0) sum += n
	print sum, (getline line < "/none"), getline line < "tree/one/small", line
	for (i = 0; i < 40; i++) { print i >("many." i); close("many." i) }
	for (i = 0; i < 40; i++) { getline n <("many." i); total += n }
	print total, ENVIRON["AWK_GIVEN"], ARGC
	print "to stderr" >"/dev/stderr"
	printf "%s %d %5.2f %c %x\n", "s", 42.9, 3.14159, 65, 255
	print substr("hello", 2, 3), index("abc", "c"), toupper("x"), match("aaa", /a+$/), RLENGTH
}
{ count[$1 % 10]++ }
END { for (i = 0; i < 10; i++) printf "%d ", count[i]; print NR; exit 4 }
END
for awk in gawk mawk; do
	AWK_GIVEN=value $awk -f programs.awk tree/numbers 2>&1; echo "$awk: $?"
	rm -f many.*; seq 200000 | $awk '{ s += $1 } END { print s }'
	$awk '{ print }' tree/one 2>&1 |
		sed 's/^[^:]*: //'; $awk 'BEGIN { while (1) print "y" }' | head -n 1
	$awk 'BEGIN { print "x" >"/dev/full"; print close("/dev/full") < 0 }' 2>/dev/null; echo "$?"
done
gawk 'BEGIN { c = "sort -n"; for (i = 9; i; i--) print i |& c; close(c, "to")
	while ((c |& getline x) > 0) printf "%s ", x; print close(c) }'
gawk 'BEGIN { c = "tty | sed s,[0-9]*$,N,"; PROCINFO[c, "pty"] = 1; c |& getline x; print x
	PROCINFO["cat", "READ_TIMEOUT"] = 200; "cat" |& getline x; print ERRNO }'
gawk 'BEGIN { s = "/inet/tcp/7700/0/0"; s |& getline x; print "heard", x; print "answer" |& s }' &
for i in $(seq 300); do (exec 3<>/dev/tcp/127.0.0.1/7700) 2>/dev/null && break; sleep 0.1; done
wait; gawk -i inplace '{ print $1 * 2 }' part; tail -n 1 part
gawk -l filefuncs -l readdir -l fork 'BEGIN { stat("tree/numbers", s); print s["size"], s["type"]
	fflush(); if ((p = fork()) == 0) exit 5
	print wait() == p, chdir("tree"), stat("none", s) }'
gawk -l readdir '{ split($0, f, "/"); print f[2], f[3] }' tree | sort
gawk -l rwarray 'BEGIN { a["k"] = 1; a["s"][2] = "x"; print writea("saved", a); delete a
	print reada("saved", a), a["k"], a["s"][2] }'
gawk 'BEGIN { print (PROCINFO["pid"] > 0), PROCINFO["uid"], strftime("%F", 0, 1)
	print (systime() > 1e9) }'

echo == find
find tree -type l -o -type p -o -empty | sort; find -L tree -name small 2>&1 | sort
find tree -ls | wc -l
find tree -size +100k -newer s.bak -o -links +1 -printf '%p %n\n' | sort
find tree -samefile tree/empty
find tree -maxdepth 1 -perm -111 | sort; find / -maxdepth 1 -fstype proc; find tree -inum 1
find tree -type f -exec sh -c 'echo $#' x {} +
find tree -name small -execdir pwd \; | sed "s,$PWD,,"
mkdir -p deep; (cd deep; for i in $(seq 300); do mkdir -p d; cd d; done; : >bottom)
find deep -name bottom -printf '%d\n'; find deep -delete; ls deep 2>&1; find tree -fprint0 zero
tr '\0' '\n' <zero | sort | cksum; find tree -quit -print; find none 2>&1; echo "$?"
seq 30000 | xargs -n 1000 | wc -l; seq 200000 | xargs echo | cksum; seq 8 | xargs -P 4 -n 1 | sort
printf 'a b\0c' | xargs -0 -I{} echo '<{}>'; echo 255 | xargs -n1 sh -c 'exit $0'; echo "$?"
seq 3 | xargs -n1 sh -c 'exit 7'; echo "$?"; echo x | xargs sh -c 'kill -KILL $$' 2>&1; echo "$?"
echo x | xargs /none 2>&1; echo "$?"; xargs -a tree/one/small -n 25 echo
