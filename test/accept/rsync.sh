#!/usr/bin/env bash
# The eight things that the rsync user asked for in 2007, with rsync itself. Needs a running S3 server:
#   AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
# and S3R, the s3r to call as one word. Prints a line for each check; exits 1 if any failed.
set -u
T=$(mktemp -d "${TMPDIR:-/tmp}/s3r-accept.XXXXXX")
daemon=
trap 'if [ -n "$daemon" ]; then kill "$daemon"; fi; rm -rf "$T"' EXIT
export HOME=$T/home XDG_CACHE_HOME=$T/cache XDG_CONFIG_HOME=$T/config AWS_EC2_METADATA_DISABLED=true RSYNC_RSH="$S3R rsh"
RSYNC=${S3R_TEST_RSYNC:-rsync}
failed=0
check() {
	local what=$1
	shift
	if "$@" >"$T/out" 2>"$T/err"; then echo "ok   $what"; else
		echo "FAIL $what: $(cat "$T/err")"
		failed=1
	fi
}
same() {
	if [ "$2" = "$3" ]; then echo "ok   $1"; else
		echo "FAIL $1: expected '$3', got '$2'"
		failed=1
	fi
}
public() { curl -s -o /dev/null -w '%{http_code}' "$AWS_ENDPOINT_URL/$1"; }
b=accept-$$-$RANDOM
mkdir -p "$HOME/d/e" "$HOME/empty" "$T/back" "$T/x"
cd "$HOME" || exit 1
echo hello >testfile; echo a >d/a; echo b >d/e/b; ln -s a d/link; chmod 640 d/a; chmod 750 d/e
# all of it, for rsync sets no time whose whole second is right already, and the comparison looks at nanoseconds
find . -depth -exec touch -h -d '2007-06-13 15:19:15.123456789' {} +

S3R_RSH_OPTIONS=--create-bucket check 'the bucket is created, and a file sent to it' "$RSYNC" ./testfile "$b:"
same 'the bucket lists it' "$("$RSYNC" "$b:" | grep -cw testfile)" 1
S3R_RSH_OPTIONS=--create-bucket check 'again: it exists, and that is fine' "$RSYNC" -a ./testfile "$b:"
check 'a file is fetched' "$RSYNC" -a "$b:testfile" "$T/x/testfile"
check 'it has the same bytes' cmp testfile "$T/x/testfile"
check 'all of the home directory goes' "$RSYNC" -avz "$HOME" "$b:"
same 'nothing is left to send' "$("$RSYNC" -ai "$HOME" "$b:")" ''
check 'all of it comes back' "$RSYNC" -avz "$b:home/" "$T/back"
same 'nothing differs' "$(rsync -aHn --delete --checksum --modify-window=-1 -i "$HOME/" "$T/back/")" ''
rm -r d empty
check 'it comes back in its place' "$RSYNC" -avz "$b:home/" "$HOME"
same 'nothing differs there' "$(rsync -aHn --delete --checksum --modify-window=-1 -i "$HOME/" "$T/back/")" ''
S3R_RSH_OPTIONS='--create-bucket --acl public-read' check 'a public bucket gets a file' "$RSYNC" ./testfile "$b-pub:"
same 'anyone may read the file' "$(public "$b-pub/testfile")" 200
same 'anyone may list the bucket' "$(public "$b-pub")" 200
same 'nobody may read the private one' "$(public "$b/testfile")" 403

"$S3R" daemon --port 0 >"$T/daemon" 2>&1 &
daemon=$!
for _ in {1..200}; do grep -q 'rsync://' "$T/daemon" && break; sleep 0.05; done
url=$(grep -om1 'rsync://[^ ]*' "$T/daemon")
same 'the daemon lists the buckets' "$("$RSYNC" "$url" | awk '{print $1}' | grep -cx -e "$b" -e "$b-pub")" 2
same 'and what is in one' "$("$RSYNC" "${url%/}/$b/" | grep -cw testfile)" 1
exit $failed
