# coreutils: modes, owners, ids, environment, processes.
umask 022
echo "== chmod, chown, chgrp"
mkdir -p m/n/o; touch m/f m/n/g; ln -s f m/l; chmod -R u=rwX,go=rX m
stat -c '%a %n' m m/f m/n m/n/g
chmod -R 700 m; chmod a+s m/f; chmod +t m/n; chmod g-w,o= m/f; stat -c '%A %n' m/* 
chmod --reference=m/n m/f; stat -c %a m/f; chmod -v 640 m/f; chmod -c 640 m/f; chmod 9 m/f
chmod u+x,g=u m/f; stat -c %A m/f
chown -R 11:12 m; stat -c '%u:%g %n' m m/f m/l m/n/g; chown -h 13 m/l; stat -c %u m/l m/f
chgrp -R 14 m/n; stat -c %g m/n/g; chown --from=11:14 15 m/n/g; stat -c %u m/n/g; chown :0 m/f
chown -R -L 16 m; stat -c %u m/f; chown nosuch m; chown 1.2 m; stat -c %u:%g m
chmod 6755 m/f; chown 20 m/f; stat -c %a m/f; chmod 2777 m; mkdir m/inherit; touch m/infile
stat -c '%a %g %n' m/inherit m/infile
echo "== as another user"
as() { setpriv --reuid 1000 --regid 1000 --clear-groups "$@"; }
chmod 755 .; mkdir mine; chown 1000:1000 mine; as id; as touch mine/x no; as chmod 600 m/f
as chown 0 mine/x; as chgrp 1000 mine/x && echo own group; as chgrp 5 mine/x; as rm -f m/f
as mknod mine/d c 1 3; as ln -s x mine/s; as ln m/f mine/hl; as cat /etc/shadow; as kill -0 1
as nice -n -5 true; as mkdir mine/sub && as mv mine/sub mine/sub2
as chmod 4755 mine/x && stat -c %a mine/x; echo w >>mine/x; as sh -c 'echo w >>mine/x'
stat -c %a mine/x
mkdir -m 1777 st; touch st/roots; as rm -f st/roots; as mv st/roots st/y
as touch st/own && as rm st/own && echo removed; as dd if=/dev/zero of=/dev/sda count=0
as truncate -s 0 m/infile; as test -w m/infile; echo $?; as test -r m/f; echo $?
as sh -c 'cd m/n/o'; as ls m/n
setpriv --reuid 1000 --regid 1000 --groups 5,6 id -G
setpriv --no-new-privs grep NoNewPrivs /proc/self/status
as grep -E '^(Uid|Gid|Cap|Groups)' /proc/self/status
setpriv --dump | sed 's/Securebits: .*//' | head -12
chroot --userspec=1000:5 / id; chroot mine /bin/true; chroot m/none true
echo "== id, env, uname"
id; id -un; id -Gn; groups; whoami; logname; who; users; env -i A=1 B=2 env | sort
env -u A -S 'printf %s\n x y'; env nosuch; echo $?; env -C / pwd
env --ignore-signal=PIPE sh -c 'yes 2>/dev/null | head -1'; printenv HOME TERM NONE; echo $?
uname -s; uname -m; nproc; nproc --all; hostname; hostid | wc -c; arch; tty; echo $?
getconf PAGESIZE 2>/dev/null; pwd -P
echo "== nice, nohup, timeout, stdbuf"
nice; nice -n 5 nice; nice -n 100 nice; nice -n -30 nice; nohup echo hup 2>&1
nohup sh -c 'kill -HUP $$; echo survived' 2>&1
timeout 0.2 sleep 5; echo $?; timeout -s KILL 0.2 sleep 5; echo $?
timeout --preserve-status 0.2 sleep 5; echo $?
timeout -k 0.2 0.2 sh -c 'trap "" TERM; sleep 2; sleep 2'; echo $?; timeout 5 sh -c 'exit 3'
echo $?; timeout 5 nosuch; echo $?; timeout --foreground 0.2 sleep 5; echo $?
timeout 0.2 sh -c 'kill -STOP $$'; echo $?
(stdbuf -oL printf 'a\nb\n'; echo c) | cat; stdbuf -o0 -e0 -i0 printf 'x\n'; ionice -c 3 ionice
chrt -f 10 chrt -p $$ | sed 's/pid [0-9]*/pid N/'
chrt -b 0 sh -c 'chrt -p $$' | sed 's/pid [0-9]*/pid N/'; chrt -m | grep -v DEADLINE
taskset -c 0 taskset -cp $$ | sed 's/pid [0-9]*/pid N/'
taskset 8000 true 2>&1 | sed 's/pid [0-9]*/pid N/'
prlimit --nofile=50 prlimit --nofile -o RESOURCE,SOFT,HARD --noheadings; setsid -w sh -c 'exit 6'
echo $?; flock -n lock sh -c 'flock -n lock true; echo $?'; flock -w 0.2 lock true; echo $?
(flock -s 8; flock -sn lock echo shared; flock -n lock echo exclusive; echo $?) 8>lock
ipcmk -Q | sed 's/[0-9][0-9]*$/N/'; ipcs -q | tail -n +4 | wc -l; ipcrm -a
ipcs -q | tail -n +4 | wc -l; getopt -o ab: -- -a -b x y
lsipc 2>/dev/null | gawk '/SEMOPM|MSGMAX|SHMMNI|MSGMNI/ { print $1, $(NF-2), $(NF-1), $NF }'
namei -m m/n/g; mountpoint /proc; mountpoint /proc/self; mountpoint m
findmnt -n -o TARGET,FSTYPE /dev/pts; unshare -h >/dev/null && echo u
lsfd --version >/dev/null 2>&1; mcookie | wc -c; whereis -b bash
script -qec 'echo in a terminal; tty | sed "s/[0-9]*$/N/"; stty size; stty -a | head -3' /dev/null
script -qec 'exit 5' /dev/null </dev/null; echo $?
echo "== ps and such"
sleep 77 & ps -o stat=,ni=,comm=,args= -p $!; ps -o pid= -C sleep | wc -l
pgrep -f 'sleep 77' | wc -l; pkill -f 'sleep 77'; wait $!; echo $?; ps -o ppid= -p $$ | wc -l
ps -eo comm= | grep -c bash; free | head -1; uptime | wc -l; pmap $$ | tail -1 | cut -c1-6
sysctl -n kernel.ostype kernel.pid_max; sysctl kernel.hostname; pwdx $$ | sed 's/^[0-9]*/N/'
top -b -n 1 | head -1 | cut -c1-5; vmstat | head -2 | tail -1; w -h
slabtop -o -s c 2>/dev/null | head -1 | cut -c1-5
