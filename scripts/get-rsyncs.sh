#!/bin/sh
# Brings other versions of rsync than the system's to DIR (build/rsyncs), for the tests: those of the Debian releases
# before and after, unpacked and never installed. Says what could not be had, and goes on: the tests say so too.
set -eu

dir=${1:-build/rsyncs}
command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 || exit 0
site=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | grep '/debian/*$' | head -n 1)
if [ -z "$site" ]; then
	echo "get-rsyncs.sh: apt knows no Debian archive to ask" >&2
	exit 0
fi
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

# apt SUITE COMMAND...: apt-get with a state of its own, which knows that suite only
apt() {
	suite=$1
	shift
	apt-get -qq -o Dir::Etc::SourceList="$dir/$suite/apt/list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$dir/$suite/apt/lists" -o Dir::Cache="$dir/$suite/apt/cache" \
		-o APT::Sandbox::User=root "$@" </dev/null >&2
}

# get SUITE newer|older: the rsync of that release, with the libraries that it needs; a newer one with its own loader
get() {
	suite=$1 age=$2
	[ ! -x "$dir/$suite/rsync" ] || return 0
	rm -rf "${dir:?}/$suite"
	mkdir -p "$dir/$suite/apt/lists/partial" "$dir/$suite/apt/cache/archives/partial" "$dir/$suite/root"
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	echo "deb [signed-by=$keys] $site $suite main" >"$dir/$suite/apt/list"
	apt "$suite" update || return 1
	cd "$dir/$suite/apt"
	apt "$suite" download "rsync/$suite" || return 1
	libraries=$(dpkg-deb -f rsync_*.deb Depends | tr ',' '\n' | sed 's/^ *//; s/[ |].*//' | grep '^lib\|^zlib')
	[ "$age" = newer ] || libraries=$(echo "$libraries" | grep -v '^libc6$')
	# shellcheck disable=SC2086 # lists of words
	apt "$suite" download $(echo "$libraries" | sed "s|\$|/$suite|") || return 1
	for package in ./*.deb; do dpkg-deb -x "$package" ../root; done
	cd ..
	rm -rf apt
	paths=$(find "$PWD/root" -name '*.so*' -exec dirname {} + | sort -u | tr '\n' ':')
	run="LD_LIBRARY_PATH='$paths' exec"
	if [ "$age" = newer ]; then
		loader=$(find "$PWD/root" -name 'ld-linux*.so*' -type f | head -n 1)
		run="exec '$loader' --argv0 rsync --library-path '$paths'"
	fi
	printf '#!/bin/sh\n%s '\''%s'\'' "$@"\n' "$run" "$PWD/root/usr/bin/rsync" >rsync
	chmod 755 rsync
	./rsync --version >/dev/null 2>&1 || { rm -f rsync && return 1; }
}

for release in trixie:newer bullseye:older; do
	(get "${release%:*}" "${release#*:}") 2>/dev/null || echo "get-rsyncs: the rsync of ${release%:*} cannot be had" >&2
done
