#!/bin/bash
# What the sandbox-launcher leaves to the first process of a native sandbox.
# Runs in: the tests' shell; the guest is a player that runs a shell, with
# nothing between it and the sandbox.  Input: none.
. "$(dirname "$0")/../lib.sh"
. "$top/tests/players/stage.sh"
stage worker

inside <<<'echo works'
[ "$status" = 69 ] && skip_all "$said"
is "$said" works "a sandbox is built"

# --- namespaces
for kind in user pid mnt net ipc uts cgroup; do
	inside <<<"readlink /proc/self/ns/$kind"
	like "$said" "^$kind:" "it has a $kind namespace"
	unlike "$said" "^$(readlink /proc/self/ns/$kind | tr '[]' '..')\$" \
	    "which is not ours"
done
inside <<<'hostname; ls /proc | grep -c "^[0-9]"; cat /proc/1/comm'
like "$said" '^sandbox$' "its name is sandbox"
like "$said" '^[1-6]$' "it sees no process of the host"
inside <<<'cat /proc/net/dev | grep -v lo: | grep -c :; echo >/dev/tcp/127.0.0.1/9'
like "$said" '^0$' "no network device but the loopback"

# --- the root
inside <<'END'
for d in / /usr /usr/bin /etc /dev /proc /proc/sys/kernel /bin /lib; do
	( echo x >"$d/sallyport-probe" ) 2>/dev/null && echo "wrote $d"
	mkdir "$d/sallyport-probe" 2>/dev/null && echo "made $d"
done
mount -o remount,rw / 2>/dev/null && echo remounted
mount -o remount,bind,rw /usr 2>/dev/null && echo remounted
umount /proc/sys 2>/dev/null && echo unmounted
ls /root /home /var /run /srv /boot /sys 2>/dev/null
awk '$2 ~ "^/(work|tmp|dev/shm)$" && $4 !~ /nosuid.*nodev/' /proc/mounts
echo done
END
is "$said" done "the system is read-only, and the host's other directories are not there"
inside <<'END'
for d in /work /tmp /dev/shm; do
	echo x >$d/file && cat $d/file
done
for f in null zero full random urandom; do [ -c /dev/$f ] || echo no $f; done
echo lost >/dev/null && head -c 4 /dev/zero | wc -c && head -c 4 /dev/urandom | wc -c
/usr/bin/python3 -c 'import os, pty; m, s = os.openpty(); print(6 * 7)'
END
is "$(echo $said)" "x x x 4 4 42" "work, tmp, shm, devices and terminals are usable"

# --- identity
inside <<<'id -u; id -g; id -G; cat /proc/self/uid_map; cat /proc/self/setgroups'
if [ "$(id -u)" = 0 ]; then
	is "$(echo $said)" "1000 1000 1000 1000 1900099999 1 deny" \
	    "it is one user inside, and a uid of the run's own outside"
else
	is "$(echo $said)" "1000 1000 1000 1000 $(id -u) 1 deny" \
	    "it is one user inside, and the user outside"
fi
inside <<'END'
grep -E '^Cap' /proc/self/status | grep -v 0000000000000000
grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status
find /usr /etc /proc/sys -user 1000 -writable 2>/dev/null | head -n 3
find /proc/sys -writable 2>/dev/null | head -n 3
END
is "$(echo $said)" "NoNewPrivs: 1 Seccomp: 2" \
    "it has no capability and owns nothing of the host"
inside <<'END'
/usr/bin/python3 - <<'PY'
import os
def refused(name, act):
    try:
        act()
        print(name, 'possible')
    except OSError:
        pass
refused('setuid 0', lambda: os.setuid(0))
refused('setgroups', lambda: os.setgroups([0]))
refused('chroot', lambda: os.chroot('/work'))
refused('mknod', lambda: os.mknod('/work/null', 0o20666, os.makedev(1, 3)))
refused('unshare', lambda: os.listdir('/proc/1/fd'))
refused('mem of 1', lambda: open('/proc/1/mem', 'rb'))
refused('exe of 1', lambda: open('/proc/1/exe', 'r+b'))
refused('core_pattern', lambda: open('/proc/sys/kernel/core_pattern', 'w'))
refused('sysrq', lambda: open('/proc/sysrq-trigger', 'w').write('h'))
PY
END
is "$said" "" "it cannot become somebody else or reach into its first process"
inside <<<'ls -l /proc/self/fd | grep -c -v -E "total|/dev/(null|pts)|socket|pipe|proc"; cat /proc/1/environ 2>/dev/null; env | grep -v -E "^(PATH|PWD|_|SHLVL|OLDPWD)="'
is "$said" 0 "no descriptor and no variable of ours is in it"

# --- limits
inside / 4194304 50 <<'END'
head -c 3000000 /dev/zero >/work/a && echo fits
head -c 3000000 /dev/zero 2>/dev/null >/work/b || echo full
END
is "$(echo $said | sed 's/head: [^ ]* [^ ]* [^ ]*: No space left on device//')" \
    "fits full" "the work directory is limited in bytes"
inside / 4194304 50 <<'END'
i=0
while [ $i -lt 60 ] && touch /work/$i 2>/dev/null; do i=$((i + 1)); done
[ $i -lt 51 ] && [ $i -gt 40 ] && echo bounded
END
like "$said" bounded "and in files"
inside <<<'head -c 5000000 /dev/zero >/work/a; echo status $?; stat -c %s /work/a'
like "$said" '4194304' "one file is limited"
inside <<<'grep -E "^Max (core|processes|open)" /proc/self/limits'
is "$(echo $said | tr -s " ")" "Max core file size 1 1 bytes Max processes 64 64 processes Max open files 64 64 files" \
    "descriptors, core files and processes are limited"
inside <<'END'
/usr/bin/python3 - <<'PY'
import os, time
kids = []
try:
    for i in range(200):
        pid = os.fork()
        if pid == 0:
            time.sleep(3)
            os._exit(0)
        kids.append(pid)
    print('unbounded')
except OSError:
    print('bounded' if len(kids) < 64 else 'too many')
PY
END
like "$said" '^bounded$' "a fork bomb stops at the bound"

# --- another root
mkdir -p "$work/root/usr/bin" "$work/root/etc"
mkdir -p "$work/root/lib64" "$work/root/lib"
cp -L /bin/sh "$work/root/usr/bin/sh"
for lib in $(ldd /bin/sh | grep -o '/[^ ]*'); do
	mkdir -p "$work/root$(dirname "$lib")"
	cp -L "$lib" "$work/root$lib"
done
echo here >"$work/root/etc/marker"
ln -s usr/bin "$work/root/bin"
chmod -R go+rX "$work"
chmod 755 "$work"
inside "$work/root" <<<'read line </etc/marker; echo $line; echo /usr/bin/*'
is "$(echo $said)" "here /usr/bin/sh" "a configured root is what the sandbox sees"

# --- failure
inside "$work/nothing" <<<'echo alive'
unlike "$said" alive "without a system in it nothing runs"
# A sanitized launcher says first that it does not know a child's stack.
is "$(echo "echo x" | timeout 10 "$build/players/launch" "$work/stage/libexec/sallyport" 0 / x 5 2>&1 | tail -n 1)" \
    "launcher: read number 1 of the order: Invalid argument" "a failed step is reported with its name"
