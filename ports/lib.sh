# What ports/build and ports/suite have in common, read by both: the recipe, where things are, and
# what build() and tests() have at hand. Wants `port` and `ports`, the folder of all ports' builds.

top=$(cd "$(dirname "$0")/.." && pwd)
folder=$ports/$port work=$folder/work root=$folder/root
depends='' private='' test_depends=''
. "$top/ports/$port/recipe"

fail() {
	echo "port $port: $*" >&2
	exit 1
}

# What these ports depend on, and they themselves, each once.
closure() {
	for other; do
		case " $needed " in
		*" $other "*) continue ;;
		esac
		needed="$needed $other"
		closure $("$top/ports/depends" "$other")
	done
}

# The scripts that a package installs name the shell that configure ran in.
configure() {
	CONFIG_SHELL=/bin/sh /bin/sh ./configure --build=x86_64-pc-linux-gnu --host=x86_64-linux-musl --prefix=/usr \
		--sysconfdir=/etc --localstatedir=/var --mandir=/usr/share/man "$@" ||
		{ tail -n 40 config.log; return 1; }
}

# A port's makefiles expect make as it is by itself, without the options of the one that runs us;
# but that says how many jobs there may be. DESTDIR is said to make itself, for some makefiles set
# it to nothing, whatever the environment has, and would install on this machine.
jobs=$(printf '%s\n' ${MAKEFLAGS:-} | grep '^--jobserver-auth=' || echo "-j$(nproc)")
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
make() {
	MAKEFLAGS=$jobs command make DESTDIR="$DESTDIR" "$@"
}

export CC="$work/sysroot/bin/skerry-cc" CC_FOR_BUILD=gcc DESTDIR="$root"
export AR=ar RANLIB=ranlib STRIP=strip
export CFLAGS="-O2 -pipe -ffile-prefix-map=$work/source=/usr/src/$port"
export CONFIG_SITE="$top/ports/config.site"
export PKG_CONFIG_SYSROOT_DIR="$work/sysroot"
export PKG_CONFIG_LIBDIR="$work/sysroot/usr/lib/pkgconfig:$work/sysroot/usr/share/pkgconfig"
# Two builds give the same bytes.
export SOURCE_DATE_EPOCH=1640520000 TZ=UTC0 LC_ALL=C
