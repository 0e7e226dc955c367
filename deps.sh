#!/bin/bash
# Install what is missing to build and run sallyport, or (deps.sh check) to
# test it as well, or (deps.sh vm) to test it in a virtual machine.  Knows Debian and its relatives; elsewhere it lists names.
# Runs in: the developer's shell, root or sudo for apt.  Input: none.
set -eu

build="gcc libc6-dev pkg-config libevent-dev libcurl4-openssl-dev
libmsgpack-dev liblmdb-dev libseccomp-dev libjansson-dev libsodium-dev
libssl-dev musl-tools python3 ca-certificates"
check="libcmocka-dev bubblewrap clang libclang-rt-14-dev clang-format openssl
golang-github-burntsushi-toml-dev util-linux bsdutils mount procps strace
valgrind"
vm="qemu-system-x86 debootstrap e2fsprogs busybox-static cpio iproute2"

wanted=$build
case ${1:-} in
check) wanted="$build $check" ;;
vm) wanted="$build $check $vm" ;;
esac
wanted=$(printf '%s\n' $wanted | sort -u)

# What a build needs, where no package manager that we know can be asked.
lacking() {
	local name
	for name in cc pkg-config musl-gcc python3; do
		command -v "$name" >/dev/null || echo "$name"
	done
	for name in libevent libcurl msgpack lmdb libseccomp jansson \
	    libsodium libcrypto; do
		pkg-config --exists "$name" 2>/dev/null || echo "$name"
	done
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	missing=$(lacking)
	[ -n "$missing" ] || exit 0
	echo "sallyport: this system has no apt; please install:" $missing >&2
	echo "sallyport: Debian's names for all that is wanted:" $wanted >&2
	exit 69
fi

have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
    awk '$1 == "installed" { print $2 }' | sort -u)
missing=$(comm -23 <(echo "$wanted") <(echo "$have"))
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
	if ! command -v sudo >/dev/null; then
		echo "sallyport: packages are missing, and there is no sudo;" \
		    "as root, run: apt-get install" $missing >&2
		exit 69
	fi
fi
echo "sallyport: installing" $missing >&2

# A fresh machine may still be at its own first upgrade: wait for its lock.
apt() {
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get \
	    -o DPkg::Lock::Timeout=300 "$@"
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# One broken source of others must not keep us from Debian's.
apt update >"$log" 2>&1 || true
if ! apt install -y --no-install-recommends $missing >>"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "sallyport: apt-get failed; as root, run:" \
	    "apt-get install" $missing >&2
	exit 69
fi
