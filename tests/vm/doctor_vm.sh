#!/bin/bash
# In the virtual machine: doctor finds everything on the kernel floor.
# Runs in: the tests' shell.  Input: none.
. "$(dirname "$0")/../lib.sh"

like "$(uname -r)" '^6\.1\.' "the kernel is the floor's"
out=$(sallyport doctor 2>&1)
is $? 0 "doctor finds nothing missing"
like "$out" 'landlock .*ABI 2' "Landlock has the floor's ABI"
like "$out" 'cgroup .*v2' "cgroups are v2"
printf '%s\n' "$out" | sed 's/^/# /'
