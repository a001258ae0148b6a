#!/bin/sh
# What a person types: BusyBox' applets on this kernel, as far as they depend on what a kernel says.
# Takes the options of the other tests; speaks TAP.
dir=/tmp
while getopts d:l option; do
	[ "$option" = d ] && dir=$OPTARG
done
place=$dir/applets.$$
mkdir "$place" && cd "$place" || exit 1
count=0
failed=0

# check NAME COMMAND: the command, run by a shell of its own, must succeed
check() {
	count=$((count + 1))
	if output=$(sh -c "$2" 2>&1 </dev/null); then
		echo "ok - applets: $1"
	else
		failed=1
		echo "not ok - applets: $1"
		echo "$output" | head -5 | sed 's/^/#   /'
	fi
}

check 'ps lists init' 'ps | grep -q "^ *1 root.*init"'
check 'ps lists itself with its arguments' 'ps -o pid,args | grep -q "[p]s -o pid,args"'
check 'ps -o of every column' '
	columns=pid,ppid,pgid,sid,user,group,comm,args,vsz,rss,stat,time,tty,nice,etime
	ps -o $columns | grep -q init'
check 'top in batch mode' 'top -b -n 1 | grep -q "^CPU:.*idle"'
check 'top lists processes' 'top -b -n 1 | grep -q "  1  *0 root"'
check 'free' '
	free | awk "/^Mem:/ { exit !(\$2 > 0 && \$2 >= \$3 + \$4) } END { if (!NR) exit 1 }"'
check 'uptime' 'uptime | grep -q "load average: [0-9.]*, [0-9.]*, [0-9.]*"'
check 'mount lists the root' 'mount | grep -q " on / type ext"'
check 'df knows the root' 'df -P / | awk "NR == 2 { exit !(\$2 > 100000 && \$6 == \"/\") }"'
check 'df of all' 'df -a | grep -q /proc'
check 'kill and wait' 'sleep 100 >/dev/null 2>&1 & kill $!; wait $!; [ $? = 143 ]'
check 'pidof' '
	sleep 101 >/dev/null 2>&1 & sleep 0.1; pidof sleep | grep -qw $!; s=$?; kill $!; exit $s'
check 'pgrep' '
	sleep 102 >/dev/null 2>&1 & sleep 0.1
	pgrep -f "sleep 102" | grep -qw $!; s=$?; kill $!; exit $s'
check 'killall' 'sleep 103 >/dev/null 2>&1 & sleep 0.2; killall sleep; wait $!; [ $? = 143 ]'
check 'lsof' 'exec 9>lsof-me; lsof | grep -q lsof-me'
check 'fuser' 'exec 9>fuser-me; fuser fuser-me | grep -qw $$'
check 'pstree' 'pstree | grep -q "^init"'
check 'uname' '[ "$(uname -s) $(uname -m)" = "Linux x86_64" ]'
check 'hostname' '[ "$(hostname)" = "$(cat /proc/sys/kernel/hostname)" ]'
check 'id' '[ "$(id -u) $(id -un)" = "0 root" ]'
check 'date' '[ "$(date +%Y)" -ge 2020 ]'
check 'dmesg' 'dmesg | head -3 | grep -q .'
check 'tty of no terminal' '! tty -s'
check 'stat' '[ "$(touch f; chmod 640 f; stat -c "%a %s %U" f)" = "640 0 root" ]'
check 'ls -l of a device' 'ls -l /dev/null | grep -q "^crw.* 1,  *3 "'
check 'find' 'mkdir -p a/b/c; touch a/b/c/x; [ "$(find a -name x)" = a/b/c/x ]'
check 'cp -a, diff and rm -r' 'cp -a a z && diff -r a z && rm -r z'
check 'tar and gzip' 'tar -czf t.tgz a && mkdir o && tar -xzf t.tgz -C o && [ -f o/a/b/c/x ]'
check 'dd' 'dd if=/dev/zero of=big bs=64k count=40 2>/dev/null && [ $(stat -c %s big) = 2621440 ]'
check 'sha256sum' '
	sum=d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025
	head -c 1000000 /dev/zero | sha256sum | grep -q ^$sum'
check 'sort of many lines' '[ "$(seq 20000 | sort -r -n | sort -n | tail -n 1)" = 20000 ]'
check 'a long pipeline' '[ $(seq 1000 | cat | cat | cat | cat | cat | wc -l) = 1000 ]'
check 'a pipe that breaks' '[ "$(yes | head -n 2 | wc -l)" = 2 ]'
check 'sed, awk, grep' '[ "$(seq 10 | sed s/1/x/ | grep x | awk "{ n++ } END { print n }")" = 2 ]'
check 'xargs' '[ "$(seq 300 | xargs -n 7 echo | wc -l)" = 43 ]'
check 'here documents' '[ "$(cat <<X
text
X
)" = text ]'
check 'redirections' 'echo a >r; echo b >>r; exec 3<r; read x <&3; read y <&3; [ $x$y = ab ]'
check 'traps' 'trap "exit 0" USR1; kill -USR1 $$; exit 1'
check 'timeout' 'timeout 1 sleep 20; [ $? = 143 ]'
check 'nohup' 'nohup true'
check 'mkfifo' 'mkfifo p; echo through >p & read x <p; [ $x = through ]'
check 'ln and readlink' '
	ln -s /etc/passwd l; [ "$(readlink l)" = /etc/passwd ] && cmp l /etc/passwd'
check 'mktemp' '[ -f "$(mktemp -p .)" ]'
check 'su' '[ "$(su user -c id\ -u)" = 1000 ]'
check 'touch -d' 'touch -d "2001-02-03 04:05:06" t && [ "$(date -u -r t +%s)" -gt 981000000 ]'
check 'nice' '[ "$(nice -n 5 nice)" = 5 ]'
check 'renice' 'sleep 5 >/dev/null 2>&1 & renice -n 3 -p $!; s=$?; kill $!; exit $s'
check 'chrt' 'chrt -p $$ | grep -q SCHED_OTHER'
check 'ulimit' 'ulimit -n 64; [ "$(ulimit -n)" = 64 ]'
check 'flock' 'flock lock -c true'
check 'setsid' 'setsid true'
check 'script interpreter' '
	printf "#!/usr/bin/awk -f\nBEGIN { exit 7 }\n" >s; chmod 755 s; ./s; [ $? = 7 ]'
check 'time' 'time true'
check 'sync' 'sync'
check 'od of random bytes' '[ $(head -c 16 /dev/urandom | od -An -tx1 | wc -w) = 16 ]'
check 'mount and umount' 'mkdir m; mount -t tmpfs none m && touch m/x && umount m && [ ! -e m/x ]'
check 'hexdump of the disk' '
	dd if=/dev/sda bs=512 count=1 2>/dev/null | hexdump -C | grep -q "55 aa"'
check 'blkid' 'blkid /dev/sda3 | grep -q "ext[24]"'
check 'fdisk -l' 'fdisk -l /dev/sda 2>/dev/null | grep -q GPT'

cd / && rm -r "$place"
echo "1..$count"
exit $failed
