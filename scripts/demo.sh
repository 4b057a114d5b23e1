#!/bin/sh
# What s3r does, shown on its own S3 server, with no account and no network: a tree with everything in it goes up, is
# listed through a pipe, comes back elsewhere, and is compared. Leaves nothing behind; fails if anything differs.
set -eu
cd "$(dirname "$0")/.."
program=$PWD/dist/s3r.js
work=$(mktemp -d "${TMPDIR:-/tmp}/s3r-demo.XXXXXX")
server=
finish() {
	status=$?
	trap - EXIT
	if [ -n "$server" ]; then
		kill "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	fi
	chmod -R u+rwx "$work" 2>/dev/null || true
	rm -rf "$work"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

s3r() { node "$program" "$@"; }
say() { printf '\n# %s\n' "$*"; }
show() {
	printf '$ %s\n' "$*"
	"$@"
}

# Nothing of the user's own is read or written.
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL_S3 S3R_DIR S3R_ENDPOINT S3R_REGION S3R_PROFILE
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
export HOME="$work/home" XDG_CONFIG_HOME="$work/home/.config" AWS_EC2_METADATA_DISABLED=true
mkdir "$work/home"

say 'an S3 server of our own, on a free port'
node "$program" serve --env --root "$work/store" --port 0 --no-fsync >"$work/env" &
server=$!
tries=0
until [ -s "$work/env" ]; do
	tries=$((tries + 1))
	if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
		echo 'demo: the server did not start' >&2
		exit 1
	fi
	sleep 0.1
done
. "$work/env"
echo "$AWS_ENDPOINT_URL"

# Names, modes, times before the epoch and to the nanosecond, links, and directories with nothing in them.
tree=$work/tree
mkdir -p "$tree/docs/deep/er" "$tree/empty" "$tree/private"
echo 'rsync for S3' >"$tree/docs/readme"
echo 'ünïcödé' >"$tree/docs/deep/er/ünïcödé ☃"
printf '#!/bin/sh\necho hello\n' >"$tree/run me"
echo 'quoted' >"$tree/it's \"odd\"	here"
echo 'secret' >"$tree/private/key"
head -c 20000000 /dev/zero >"$tree/large"
ln -s docs/readme "$tree/link"
ln -s nowhere "$tree/dangling"
chmod 755 "$tree/run me"
chmod 600 "$tree/private/key"
chmod 711 "$tree/empty"
chmod 700 "$tree/private"
at() { TZ=UTC0 touch -h -d "$1" "$2" 2>/dev/null || TZ=UTC0 touch -h -t 200706131519.15 "$2"; }
at '2007-06-13 15:19:15.123456789' "$tree/docs/readme"
at '1969-12-31 23:59:59.000000001' "$tree/run me"
at '2007-06-13 15:19:15.987654321' "$tree/link"
at '2001-09-09 01:46:40.000000001' "$tree/empty"

say 'make the directory the local side of a bucket, and send everything'
cd "$tree"
show s3r init --create-bucket testrsync
show s3r push -av

say 'a push that changes nothing asks nothing'
show s3r push -a --stats

say 'list the bucket, and filter it as any stream of lines'
echo '$ s3r ls-remote | grep docs/'
s3r ls-remote | grep docs/

say 'bring it all back, elsewhere'
show s3r clone -a testrsync "$work/back"

say 'is anything different? every byte, mode, time and link'
# What a tree is: type, mode, size and time of each file, and the MD5 of what it holds.
described() { (cd "$1" && s3r ls-local --hash | LC_ALL=C sort); }
if ! (cd "${program%/*}" && node -e "import('koffi').catch(() => process.exit(1))"); then
	echo 'the package koffi is not installed, so that node cannot set nanoseconds: times are compared to the second'
	described() { (cd "$1" && s3r ls-local --hash | sed 's/\.[0-9]\{9\} / /' | LC_ALL=C sort); }
fi
described "$tree" >"$work/there"
described "$work/back" >"$work/here"
diff "$work/there" "$work/here"
echo "$(wc -l <"$work/here" | tr -d ' ') items are the same, by s3r's own account"
if diff --help 2>&1 | grep -q no-dereference; then
	diff -r --no-dereference -x .s3rsync "$tree" "$work/back"
else
	diff -r -x .s3rsync -x dangling "$tree" "$work/back"
fi
echo 'and by that of diff'
if command -v rsync >/dev/null 2>&1; then
	changes=$(rsync -aHn --delete --checksum --itemize-changes --exclude=/.s3rsync "$tree/" "$work/back/")
	if [ -n "$changes" ]; then
		printf '%s\n' "$changes"
		exit 1
	fi
	echo 'and by that of rsync'
fi
cd "$work/back"
show s3r verify -v --read

say 'that is all: the server is stopped, and nothing is left'
