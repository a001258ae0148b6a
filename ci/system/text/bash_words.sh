# bash: words, arrays, here documents, globs, arithmetic, functions.
set -u
echo "== arrays"
declare -a a=(one "two three" four)
declare -A m=([x]=1 [y]=2 ["z z"]=3)
echo "${#a[@]} ${a[1]} ${a[@]:1:2} ${!a[@]}"
for k in "${!m[@]}"; do echo "$k=${m[$k]}"; done | sort
a+=(five); unset 'a[1]'; echo "${!a[@]}"; declare -p a
mapfile -t lines < <(printf '%s\n' alpha beta gamma); echo "${#lines[@]} ${lines[2]}"
IFS=: read -r -a fields <<<"a:b::d"; echo "${#fields[@]} [${fields[2]}]"
echo "== here documents"
name=world
cat <<END
hello $name $((6 * 7)) $(echo sub)
END
cat <<'END'
hello $name
END
cat <<-END
	tabs are gone
	END
big=$(printf 'x%.0s' {1..70000}); cat <<<"$big" | wc -c
echo "== globs"
mkdir g; cd g; touch a1 a2 b1 .hid 'sp ace' c; mkdir -p d/e/f; touch d/e/f/deep
echo a* ?1 [!a]* ; shopt -s dotglob; echo *; shopt -u dotglob
shopt -s extglob globstar
echo !(a*) ; echo **/deep @(a|b)1
shopt -s nullglob; echo none*; shopt -u nullglob; echo none*
shopt -s failglob; (echo none*) 2>&1; shopt -u failglob
cd ..
echo "== parameters"
p=/usr/local/lib/file.tar.gz
echo "${p##*/} ${p%/*} ${p%%.*} ${p#*.} ${p/local/share} ${p^^} ${#p} ${p:5:5} ${p: -2}"
echo "${unset_one-default} ${unset_two:=set} $unset_two"; (: "${unset_three:?is missing}") 2>&1
printf '%q %b %5.2f %x %s\n' "a b'c" 'x\ty' 3.14159 255 end
printf -v made '%03d' 7; echo "$made"; printf '%(%Y-%m-%d)T\n' 86400
echo {a..e}{1..3} {01..10..3} {z..w}
echo "== arithmetic"
echo $((2**40)) $((-7 / 2)) $((-7 % 3)) $((0x1f)) $((2#1011)) $((1 ? 5 : 6)) $((5 & 3 | 8))
((x = 5, x++)); echo $x; let y=x*2; echo $y; echo $((1 << 62))
echo "== functions"
f() { local v=$1; ((v <= 1)) && { echo 1; return; }; echo $((v * $(f $((v - 1))))); }
f 7
g() { local -n ref=$1; ref=changed; }; target=old; g target; echo $target
h() { return 37; }; h; echo $?
echo "== case and regular expressions"
for w in apple Banana 42 ''; do
	case $w in
	a*) echo "$w: a" ;;
	[A-Z]*) echo "$w: capital" ;;
	[0-9]*) echo "$w: number" ;;&
	*) echo "$w: any" ;;
	esac
done
[[ 2024-05-17 =~ ^([0-9]+)-([0-9]+)-([0-9]+)$ ]] && echo "${BASH_REMATCH[@]}"
[[ abc < abd && -d g && ! -e nothing ]] && echo yes
echo "== select, getopts"
PS3='? '; select s in red green; do echo "$REPLY $s"; break; done <<<2 2>&1
set -- -a -b val rest; while getopts ab: o; do echo "$o ${OPTARG-}"; done; shift $((OPTIND - 1))
echo "$@"
echo "== errors"
bash -c 'echo ${'; echo $?
bash -c 'nosuchcommand' 2>&1; echo $?
bash -c './g' 2>&1; echo $?
printf '#!/no/such/interpreter\n' >bad; chmod +x bad; ./bad 2>&1; echo $?
touch notexec; ./notexec 2>&1; echo $?
printf 'echo from a text file $0 $1\n' >text; chmod +x text; ./text one
printf '#!/bin/echo one two\n' >sheb; chmod +x sheb; ./sheb three
bash -c 'set -e; false; echo not here'; echo $?
bash -c 'set -o pipefail; true | (exit 3) | true'; echo $?
(exit 300); echo $?; bash -c 'true | false | true; echo ${PIPESTATUS[@]}'
: >/dev/full; echo x >/dev/full; echo $?
cat <nothing; echo x >g; echo x >nothing/x
