# A terminal of 80 columns and 24 lines that tmux draws: begin COMMAND runs a program in it, keys
# types, and `see REGEX` waits until a line is like that and nothing moves, and prints the screen.
# `seen REGEX` prints nothing but that it came, where the rest is the machine's own.
. $SUITE/lib.sh
export TERM=screen LC_ALL=C SHELL=/bin/bash HOME=$PWD PAGER=less EDITOR=vim.basic
export TMUX_TMPDIR=$PWD
unset LESSOPEN

t() { tmux -L here -f /dev/null "$@"; }
begin() { t new-session -d -s here -x 80 -y 24 "$@"; }
keys() { t send-keys -t here "$@"; }
screen_text() { t capture-pane -p -t here; }

# Both the terminal and the program in it take their time to find out.
resize() {
	t resize-window -t here -x $1 -y $2
	sleep 2
}

comes() {
	until_so said "$1" screen_text && return
	screen_text
	return 1
}

see() {
	comes "$1" || return
	still=0
	last=
	while [ $still -lt 4 ]; do
		now=$(screen_text)
		still=$((still + 1))
		[ "$now" = "$last" ] || still=0
		last=$now
		sleep 0.2
	done
	echo "== $1"
	printf '%s\n' "$now"
}

seen() { comes "$1" && echo "== seen: $1"; }

# The program has ended, and with it the terminal.
gone() { ! t has-session -t here; }
ended() { until_so gone && echo "== ended" || t kill-server; }
