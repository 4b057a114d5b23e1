#!/usr/bin/env bash
# start-rgw.sh [start] | stop DIR
# start: a Ceph radosgw of its own on free ports of 127.0.0.1, with its data in a new directory under TMPDIR. Prints, as
#        shell assignments, the AWS variables of an account, S3R_TEST_KEY2 and S3R_TEST_SECRET2 of another, and S3R_RGW_DIR.
# stop:  ends the one whose S3R_RGW_DIR is DIR, and removes that directory.
#
# It is run by the project's neighbour ../shared/servers/rgw.sh, or the script that S3R_RGW_SH names. The programs are the
# newer Ceph that ceph-prefix.sh beside it fetches once into ${XDG_CACHE_HOME:-~/.cache}/s3r-ceph, or else those on PATH
# (Debian: apt-get install --no-install-recommends radosgw ceph-mon ceph-osd). S3R_RGW_PREFIX names another directory made
# by ceph-prefix.sh; empty, it means those on PATH. Status 1: it cannot be started here; stderr says why.
set -euo pipefail

project=$(cd "$(dirname "$0")/.." && pwd)
rgw=${S3R_RGW_SH:-$project/../shared/servers/rgw.sh}
fetch=$(dirname "$rgw")/ceph-prefix.sh
suite=forky

fail() {
	echo "start-rgw.sh: $*" >&2
	exit 1
}

# The directory of the newer programs; nothing, if they can neither be found nor fetched.
newer_ceph() {
	local cache=${XDG_CACHE_HOME:-$HOME/.cache}/s3r-ceph/$suite
	mkdir -p "$(dirname "$cache")"
	# two test runs may want it at once; the Release file of that suite can be past its date
	(
		flock 9
		[ -e "$cache/.done" ] || { [ -x "$fetch" ] && CHECK_VALID=false timeout 300 "$fetch" "$suite" "$cache"; }
	) 9>"$cache.lock" >&2 || return 0
	echo "$cache"
}

# N ports of 127.0.0.1 that nobody listens on, in a row.
free_ports() {
	node -e '
		const {createServer} = require("node:net")
		const count = Number(process.argv[1])
		const listen = (port) => new Promise((resolve) => {
			const server = createServer().once("error", () => resolve()).listen(port, "127.0.0.1", () => resolve(server))
		})
		const row = async () => {
			for (;;) {
				const first = 20000 + Math.floor(Math.random() * 12000)
				const servers = []
				while (servers.length < count) {
					const server = await listen(first + servers.length)
					if (server === undefined) break
					servers.push(server)
				}
				await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
				if (servers.length === count) return first
			}
		}
		row().then(console.log)
	' "$1"
}

start() {
	[ -x "$rgw" ] || fail "no '$rgw'"
	local prefix port
	prefix=${S3R_RGW_PREFIX-$(newer_ceph)}
	[ -n "$prefix" ] || command -v radosgw >/dev/null || fail 'no Ceph: it cannot be fetched, and radosgw is not installed'
	S3R_RGW_DIR=$(mktemp -d "${TMPDIR:-/tmp}/s3r-rgw.XXXXXX")
	port=$(free_ports 30)
	export RGW_DIR=$S3R_RGW_DIR RGW_PREFIX=$prefix RGW_PORT=$port RGW_MON_PORT=$((port + 1))
	export RGW_OSD_PORTS=$((port + 2)):$((port + 29)) RGW_STORE_BYTES=${RGW_STORE_BYTES:-2147483648}
	export RGW_ACCESS_KEY=S3RTESTACCESSKEY RGW_SECRET_KEY=s3r-test-secret-key
	export RGW_ACCESS_KEY2=S3ROTHERACCESSKEY RGW_SECRET_KEY2=s3r-other-secret-key
	if ! "$rgw" start >&2; then
		"$rgw" wipe >&2 || true
		rm -rf "$S3R_RGW_DIR"
		fail "'$rgw start' failed"
	fi
	"$rgw" env
	echo "export AWS_EC2_METADATA_DISABLED=true S3R_RGW_DIR=$S3R_RGW_DIR"
	echo "export S3R_TEST_KEY2=$RGW_ACCESS_KEY2 S3R_TEST_SECRET2=$RGW_SECRET_KEY2"
}

stop() {
	local dir=${1:?the directory, as start printed it}
	[ -e "$dir/ceph.conf" ] || fail "'$dir' is not the directory of a radosgw"
	RGW_DIR=$dir "$rgw" wipe >&2
	rm -rf "$dir"
}

case ${1:-start} in
start) start ;;
stop) stop "${2:-${S3R_RGW_DIR:-}}" ;;
*) fail "start or stop, not '$1'" ;;
esac
