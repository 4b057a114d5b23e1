#!/bin/sh
# Installs what the tests need beyond npm, where that is possible without asking; says what is
# missing where it is not, and goes on: a test that needs it says so too. Silent when all is there.
set -eu

missing=
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need rsync rsync
need mandoc mandoc
need setfattr attr
need setfacl acl
need curl curl
need openssl openssl
need rclone rclone
need s3cmd s3cmd
need s4cmd s4cmd
need s3fs s3fs
need zsh zsh
need fish fish
# these lie where only root looks
PATH=$PATH:/usr/sbin:/sbin
need mkfs.ext4 e2fsprogs
need mkfs.btrfs btrfs-progs
need mkfs.exfat exfatprogs
need mount.exfat-fuse exfat-fuse
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	root=
elif sudo -n true 2>/dev/null; then
	root='sudo -n'
else
	echo "install-tools: missing, and not root:$missing" >&2
	exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
	echo "install-tools: missing, and no apt-get:$missing" >&2
	exit 0
fi

install() {
	# shellcheck disable=SC2086 # lists of words
	$root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -qq install -y --no-install-recommends $missing </dev/null >&2
}
echo "install-tools: installing$missing" >&2
install || { $root apt-get -qq update </dev/null >&2 && install; } ||
	echo "install-tools: could not install all of$missing" >&2
