# What the scripts beside this share. One that waits in vain has not done what it is for, and ends
# with 126, which no kernel may.
trap '[ ! -e /tmp/never ] || exit 126' EXIT

# Waits until a command succeeds.
until_so() {
	for _ in $(seq 3000); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
	echo "never: $*"
	: >/tmp/never
	return 1
}

# Whether a command prints such a line: said REGEX COMMAND...
said() {
	words=$1
	shift
	"$@" 2>/dev/null | grep -qe "$words"
}
