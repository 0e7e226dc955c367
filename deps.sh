#!/bin/bash
# Install what is missing to build and run sallyport, or (deps.sh check) to
# test it as well.  Knows Debian and its relatives; elsewhere it lists names.
# Runs in: the developer's shell, root or sudo for apt.  Input: none.
set -eu

build="pkg-config libevent-dev libcurl4-openssl-dev libmsgpack-dev
libssh2-1-dev liblmdb-dev libseccomp-dev libjansson-dev libsodium-dev
libpcre2-dev libssl-dev musl-tools python3 ca-certificates"
check="libcmocka-dev bubblewrap clang libclang-rt-14-dev clang-format openssl
golang-github-burntsushi-toml-dev util-linux procps strace"

wanted=$build
[ "${1:-}" != check ] || wanted="$build $check"

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	for library in libevent libcurl msgpack lmdb libseccomp jansson \
	    libsodium; do
		pkg-config --exists "$library" 2>/dev/null ||
		    missing="${missing:-} $library"
	done
	[ -n "${missing:-}" ] || exit 0
	echo "sallyport: this system has no apt; please install:" >&2
	echo "$missing (Debian calls them: $(echo $wanted))" >&2
	exit 69
fi

have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
    awk '$1 == "installed" { print $2 }')
missing=$(comm -23 <(printf '%s\n' $wanted | sort -u) \
    <(printf '%s\n' "$have" | sort -u))
[ -n "$missing" ] || exit 0

echo "sallyport: installing" $missing >&2
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
	if ! command -v sudo >/dev/null; then
		echo "sallyport: as root, run: apt-get install" $missing >&2
		exit 69
	fi
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { $sudo apt-get update && $sudo apt-get install -y \
    --no-install-recommends $missing; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "sallyport: apt-get failed; as root, run:" \
	    "apt-get install" $missing >&2
	exit 69
fi
